#include "sandbox/metrics.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "sandbox/services/alarm.h"
#include "sandbox/services/autoscaling.h"
#include "sandbox/services/cloudwatch.h"
#include "sandbox/services/logs.h"
#include "sandbox/test_cloud.h"

/// CloudWatch, Logs and Auto Scaling by the clock of the tests: 2026-06-01T12:00:00Z, a Monday.
namespace reeve::sandbox {
namespace {

using namespace std::chrono_literals;

/// m1 has 1, 2, 3, 4 and m2 has 10, -, 30, 0 at 12:00 to 12:03.
constexpr std::string_view two_metrics = R"({"format": 1, "metrics": [
  {"Namespace": "N", "MetricName": "A", "Datapoints": [
    {"Timestamp": "2026-06-01T12:00:00Z", "Value": 1}, {"Timestamp": "2026-06-01T12:01:00Z", "Value": 2},
    {"Timestamp": "2026-06-01T12:02:00Z", "Value": 3}, {"Timestamp": "2026-06-01T12:03:00Z", "Value": 4}]},
  {"Namespace": "N", "MetricName": "B", "Datapoints": [
    {"Timestamp": "2026-06-01T12:00:00Z", "Value": 10}, {"Timestamp": "2026-06-01T12:02:00Z", "Value": 30},
    {"Timestamp": "2026-06-01T12:03:00Z", "Value": 0}]}]})";

struct MathCloud : TestCloud {
  MathCloud() {
    load(two_metrics);
    advance(10min);
  }
  std::string query(std::string_view id, std::string_view metric) {
    return fmt::format(R"({{"Id": "{}", "ReturnData": false, "MetricStat": {{"Metric": {{"Namespace": "N", )"
                       R"("MetricName": "{}"}}, "Period": 60, "Stat": "Sum"}}}})",
                       id, metric);
  }
  std::string params(std::string_view expression) {
    std::string escaped;
    for (char c : expression) escaped += c == '"' ? std::string("\\\"") : std::string(1, c);
    return fmt::format(R"({{"MetricDataQueries": [{}, {}, {{"Id": "e", "Expression": "{}"}}], "ScanBy": )"
                       R"("TimestampAscending", "StartTime": "2026-06-01T12:00:00Z", "EndTime": )"
                       R"("2026-06-01T12:04:00Z"}})",
                       query("m1", "A"), query("m2", "B"), escaped);
  }
  /// "12:00=1 12:01=2", results parted by " | ".
  std::string run(std::string_view expression) {
    const auto asked = parse_json(params(expression));
    if (!asked) return asked.error().text();
    Builder out;
    // Times come as timestamps over the wire.
    out.begin_map();
    for (auto [key, value] : asked->root().entries()) {
      if (key.ends_with("Time")) {
        out.put(key, *parse_iso8601(value.as_text()));
      } else {
        out.put(key, value);
      }
    }
    out.end();
    const auto answer = sandbox.call(account, region, "cloudwatch", "GetMetricData", out.finish());
    if (!answer) return answer.error().code;
    std::string text;
    for (Value result : (*answer)["MetricDataResults"].items()) {
      if (!text.empty()) text += " | ";
      for (std::size_t i = 0; i < result["Values"].size(); ++i) {
        const Calendar t = to_calendar(result["Timestamps"][i].as_time());
        text += fmt::format("{}{}={:.4g}", i == 0 ? "" : " ", t.minute, result["Values"][i].as_real());
      }
    }
    return text;
  }
};

