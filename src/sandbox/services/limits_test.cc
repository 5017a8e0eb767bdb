#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sandbox/services/autoscaling.h"
#include "sandbox/services/events.h"
#include "sandbox/test_cloud.h"

/// What a caller may ask for that would cost too much, or be done twice.
namespace reeve::sandbox {
namespace {

/// A group of two instances in service.
struct GroupCloud : TestCloud {
  std::vector<std::string> members;
  GroupCloud() {
    const std::string image =
        ok("RegisterImage", R"({"Name": "base", "RootDeviceName": "/dev/xvda"})")["ImageId"].as_string();
    scaling("CreateLaunchConfiguration",
            fmt::format(R"({{"LaunchConfigurationName": "lc", "ImageId": "{}", "InstanceType": "t3.micro"}})", image));
    scaling("CreateAutoScalingGroup",
            R"({"AutoScalingGroupName": "g", "LaunchConfigurationName": "lc", "MinSize": 0, "MaxSize": 5,
                "DesiredCapacity": 2, "AvailabilityZones": ["us-east-1a"]})");
    for (const Value one : group()["Instances"].items()) members.push_back(one["InstanceId"].as_string());
  }
  Document scaling(std::string_view operation, std::string_view params) { return ok(operation, params, "autoscaling"); }
  Document group() {
    const Document all = scaling("DescribeAutoScalingGroups", "{}");
    return deep_copy(all["AutoScalingGroups"][0]);
  }
  std::string thrice(std::string_view more) const {
    return fmt::format(R"({{"AutoScalingGroupName": "g", "InstanceIds": ["{0}", "{0}", "{0}"]{1}}})", members.at(0),
                       more);
  }
};

TEST(ScalingLimits, AnInstanceNamedSeveralTimesCountsOnce) {
  GroupCloud cloud;
  ASSERT_EQ(cloud.members.size(), 2U);
  const std::string decrement = cloud.thrice(R"(, "ShouldDecrementDesiredCapacity": true)");
  EXPECT_EQ(cloud.scaling("EnterStandby", decrement)["Activities"].size(), 1U);
  EXPECT_EQ(cloud.group()["DesiredCapacity"].as_integer(), 1);
  cloud.scaling("ExitStandby", cloud.thrice(""));
  EXPECT_EQ(cloud.group()["DesiredCapacity"].as_integer(), 2);
  EXPECT_EQ(cloud.scaling("DetachInstances", decrement)["Activities"].size(), 1U);
  EXPECT_EQ(cloud.group()["DesiredCapacity"].as_integer(), 1);
  EXPECT_EQ(cloud.group()["Instances"].size(), 1U);
}

TEST(ScalingLimits, AClockThatJumpsByYearsStopsCountingScheduledActions) {
  GroupCloud cloud;
  cloud.scaling("DetachInstances", fmt::format(R"({{"AutoScalingGroupName": "g", "InstanceIds": ["{}", "{}"],
                                 "ShouldDecrementDesiredCapacity": true}})",
                                               cloud.members.at(0), cloud.members.at(1)));
  cloud.scaling("PutScheduledUpdateGroupAction", R"({"AutoScalingGroupName": "g", "ScheduledActionName": "often",
      "Recurrence": "* * * * *", "DesiredCapacity": 0})");
  cloud.advance(std::chrono::days(20 * 365));
  const Document after = cloud.scaling("DescribeScheduledActions", "{}");
  EXPECT_EQ(after["ScheduledUpdateGroupActions"][0]["Time"].as_time(), cloud.clock.at + std::chrono::minutes(1));
}

TEST(ScalingLimits, ACronStepAsLargeAsNumbersGo) {
  EXPECT_TRUE(is_cron("*/2147483647 * * * *"));
  EXPECT_TRUE(is_cron("5-59/2147483647 * * * *"));
  EXPECT_TRUE(ScheduleExpression::parse("cron(5/2147483647 * ? * FRI-MON/2147483647 *)"));
}

