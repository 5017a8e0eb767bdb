#include "aws/retry.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "aws/errors.h"
#include "aws/retry_legacy.h"

namespace reeve::aws {

using std::chrono::milliseconds;
using std::chrono::seconds;

RetryVerdict judge_retry(const Error& error) {
  switch (error.code) {
    case Code::throttled:
      return RetryVerdict::throttling;
    case Code::clock_skew:
    case Code::expired_credentials:
      return error.aws ? RetryVerdict::corrected : RetryVerdict::no;
    case Code::network:
      return RetryVerdict::transient;
    case Code::timed_out:
      return RetryVerdict::transient;
    case Code::unsupported:
      return RetryVerdict::no;  // an emulator's page of status 500 does not pass by itself
    default:
      return error.aws && error.aws->retryable ? RetryVerdict::transient : RetryVerdict::no;
  }
}

Duration retry_delay(std::string_view service, RetryVerdict verdict, int attempt, double random, int retry_after_ms) {
  static constexpr Duration most = seconds(20);
  Duration base = milliseconds(50);
  if (service == "dynamodb" || service == "dynamodbstreams") base = milliseconds(25);
  if (verdict == RetryVerdict::throttling) base = seconds(1);
  const int doublings = std::clamp(attempt - 1, 0, 20);  // past the cap anyway
  const double ceiling = std::min(static_cast<double>(base.count()) * static_cast<double>(std::int64_t{1} << doublings),
                                  static_cast<double>(most.count()));
  const Duration delay{static_cast<std::int64_t>(ceiling * random)};
  // AWS's own wish raises the delay, by no more than 5 s: an answer cannot stall a run.
  if (retry_after_ms < 0) return delay;
  return std::clamp<Duration>(milliseconds(retry_after_ms), delay, delay + seconds(5));
}

bool RetryQuota::acquire(int amount) {
  if (amount > left_) return false;
  left_ -= amount;
  return true;
}

void RetryQuota::release(int amount) { left_ = std::min(capacity, left_ + amount); }

int RetryQuota::cost(RetryVerdict verdict) {
  return verdict == RetryVerdict::throttling ? throttling_cost : transient_cost;
}

bool is_listing(std::string_view operation) {
  return operation.starts_with("Describe") || operation.starts_with("List") || operation.starts_with("Get") ||
         operation.starts_with("Search");
}

struct Retry::Progress {
  RetryQuota& quota;
  int attempt = 1;    // the one under way
  int counted = 0;    // attempts that failed for other reasons than a listing's throttles
  int throttles = 0;  // of a listing
  int reserved = 0;   // quota that the latest retry took
  bool corrected = false;
  std::optional<Steady> throttled_since = {};
  std::shared_ptr<const Error> refused = {};  // what AWS said when it refused the credentials
  bool unheard = false;                       // an attempt may have had its effect
  std::optional<Error> before = {};           // how the attempt before this one ended
};

namespace {

void note_attempts(Error& error, int attempts) {
  if (!error.aws) return;
  auto noted = std::make_shared<AwsError>(*error.aws);
  noted->attempts = attempts;
  error.aws = std::move(noted);
}

bool may_have_had_effect(const Error& error) {
  if (error.code == Code::throttled) return false;  // EC2's have status 503
  return error.code == Code::network || error.code == Code::timed_out || (error.aws && error.aws->status >= 500);
}

/// Nothing happened, and what the call rests on is too old for another attempt.
Error not_sent_again(const Request& request, Error refusal) {
  return {.code = Code::drift,
          .message = "it was not sent again: what it rests on became too old",
          .operation = request.operation_name(),
          .cause = std::make_shared<const Error>(std::move(refusal))};
}

}  // namespace

std::optional<Duration> Retry::plan_next(const Request& request, Error& error, Progress& progress) {
  const bool legacy = settings_.mode == RetryMode::legacy;
  const RetryVerdict verdict = legacy ? judge_legacy(request.service, error) : judge_retry(error);
  if (verdict == RetryVerdict::no) return std::nullopt;
  if (request.body && !request.body->opens()) return std::nullopt;  // there is nothing left to send
  if (verdict == RetryVerdict::corrected) {
    if (std::exchange(progress.corrected, true)) return std::nullopt;
    return Duration(0);
  }
  if (!request.repeatable && verdict == RetryVerdict::transient && may_have_had_effect(error)) return std::nullopt;

  const Steady now = loop_.clock().steady();
  const int retry_after = error.aws ? error.aws->retry_after_ms : -1;
  Duration wait{0};
  if (verdict == RetryVerdict::throttling && is_listing(request.operation)) {
    if (!progress.throttled_since) progress.throttled_since = now;
    wait = retry_delay(request.service, verdict, ++progress.throttles, random_.unit(), retry_after);
    if (now + wait - *progress.throttled_since > settings_.listing_throttle_budget) {
      error.message =
          fmt::format("throttled for longer than a listing waits ({} s): {}",
                      std::chrono::duration_cast<seconds>(settings_.listing_throttle_budget).count(), error.message);
      return std::nullopt;
    }
  } else {
    if (++progress.counted >= request.attempts_most) return std::nullopt;
    const int cost = legacy ? 0 : RetryQuota::cost(verdict);
    if (!progress.quota.acquire(cost)) {
      error.hint = "this service fails so often that retries are held back";
      return std::nullopt;
    }
    progress.reserved = cost;
    wait = legacy ? legacy_delay(request.service, progress.attempt, random_.unit())
                  : retry_delay(request.service, verdict, progress.attempt, random_.unit(), retry_after);
  }
  if (request.deadline.us != INT64_MAX && now + wait >= request.deadline) return std::nullopt;
  if (request.start_by.us != INT64_MAX && now + wait >= request.start_by) {
    if (!progress.unheard) error = not_sent_again(request, std::move(error));
    return std::nullopt;
  }
  return wait;
}

Task<Result<Response>> Retry::call(Request request) {
  if (request.invocation_id.empty()) request.invocation_id = random_.uuid();
  request.attempts_most = settings_.mode == RetryMode::legacy
                              ? legacy_attempts(request.service, settings_.attempts_most)
                              : settings_.attempts_most;
  Progress progress{.quota = quotas_[request.scope][request.service]};
  while (true) {
    request.attempt = progress.attempt;
    Task<Result<Response>> attempt = inner_.call(request);
    Result<Response> answer = co_await std::move(attempt);
    if (answer) {
      answer->meta.attempts = progress.attempt;
      progress.quota.release(progress.reserved > 0 ? progress.reserved : RetryQuota::success_gives);
      co_return answer;
    }
    Error error = std::move(answer).error();
    if (error.code == Code::expired_credentials) progress.refused = std::make_shared<const Error>(error);
    // There are no others to try: what AWS said of these is the news.
    if (error.code == Code::credentials && !error.cause) error.cause = progress.refused;
    note_attempts(error, progress.attempt);
    if (error.code == Code::drift && progress.before) {
      co_return fail(progress.unheard ? *std::move(progress.before)
                                      : not_sent_again(request, *std::move(progress.before)));
    }
    progress.unheard = progress.unheard || may_have_had_effect(error);
    if (request.cancel.requested()) co_return fail(std::move(error));
    const std::optional<Duration> wait = plan_next(request, error, progress);
    if (!wait) co_return fail(std::move(error));
    if (wait->count() > 0) {
      Task<Result<void>> pause = loop_.sleep(*wait, request.cancel);
      if (Result<void> slept = co_await std::move(pause); !slept) {
        Error stopped = std::move(slept).error();
        stopped.operation = request.operation_name();
        stopped.cause = std::make_shared<const Error>(std::move(error));
        co_return fail(std::move(stopped));
      }
    }
    progress.before = std::move(error);
    ++progress.attempt;
  }
}

}  // namespace reeve::aws
