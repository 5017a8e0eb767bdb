#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "aws/api.h"
#include "base/task.h"

namespace reeve::aws {

/// A bucket that fills at a rate; times in seconds of any clock. Starts empty.
class TokenBucket {
 public:
  TokenBucket(double rate, double now) : rate_(rate), most_(rate), at_(now) {}
  /// Changes the rate; what it holds is cut to the new size (at least one token).
  void set_rate(double rate, double now);
  void set_capacity(double most) { most_ = most; }
  void fill() { held_ = most_; }
  /// Takes tokens if they are there.
  bool try_acquire(double amount, double now);
  /// Seconds until so many will be there; 0 if they are. At the present rate, which may change before.
  double wait(double amount, double now);
  double available() const { return held_; }
  double rate() const { return rate_; }

 private:
  void refill(double now);
  double rate_, most_, held_ = 0, at_;
};

/// The rate that CUBIC (RFC 9438's window curve, as the SDKs' adaptive mode uses it) allows: falls by 30 % on a
/// throttle, comes back to where it was, waits there, then feels its way further. Requests and times in seconds.
class CubicRate {
 public:
  CubicRate(double start_rate, double start_time);
  double success(double now);
  double throttled(double current_rate, double now);
  double w_max() const { return w_max_; }
  double k() const { return k_; }

 private:
  static constexpr double scale = 0.4, beta = 0.7;
  void plan_return();
  double w_max_, k_ = 0, last_fail_;
};

/// Requests a second, smoothed over half-second slots.
class MeasuredRate {
 public:
  void add(double now);
  /// The smoothed rate, or the present slot's where that is higher (a burst that has only begun).
  double rate(double now) const;

 private:
  static constexpr double slot = 0.5, smoothing = 0.8;
  double rate_ = 0, since_ = -1, count_ = 0;
};

/// AWS's published bucket of an operation: how many requests at once, and how many a second after that.
struct PublishedLimit {
  double capacity = 0, rate = 0;
};
/// nullopt where nothing is published ("Request throttling for the Amazon EC2 API").
std::optional<PublishedLimit> published_limit(std::string_view service, std::string_view operation);

/// The state of the limiter: for each account, region, service and operation what may be sent when. Engine thread only.
/// Never more than half of what AWS publishes for the account (others work there too); after a first throttle also
/// never more than the adaptive rate.
class RateLimits {
 public:
  explicit RateLimits(Clock& clock) : clock_(clock) {}
  /// Waits, in the order of coming, until the request may be sent. Errors: cancelled; timed_out at its deadline.
  Task<Result<void>> acquire(Loop& loop, const Request& request, bool published);
  /// How an attempt went: throttled, or anything else.
  void answered(const Request& request, bool throttled);
  /// The adaptive rate in requests a second; nullopt before a first throttle.
  std::optional<double> adaptive_rate(const Request& request) const;

 private:
  struct Lane;
  using Key = std::tuple<std::string, std::string, std::string, std::string>;
  Lane& lane(const Request& request);
  static Task<Result<void>> wait_for_turn(Loop& loop, Lane& lane, const Request& request, CancelSource& turn);
  static Task<Result<void>> take_token(Loop& loop, Lane& lane, const Request& request, bool published);
  Clock& clock_;
  std::map<Key, std::shared_ptr<Lane>> lanes_;
};

/// Each call waits for its token. Errors: as the inner Api; timed_out where no token came before the deadline.
class Limiter : public Api {
 public:
  /// Whether AWS's published limits bind a service here: not at a loopback endpoint.
  using Binds = std::function<bool(const std::string& service)>;
  Limiter(Api& inner, Loop& loop, RateLimits& limits, Binds published)
      : inner_(inner), loop_(loop), limits_(limits), published_(std::move(published)) {}
  Task<Result<Response>> call(Request request) override;

 private:
  Api& inner_;
  Loop& loop_;
  RateLimits& limits_;
  Binds published_;
};

}  // namespace reeve::aws