TEST(MetricMath, ComesToWhatTheGuideSays) {
  MathCloud cloud;
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"m1", "0=1 1=2 2=3 3=4"},
      {"m1+m2", "0=11 1=2 2=33 3=4"},  // a missing point counts as 0
      {"m1/m2", "0=0.1 2=0.1"},        // a division by zero drops the point
      {"-m1*2+1", "0=-1 1=-3 2=-5 3=-7"},
      {"2^m1", "0=2 1=4 2=8 3=16"},
      {"m1-AVG(m1)", "0=-1.5 1=-0.5 2=0.5 3=1.5"},
      {"m1*SUM(m1)", "0=10 1=20 2=30 3=40"},
      {"m1/STDDEV(m1)", "0=0.8944 1=1.789 2=2.683 3=3.578"},
      {"SUM([m1,m2])", "0=11 1=2 2=33 3=4"},
      {"AVG([m1,m2])", "0=5.5 1=1 2=16.5 3=2"},
      {"MIN([m1,m2])", "0=1 1=2 2=3 3=0"},
      {"MAX(METRICS())", "0=10 1=2 2=30 3=4"},
      {"DATAPOINT_COUNT([m1,m2])", "0=2 1=1 2=2 3=2"},
      {"SUM(METRICS(\"m2\"))", "0=10 2=30 3=0"},
      {"METRICS()*10", "0=10 1=20 2=30 3=40 | 0=100 2=300 3=0"},
      {"m1>2", "0=0 1=0 2=1 3=1"},
      {"m1<m2", "0=1 1=0 2=1 3=0"},
      {"m1>1 AND m2>5", "0=0 1=0 2=1 3=0"},
      {"m1>3 || m2>5", "0=1 1=0 2=1 3=1"},
      {"IF(m1>2, m1)", "2=3 3=4"},
      {"IF(m1>2, 1, 0)", "0=0 1=0 2=1 3=1"},
      {"IF(m1>1, m2, 5)", "0=5 1=0 2=30 3=0"},  // a missing point of what is true counts as 0
      {"IF(m1<3, m1, m2)", "0=1 1=2 2=30 3=0"},
      {"FILL(m2, 7)", "0=10 1=7 2=30 3=0"},
      {"FILL(m2, REPEAT)", "0=10 1=10 2=30 3=0"},
      {"FILL(m2, LINEAR)", "0=10 1=20 2=30 3=0"},
      {"FILL([m2], m1)", "0=10 1=2 2=30 3=0"},
      {"DIFF(m1)", "1=1 2=1 3=1"},
      {"DIFF_TIME(m2)", "2=120 3=60"},
      {"RATE(m1)", "1=0.01667 2=0.01667 3=0.01667"},
      {"RUNNING_SUM(m1)", "0=1 1=3 2=6 3=10"},
      {"CEIL(m1/2)", "0=1 1=1 2=2 3=2"},
      {"FLOOR(m1/2)", "0=0 1=1 2=1 3=2"},
      {"ABS(0-m1)", "0=1 1=2 2=3 3=4"},
      {"m1*PERIOD(m1)", "0=60 1=120 2=180 3=240"},
      {"m1/METRIC_COUNT(METRICS())", "0=0.5 1=1 2=1.5 3=2"},
      {"TIME_SERIES(MAX(m1))", "0=4 1=4 2=4 3=4"},
      {"MINUTE(m2)", "0=0 1=1 2=2 3=3"},
      {"DAY(m1)*100+HOUR(m1)", "0=112 1=112 2=112 3=112"},
      {"FIRST(SORT(METRICS(), MAX, DESC))", "0=10 2=30 3=0"},
      {"SLICE(SORT(METRICS(), SUM, ASC), 1)", "0=10 2=30 3=0"},
      {"SEARCH('{N} MetricName=\"B\"', 'Sum', 60)", "0=10 2=30 3=0"},
      {"SUM(SEARCH('{N} NOT MetricName=\"B\"', 'Sum', 60))", "0=1 1=2 2=3 3=4"},
  };
  for (const auto& [expression, wanted] : cases) EXPECT_EQ(cloud.run(expression), wanted) << expression;
}

TEST(MetricMath, RefusesWhatIsNoTimeSeriesOrNoExpression) {
  MathCloud cloud;
  for (std::string_view expression :
       {"AVG(m1)", "5", "m9", "m1+", "NOPE(m1)", "SUM(5)", "[m1,m2]+[m1,m2]", "METRICS()>1", "PERIOD(e)", "e+1", "M1",
        "m1)", "IF(m1)", "SORT(m1, AVG, DESC)", "FILL(m1, [m1])", "SEARCH('', 'Sum', 60)"}) {
    EXPECT_EQ(cloud.run(expression), "ValidationError") << expression;
  }
}

