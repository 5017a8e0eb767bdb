#pragma once
#include "aws/api.h"
#include "base/log.h"

namespace reeve::cli {

/// Writes a line to the log for each call: operation, scope, request id, attempts, and what went wrong. Parameters and
/// answers are left out: nothing sensitive can reach a log that way.
class LogCalls : public aws::Api {
 public:
  LogCalls(aws::Api& inner, Clock& clock, Log log) : inner_(inner), clock_(clock), log_(std::move(log)) {}
  Task<Result<aws::Response>> call(aws::Request request) override;

 private:
  aws::Api& inner_;
  Clock& clock_;
  Log log_;
};

}  // namespace reeve::cli
