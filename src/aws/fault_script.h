#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/document.h"
#include "base/result.h"
#include "base/time.h"

namespace reeve::aws {

class Models;

/// What goes wrong. One vocabulary for the client's Fault and the sandbox's server (docs/formats/fault-script.md).
enum class FaultKind : std::uint8_t {
  throttle,             ///< refused for its rate, without effect
  error,                ///< refused with `code` and `status`, without effect
  server_error_before,  ///< 5xx without effect
  server_error_after,   ///< the effect takes place, the answer is a 5xx
  timeout_before,       ///< no answer, no effect
  timeout_after,        ///< the effect takes place, no answer
  torn_body,            ///< the effect takes place, the connection breaks in the middle of the answer
  slow,                 ///< the answer comes `time` later
  clock_skew,           ///< AWS's clock differs by `time` from ours
  expired_token,        ///< the credentials count as expired
  repeat_page,          ///< the previous answer to this operation once more
  drop_token,           ///< the answer lacks its `member` (a page token)
  empty_page,           ///< a page without items and with a token that goes on where this call would have
  not_aws,              ///< an answer that is no AWS error document, as an emulator's page
  error_in_200,         ///< an error document in an answer of status 200, as S3's copies give; no effect
  slow_bytes,           ///< the answer's body trickles: `bytes` at a time, `time` before each
};
std::string_view name(FaultKind kind);

/// A fault that is to happen now.
struct FaultAction {
  FaultKind kind = FaultKind::throttle;
  std::string code;  ///< AWS's error code; filled in for all kinds that answer with an error
  std::string message;
  int status = 0;          ///< HTTP status; filled in like `code`
  Duration time{0};        ///< of slow, slow_bytes, clock_skew (may be negative) and the time-outs
  std::int64_t bytes = 1;  ///< of slow_bytes
  std::string member;      ///< of drop_token and empty_page: the token's member, "NextToken" unless given
};

/// When a fault happens.
struct FaultRule {
  std::string service;     ///< empty: any
  std::string operation;   ///< empty: any; a trailing "*" matches what begins so ("Describe*")
  Document params;         ///< what the call's params must contain, or null
  std::int64_t nth = 0;    ///< only the nth call that matches (from 1); 0: not asked
  std::int64_t every = 0;  ///< each nth call that matches; 0: not asked
  std::int64_t after = 0;  ///< only past this many calls that match
  std::int64_t times = 1;  ///< how often at most; 0: no bound
  FaultAction fault;
};

/// Faults by rules, in their order: the first rule that is due decides. Every rule counts the calls that match it,
/// whether it decides or not. The same calls give the same faults.
class FaultScript {
 public:
  FaultScript() = default;
  explicit FaultScript(std::vector<FaultRule> rules);
  /// Reads a script; `file` is its name in errors. Errors: invalid_input, with all that is wrong, each with line and
  /// column, what may stand there, and the nearest word; limit_exceeded. With models, services and operations that
  /// none of them has are wrong, too: a rule for them would never be due.
  static Result<FaultScript> parse(std::string_view text, std::string_view file, Models* models = nullptr);
  /// What goes wrong with this call, if anything. Counts it.
  std::optional<FaultAction> next_fault(std::string_view service, std::string_view operation, Value params);
  void add(FaultRule rule);
  const std::vector<FaultRule>& rules() const { return rules_; }
  /// How often each rule has fired.
  const std::vector<std::int64_t>& fired() const { return fired_; }

 private:
  std::vector<FaultRule> rules_;
  std::vector<std::int64_t> seen_, fired_;
};

/// True if `value` contains `part`: a map all of its members, a list each of its items somewhere, else equality.
bool contains(Value value, Value part);

}  // namespace reeve::aws