TEST(Statistics, OfValuesAndCounts) {
  TestCloud cloud;
  cloud.ok("PutMetricData",
           R"({"Namespace": "N", "MetricData": [{"MetricName": "L", "Values": [1, 2, 10], "Counts": [6, 3, 1]}]})",
           "cloudwatch");
  auto& drawer = cloud.sandbox.store().find_region(cloud.account, cloud.region)->drawers.of<CloudWatch>();
  const Metric& metric = drawer.metrics.rows.begin()->second;
  auto statistic = [&](std::string_view name) {
    const auto points = read_series(metric, *parse_statistic(name), 60, cloud.clock.at, cloud.clock.at + 1min);
    return points.empty() ? -1 : points[0].second;
  };
  EXPECT_EQ(statistic("SampleCount"), 10);
  EXPECT_EQ(statistic("Sum"), 22);
  EXPECT_EQ(statistic("Average"), 2.2);
  EXPECT_EQ(statistic("p50"), 1);
  EXPECT_EQ(statistic("p90"), 2);
  EXPECT_EQ(statistic("p99.9"), 10);
  EXPECT_EQ(statistic("tm90"), 12.0 / 9);
  EXPECT_EQ(statistic("TC(2:)"), 4);
  EXPECT_EQ(statistic("PR(:2)"), 90);
  for (std::string_view bad : {"p101", "Avg", "p", "TM(90%)", "PR(1%:2%)"}) EXPECT_FALSE(parse_statistic(bad)) << bad;
}

TEST(MetricRules, AreReadLazily) {
  TestCloud cloud;
  cloud.load(R"({"format": 1, "metrics": [{"Namespace": "AWS/EC2", "MetricName": "CPUUtilization",
    "Dimensions": {"InstanceId": "i-a"}, "Rule": {"Kind": "steps", "From": "-14d", "Steps": [
      {"From": "-14d", "Value": 3}, {"From": "-1d", "Value": 80}]}}]})");
  auto& drawer = cloud.sandbox.store().find_region(cloud.account, cloud.region)->drawers.of<CloudWatch>();
  const Metric& metric = drawer.metrics.rows.begin()->second;
  const auto days = read_series(metric, *parse_statistic("Average"), 86'400, cloud.clock.at - 24h * 14, cloud.clock.at);
  ASSERT_EQ(days.size(), 14U);
  EXPECT_EQ(days.front().second, 3);
  EXPECT_EQ(days.back().second, 80);
  EXPECT_TRUE(metric.points.empty());
}

/// The golden tables of the user guide, where the shared suite is there.
TEST(Alarms, JudgeMissingDataAsTheGuidesTables) {
  const char* shared = std::getenv("REEVE_SHARED");
  const std::string path = std::string(shared ? shared : "../shared") + "/conformance/scaling/alarm_missing_data.json";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "the conformance suite is not there: " << path;
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  const auto suite = parse_json(text.str());
  ASSERT_TRUE(suite);
  auto judge = [](Value row, std::string_view treat) {
    std::vector<Breach> range;
    for (char c : row["datapoints"].as_text()) {
      range.push_back(c == '-' ? Breach::missing : c == 'X' ? Breach::yes : Breach::no);
    }
    return judge_datapoints(range, row["evaluation_periods"].as_integer(), row["datapoints_to_alarm"].as_integer(),
                            treat)
        .value_or("RETAIN");
  };
  for (Value row : (*suite)["cases"].items()) {
    for (const char* treat : {"missing", "ignore", "breaching", "notBreaching"}) {
      EXPECT_EQ(judge(row, treat), row[treat].as_text()) << row["from"].as_text() << " " << treat;
    }
  }
  for (Value row : (*suite)["text_cases"].items()) {
    const auto got = judge(row, row["treat"].as_text());
    if (!row["state"].is_null()) EXPECT_EQ(got, row["state"].as_text());
    if (!row["not"].is_null()) EXPECT_NE(got, row["not"].as_text());
  }
}

