#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "aws/api.h"
#include "base/seams.h"

namespace reeve::aws {

/// retry_mode, as profiles and AWS_RETRY_MODE name it. Adaptive is standard with a rate for the whole service in place
/// of one for each of its operations (see RateRules); legacy stands in retry_legacy.h.
enum class RetryMode : std::uint8_t { standard, adaptive, legacy };

/// The SDKs' retry modes (AWS SDKs and Tools Reference Guide: "Retry behavior"), the standard one with the delays of
/// the rules 2.1 of 2026.
struct RetrySettings {
  RetryMode mode = RetryMode::standard;
  int attempts_most = 3;
  /// How long one listing call waits out throttles before it fails: several other tools at work make EC2 refuse a
  /// listing for minutes, and a listing that breaks off is worth nothing.
  Duration listing_throttle_budget = std::chrono::minutes(5);
};

/// What an error means for trying again.
enum class RetryVerdict : std::uint8_t {
  no,
  transient,  ///< passes by itself: a broken connection, a time-out, 500, 502, 503, 504, what the model calls retryable
  throttling,  ///< asked too often
  corrected,   ///< clock or credentials have just been corrected: at once, and only once
};
RetryVerdict judge_retry(const Error& error);

/// How long to wait before the next attempt, with full jitter: `random` in [0, 1). `attempt` counts from 1 (the one
/// that failed). `retry_after_ms` below 0: AWS said nothing.
Duration retry_delay(std::string_view service, RetryVerdict verdict, int attempt, double random, int retry_after_ms);

/// Tokens that all calls to one service and region share: retries cost, successes give back, so that a service that is
/// down is not hammered by everybody's retries.
class RetryQuota {
 public:
  static constexpr int capacity = 500, transient_cost = 14, throttling_cost = 5, success_gives = 1;
  bool acquire(int amount);
  void release(int amount);
  int left() const { return left_; }
  static int cost(RetryVerdict verdict);

 private:
  int left_ = capacity;
};

/// Operations that only read and that callers need whole: Describe*, List*, Get*, Search*.
bool is_listing(std::string_view operation);

/// Tries again what may pass. A listing that is throttled is tried until its budget is used up.
class Retry : public Api {
 public:
  Retry(Api& inner, Loop& loop, Random& random, RetrySettings settings)
      : inner_(inner), loop_(loop), random_(random), settings_(settings) {}
  Task<Result<Response>> call(Request request) override;

 private:
  struct Progress;
  /// The wait before the next attempt, or nullopt to give up.
  std::optional<Duration> plan_next(const Request& request, Error& error, Progress& progress);
  Api& inner_;
  Loop& loop_;
  Random& random_;
  RetrySettings settings_;
  std::map<Scope, std::map<std::string, RetryQuota, std::less<>>> quotas_;
};

}  // namespace reeve::aws
