#include "cli/exit_code.h"

#include <algorithm>

namespace reeve::cli {

int exit_code(const Error& error) {
  switch (error.code) {
    case Code::usage:
    case Code::invalid_input:
    case Code::invalid_params:
    case Code::endpoint:
    case Code::unknown_service:
    case Code::limit_exceeded:
      return Exit::usage;
    case Code::not_found:
      return error.aws ? Exit::failed : Exit::usage;  // AWS's NotFound is AWS's answer
    case Code::locked:
    case Code::limit_stopped:
    case Code::consent_missing:
    case Code::trust_missing:
    case Code::plan_damaged:
    case Code::plan_expired:
    case Code::plan_used:
    case Code::plan_refused:
      return Exit::stopped;
    case Code::nothing_to_do:
      return Exit::ok;
    case Code::incomplete_listing:
      return Exit::unjudged;
    case Code::cancelled:
      return Exit::interrupted;
    default:
      return Exit::failed;
  }
}

int worse(int a, int b) {
  if (a == Exit::ok) return b;
  if (b == Exit::ok) return a;
  const bool ctrl_c = a == Exit::interrupted || b == Exit::interrupted;
  return ctrl_c && std::min(a, b) > Exit::failed ? Exit::interrupted : std::min(a, b);
}

}  // namespace reeve::cli