TEST(AlarmRules, HoldByTheStatesOfAlarms) {
  auto holds = [](std::string_view text) {
    const auto rule = AlarmRule::parse(text);
    EXPECT_TRUE(rule) << text;
    return rule && rule->holds([](const std::string& name) { return name == "a" ? "ALARM" : "OK"; });
  };
  EXPECT_TRUE(holds("ALARM(a)"));
  EXPECT_TRUE(holds("ALARM(\"a\") AND NOT ALARM(b)"));
  EXPECT_TRUE(holds("ALARM(b) OR (OK(b) AND ALARM(arn:aws:cloudwatch:us-east-1:123456789012:alarm:a))"));
  EXPECT_FALSE(holds("INSUFFICIENT_DATA(a) OR FALSE"));
  for (std::string_view bad : {"", "ALARM", "ALARM(", "ALARM()", "a AND b", "(ALARM(a)", "ALARM(a) b", "NOT"}) {
    EXPECT_FALSE(AlarmRule::parse(bad)) << bad;
  }
}

TEST(Alarms, StopAnInstanceWhenTheClockMoves) {
  TestCloud cloud;
  cloud.load(R"({"format": 1, "instances": [{"InstanceId": "i-a"}], "metrics": [{"Namespace": "AWS/EC2",
    "MetricName": "CPUUtilization", "Dimensions": {"InstanceId": "i-a"}, "Rule": {"Value": 3, "Interval": 60}}]})");
  cloud.ok("PutMetricAlarm",
           R"({"AlarmName": "idle", "Namespace": "AWS/EC2", "MetricName": "CPUUtilization", "Statistic": "Average",
               "Dimensions": [{"Name": "InstanceId", "Value": "i-a"}], "Period": 300, "EvaluationPeriods": 2,
               "Threshold": 5, "ComparisonOperator": "LessThanThreshold",
               "AlarmActions": ["arn:aws:automate:us-east-1:ec2:stop"]})",
           "cloudwatch");
  cloud.advance(2min);
  EXPECT_EQ(cloud.ok("DescribeAlarms", "{}", "cloudwatch")["MetricAlarms"][0]["StateValue"].as_text(), "ALARM");
  const auto instances = cloud.ok("DescribeInstances", "{}");
  EXPECT_EQ(instances["Reservations"][0]["Instances"][0]["State"]["Name"].as_text(), "stopped");
  const auto history = cloud.ok("DescribeAlarmHistory", R"({"AlarmName": "idle"})", "cloudwatch");
  EXPECT_EQ(history["AlarmHistoryItems"].size(), 3U);  // created, changed, acted
}

// --- Auto Scaling ----------------------------------------------------------------------------------------------------

struct GroupCloud : TestCloud {
  GroupCloud() {
    load(R"({"format": 1, "images": [{"ImageId": "ami-a"}],
             "launch_configurations": [{"LaunchConfigurationName": "lc", "ImageId": "ami-a",
                                        "InstanceType": "t3.nano"}]})");
    ok("CreateAutoScalingGroup",
       R"({"AutoScalingGroupName": "g", "LaunchConfigurationName": "lc", "MinSize": 0, "MaxSize": 20,
           "DesiredCapacity": 2, "AvailabilityZones": ["us-east-1a", "us-east-1b"],
           "Tags": [{"Key": "team", "Value": "x", "PropagateAtLaunch": true}]})",
       "autoscaling");
  }
  Document group() { return ok("DescribeAutoScalingGroups", "{}", "autoscaling"); }
  std::size_t size() { return group()["AutoScalingGroups"][0]["Instances"].size(); }
  std::string cause(std::size_t index = 0) {
    return ok("DescribeScalingActivities", R"({"AutoScalingGroupName": "g"})",
              "autoscaling")["Activities"][index]["Cause"]
        .as_string();
  }
};

TEST(Groups, LaunchOrdinaryInstancesInBalancedZones) {
  GroupCloud cloud;
  const auto described = cloud.group();
  const Value g = described["AutoScalingGroups"][0];
  ASSERT_EQ(g["Instances"].size(), 2U);
  EXPECT_NE(g["Instances"][0]["AvailabilityZone"].as_text(), g["Instances"][1]["AvailabilityZone"].as_text());
  const auto instances =
      cloud.ok("DescribeInstances", R"({"Filters": [{"Name": "tag:aws:autoscaling:groupName", "Values": ["g"]}]})");
  EXPECT_EQ(instances["Reservations"].size(), 2U);
  EXPECT_EQ(cloud.cause(),
            "At 2026-06-01T12:00:00Z a user request created an AutoScalingGroup changing the desired capacity from 0 "
            "to 2.  At 2026-06-01T12:00:00Z an instance was started in response to a difference between desired and "
            "actual capacity, increasing the capacity from 0 to 2.");
}

