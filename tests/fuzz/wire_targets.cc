#include "wire_targets.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "aws/protocol/codec.h"
#include "aws/protocol/event_stream.h"
#include "aws/protocol/xml_read.h"
#include "aws/sign.h"
#include "aws/sign_chunks.h"
#include "base/json.h"
#include "base/sim_seams.h"

namespace reeve::fuzz {
namespace {

/// A protocol, with operations that between them have what it can say.
struct Protocol {
  const char* name;
  std::array<std::pair<const char*, const char*>, 4> calls;
};
constexpr Protocol ec2{"ec2",
                       {{{"ec2", "DescribeInstances"},
                         {"ec2", "DescribeSnapshots"},
                         {"ec2", "RunInstances"},
                         {"ec2", "ModifySnapshotAttribute"}}}};
constexpr Protocol query{"query",
                         {{{"iam", "ListRoles"},
                           {"sts", "AssumeRole"},
                           {"autoscaling", "DescribeAutoScalingGroups"},
                           {"autoscaling", "PutLifecycleHook"}}}};
constexpr Protocol rest_json{
    "rest-json",
    {{{"rbin", "GetRule"}, {"rbin", "CreateRule"}, {"lambda", "Invoke"}, {"lambda", "InvokeWithResponseStream"}}}};
constexpr Protocol rest_xml{"rest-xml",
                            {{{"s3", "ListObjectsV2"},
                              {"s3", "DeleteObjects"},
                              {"s3", "SelectObjectContent"},
                              {"s3", "PutBucketLifecycleConfiguration"}}}};
constexpr Protocol json{
    "json",
    {{{"dynamodb", "Scan"}, {"dynamodb", "PutItem"}, {"kinesis", "SubscribeToShard"}, {"logs", "DescribeLogGroups"}}}};
constexpr Protocol cbor{"smithy-rpc-v2-cbor",
                        {{{"cloudwatch", "ListMetrics"},
                          {"cloudwatch", "GetMetricData"},
                          {"cloudwatch", "PutMetricData"},
                          {"cloudwatch", "DescribeAlarms"}}}};

/// The first byte chooses an operation, and more.
struct Chosen {
  Chosen(const Protocol& protocol, unsigned char byte) {
    static aws::Models models;
    const auto& [service, operation] = protocol.calls.at(byte % protocol.calls.size());
    found = models.get(service, operation).value();
    codec = aws::find_codec(protocol.name);
    REEVE_ASSERT(codec != nullptr);
  }
  aws::Models::Found found;
  const aws::Codec* codec = nullptr;
};

/// Head and content of a message as HTTP/1.1 writes them, the first line apart: headers up to an empty line.
struct Message {
  explicit Message(std::string_view bytes) {
    const auto line = [&bytes] {
      const std::size_t end = std::min(bytes.find('\n'), bytes.size());
      const std::string_view taken = bytes.substr(0, end);
      bytes.remove_prefix(std::min(end + 1, bytes.size()));
      return taken;
    };
    first = line();
    for (auto header = line(); !header.empty(); header = line()) {
      const std::size_t colon = std::min(header.find(':'), header.size());
      headers.emplace_back(header.substr(0, colon), header.substr(std::min(colon + 1, header.size())));
    }
    body = bytes;
  }
  std::string_view first;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

HttpRequest request_of(std::string_view bytes) {
  Message message(bytes);
  const std::size_t space = std::min(message.first.find(' '), message.first.size());
  HttpRequest request{.method = std::string(message.first.substr(0, space)),
                      .target = std::string(message.first.substr(std::min(space + 1, message.first.size()))),
                      .headers = std::move(message.headers),
                      .body = std::move(message.body)};
  request.host = "localhost";
  return request;
}

/// An answer: a byte that chooses the operation and the status, a line that is passed over, headers, the body.
template <const Protocol& protocol>
void response(std::string_view bytes) {
  if (bytes.empty()) return;
  const auto byte = static_cast<unsigned char>(bytes[0]);
  const Chosen to(protocol, byte);
  Message message(bytes.substr(1));
  const auto answer = std::make_shared<HttpResponse>();
  constexpr std::array statuses = {200, 206, 400, 503};
  answer->status = statuses.at(byte / 4 % statuses.size());
  answer->headers = std::move(message.headers);
  answer->body = std::move(message.body);
  const auto& model = *to.found.model;
  const auto& operation = *to.found.operation;
  (void)to.codec->is_error(model, operation, *answer);
  (void)to.codec->decode_error(model, operation, *answer);
  if (const auto document = to.codec->decode_response(model, operation, answer)) {
    (void)to_json(*document);
    (void)to.codec->encode_response(model, operation, *document, "id");
  }
}

/// What the sandbox's server does with a request; what it read is written and read again.
template <const Protocol& protocol>
void request(std::string_view bytes) {
  if (bytes.empty()) return;
  const Chosen to(protocol, static_cast<unsigned char>(bytes[0]));
  const auto& model = *to.found.model;
  const HttpRequest given = request_of(bytes.substr(1));
  (void)aws::codec_of(model, given);
  (void)to.codec->route(model, given);
  const auto params = to.codec->decode_request(model, *to.found.operation, given);
  if (!params) return;
  (void)to_json(*params);
  const auto again = to.codec->encode_request(model, *to.found.operation, *params, "");
  if (!again) return;  // what came over the wire need not be what the model allows
  const HttpRequest written{
      .method = again->method, .target = again->target, .headers = again->headers, .body = again->body};
  REEVE_ASSERT(to.codec->decode_request(model, *to.found.operation, written));
}

void xml(std::string_view bytes) { (void)aws::read_xml_tree(bytes); }

/// Messages one after another, as whoever reads a stream takes them off its front.
void event_stream(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto size = aws::event_message_size(bytes);
    if (!size || !*size || **size > bytes.size()) return;
    const auto message = aws::decode_event_message(bytes.substr(0, **size));
    if (message) REEVE_ASSERT(aws::decode_event_message(aws::encode_event_message(*message)));
    bytes.remove_prefix(**size);
  }
}

std::optional<std::string> secret_of(std::string_view key) {
  return key == "AKIDEXAMPLE" ? std::optional<std::string>("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY") : std::nullopt;
}

/// A request that somebody signed, or says so.
void signature(std::string_view bytes) {
  const HttpRequest request = request_of(bytes);
  (void)aws::signature_scope(request);
  (void)aws::verify(request, secret_of, Time{1'440'938'160'000'000});
}

/// A body in chunks, in pieces whose size the first byte gives, under a head of each mode: what is taken apart must not
/// depend on the pieces.
void chunks(std::string_view bytes) {
  if (bytes.empty()) return;
  const std::size_t piece = static_cast<unsigned char>(bytes[0]) % 64 + 1;
  bytes.remove_prefix(1);
  for (const auto mode :
       {aws::ChunkMode::signed_payload, aws::ChunkMode::signed_payload_trailer, aws::ChunkMode::unsigned_trailer}) {
    HttpRequest request{.method = "PUT", .target = "/data/key"};
    request.host = "localhost";
    const aws::StreamedBody body{.mode = mode, .size_bytes = 5, .trailer_names = {"x-amz-checksum-crc32"}};
    const aws::SignOptions options{.region = "us-east-1",
                                   .signing_name = "s3",
                                   .time = Time{1'440'938'160'000'000},
                                   .content_sha256_header = true};
    const aws::Credentials credentials{.access_key_id = "AKIDEXAMPLE",
                                       .secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
    if (!aws::sign_streamed(request, credentials, options, body)) continue;
    const auto read = [&](std::size_t step) -> std::optional<std::string> {
      auto reader = aws::ChunkReader::of(request, secret_of);
      REEVE_ASSERT(reader && *reader);
      std::string out;
      for (std::size_t at = 0; at < bytes.size(); at += step) {
        if (!(*reader)->feed(bytes.substr(at, step), out)) return std::nullopt;
      }
      if (!(*reader)->ended()) return std::nullopt;
      return out;
    };
    REEVE_ASSERT(read(piece) == read(bytes.size() + 1));
  }
}

constexpr std::array table = {Target{"response-ec2", response<ec2>},
                              Target{"response-query", response<query>},
                              Target{"response-rest-json", response<rest_json>},
                              Target{"response-rest-xml", response<rest_xml>},
                              Target{"response-json", response<json>},
                              Target{"response-cbor", response<cbor>},
                              Target{"request-ec2", request<ec2>},
                              Target{"request-query", request<query>},
                              Target{"request-rest-json", request<rest_json>},
                              Target{"request-rest-xml", request<rest_xml>},
                              Target{"request-json", request<json>},
                              Target{"request-cbor", request<cbor>},
                              Target{"xml", xml},
                              Target{"event-stream", event_stream},
                              Target{"signature", signature},
                              Target{"chunks", chunks}};

}  // namespace

std::span<const Target> wire_targets() { return table; }

}  // namespace reeve::fuzz
