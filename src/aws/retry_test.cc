#include "aws/retry.h"

#include <gtest/gtest.h>

#include "aws/limiter.h"
#include "aws/live_fakes.h"
#include "base/sim_seams.h"

namespace reeve::aws {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class RetryLayer : public testing::Test {
 protected:
  Result<Response> run(Api& api, Request request) {
    Task<Result<Response>> call = api.call(std::move(request));
    return world.loop.run(std::move(call));
  }
  Duration elapsed() { return world.clock.steady() - Steady{}; }
  SimWorld world;
};

Result<Response> throttle() { return refused(Code::throttled, "RequestLimitExceeded", 503, true); }
Result<Response> broken() { return refused(Code::server_error, "InternalError", 500, true); }

TEST_F(RetryLayer, ThirdAttemptCounts) {
  int calls = 0;
  FakeApi fake([&](const Request&) { return ++calls < 3 ? broken() : ok("{}"); });
  Retry retry(fake, world.loop, world.random, {});
  const auto answer = run(retry, request("ec2", "DeleteSnapshot"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->meta.attempts, 3);
  ASSERT_EQ(fake.seen.size(), 3U);
  EXPECT_EQ(fake.seen[0].attempt, 1);
  EXPECT_EQ(fake.seen[2].attempt, 3);
  EXPECT_EQ(fake.seen[2].attempts_most, 3);
}

// Idempotency tokens and amz-sdk-invocation-id: the same over a call's attempts, another for another call.
TEST_F(RetryLayer, OneIdACall) {
  FakeApi fake([](const Request&) { return broken(); });
  Retry retry(fake, world.loop, world.random, {});
  EXPECT_FALSE(run(retry, request("ec2", "CreateVolume")));
  EXPECT_FALSE(run(retry, request("ec2", "CreateVolume")));
  Request named = request("ec2", "CreateVolume");
  named.invocation_id = "chosen";
  EXPECT_FALSE(run(retry, named));
  ASSERT_EQ(fake.seen.size(), 9U);
  EXPECT_FALSE(fake.seen[0].invocation_id.empty());
  EXPECT_EQ(fake.seen[0].invocation_id, fake.seen[2].invocation_id);
  EXPECT_NE(fake.seen[2].invocation_id, fake.seen[3].invocation_id);
  EXPECT_EQ(fake.seen[8].invocation_id, "chosen");
}

TEST_F(RetryLayer, ErrorsSayHowOftenItWasTried) {
  int calls = 0;
  FakeApi fake(
      [&](const Request&) { return ++calls == 1 ? broken() : refused(Code::not_found, "InvalidSnapshot.NotFound"); });
  Retry retry(fake, world.loop, world.random, {});
  const auto answer = run(retry, request("ec2", "DeleteSnapshot"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::not_found);
  EXPECT_EQ(answer.error().aws->attempts, 2);
}

TEST_F(RetryLayer, AThrottledListingWaits) {
  FakeApi fake([this](const Request&) { return elapsed() < seconds(100) ? throttle() : ok("{}"); });
  Retry retry(fake, world.loop, world.random, {});
  const auto answer = run(retry, request("ec2", "DescribeSnapshots"));
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_GT(answer->meta.attempts, 3);
}

TEST_F(RetryLayer, AThrottledListingEndsWithItsBudget) {
  FakeApi fake([](const Request&) { return throttle(); });
  Retry retry(fake, world.loop, world.random, {.listing_throttle_budget = minutes(2)});
  const auto answer = run(retry, request("ec2", "DescribeSnapshots"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::throttled);
  EXPECT_NE(answer.error().message.find("120 s"), std::string::npos) << answer.error().message;
  EXPECT_LE(elapsed(), minutes(2));
  EXPECT_GT(elapsed(), seconds(95));
}

TEST_F(RetryLayer, AThrottledChangeEndsWithItsAttempts) {
  FakeApi fake([](const Request&) { return throttle(); });
  Retry retry(fake, world.loop, world.random, {});
  EXPECT_FALSE(run(retry, request("ec2", "DeleteSnapshot")));
  EXPECT_EQ(fake.seen.size(), 3U);
}

TEST_F(RetryLayer, WhatMayHaveHadItsEffectIsNotRepeatedUnlessAllowed) {
  for (const Result<Response>& answer :
       {broken(), Result<Response>(fail(Code::timed_out, "t")), Result<Response>(fail(Code::network, "n"))}) {
    FakeApi fake([&](const Request&) { return answer; });
    Retry retry(fake, world.loop, world.random, {});
    Request create = request("ec2", "CreateSnapshot");
    create.repeatable = false;
    EXPECT_FALSE(run(retry, create));
    EXPECT_EQ(fake.seen.size(), 1U);
  }
  FakeApi fake([](const Request&) { return throttle(); });
  Retry retry(fake, world.loop, world.random, {});
  Request create = request("ec2", "CreateSnapshot");
  create.repeatable = false;
  EXPECT_FALSE(run(retry, create));
  EXPECT_EQ(fake.seen.size(), 3U) << "a throttle has no effect";
}

TEST_F(RetryLayer, CorrectionsAreTriedOnceAndAtOnce) {
  for (const Code code : {Code::clock_skew, Code::expired_credentials}) {
    FakeApi fake([&](const Request&) { return refused(code, "X", 403); });
    Retry retry(fake, world.loop, world.random, {});
    EXPECT_FALSE(run(retry, request("ec2", "DeleteSnapshot")));
    EXPECT_EQ(fake.seen.size(), 2U);
    EXPECT_EQ(elapsed().count(), 0);
  }
}

TEST_F(RetryLayer, RefusalsAreNotTriedAgain) {
  FakeApi fake([](const Request&) { return refused(Code::access_denied, "UnauthorizedOperation", 403); });
  Retry retry(fake, world.loop, world.random, {});
  EXPECT_FALSE(run(retry, request("ec2", "DescribeSnapshots")));
  EXPECT_EQ(fake.seen.size(), 1U);
}

TEST_F(RetryLayer, TheDeadlineEndsRetries) {
  FakeApi fake([](const Request&) { return throttle(); });
  Retry retry(fake, world.loop, world.random, {});
  Request listing = request("ec2", "DescribeSnapshots");
  listing.deadline = Steady{} + seconds(10);
  EXPECT_FALSE(run(retry, listing));
  EXPECT_LE(elapsed(), seconds(10));
}

// What rests on evidence of limited age is not sent again when that is too old. Its error says whether the caller has
// to look for an effect.
TEST_F(RetryLayer, NothingIsSentAgainOnOldEvidence) {
  Request deletion = request("ec2", "DeleteSnapshot");
  deletion.start_by = Steady{} + seconds(10);
  const Error late{.code = Code::drift, .message = "too old"};
  for (const bool heard : {true, false}) {
    int calls = 0;
    FakeApi fake([&](const Request&) -> Result<Response> {
      if (++calls > 1) return fail(late);
      return heard ? throttle() : fail(Code::timed_out, "no answer");
    });
    Retry retry(fake, world.loop, world.random, {});
    const auto answer = run(retry, deletion);
    ASSERT_FALSE(answer);
    EXPECT_EQ(calls, 2);
    EXPECT_EQ(answer.error().code, heard ? Code::drift : Code::timed_out);
    if (heard) {
      EXPECT_EQ(answer.error().cause->code, Code::throttled);
    }
  }
}

TEST_F(RetryLayer, NoWaitGoesPastTheAgeOfEvidence) {
  Request deletion = request("ec2", "DeleteSnapshot");
  deletion.start_by = Steady{1};
  for (const bool heard : {true, false}) {
    FakeApi fake([&](const Request&) { return heard ? throttle() : broken(); });
    Retry retry(fake, world.loop, world.random, {});
    const auto answer = run(retry, deletion);
    ASSERT_FALSE(answer);
    EXPECT_EQ(fake.seen.size(), 1U);
    EXPECT_EQ(answer.error().code, heard ? Code::drift : Code::server_error);
  }
}

TEST_F(RetryLayer, CancellationEndsTheWait) {
  FakeApi fake([](const Request&) { return throttle(); });
  Retry retry(fake, world.loop, world.random, {});
  CancelSource source;
  Request listing = request("ec2", "DescribeSnapshots");
  listing.cancel = source.token();
  world.loop.call_at(Steady{} + seconds(30), [&] { source.cancel(); });
  const auto answer = run(retry, listing);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::cancelled);
  ASSERT_TRUE(answer.error().cause);
  EXPECT_EQ(answer.error().cause->code, Code::throttled);
  EXPECT_EQ(elapsed(), seconds(30));
}

// A service that is down is not hammered: 500 tokens at 14 a retry are 35 retries, whatever the number of calls.
TEST_F(RetryLayer, TheQuotaHoldsRetriesBack) {
  FakeApi fake([](const Request&) { return broken(); });
  Retry retry(fake, world.loop, world.random, {});
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(run(retry, request("ec2", "DeleteSnapshot")));
  EXPECT_EQ(fake.seen.size(), 135U);
  EXPECT_FALSE(run(retry, request("sts", "GetCallerIdentity")));
  EXPECT_EQ(fake.seen.size(), 138U) << "another service has a quota of its own";
}

// --- Limiter
// -----------------------------------------------------------------------------------------------------------

class LimiterLayer : public RetryLayer {
 protected:
  /// Calls at once, as many as `count`; the time until the last one was answered, in seconds.
  double run_many(Api& api, int count, const std::string& operation) {
    std::vector<Task<Result<Response>>> calls;
    for (int i = 0; i < count; ++i) calls.push_back(api.call(request("ec2", operation)));
    Task<std::vector<Result<Response>>> together = all(world.loop, std::move(calls));
    const Steady start = world.clock.steady();
    world.loop.run(std::move(together));
    return static_cast<double>((world.clock.steady() - start).count()) * 1e-6;
  }
  void answered(const Request& one, bool throttled) {
    Task<Result<void>> noting = limits.answered(one, throttled);
    EXPECT_TRUE(world.loop.run(std::move(noting)));
  }
  std::optional<double> rate_of(const Request& one) {
    Task<Result<std::optional<double>>> looking = limits.adaptive_rate(one);
    return world.loop.run(std::move(looking)).value();
  }
  RateLimits limits{world.clock};
};

// EC2's bucket for a Describe call is 100 deep and refills 20 a second: ours is half of both.
TEST_F(LimiterLayer, HalfOfWhatAwsPublishes) {
  FakeApi fake([](const Request&) { return ok("{}"); });
  Limiter limiter(fake, world.loop, limits, [](const std::string&) { return true; });
  EXPECT_DOUBLE_EQ(run_many(limiter, 50, "DescribeSnapshots"), 0);
  EXPECT_NEAR(run_many(limiter, 100, "DescribeSnapshots"), 10, 0.001);
  EXPECT_NEAR(run_many(limiter, 35, "DeleteSnapshot"), 4, 0.001) << "25 at once, then 2.5 a second";
}

TEST_F(LimiterLayer, NoPublishedLimitOutsideAws) {
  FakeApi fake([](const Request&) { return ok("{}"); });
  Limiter limiter(fake, world.loop, limits, [](const std::string&) { return false; });
  EXPECT_DOUBLE_EQ(run_many(limiter, 10'000, "DescribeSnapshotAttribute"), 0);
}

TEST_F(LimiterLayer, ThrottlesSlowDownAndSuccessesSpeedUp) {
  FakeApi fake([&](const Request&) { return ok("{}"); });
  Limiter limiter(fake, world.loop, limits, [](const std::string&) { return false; });
  const Request one = request("ec2", "DescribeSnapshots");
  EXPECT_FALSE(rate_of(one));
  for (int i = 0; i < 100; ++i) {
    answered(one, false);
    world.clock.advance(std::chrono::milliseconds(50));  // 20 a second
  }
  answered(one, true);
  ASSERT_TRUE(rate_of(one));
  EXPECT_NEAR(*rate_of(one), 14, 1.5);
  for (int i = 0; i < 10; ++i) answered(one, true);
  EXPECT_GE(*rate_of(one), 0.5);
  const double low = *rate_of(one);
  run_many(limiter, 200, "DescribeSnapshots");
  EXPECT_GT(*rate_of(one), 2 * low);
  EXPECT_FALSE(rate_of(request("ec2", "DescribeVolumes"))) << "each operation for itself";
}

// A server with a bucket of 5 a second, twenty listings at once: all get through within the budget.
TEST_F(LimiterLayer, ListingsSettleUnderABucket) {
  TokenBucket bucket(5, 0);
  int throttles = 0;
  FakeApi fake([&](const Request&) {
    const double now = static_cast<double>(elapsed().count()) * 1e-6;
    if (bucket.try_acquire(1, now)) return ok("{}");
    ++throttles;
    return throttle();
  });
  Limiter limiter(fake, world.loop, limits, [](const std::string&) { return true; });
  Retry retry(limiter, world.loop, world.random, {});
  std::vector<Task<Result<Response>>> calls;
  for (int i = 0; i < 200; ++i) calls.push_back(retry.call(request("ec2", "DescribeSnapshots")));
  Task<std::vector<Result<Response>>> together = all(world.loop, std::move(calls));
  const auto answers = world.loop.run(std::move(together));
  for (const auto& answer : answers) EXPECT_TRUE(answer) << answer.error().text();
  EXPECT_LT(elapsed(), minutes(5));
  EXPECT_GT(throttles, 0);
}

TEST_F(LimiterLayer, ATokenAfterTheDeadlineIsATimeOut) {
  FakeApi fake([](const Request&) { return ok("{}"); });
  Limiter limiter(fake, world.loop, limits, [](const std::string&) { return true; });
  run_many(limiter, 50, "DescribeSnapshots");
  Request late = request("ec2", "DescribeSnapshots");
  late.deadline = world.clock.steady() + std::chrono::milliseconds(50);
  const auto answer = run(limiter, late);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::timed_out);
  EXPECT_EQ(fake.seen.size(), 50U);
}

}  // namespace
}  // namespace reeve::aws
