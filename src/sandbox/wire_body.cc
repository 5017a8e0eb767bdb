#include "sandbox/wire_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "aws/checksum.h"
#include "base/encoding.h"
#include "base/limits.h"

namespace reeve::sandbox {
namespace {

/// Bodies of more than this come as streams: below, one piece costs less than several.
constexpr std::uint64_t streamed_from_bytes = std::uint64_t{512} << 10;
/// Answers of up to this go out in one piece.
constexpr std::uint64_t whole_answer_bytes = std::uint64_t{256} << 10;

const std::string* find_header(const HttpRequest& request, std::string_view name) {
  for (const auto& [have, value] : request.headers) {
    if (std::ranges::equal(have, name, {}, [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }))
      return &value;
  }
  return nullptr;
}

/// Bytes in pieces of another size, slowly.
class Trickle : public ByteReader {
 public:
  Trickle(std::shared_ptr<ByteReader> from, Loop& loop, std::size_t step, Duration pause)
      : from_(std::move(from)), loop_(loop), step_(step), pause_(pause) {}
  Task<Result<std::string>> next() override {
    if (held_.empty()) {
      Task<Result<std::string>> more = from_->next();
      auto piece = co_await std::move(more);
      if (!piece || piece->empty()) co_return piece;
      held_ = *std::move(piece);
    }
    Task<Result<void>> nap = loop_.sleep(pause_);
    auto slept = co_await std::move(nap);
    if (!slept) co_return std::unexpected(std::move(slept).error());
    std::string out = held_.substr(0, step_);
    held_.erase(0, step_);
    co_return out;
  }

 private:
  std::shared_ptr<ByteReader> from_;
  Loop& loop_;
  std::size_t step_;
  Duration pause_;
  std::string held_;
};

std::unexpected<Error> refused(std::string code, int status, std::string message) {
  Error error{.code = Code::access_denied, .message = std::move(message)};
  error.aws = std::make_shared<const AwsError>(AwsError{.code = std::move(code), .status = status});
  return std::unexpected(std::move(error));
}

/// MD5 for the ETag, and what the request's headers or trailers carry, or else what S3 makes by itself.
std::vector<aws::Checksum> wanted_sums(const HttpRequest& request) {
  std::vector<aws::Checksum> out;
  out.emplace_back(aws::ChecksumKind::md5);
  const std::string* trailer = find_header(request, "x-amz-trailer");
  for (const auto kind : {aws::ChecksumKind::crc32, aws::ChecksumKind::crc32c, aws::ChecksumKind::crc64nvme,
                          aws::ChecksumKind::sha1, aws::ChecksumKind::sha256}) {
    std::string header = fmt::format("x-amz-checksum-{}", aws::name(kind));
    for (char& c : header) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if (find_header(request, header) != nullptr || (trailer != nullptr && trailer->find(header) != std::string::npos)) {
      out.emplace_back(kind);
    }
  }
  if (out.size() == 1) out.emplace_back(aws::ChecksumKind::crc64nvme);
  return out;
}

}  // namespace

bool wants_stream(const HttpRequest& head) {
  if (head.method != "PUT") return false;
  const auto scope = aws::signature_scope(head);
  if (!scope || scope->service != "s3") return false;
  const std::string* length = find_header(head, "content-length");
  if (length == nullptr) return find_header(head, "transfer-encoding") != nullptr;
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(length->data(), length->data() + length->size(), bytes);
  return error == std::errc{} && bytes > streamed_from_bytes;
}

Task<Result<Received>> receive(const HttpRequest& request, aws::SignatureScope scope, const aws::SecretOf& secret_of,
                               BlobStore& blobs) {
  CO_TRY(auto chunks, aws::ChunkReader::of(request, secret_of));
  CO_TRY(auto reader, request.stream->open());
  const std::string* declared = find_header(request, "x-amz-content-sha256");
  const bool hashed = declared != nullptr && declared->size() == 64;
  aws::Checksum hash(aws::ChecksumKind::sha256);
  std::vector<aws::Checksum> sums = wanted_sums(request);
  BlobStore::Writer body = blobs.begin();
  auto keep = [&](std::string_view bytes) {
    for (aws::Checksum& sum : sums) sum.add(bytes);
    return body.add(bytes);
  };
  std::string content;
  while (true) {
    Task<Result<std::string>> more = reader->next();
    CO_TRY(const std::string piece, co_await std::move(more));
    if (piece.empty()) break;
    if (hashed) hash.add(piece);
    if (!chunks) {
      CO_TRY(keep(piece));
      continue;
    }
    content.clear();
    CO_TRY(chunks->feed(piece, content));
    CO_TRY(keep(content));
  }
  if (chunks) CO_TRY(chunks->ended());
  if (hashed && encode_hex(hash.take()) != *declared) {
    co_return refused("XAmzContentSHA256Mismatch", 400,
                      "The provided 'x-amz-content-sha256' header does not match what was computed.");
  }
  Received out{.scope = std::move(scope)};
  CO_TRY(out.body, body.finish());
  for (aws::Checksum& sum : sums) out.sums[sum.kind()] = sum.take();
  if (chunks) out.trailers = chunks->trailers();
  co_return out;
}

std::string bucket_of_host(const HttpRequest& request) {
  const std::string* header = find_header(request, "host");
  std::string_view host = header != nullptr ? std::string_view(*header) : std::string_view(request.host);
  host = host.substr(0, host.find(':'));
  for (const std::string_view own : {".s3.", ".s3-"}) {
    const std::size_t at = host.rfind(own);
    if (at != std::string_view::npos) return std::string(host.substr(0, at));
  }
  constexpr std::string_view local = ".localhost";
  if (!host.ends_with(local)) return {};
  host.remove_suffix(local.size());
  return host == "s3" || host.starts_with("s3.") ? std::string() : std::string(host);
}

HttpRequest with_bucket_in_path(const HttpRequest& request, const std::string& bucket) {
  const std::string_view target = request.target;
  return {.method = request.method,
          .scheme = request.scheme,
          .host = request.host,
          .port = request.port,
          .target = bucket.empty() ? request.target
                                   : fmt::format("/{}{}{}", bucket, target.starts_with('/') ? "" : "/", target),
          .headers = request.headers,
          .body = {}};
}

Result<void> put_body(Bodies& bodies, HttpResponse& response) {
  if (bodies.status != 0) response.status = bodies.status;
  if (!bodies.out) return {};
  if (bodies.out->length > whole_answer_bytes) {
    response.stream = read_blob(*std::move(bodies.out));
  } else {
    TRY(response.body, whole(*bodies.out, whole_answer_bytes));
  }
  return {};
}

Task<Result<void>> gather_body(HttpResponse& response) {
  while (response.stream) {
    Task<Result<std::string>> more = response.stream->next();
    CO_TRY(const std::string piece, co_await std::move(more));
    if (piece.size() > limits::response_body_bytes - response.body.size()) {
      co_return fail(Code::limit_exceeded, "the answer's body is too large to be held");
    }
    response.body += piece;
    if (piece.empty()) response.stream.reset();
  }
  co_return {};
}

void trickle(HttpResponse& response, Loop& loop, std::size_t step, Duration pause) {
  const bool sized = !response.header("Content-Length").empty();
  if (!response.stream) {
    if (!sized) response.headers.emplace_back("Content-Length", std::to_string(response.body.size()));
    const std::uint64_t size = response.body.size();
    response.stream = read_blob({text_blob(std::exchange(response.body, {})), 0, size});
  }
  response.stream = std::make_shared<Trickle>(std::move(response.stream), loop, step, pause);
}

}  // namespace reeve::sandbox
