#include "aws/limiter.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <utility>

#include "aws/retry.h"

namespace reeve::aws {

// --- TokenBucket -----------------------------------------------------------------------------------------------------

void TokenBucket::refill(double now) {
  held_ = std::min(most_, held_ + std::max(0.0, now - at_) * rate_);
  at_ = now;
}

void TokenBucket::set_rate(double rate, double now) {
  refill(now);
  rate_ = rate;
  most_ = std::max(rate, 1.0);
  held_ = std::min(held_, most_);
}

bool TokenBucket::try_acquire(double amount, double now) {
  refill(now);
  if (amount > held_) return false;
  held_ -= amount;
  return true;
}

double TokenBucket::wait(double amount, double now) {
  refill(now);
  return held_ >= amount ? 0.0 : (amount - held_) / rate_;
}

// --- CubicRate -------------------------------------------------------------------------------------------------------

CubicRate::CubicRate(double start_rate, double start_time) : w_max_(start_rate), last_fail_(start_time) {
  plan_return();
}

void CubicRate::plan_return() { k_ = std::cbrt(w_max_ * (1 - beta) / scale); }

double CubicRate::success(double now) {
  const double past_return = now - last_fail_ - k_;
  return scale * past_return * past_return * past_return + w_max_;
}

double CubicRate::throttled(double current_rate, double now) {
  w_max_ = current_rate;
  last_fail_ = now;
  plan_return();
  return current_rate * beta;
}

// --- MeasuredRate ----------------------------------------------------------------------------------------------------

void MeasuredRate::add(double now) {
  ++count_;
  if (since_ < 0) since_ = now;
  if (const double past = now - since_; past >= slot) {
    rate_ = smoothing * (count_ / past) + (1 - smoothing) * rate_;
    since_ = now;
    count_ = 0;
  }
}

double MeasuredRate::rate(double now) const { return std::max(rate_, count_ / std::max(slot, now - since_)); }

// --- What AWS publishes
// ------------------------------------------------------------------------------------------------

namespace {

struct Published {
  std::string_view operation;
  PublishedLimit limit;
};

// "Request throttling for the Amazon EC2 API" (EC2 developer guide): what differs from its general categories.
constexpr auto ec2_exceptions = std::to_array<Published>({
    {"CopyImage", {100, 1}},
    {"CreateTags", {100, 10}},
    {"DeleteTags", {100, 10}},
    {"RunInstances", {5, 2}},
    {"StartInstances", {5, 2}},
    {"StopInstances", {5, 2}},
});

constexpr PublishedLimit ec2_reading{100, 20}, ec2_changing{50, 5};
// The category "unfiltered and unpaginated" has half of that; every listing of ours is paginated or filtered.

}  // namespace

std::optional<PublishedLimit> published_limit(std::string_view service, std::string_view operation) {
  if (service != "ec2") return std::nullopt;
  for (const Published& one : ec2_exceptions) {
    if (one.operation == operation) return one.limit;
  }
  return is_listing(operation) ? ec2_reading : ec2_changing;
}

// --- RateLimits ------------------------------------------------------------------------------------------------------

struct RateLimits::Lane {
  std::optional<TokenBucket> published;
  std::optional<TokenBucket> adaptive;  // from the first throttle on
  std::optional<CubicRate> cubic;
  MeasuredRate measured;
  double wait(bool published_too, double now) {
    const double first = published_too && published ? published->wait(1, now) : 0;
    return adaptive ? std::max(first, adaptive->wait(1, now)) : first;
  }
  bool try_take(bool published_too, double now) {
    if (wait(published_too, now) > 0) return false;  // of both or of none
    if (published_too && published) published->try_acquire(1, now);
    if (adaptive) adaptive->try_acquire(1, now);
    return true;
  }

