// Any bytes as an answer or request of each protocol: no crash, no leak, no read past the end.
//   build/fuzz/tests/fuzz_decode -max_total_time=60
#include <cstddef>
#include <cstdint>

#include "aws/protocol/codec.h"
#include "base/json.h"

namespace {

struct Target {
  const char* service;
  const char* operation;
};
constexpr Target targets[] = {
    {"ec2", "DescribeInstances"}, {"ec2", "RunInstances"},   {"sns", "GetTopicAttributes"},      {"iam", "ListRoles"},
    {"rbin", "GetRule"},          {"lambda", "GetFunction"}, {"autoscaling", "PutLifecycleHook"}};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace reeve::aws;
  static Models models;
  if (size == 0) return 0;
  const Target& target = targets[data[0] % std::size(targets)];
  const auto found = models.get(target.service, target.operation);
  const Codec& codec = **codec_for(*found->model);
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto response = std::make_shared<reeve::HttpResponse>();
  response->status = 200;
  response->body = text;
  if (const auto document = codec.decode_response(*found->model, *found->operation, response)) {
    reeve::to_json(*document);
  }
  codec.decode_error(*found->model, *found->operation, *response);
  reeve::HttpRequest request;
  request.method = "POST";
  request.body = text;
  if (const auto params = codec.decode_request(*found->model, *found->operation, request)) {
    if (codec.encode_request(*found->model, *found->operation, *params, "")) reeve::to_json(*params);
  }
  return 0;
}
