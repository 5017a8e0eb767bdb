#include "aws/limiter.h"

#include <gtest/gtest.h>

#include "aws/live_fakes.h"
#include "base/sim_seams.h"

namespace reeve::aws {
namespace {

using std::chrono::milliseconds;

class Limits : public testing::Test {
 protected:
  static constexpr auto never = [](const std::string&) { return false; };
  static constexpr auto always = [](const std::string&) { return true; };
  static Request to(std::string service, std::string operation, std::string region = "us-east-1") {
    Request out = request(std::move(service), std::move(operation));
    out.scope.region = std::move(region);
    return out;
  }
  /// Calls at once; the time until the last one was answered, in seconds.
  double run_all(std::vector<std::pair<Api*, Request>> requests) {
    std::vector<Task<Result<Response>>> calls;
    for (auto& [api, one] : requests) calls.push_back(api->call(std::move(one)));
    Task<std::vector<Result<Response>>> together = all(world.loop, std::move(calls));
    const Steady start = world.clock.steady();
    world.loop.run(std::move(together));
    return static_cast<double>((world.clock.steady() - start).count()) * 1e-6;
  }
  /// The most calls that were sent within any second.
  std::size_t busiest_second() const {
    std::size_t most = 0;
    for (std::size_t first = 0, last = 0; last < sent.size(); ++last) {
      while (sent[last] - sent[first] >= std::chrono::seconds(1)) ++first;
      most = std::max(most, last - first + 1);
    }
    return most;
  }
  SimWorld world;
  std::vector<Steady> sent;
  FakeApi fake{[this](const Request&) {
    sent.push_back(world.clock.steady());
    return ok("{}");
  }};
};

TEST_F(Limits, AChosenRateBoundsAServiceEverywhere) {
  RateLimits limits(world.clock, {.chosen = {{"ec2", 20}}});
  Limiter limiter(fake, world.loop, limits, never);
  std::vector<std::pair<Api*, Request>> calls;
  for (int i = 0; i < 50; ++i) {
    calls.emplace_back(&limiter, to("ec2", "DescribeVolumes", "eu-west-1"));
    calls.emplace_back(&limiter, to("ec2", "DescribeImages", "us-east-1"));
  }
  EXPECT_NEAR(run_all(std::move(calls)), 4.9, 0.01) << "two at once, then twenty a second";
  EXPECT_LE(busiest_second(), 22U);

  calls.clear();
  for (int i = 0; i < 100; ++i) calls.emplace_back(&limiter, to("rds", "DescribeDBSnapshots"));
  EXPECT_DOUBLE_EQ(run_all(std::move(calls)), 0) << "nobody bounded another service";
}

TEST_F(Limits, AChosenRateOfAnOperationBindsBesideItsServices) {
  RateLimits limits(world.clock, {.chosen = {{"ec2", 10}, {"ec2.DeleteSnapshot", 2}}});
  Limiter limiter(fake, world.loop, limits, never);
  std::vector<std::pair<Api*, Request>> calls;
  for (int i = 0; i < 11; ++i) calls.emplace_back(&limiter, to("ec2", "DeleteSnapshot"));
  EXPECT_NEAR(run_all(std::move(calls)), 5, 0.01);
  calls.clear();
  for (int i = 0; i < 11; ++i) calls.emplace_back(&limiter, to("ec2", "DescribeVolumes"));
  EXPECT_NEAR(run_all(std::move(calls)), 1, 0.11);
}

TEST_F(Limits, AChosenRateDoesNotLiftWhatAwsPublishes) {
  RateLimits limits(world.clock, {.chosen = {{"ec2", 1000}}});
  Limiter limiter(fake, world.loop, limits, always);
  std::vector<std::pair<Api*, Request>> calls;
  for (int i = 0; i < 35; ++i) calls.emplace_back(&limiter, to("ec2", "DeleteSnapshot"));
  EXPECT_NEAR(run_all(std::move(calls)), 4, 0.01);
}

TEST_F(Limits, InTheAdaptiveModeAThrottleSlowsTheWholeClient) {
  for (const bool per_client : {false, true}) {
    RateLimits limits(world.clock, {.per_client = per_client});
    const Request refused_one = to("ec2", "DescribeVolumes");
    Task<Result<void>> noting = limits.answered(refused_one, true);
    ASSERT_TRUE(world.loop.run(std::move(noting)));
    auto rate_of = [&](const Request& one) {
      Task<Result<std::optional<double>>> looking = limits.adaptive_rate(one);
      return world.loop.run(std::move(looking)).value();
    };
    EXPECT_TRUE(rate_of(to("ec2", "DescribeVolumes")));
    EXPECT_EQ(rate_of(to("ec2", "DescribeImages")).has_value(), per_client);
    EXPECT_FALSE(rate_of(to("ec2", "DescribeImages", "eu-west-1"))) << "another region is another client";
    Limiter limiter(fake, world.loop, limits, never);
    std::vector<std::pair<Api*, Request>> calls;
    for (int i = 0; i < 5; ++i) calls.emplace_back(&limiter, to("ec2", "DescribeImages"));
    EXPECT_EQ(run_all(std::move(calls)) > 0, per_client);
  }
}

// Two limiters over one store, as two processes would be: together they keep the rate of one.
TEST_F(Limits, AStoreMayBeShared) {
  MemoryRateStore store(world.clock);
  RateLimits one(store, {.chosen = {{"ec2", 20}}}), other(store, {.chosen = {{"ec2", 20}}});
  Limiter first(fake, world.loop, one, never), second(fake, world.loop, other, never);
  std::vector<std::pair<Api*, Request>> calls;
  for (int i = 0; i < 50; ++i) {
    calls.emplace_back(&first, to("ec2", "DescribeVolumes"));
    calls.emplace_back(&second, to("ec2", "DescribeVolumes"));
  }
  EXPECT_NEAR(run_all(std::move(calls)), 4.9, 0.1);
  EXPECT_LE(busiest_second(), 22U);
  EXPECT_EQ(sent.size(), 100U);
}

/// A store that takes a while to answer and is away now and then.
struct FarStore : RateStore {
  FarStore(Clock& clock, Loop& l) : kept(clock), loop(l) {}
  Task<Result<void>> update(RateKey key, Change change) override {
    Task<Result<void>> pause = loop.sleep(milliseconds(30));
    CO_TRY(co_await std::move(pause));
    if (away) co_return fail(Code::network, "the store of rates cannot be reached");
    Task<Result<void>> near = kept.update(std::move(key), std::move(change));
    co_return co_await std::move(near);
  }
  MemoryRateStore kept;
  Loop& loop;
  bool away = false;
};

TEST_F(Limits, AStoreMayBeFarAway) {
  FarStore store(world.clock, world.loop);
  RateLimits limits(store, {.chosen = {{"ec2", 20}}});
  Limiter limiter(fake, world.loop, limits, never);
  std::vector<std::pair<Api*, Request>> calls;
  for (int i = 0; i < 40; ++i) calls.emplace_back(&limiter, to("ec2", "DescribeVolumes"));
  run_all(std::move(calls));
  EXPECT_EQ(sent.size(), 40U);
  EXPECT_LE(busiest_second(), 22U);

  store.away = true;
  Task<Result<Response>> call = limiter.call(to("ec2", "DescribeVolumes"));
  const auto answer = world.loop.run(std::move(call));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::network);
  EXPECT_EQ(sent.size(), 40U) << "without a store nothing is sent";
}

TEST(MaxRatesText, ServicesAndOperations) {
  Models models;
  const std::vector<std::string> good = {"ec2=20", "ec2.DeleteSnapshot=0.5"};
  const auto rates = parse_max_rates(good, models);
  ASSERT_TRUE(rates);
  EXPECT_EQ(*rates, (MaxRates{{"ec2", 20}, {"ec2.DeleteSnapshot", 0.5}}));
  for (const char* bad : {"ec2", "ec2=", "=5", "ec2=0", "ec2=-1", "ec2=fast", "ec2=5/s", "ec2=inf", "ec2=nan", "",
                          "ec3=5", "ec2.DeleteSnapshots=5", "ec2.=5"}) {
    const auto refused = parse_max_rates(std::vector<std::string>{bad}, models);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code, Code::usage);
  }
  const auto slip = parse_max_rates(std::vector<std::string>{"ec2.DeleteSnapshots=5"}, models);
  EXPECT_NE(slip.error().hint.find("DeleteSnapshot"), std::string::npos) << slip.error().text();
}

}  // namespace
}  // namespace reeve::aws