struct EventCloud : TestCloud {
  void rule(std::string_view name, std::string_view targets) {
    ok("PutRule", fmt::format(R"({{"Name": "{}", "EventPattern": "{{\"source\": [\"app\"]}}"}})", name), "events");
    ok("PutTargets", fmt::format(R"({{"Rule": "{}", "Targets": [{}]}})", name, targets), "events");
  }
  void put(std::string_view detail) {
    ok("PutEvents", fmt::format(R"({{"Entries": [{{"Source": "app", "DetailType": "d", "Detail": "{}"}}]}})", detail),
       "events");
  }
  const auto& kept() { return sandbox.store().find_region(account, region)->drawers.of<Events>().target_calls.rows; }
};

TEST(EventLimits, BusesThatFeedEachOtherStopByTheirWork) {
  EventCloud cloud;
  const std::string here(home_region), there = here == "us-east-1" ? "us-west-2" : "us-east-1";
  auto bus = [&](const std::string& region) {
    return fmt::format("arn:aws:events:{}:{}:event-bus/default", region, cloud.account);
  };
  for (const std::string& region : {here, there}) {
    cloud.region = region;
    const std::string& other = region == here ? there : here;
    for (const char* rule : {"a", "b", "c", "d", "e", "f"}) {
      cloud.rule(rule, fmt::format(R"({{"Id": "1", "Arn": "{0}"}}, {{"Id": "2", "Arn": "{0}"}},
          {{"Id": "3", "Arn": "{0}"}}, {{"Id": "4", "Arn": "{1}"}}, {{"Id": "5", "Arn": "{1}"}})",
                                   bus(region), bus(other)));
    }
    cloud.rule("told", R"({"Id": "1", "Arn": "arn:aws:kinesis:us-east-1:123456789012:stream/s"})");
  }
  cloud.region = here;
  cloud.put("{}");
  auto told = [&] {
    const std::size_t at_home = cloud.kept().size();
    cloud.region = there;
    const std::size_t away = cloud.kept().size();
    cloud.region = here;
    return at_home + away;
  };
  EXPECT_EQ(told(), 1'000U);
  cloud.put("{}");
  EXPECT_EQ(told(), 2'000U);
}

TEST(EventLimits, AnInputThatIsTooLargeIsLost) {
  EventCloud cloud;
  std::string form = R"(\")";
  for (int i = 0; i < 8; ++i) form += "<aws.events.event.json>";
  cloud.rule("many", fmt::format(R"({{"Id": "1", "Arn": "arn:aws:kinesis:us-east-1:123456789012:stream/s",
                                     "InputTransformer": {{"InputTemplate": "{}\""}}}})",
                                 form));
  cloud.put("{}");
  EXPECT_EQ(cloud.kept().size(), 1U);
  cloud.put(fmt::format(R"({{\"text\": \"{}\"}})", std::string(100'000, 'x')));
  EXPECT_EQ(cloud.kept().size(), 1U);
}

TEST(KeptRows, TheOldestMakeRoomByBytesToo) {
  Table<TargetCall> table;
  auto bytes = [](const TargetCall& row) { return row.input.size(); };
  for (const char* id : {"0", "1"}) table.add({.id = id, .input = std::string(KeptRows::most_bytes / 4, 'x')});
  KeptRows kept;
  for (const char* id : {"2", "3", "4"}) {
    kept.add(table, {.id = id, .input = std::string(KeptRows::most_bytes / 4, 'x')}, bytes);
  }
  EXPECT_EQ(table.rows.size(), 4U);
  EXPECT_EQ(table.rows.begin()->first, "1");
  kept.add(table, {.id = "5", .input = std::string(KeptRows::most_bytes, 'x')}, bytes);
  EXPECT_EQ(table.rows.size(), 1U);
}

}  // namespace
}  // namespace reeve::sandbox
