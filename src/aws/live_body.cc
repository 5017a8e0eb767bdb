#include "aws/live_body.h"

#include <fmt/format.h>

#include "aws/chunked_source.h"
#include "aws/protocol/common.h"
#include "aws/protocol/rest.h"
#include "base/byte_streams.h"
#include "base/encoding.h"

namespace reeve::aws {
namespace {

/// From here on it is worth to hear that a body is wanted before it is sent: buckets in other regions, expired tokens.
constexpr std::uint64_t asks_first_bytes = std::uint64_t{1} << 20;

Task<Result<std::string>> hash_of(ByteSource& source) {
  CO_TRY(const std::unique_ptr<ByteReader> reader, source.open());
  Checksum hash(ChecksumKind::sha256);
  while (true) {
    Task<Result<std::string>> next = reader->next();
    CO_TRY(const std::string piece, co_await std::move(next));
    if (piece.empty()) break;
    hash.add(piece);
  }
  co_return encode_hex(hash.take());
}

Result<void> sign_chunks(HttpRequest& http, const Credentials& credentials, const SignOptions& options, ChunkMode mode,
                         std::uint64_t size, const std::optional<HeldChecksum>& trailer) {
  StreamedBody body{.mode = mode, .size_bytes = size};
  if (trailer) body.trailer_names = {trailer->name};
  const auto content = std::exchange(http.stream, nullptr);
  auto make_signer = [plain = http, credentials, options, body] {
    HttpRequest again = plain;
    return sign_streamed(again, credentials, options, body);
  };
  TRY(sign_streamed(http, credentials, options, body));
  http.stream = std::make_shared<ChunkedSource>(content, std::move(make_signer), mode, trailer);
  return {};
}

}  // namespace

const Member* streamed_member(const Shape* shape) {
  if (shape == nullptr) return nullptr;
  if (const Member* events = event_stream_of(*shape)) return events;
  const Member* payload = payload_of(*shape);
  return payload != nullptr && payload->streaming && is_raw(*payload) ? payload : nullptr;
}

Result<Document> params_at_the_door(const ServiceModel& model, const Operation& operation, const Request& request,
                                    ChecksumUse response_checksums) {
  const Value params = request.params;
  const std::string_view asked = checksum_to_ask_for(operation, params, response_checksums);
  std::string_view body;
  if (request.body) {
    const Member* payload = operation.input == nullptr ? nullptr : payload_of(*operation.input);
    if (payload == nullptr || !is_raw(*payload)) {
      return fail(Code::invalid_params, "the operation takes no body of bytes");
    }
    body = payload->name;
  }
  if (asked.empty() && body.empty()) return Document{};
  Builder b(model.keys());
  b.begin_map();
  for (const auto [key, value] : params.entries()) {
    if (key != body) b.put(key, value);
  }
  if (!asked.empty()) b.put(asked, "ENABLED");
  if (!body.empty()) b.put(body, "");  // some models want it there
  b.end();
  return b.finish();
}

Task<Result<void>> sign_stream(HttpRequest& http, const Credentials& credentials, const SignOptions& options,
                               std::optional<HeldChecksum> trailer) {
  const auto size = http.stream->size();
  SignOptions how = options;
  if (!options.content_sha256_header) {  // not S3
    if (!options.unsigned_body) {
      Task<Result<std::string>> hashing = hash_of(*http.stream);
      CO_TRY(std::string hash, co_await std::move(hashing));
      http.headers.emplace_back("X-Amz-Content-SHA256", std::move(hash));
    }
    co_return sign(http, credentials, how);
  }
  if (!size) {
    co_return fail({.code = Code::unsupported,
                    .message = "S3 takes no body whose size is not known",
                    .hint = "write it to a file first, or send it in parts"});
  }
  if (*size >= asks_first_bytes) http.headers.emplace_back("Expect", "100-continue");
  if (http.scheme == "https" && !trailer) {
    how.unsigned_body = true;
    co_return sign(http, credentials, how);
  }
  const ChunkMode mode = http.scheme == "https" ? ChunkMode::unsigned_trailer
                         : trailer              ? ChunkMode::signed_payload_trailer
                                                : ChunkMode::signed_payload;
  co_return sign_chunks(http, credentials, how, mode, *size, trailer);
}

std::shared_ptr<ByteReader> take_stream(HttpResponse& http) {
  if (http.stream) return std::exchange(http.stream, nullptr);
  auto whole = TextSource(std::exchange(http.body, {})).open();
  return whole ? *std::move(whole) : nullptr;
}

Document without(const ServiceModel& model, Value map, std::string_view member) {
  Builder b(model.keys());
  b.begin_map();
  for (const auto [key, value] : map.entries()) {
    if (key != member) b.put(key, value);
  }
  b.end();
  return b.finish();
}

}  // namespace reeve::aws
