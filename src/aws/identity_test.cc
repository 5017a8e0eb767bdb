#include "aws/identity.h"

#include <gtest/gtest.h>

#include "aws/live_fakes.h"
#include "base/sim_seams.h"

namespace reeve::aws {
namespace {

class WhoAmI : public testing::Test {
 protected:
  template <class T>
  T run(Task<T> task) {
    return world.loop.run(std::move(task));
  }
  SimWorld world;
};

TEST_F(WhoAmI, AccountArnAndPartition) {
  FakeApi fake([](const Request&) {
    return ok(R"({"UserId": "u", "Account": "123456789012", "Arn": "arn:aws-cn:sts::123456789012:assumed-role/r/s"})");
  });
  const auto me = run(who_am_i(fake, "cn-north-1"));
  ASSERT_TRUE(me) << me.error().text();
  EXPECT_EQ(me->account, "123456789012");
  EXPECT_EQ(me->partition, "aws-cn");
  EXPECT_EQ(fake.seen[0].operation_name(), "sts.GetCallerIdentity");
  EXPECT_EQ(fake.seen[0].scope.region, "cn-north-1");
}

TEST_F(WhoAmI, AnAnswerWithoutAnAccountIsNone) {
  for (const char* answer : {"{}", R"({"Account": "12", "Arn": "arn:aws:x"})", R"({"Account": "123456789012"})",
                             R"({"Account": "123456789012", "Arn": "arn:"})"}) {
    FakeApi fake([&](const Request&) { return ok(answer); });
    const auto me = run(who_am_i(fake, "us-east-1"));
    ASSERT_FALSE(me) << answer;
    EXPECT_EQ(me.error().code, Code::malformed);
  }
}

TEST_F(WhoAmI, AliasMayBeThereAbsentOrUnknown) {
  FakeApi named([](const Request&) { return ok(R"({"AccountAliases": ["prod"]})"); });
  FakeApi bare([](const Request&) { return ok(R"({"AccountAliases": []})"); });
  FakeApi denied([](const Request&) { return refused(Code::access_denied, "AccessDenied", 403); });
  EXPECT_EQ(run(account_alias(named, {})).value(), "prod");
  EXPECT_EQ(run(account_alias(bare, {})).value(), std::nullopt);
  EXPECT_EQ(run(account_alias(denied, {})).error().code, Code::access_denied);
}

TEST_F(WhoAmI, RegionsSortedWithTheirState) {
  FakeApi fake([](const Request&) {
    return ok(R"({"Regions": [{"RegionName": "us-east-1", "OptInStatus": "opt-in-not-required"},
      {"RegionName": "af-south-1", "OptInStatus": "not-opted-in"}, {"RegionName": "eu-west-1", "OptInStatus": "opted-in"},
      {}]})");
  });
  const auto regions = run(list_regions(fake, {}));
  ASSERT_TRUE(regions);
  ASSERT_EQ(regions->size(), 3U);
  EXPECT_EQ((*regions)[0].name, "af-south-1");
  EXPECT_FALSE((*regions)[0].enabled);
  EXPECT_TRUE((*regions)[1].enabled);
  EXPECT_TRUE((*regions)[2].enabled);
}

}  // namespace
}  // namespace reeve::aws
