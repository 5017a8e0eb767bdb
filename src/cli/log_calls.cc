#include "cli/log_calls.h"

namespace reeve::cli {

Task<Result<aws::Response>> LogCalls::call(aws::Request request) {
  const std::string operation = request.operation_name(), account = request.scope.account,
                    region = request.scope.region;
  const Steady begun = clock_.steady();
  auto answer = co_await inner_.call(std::move(request));
  const auto took_ms = (clock_.steady() - begun).count() / 1000;
  if (answer) {
    log_.debug("call", {{"operation", operation},
                        {"account", account},
                        {"region", region},
                        {"request_id", answer->meta.request_id},
                        {"status", answer->meta.status},
                        {"attempts", answer->meta.attempts},
                        {"took_ms", took_ms}});
  } else {
    const Error& error = answer.error();
    log_.debug("call failed", {{"operation", operation},
                               {"account", account},
                               {"region", region},
                               {"code", name(error.code)},
                               {"aws_code", error.aws ? error.aws->code : std::string()},
                               {"request_id", error.aws ? error.aws->request_id : std::string()},
                               {"took_ms", took_ms}});
  }
  co_return answer;
}

}  // namespace reeve::cli
