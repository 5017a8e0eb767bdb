#include "aws/limiter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "aws/retry.h"

namespace reeve::aws {

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

namespace {

constexpr double share = 0.5;                                 // of what the account may send: others work there too
constexpr double longest_nap = 0.5;                           // seconds
constexpr Duration longest_queueing = std::chrono::hours(1);  // whatever the deadline
constexpr double slowest_rate = 0.5;                          // requests a second; the adaptive rate never falls below
constexpr double chosen_burst_s = 0.1;  // of a chosen rate at once: timers wake late, and what they miss is made up for

PublishedLimit chosen_limit(double rate) { return {.capacity = std::max(1.0, rate * chosen_burst_s), .rate = rate}; }

/// Seconds until there is a token of each bucket; 0: one of each was taken.
double take(RateState& state, const std::optional<PublishedLimit>& fixed, double now) {
  if (fixed && !state.fixed) {
    state.fixed.emplace(fixed->rate, now);
    state.fixed->set_capacity(fixed->capacity);
    state.fixed->fill();
  }
  const bool has_fixed = fixed && state.fixed;
  const double wait =
      std::max(has_fixed ? state.fixed->wait(1, now) : 0, state.adaptive ? state.adaptive->wait(1, now) : 0);
  if (wait > 0) return wait;
  if (has_fixed) state.fixed->try_acquire(1, now);
  if (state.adaptive) state.adaptive->try_acquire(1, now);
  return 0;
}

void learn(RateState& state, bool throttled, double now) {
  state.measured.add(now);
  const double measured = state.measured.rate(now);
  if (throttled) {
    double rate = std::max(measured, slowest_rate);
    if (state.adaptive) rate = std::min(rate, state.adaptive->rate());
    if (!state.cubic) state.cubic.emplace(rate, now);
    const double slower = std::max(state.cubic->throttled(rate, now), slowest_rate);
    if (!state.adaptive) state.adaptive.emplace(slower, now);
    state.adaptive->set_rate(slower, now);
  } else if (state.adaptive) {
    // No faster than twice what is really sent: an idle caller earns no burst.
    const double faster = std::min(state.cubic->success(now), 2 * measured);
    state.adaptive->set_rate(std::max(faster, slowest_rate), now);
  }
}

}  // namespace

Result<MaxRates> parse_max_rates(std::span<const std::string> texts, Models& models) {
  MaxRates out;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    double rate = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = equals == std::string::npos ? std::from_chars_result{end, std::errc::invalid_argument}
                                                           : std::from_chars(text.data() + equals + 1, end, rate);
    if (name.empty() || error != std::errc{} || stop != end || !(rate > 0) || !std::isfinite(rate)) {
      return fail({.code = Code::usage,
                   .message = fmt::format("'{}' is no rate of calls", text),
                   .hint = "write it like ec2=20 or ec2.DescribeSnapshots=5: requests a second"});
    }
    const std::size_t dot = name.find('.');
    const std::string service = name.substr(0, dot);
    Result<void> known;
    if (dot == std::string::npos) {
      if (const auto model = models.get(service); !model) known = fail(model.error());
    } else if (const auto found = models.get(service, name.substr(dot + 1)); !found) {
      known = fail(found.error());
    }
    if (!known) {
      return fail({.code = Code::usage,
                   .message = fmt::format("the rate '{}' bounds nothing: {}", text, known.error().message),
                   .hint = known.error().hint});
    }
    out[name] = rate;
  }
  return out;
}

RateKey RateLimits::learning_key(const Request& request) const {
  return {request.scope.account, request.scope.region, request.service,
          rules_.per_client ? std::string() : request.operation};
}

std::vector<RateLimits::Lane> RateLimits::lanes_of(const Request& request, bool published) const {
  std::vector<Lane> out;
  Lane own{.key = {request.scope.account, request.scope.region, request.service, request.operation}, .fixed = {}};
  if (published) {
    if (const auto limit = published_limit(request.service, request.operation)) {
      own.fixed = {.capacity = std::max(1.0, limit->capacity * share), .rate = limit->rate * share};
    }
  }
  if (!rules_.per_client || own.fixed) out.push_back(std::move(own));
  if (rules_.per_client) out.push_back({.key = learning_key(request), .fixed = {}});
  // Chosen rates come last, so that what is sent keeps their pace.
  if (rules_.chosen.empty()) return out;
  if (const auto found = rules_.chosen.find(request.operation_name()); found != rules_.chosen.end()) {
    out.push_back({.key = {{}, {}, request.service, request.operation}, .fixed = chosen_limit(found->second)});
  }
  if (const auto found = rules_.chosen.find(request.service); found != rules_.chosen.end()) {
    out.push_back({.key = {{}, {}, request.service, {}}, .fixed = chosen_limit(found->second)});
  }
  return out;
}