TEST(Groups, ReplaceWhatOthersEnd) {
  GroupCloud cloud;
  const std::string id = cloud.group()["AutoScalingGroups"][0]["Instances"][0]["InstanceId"].as_string();
  cloud.ok("TerminateInstances", fmt::format(R"({{"InstanceIds": ["{}"]}})", id));
  cloud.advance(1min);
  const auto described = cloud.group();
  EXPECT_EQ(described["AutoScalingGroups"][0]["Instances"].size(), 2U);
  EXPECT_NE(described["AutoScalingGroups"][0]["Instances"][0]["InstanceId"].as_text(), id);
  EXPECT_NE(cloud.cause(1).find("EC2 health check"), std::string::npos);
}

TEST(Groups, RefuseToGoWithInstances) {
  GroupCloud cloud;
  EXPECT_EQ(cloud.refused("DeleteAutoScalingGroup", R"({"AutoScalingGroupName": "g"})", "autoscaling"),
            "ResourceInUse");
  EXPECT_EQ(
      cloud.refused("SetDesiredCapacity", R"({"AutoScalingGroupName": "g", "DesiredCapacity": 21})", "autoscaling"),
      "ValidationError");
  cloud.ok("DeleteAutoScalingGroup", R"({"AutoScalingGroupName": "g", "ForceDelete": true})", "autoscaling");
  EXPECT_EQ(cloud.group()["AutoScalingGroups"].size(), 0U);
}

TEST(Groups, KeepWhatIsProtectedAndEndTheOldest) {
  GroupCloud cloud;
  cloud.ok("UpdateAutoScalingGroup",
           R"({"AutoScalingGroupName": "g", "TerminationPolicies": ["OldestInstance"],
               "AvailabilityZones": ["us-east-1a"]})",
           "autoscaling");
  cloud.advance(1h);
  cloud.ok("SetDesiredCapacity", R"({"AutoScalingGroupName": "g", "DesiredCapacity": 4})", "autoscaling");
  const auto before = cloud.group();
  const std::string oldest = before["AutoScalingGroups"][0]["Instances"][0]["InstanceId"].as_string();
  cloud.ok(
      "SetInstanceProtection",
      fmt::format(R"({{"AutoScalingGroupName": "g", "InstanceIds": ["{}"], "ProtectedFromScaleIn": true}})", oldest),
      "autoscaling");
  cloud.ok("SetDesiredCapacity", R"({"AutoScalingGroupName": "g", "DesiredCapacity": 0})", "autoscaling");
  const auto after = cloud.group();
  ASSERT_EQ(after["AutoScalingGroups"][0]["Instances"].size(), 1U);
  EXPECT_EQ(after["AutoScalingGroups"][0]["Instances"][0]["InstanceId"].as_text(), oldest);
}

TEST(Hooks, HoldAnInstanceUntilItsHeartbeatEnds) {
  GroupCloud cloud;
  cloud.ok("PutLifecycleHook",
           R"({"AutoScalingGroupName": "g", "LifecycleHookName": "h", "HeartbeatTimeout": 300,
               "DefaultResult": "CONTINUE", "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING"})",
           "autoscaling");
  cloud.ok("SetDesiredCapacity", R"({"AutoScalingGroupName": "g", "DesiredCapacity": 3})", "autoscaling");
  auto state = [&] { return cloud.group()["AutoScalingGroups"][0]["Instances"][2]["LifecycleState"].as_string(); };
  EXPECT_EQ(state(), "Pending:Wait");
  cloud.advance(299s);
  EXPECT_EQ(state(), "Pending:Wait");
  cloud.advance(1s);
  EXPECT_EQ(state(), "InService");
  EXPECT_EQ(cloud.refused("CompleteLifecycleAction",
                          R"({"AutoScalingGroupName": "g", "LifecycleHookName": "h", "InstanceId": "i-x",
                              "LifecycleActionResult": "CONTINUE"})",
                          "autoscaling"),
            "ValidationError");
}