  std::deque<CancelSource*> queue;  // the first may take tokens; cancelling a source wakes who sleeps under it
};

namespace {

constexpr double share = 0.5;                                 // of what the account may send: others work there too
constexpr double longest_nap = 0.5;                           // seconds
constexpr Duration longest_queueing = std::chrono::hours(1);  // whatever the deadline
constexpr double slowest_rate = 0.5;                          // requests a second; the adaptive rate never falls below

double seconds_of(Steady at) { return static_cast<double>(at.us) * 1e-6; }

}  // namespace

RateLimits::Lane& RateLimits::lane(const Request& request) {
  auto& lane = lanes_[{request.scope.account, request.scope.region, request.service, request.operation}];
  if (!lane) {
    lane = std::make_shared<Lane>();
    if (const auto limit = published_limit(request.service, request.operation)) {
      lane->published.emplace(limit->rate * share, seconds_of(clock_.steady()));
      lane->published->set_capacity(std::max(1.0, limit->capacity * share));
      lane->published->fill();
    }
  }
  return *lane;
}

Task<Result<void>> RateLimits::wait_for_turn(Loop& loop, Lane& lane, const Request& request, CancelSource& turn) {
  if (lane.queue.front() == &turn) co_return Result<void>{};
  const Steady until = std::min(request.deadline, loop.clock().steady() + longest_queueing);
  Task<Result<void>> sleep = loop.sleep_until(until, turn.token());
  const Result<void> slept = co_await std::move(sleep);
  if (request.cancel.requested()) co_return fail(Code::cancelled, "interrupted while waiting for the rate limit");
  if (lane.queue.front() == &turn) co_return Result<void>{};
  co_return fail(Code::timed_out, "too many calls wait for the rate limit: none got through before the deadline");
}

Task<Result<void>> RateLimits::take_token(Loop& loop, Lane& lane, const Request& request, bool published) {
  while (true) {
    const double now = seconds_of(loop.clock().steady());
    if (lane.try_take(published, now)) co_return Result<void>{};
    const double wait = lane.wait(published, now);
    // An answer may change the rate meanwhile: looked at again now and then. Rounded up, or it would not be there yet.
    const Duration nap{static_cast<std::int64_t>(std::ceil(std::min(wait, longest_nap) * 1e6))};
    if (loop.clock().steady() + nap >= request.deadline) {
      co_return fail(Code::timed_out, "the rate limit lets this through after its deadline");
    }
    Task<Result<void>> sleep = loop.sleep(nap, request.cancel);
    CO_TRY(co_await std::move(sleep));
  }
}

Task<Result<void>> RateLimits::acquire(Loop& loop, const Request& request, bool published) {
  Lane& of = lane(request);
  if (of.queue.empty() && of.try_take(published, seconds_of(clock_.steady()))) co_return Result<void>{};
  CancelSource turn(request.cancel);
  of.queue.push_back(&turn);
  Task<Result<void>> wait = wait_for_turn(loop, of, request, turn);
  Result<void> done = co_await std::move(wait);
  if (done) {
    Task<Result<void>> take = take_token(loop, of, request, published);
    done = co_await std::move(take);
  }
  const bool was_first = of.queue.front() == &turn;
  std::erase(of.queue, &turn);
  if (was_first && !of.queue.empty()) of.queue.front()->cancel();
  co_return done;
}

void RateLimits::answered(const Request& request, bool throttled) {
  Lane& of = lane(request);
  const double now = seconds_of(clock_.steady());
  of.measured.add(now);
  const double measured = of.measured.rate(now);
  if (throttled) {
    double rate = std::max(measured, slowest_rate);
    if (of.adaptive) rate = std::min(rate, of.adaptive->rate());
    if (!of.cubic) of.cubic.emplace(rate, now);
    const double slower = std::max(of.cubic->throttled(rate, now), slowest_rate);
    if (!of.adaptive) of.adaptive.emplace(slower, now);
    of.adaptive->set_rate(slower, now);
  } else if (of.adaptive) {
    // No faster than twice what is really sent: an idle caller earns no burst.
    const double faster = std::min(of.cubic->success(now), 2 * measured);
    of.adaptive->set_rate(std::max(faster, slowest_rate), now);
  }
}

std::optional<double> RateLimits::adaptive_rate(const Request& request) const {
  const auto it = lanes_.find({request.scope.account, request.scope.region, request.service, request.operation});
  if (it == lanes_.end() || !it->second->adaptive) return std::nullopt;
  return it->second->adaptive->rate();
}

// --- Limiter
// -----------------------------------------------------------------------------------------------------------

Task<Result<Response>> Limiter::call(Request request) {
  const bool published = published_(request.service);
  Task<Result<void>> turn = limits_.acquire(loop_, request, published);
  if (Result<void> got = co_await std::move(turn); !got) {
    Error error = std::move(got).error();
    error.operation = request.operation_name();
    co_return fail(std::move(error));
  }
  Task<Result<Response>> sent = inner_.call(request);
  Result<Response> answer = co_await std::move(sent);
  limits_.answered(request, !answer && answer.error().code == Code::throttled);
  co_return answer;
}

}  // namespace reeve::aws
