#include "aws/count.h"

namespace reeve::aws {

namespace {
std::int64_t total(const std::map<std::string, std::int64_t>& counts) {
  std::int64_t sum = 0;
  for (const auto& [name, count] : counts) sum += count;
  return sum;
}
}  // namespace

std::int64_t CallCounts::total_calls() const { return total(calls); }
std::int64_t CallCounts::total_attempts() const { return total(attempts); }

void CallCounts::add(const CallCounts& other) {
  for (const auto& [name, count] : other.calls) calls[name] += count;
  for (const auto& [name, count] : other.attempts) attempts[name] += count;
}

Task<Result<Response>> CountingApi::call(Request request) {
  const std::string name = request.operation_name();
  Task<Result<Response>> inner = inner_.call(std::move(request));
  Result<Response> answer = co_await std::move(inner);
  if (answer) {
    ++counts_.calls[name];
    counts_.attempts[name] += answer->meta.attempts;
  } else if (const auto& aws = answer.error().aws; aws && aws->status > 0) {
    ++counts_.calls[name];
    counts_.attempts[name] += aws->attempts;
  }
  co_return answer;
}

}  // namespace reeve::aws