TEST(Policies, RoundAndStepAsTheGuideSays) {
  // 10 → (60) 11 → (70) 14 → (40) 13 → (30) 10, by steps of +0/+10 %/+30 % and −0/−10 %/−30 % about 50.
  const auto out =
      parse_json(R"([{"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 0},
    {"MetricIntervalLowerBound": 10, "MetricIntervalUpperBound": 20, "ScalingAdjustment": 10},
    {"MetricIntervalLowerBound": 20, "ScalingAdjustment": 30}])");
  const auto in =
      parse_json(R"([{"MetricIntervalLowerBound": -10, "MetricIntervalUpperBound": 0, "ScalingAdjustment": 0},
    {"MetricIntervalLowerBound": -20, "MetricIntervalUpperBound": -10, "ScalingAdjustment": -10},
    {"MetricIntervalUpperBound": -20, "ScalingAdjustment": -30}])");
  std::int64_t capacity = 10;
  auto step = [&](Value steps, double value) {
    const auto by = step_of(steps, value - 50);
    if (by) capacity = adjusted(capacity, "PercentChangeInCapacity", *by, 0);
    return capacity;
  };
  EXPECT_EQ(step(out->root(), 60), 11);
  EXPECT_EQ(step(out->root(), 70), 14);
  EXPECT_EQ(step(in->root(), 40), 13);
  EXPECT_EQ(step(in->root(), 30), 10);
  EXPECT_EQ(adjusted(3, "PercentChangeInCapacity", 10, 0), 4);
  EXPECT_EQ(adjusted(3, "PercentChangeInCapacity", -10, 0), 2);
  EXPECT_EQ(adjusted(100, "PercentChangeInCapacity", 1, 5), 105);
}

TEST(Policies, TargetTrackingFollowsItsAlarms) {
  GroupCloud cloud;
  cloud.load(R"({"format": 1, "metrics": [{"Namespace": "AWS/EC2", "MetricName": "CPUUtilization",
    "Dimensions": {"AutoScalingGroupName": "g"}, "Rule": {"Kind": "steps", "Interval": 60, "Steps": [
      {"From": "-1h", "Value": 50}, {"From": "+5m", "Value": 100}, {"From": "+60m", "Value": 10}]}}]})");
  cloud.ok("PutScalingPolicy",
           R"({"AutoScalingGroupName": "g", "PolicyName": "cpu", "PolicyType": "TargetTrackingScaling",
               "EstimatedInstanceWarmup": 7200, "TargetTrackingConfiguration": {"TargetValue": 50,
               "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"}}})",
           "autoscaling");
  EXPECT_EQ(cloud.ok("DescribeAlarms", "{}", "cloudwatch")["MetricAlarms"].size(), 2U);
  cloud.advance(30min);
  EXPECT_EQ(cloud.size(), 4U);  // 2 × 100 / 50, once while they warm up
  EXPECT_NE(cloud.cause().find("in state ALARM triggered policy cpu changing the desired capacity from 2 to 4."),
            std::string::npos)
      << cloud.cause();
  EXPECT_EQ(cloud.cause().substr(0, 23), "At 2026-06-01T12:08:00Z");
  cloud.advance(4h);
  EXPECT_LT(cloud.size(), 4U);
}

TEST(Schedules, FollowTheirCronLine) {
  GroupCloud cloud;
  cloud.ok("PutScheduledUpdateGroupAction",
           R"({"AutoScalingGroupName": "g", "ScheduledActionName": "night", "Recurrence": "0 20 * * *",
               "MinSize": 0, "MaxSize": 0, "DesiredCapacity": 0})",
           "autoscaling");
  cloud.advance(7h);
  EXPECT_EQ(cloud.size(), 2U);
  cloud.advance(1h);
  EXPECT_EQ(cloud.size(), 0U);
  const Time monday = *parse_iso8601("2026-06-01T12:00:00Z");
  EXPECT_EQ(next_of_cron("*/15 9-17 * * mon-fri", monday), parse_iso8601("2026-06-01T12:15:00Z").value());
  EXPECT_EQ(next_of_cron("0 0 1 1 *", monday), parse_iso8601("2027-01-01T00:00:00Z").value());
  EXPECT_FALSE(is_cron("61 * * * *"));
  EXPECT_FALSE(is_cron("* * * *"));
}

