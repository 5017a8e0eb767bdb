#include "aws/protocol/compress.h"

#include <zlib.h>

#include <algorithm>

#include "aws/protocol/common.h"
#include "base/limits.h"

namespace reeve::aws {
namespace {

constexpr int gzip_format = MAX_WBITS + 16;  // zlib.h: 16 asks for a gzip header
constexpr std::string_view gzip = "gzip";

Bytef* bytes(std::string& text) { return reinterpret_cast<Bytef*>(text.data()); }

bool deflate_all(std::string& in, std::string& out) {
  z_stream z{};
  if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_format, 8, Z_DEFAULT_STRATEGY) != Z_OK) return false;
  out.resize(deflateBound(&z, in.size()));
  z.next_in = bytes(in);
  z.avail_in = static_cast<uInt>(in.size());
  z.next_out = bytes(out);
  z.avail_out = static_cast<uInt>(out.size());
  const bool whole = deflate(&z, Z_FINISH) == Z_STREAM_END;
  out.resize(z.total_out);
  deflateEnd(&z);
  return whole;
}

}  // namespace

void compress_body(const Operation& operation, EncodedRequest& request, const CompressionRules& rules) {
  if (rules.disabled || request.body.size() < rules.smallest_body_bytes ||
      request.body.size() > limits::request_body_bytes)
    return;
  if (std::ranges::find(operation.request_compression, gzip) == operation.request_compression.end()) return;
  std::string packed;
  if (!deflate_all(request.body, packed)) return;
  request.body = std::move(packed);
  for (auto& [name, value] : request.headers) {
    if (same_name(name, "Content-Encoding")) {
      value += ", gzip";
      return;
    }
  }
  request.headers.emplace_back("Content-Encoding", gzip);
}

bool has_packed_body(const HttpRequest& request, const Codec& codec) {
  const std::string_view encoding = header_of(request, "content-encoding");
  return (encoding == gzip || encoding.ends_with(", gzip")) && &codec != find_codec("rest-xml");
}

Result<void> decompress_body(HttpRequest& request) {
  TRY(std::string body, gunzip(request.body, limits::request_body_bytes));
  request.body = std::move(body);
  return {};
}

Result<std::string> gunzip(std::string_view packed, std::size_t most) {
  if (!packed.starts_with("\x1f\x8b")) return fail(Code::malformed, "it is not gzip, as it says");
  z_stream z{};
  if (inflateInit2(&z, gzip_format) != Z_OK) return fail(Code::malformed, "it cannot be unpacked");
  std::string in(packed), out;
  z.next_in = bytes(in);
  z.avail_in = static_cast<uInt>(in.size());
  int state = Z_OK;
  while (state == Z_OK && out.size() <= most) {
    const std::size_t before = out.size();
    out.resize(before + std::max<std::size_t>(before, std::size_t{64} << 10));
    z.next_out = bytes(out) + before;
    z.avail_out = static_cast<uInt>(out.size() - before);
    state = inflate(&z, Z_NO_FLUSH);
    out.resize(out.size() - z.avail_out);
  }
  inflateEnd(&z);
  if (out.size() > most) return fail(Code::limit_exceeded, "it is too large unpacked");
  if (state != Z_STREAM_END) return fail(Code::malformed, "it is cut off or damaged gzip");
  return out;
}

}  // namespace reeve::aws