Task<Result<double>> RateLimits::try_take(const Lane& lane) {
  double wait = 0;
  RateStore::Change change = [&wait, &lane](RateState& state, double now) { wait = take(state, lane.fixed, now); };
  Task<Result<void>> update = store_.update(lane.key, std::move(change));
  CO_TRY(co_await std::move(update));
  co_return wait;
}

Task<Result<void>> RateLimits::wait_for_turn(Loop& loop, Queue& queue, const Request& request, CancelSource& turn) {
  if (queue.front() == &turn) co_return Result<void>{};
  const Steady until = std::min(request.deadline, loop.clock().steady() + longest_queueing);
  Task<Result<void>> sleep = loop.sleep_until(until, turn.token());
  const Result<void> slept = co_await std::move(sleep);
  if (request.cancel.requested()) co_return fail(Code::cancelled, "interrupted while waiting for the rate limit");
  if (queue.front() == &turn) co_return Result<void>{};
  co_return fail(Code::timed_out, "too many calls wait for the rate limit: none got through before the deadline");
}

Task<Result<void>> RateLimits::take_token(Loop& loop, const Lane& lane, const Request& request) {
  while (true) {
    Task<Result<double>> trying = try_take(lane);
    CO_TRY(const double wait, co_await std::move(trying));
    if (wait <= 0) co_return Result<void>{};
    // An answer may change the rate meanwhile: looked at again now and then. Rounded up, or it would not be there yet.
    const Duration nap{static_cast<std::int64_t>(std::ceil(std::min(wait, longest_nap) * 1e6))};
    if (loop.clock().steady() + nap >= request.deadline) {
      co_return fail(Code::timed_out, "the rate limit lets this through after its deadline");
    }
    Task<Result<void>> sleep = loop.sleep(nap, request.cancel);
    CO_TRY(co_await std::move(sleep));
  }
}

Task<Result<void>> RateLimits::acquire_one(Loop& loop, const Lane& lane, const Request& request) {
  Queue& queue = queues_[lane.key];
  if (queue.empty()) {
    Task<Result<double>> trying = try_take(lane);
    CO_TRY(const double wait, co_await std::move(trying));
    if (wait <= 0) co_return Result<void>{};
  }
  CancelSource turn(request.cancel);
  queue.push_back(&turn);
  Task<Result<void>> waiting = wait_for_turn(loop, queue, request, turn);
  Result<void> done = co_await std::move(waiting);
  if (done) {
    Task<Result<void>> taking = take_token(loop, lane, request);
    done = co_await std::move(taking);
  }
  const bool was_first = queue.front() == &turn;
  std::erase(queue, &turn);
  if (was_first && !queue.empty()) queue.front()->cancel();
  co_return done;
}

Task<Result<void>> RateLimits::acquire(Loop& loop, const Request& request, bool published) {
  const std::vector<Lane> lanes = lanes_of(request, published);
  for (const Lane& lane : lanes) {
    Task<Result<void>> one = acquire_one(loop, lane, request);
    CO_TRY(co_await std::move(one));
  }
  co_return Result<void>{};
}

Task<Result<void>> RateLimits::answered(const Request& request, bool throttled) {
  RateStore::Change change = [throttled](RateState& state, double now) { learn(state, throttled, now); };
  Task<Result<void>> update = store_.update(learning_key(request), std::move(change));
  co_return co_await std::move(update);
}

Task<Result<std::optional<double>>> RateLimits::adaptive_rate(const Request& request) {
  std::optional<double> rate;
  RateStore::Change look = [&rate](RateState& state, double) {
    rate = state.adaptive ? std::optional(state.adaptive->rate()) : std::nullopt;
  };
  Task<Result<void>> update = store_.update(learning_key(request), std::move(look));
  CO_TRY(co_await std::move(update));
  co_return rate;
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
  const bool throttled = !answer && answer.error().code == Code::throttled;
  Task<Result<void>> noting = limits_.answered(request, throttled);
  // What was answered counts, whether the store could be told or not.
  [[maybe_unused]] const Result<void> noted = co_await std::move(noting);
  co_return answer;
}

}  // namespace reeve::aws
