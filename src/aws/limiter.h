#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aws/api.h"
#include "aws/limiter_rates.h"
#include "aws/limiter_store.h"
#include "aws/model.h"
#include "base/task.h"

namespace reeve::aws {

/// AWS's published bucket of an operation: how many requests at once, and how many a second after that.
struct PublishedLimit {
  double capacity = 0, rate = 0;
};
/// nullopt where nothing is published ("Request throttling for the Amazon EC2 API").
std::optional<PublishedLimit> published_limit(std::string_view service, std::string_view operation);

/// Rates that people chose: "ec2" or "ec2.DescribeSnapshots" → requests a second.
using MaxRates = std::map<std::string, double, std::less<>>;
/// Reads "SERVICE=RATE" and "SERVICE.OPERATION=RATE"; a service is botocore's folder name, a rate a number above 0.
/// Errors: usage (also for a service or an operation that there is no model of: a slip would bound nothing).
Result<MaxRates> parse_max_rates(std::span<const std::string> texts, Models& models);

/// Which rates bind beside what AWS publishes.
struct RateRules {
  MaxRates chosen = {};
  /// The adaptive retry mode: throttles slow down all of a service in an account and region, as one of its clients, not
  /// only the operation that was throttled.
  bool per_client = false;
};

/// The limiter's algorithm over a store of rates. For each account, region, service and operation: never more than half
/// of what AWS publishes for the account (others work there too); after a first throttle also never more than the
/// adaptive rate. And never more than the rates that people chose, over all accounts and regions: a tenth of a second's
/// worth at once. Engine thread only.
class RateLimits {
 public:
  explicit RateLimits(Clock& clock, RateRules rules = {})
      : own_(std::make_unique<MemoryRateStore>(clock)), store_(*own_), rules_(std::move(rules)) {}
  /// `store` must outlive this.
  RateLimits(RateStore& store, RateRules rules) : store_(store), rules_(std::move(rules)) {}
  /// Waits, in the order of coming, until the request may be sent; `request` must live as long. Errors: cancelled;
  /// timed_out at its deadline; the store's.
  Task<Result<void>> acquire(Loop& loop, const Request& request, bool published);
  /// How an attempt went: throttled, or anything else. Errors: the store's.
  Task<Result<void>> answered(const Request& request, bool throttled);
  /// The adaptive rate in requests a second; nullopt before a first throttle. Errors: the store's.
  Task<Result<std::optional<double>>> adaptive_rate(const Request& request);

 private:
  /// One rate that a request goes by.
  struct Lane {
    RateKey key;
    std::optional<PublishedLimit> fixed;
  };
  std::vector<Lane> lanes_of(const Request& request, bool published) const;
  RateKey learning_key(const Request& request) const;
  /// Seconds until there is a token; 0: it was taken.
  Task<Result<double>> try_take(const Lane& lane);
  Task<Result<void>> acquire_one(Loop& loop, const Lane& lane, const Request& request);
  Task<Result<void>> take_token(Loop& loop, const Lane& lane, const Request& request);
  std::unique_ptr<RateStore> own_;
  RateStore& store_;
  RateRules rules_;
  /// Who waits for a rate; the first may take tokens, and cancelling a source wakes who sleeps under it.
  using Queue = std::deque<CancelSource*>;
  static Task<Result<void>> wait_for_turn(Loop& loop, Queue& queue, const Request& request, CancelSource& turn);
  std::map<RateKey, Queue> queues_;
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
