#pragma once
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "aws/api.h"
#include "base/json.h"

/// For tests of what goes around an Api.
namespace reeve::aws {

/// Answers by a function, and remembers what it was asked.
class FakeApi : public Api {
 public:
  using Answer = std::function<Result<Response>(const Request& request)>;
  explicit FakeApi(Answer answer) : answer_(std::move(answer)) {}
  Task<Result<Response>> call(Request request) override {
    seen.push_back(request);
    Result<Response> answer = answer_(request);
    co_return answer;
  }
  std::vector<Request> seen;

 private:
  Answer answer_;
};

/// A document from JSON that is known to be right.
inline Document doc(std::string_view json) {
  Result<Document> document = parse_json(json);
  REEVE_ASSERT(document);
  return *std::move(document);
}

inline Result<Response> ok(std::string_view json, std::string request_id = "r") {
  return Response{.document = doc(json), .meta = {.status = 200, .request_id = std::move(request_id)}};
}

/// What AWS refused with this code.
inline Result<Response> refused(Code code, std::string aws_code, int status = 400, bool retryable = false) {
  auto aws = std::make_shared<AwsError>(
      AwsError{.code = std::move(aws_code), .status = status, .request_id = "r", .retryable = retryable});
  return fail({.code = code, .message = "refused", .aws = std::move(aws)});
}

inline Request request(std::string service, std::string operation, std::string_view params = "{}") {
  Request out{.service = std::move(service), .operation = std::move(operation), .params = doc(params)};
  out.scope = {.partition = "aws", .account = "123456789012", .region = "us-east-1"};
  return out;
}

}  // namespace reeve::aws