TEST(Groups, OfAnEstateDoNothingByThemselves) {
  TestCloud cloud;
  cloud.load(R"({"format": 1, "scaling_groups": [{"AutoScalingGroupName": "old", "MinSize": 1, "MaxSize": 3,
    "DesiredCapacity": 2}]})");
  cloud.advance(24h);
  cloud.ok("DescribePolicies", R"({"AutoScalingGroupName": "old"})", "autoscaling");
  cloud.advance(24h);
  EXPECT_EQ(cloud.ok("DescribeScalingActivities", "{}", "autoscaling")["Activities"].size(), 0U);
}

// --- Logs ------------------------------------------------------------------------------------------------------------

TEST(LogPatterns, MatchTermsAndJson) {
  auto matches = [](std::string_view pattern, std::string_view message) {
    const auto parsed = LogPattern::parse(pattern);
    EXPECT_TRUE(parsed) << pattern << ": " << (parsed ? "" : parsed.error());
    return parsed && parsed->matches(message);
  };
  EXPECT_TRUE(matches("", "anything"));
  EXPECT_TRUE(matches("ERROR", "an ERROR here"));
  EXPECT_FALSE(matches("ERROR", "an error here"));
  EXPECT_FALSE(matches("ERROR ARGUMENTS", "an ERROR"));
  EXPECT_TRUE(matches("?ERROR ?WARN", "a WARN"));
  EXPECT_FALSE(matches("ERROR -ignore", "ERROR, ignore"));
  EXPECT_TRUE(matches("\"not found\"", "it is not found"));
  EXPECT_TRUE(matches("{ $.status = 404 }", R"({"status": 404})"));
  EXPECT_TRUE(matches("{ $.a.b >= 2 && ($.c = \"x*\" || $.d IS NULL) }", R"({"a": {"b": 2}, "c": "xyz"})"));
  EXPECT_TRUE(matches("{ $.list[1] = 5 }", R"({"list": [4, 5]})"));
  EXPECT_FALSE(matches("{ $.a NOT EXISTS }", R"({"a": 1})"));
  EXPECT_FALSE(matches("{ $.a = 1 }", "no JSON"));
  for (std::string_view bad : {"{ $.a = }", "{ a = 1 }", "\"open", "[ip, user]", "{ $.a = 1", "a=b", "{ $.a > x }"}) {
    EXPECT_FALSE(LogPattern::parse(bad)) << bad;
  }
}

TEST(LogGroups, ForgetWhatIsOlderThanTheirRetention) {
  TestCloud cloud;
  cloud.ok("CreateLogGroup", R"({"logGroupName": "/a"})", "logs");
  cloud.ok("CreateLogStream", R"({"logGroupName": "/a", "logStreamName": "s"})", "logs");
  const std::int64_t ms = to_ms(cloud.clock.at);
  cloud.ok(
      "PutLogEvents",
      fmt::format(R"({{"logGroupName": "/a", "logStreamName": "s", "logEvents": [{{"timestamp": {}, "message": "m"}},
                           {{"timestamp": {}, "message": "n"}}]}})",
                  ms - 3'600'000, ms),
      "logs");
  EXPECT_EQ(cloud.refused("PutRetentionPolicy", R"({"logGroupName": "/a", "retentionInDays": 2})", "logs"),
            "InvalidParameterException");
  cloud.ok("PutRetentionPolicy", R"({"logGroupName": "/a", "retentionInDays": 1})", "logs");
  auto count = [&] { return cloud.ok("FilterLogEvents", R"({"logGroupName": "/a"})", "logs")["events"].size(); };
  EXPECT_EQ(count(), 2U);
  cloud.advance(23h + 30min);
  EXPECT_EQ(count(), 1U);
}

}  // namespace
}  // namespace reeve::sandbox
