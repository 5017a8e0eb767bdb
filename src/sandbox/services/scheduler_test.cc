#include "sandbox/services/scheduler.h"

#include <gmock/gmock.h>

#include "sandbox/services/event_pattern.h"
#include "sandbox/test_cloud.h"

namespace reeve::sandbox {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

/// The next moments of an expression after a moment.
std::vector<std::string> next_of(std::string_view text, std::string_view after, int count,
                                 std::string_view zone = "UTC") {
  std::vector<std::string> out;
  const auto expression = ScheduleExpression::parse(text);
  EXPECT_TRUE(expression) << text;
  std::optional<Time> at = *parse_iso8601(after);
  const Time from = *at;
  while (expression && count-- > 0 && (at = expression->next(*at, from, zone))) out.push_back(format_iso8601(*at));
  return out;
}

TEST(ScheduleExpression, CronHasSixFieldsAndAwsSigns) {
  EXPECT_THAT(next_of("cron(15 10 ? * 6L 2026-2027)", "2026-06-01T12:00:00Z", 2),
              ElementsAre("2026-06-26T10:15:00Z", "2026-07-31T10:15:00Z"));
  EXPECT_THAT(next_of("cron(0 9 ? * 2#1 *)", "2026-06-01T12:00:00Z", 2),
              ElementsAre("2026-07-06T09:00:00Z", "2026-08-03T09:00:00Z"));
  EXPECT_THAT(next_of("cron(0 0 L * ? *)", "2028-02-01T00:00:00Z", 2),
              ElementsAre("2028-02-29T00:00:00Z", "2028-03-31T00:00:00Z"));
  EXPECT_THAT(next_of("cron(0 0 15W * ? *)", "2026-08-01T00:00:00Z", 2),  // 15 August 2026 is a Saturday
              ElementsAre("2026-08-14T00:00:00Z", "2026-09-15T00:00:00Z"));
  EXPECT_THAT(next_of("cron(0/30 8-9 ? * MON-FRI *)", "2026-06-05T09:10:00Z", 2),
              ElementsAre("2026-06-05T09:30:00Z", "2026-06-08T08:00:00Z"));
  EXPECT_THAT(next_of("cron(0 12 31 APR ? *)", "2026-06-01T00:00:00Z", 1), IsEmpty());
  EXPECT_THAT(next_of("cron(0 12 1 JAN ? 2020)", "2026-06-01T00:00:00Z", 1), IsEmpty());
}

TEST(ScheduleExpression, MistakesAreRefused) {
  for (std::string_view text :
       {"", "rate(0 minutes)", "rate(5 fortnights)", "rate(5)", "cron(0 12 * * * *)", "cron(0 12 ? * ? *)",
        "cron(60 12 ? * * *)", "cron(0 12 ? * 8 *)", "cron(0 12 ? * *)", "cron(0 12 32 * ? *)", "cron(0 12 ? * 1#6 *)",
        "cron(0 12 ? * * 1969)", "cron(0/0 12 ? * * *)", "at(2026-06-01)", "at(2026-13-01T00:00:00)", "every day",
        "cron(,)", "cron(- / ? * # L)", "rate(99999999999 days)"}) {
    EXPECT_FALSE(ScheduleExpression::parse(text)) << text;
  }
}

TEST(ScheduleExpression, DaylightSavingSkipsAndDoesNotRepeat) {
  // New York: 8 March 2026, 02:00 becomes 03:00; 1 November, 02:00 becomes 01:00.
  EXPECT_THAT(next_of("cron(30 2 * * ? *)", "2026-03-07T12:00:00Z", 1, "America/New_York"),
              ElementsAre("2026-03-09T06:30:00Z"));
  EXPECT_THAT(next_of("cron(30 1 * * ? *)", "2026-10-31T12:00:00Z", 2, "America/New_York"),
              ElementsAre("2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"));
  EXPECT_THAT(next_of("at(2026-07-01T09:00:00)", "2026-06-01T00:00:00Z", 2, "Europe/Berlin"),
              ElementsAre("2026-07-01T07:00:00Z"));
}

bool matches(std::string_view pattern, std::string_view event) {
  const auto p = parse_json(pattern), e = parse_json(event);
  EXPECT_TRUE(p && e) << pattern << event;
  EXPECT_EQ(check_event_pattern(*p), std::nullopt) << pattern;
  return matches_event_pattern(*p, *e);
}

TEST(EventPattern, EachRuleMatchesWhatItSays) {
  struct Case {
    std::string_view pattern, yes, no;
  };
  constexpr std::array<Case, 19> cases{{
      {R"({"a": ["x", 1]})", R"({"a": 1})", R"({"a": "y"})"},
      {R"({"a": [null]})", R"({"a": null})", R"({"b": 1})"},
      {R"({"a": ["x"]})", R"({"a": ["y", "x"]})", R"({"a": []})"},
      {R"({"a": {"b": ["x"]}})", R"({"a": [{"b": "y"}, {"b": "x"}]})", R"({"a": {"c": "x"}})"},
      {R"({"a": [{"prefix": "us-"}]})", R"({"a": "us-east-1"})", R"({"a": "eu"})"},
      {R"({"a": [{"prefix": {"equals-ignore-case": "US-"}}]})", R"({"a": "us-east-1"})", R"({"a": "eu"})"},
      {R"({"a": [{"suffix": ".png"}]})", R"({"a": "x.png"})", R"({"a": "png"})"},
      {R"({"a": [{"equals-ignore-case": "ALICE"}]})", R"({"a": "alice"})", R"({"a": "alic"})"},
      {R"({"a": [{"wildcard": "dir/*/x*.png"}]})", R"({"a": "dir/b/c/x1.png"})", R"({"a": "dir/x.png"})"},
      {R"({"a": [{"wildcard": "1\\*2"}]})", R"({"a": "1*2"})", R"({"a": "1x2"})"},
      {R"({"a": [{"anything-but": ["x", 1]}]})", R"({"a": "y"})", R"({"a": 1})"},
      {R"({"a": [{"anything-but": {"prefix": "init"}}]})", R"({"a": "run"})", R"({"a": "initial"})"},
      {R"({"a": [{"numeric": [">", 0, "<=", 5]}]})", R"({"a": 5.0})", R"({"a": 0})"},
      {R"({"a": [{"numeric": ["=", 3]}]})", R"({"a": 3})", R"({"a": "3"})"},
      {R"({"a": [{"cidr": "10.0.0.0/24"}]})", R"({"a": "10.0.0.255"})", R"({"a": "10.0.1.0"})"},
      {R"({"a": [{"exists": true}]})", R"({"a": ""})", R"({"b": 1})"},
      {R"({"a": [{"exists": false}]})", R"({"b": 1})", R"({"a": null})"},
      {R"({"$or": [{"a": ["x"]}, {"b": [{"numeric": [">", 1]}]}], "c": ["z"]})", R"({"b": 2, "c": "z"})",
       R"({"a": "x", "c": "y"})"},
      {R"({"a": [true]})", R"({"a": true})", R"({"a": "true"})"},
  }};
  for (const Case& one : cases) {
    EXPECT_TRUE(matches(one.pattern, one.yes)) << one.pattern << " " << one.yes;
    EXPECT_FALSE(matches(one.pattern, one.no)) << one.pattern << " " << one.no;
  }
}

TEST(EventPattern, MistakesAreToldInTime) {
  for (std::string_view text :
       {"{}", "[]", R"({"a": "x"})", R"({"a": []})", R"({"a": {}})", R"({"a": [{"near": 1}]})", R"({"a": [["x"]]})",
        R"({"a": [{"numeric": [">"]}]})", R"({"a": [{"numeric": ["~", 1]}]})", R"({"a": [{"exists": 1}]})",
        R"({"a": [{"prefix": 1}]})", R"({"a": [{"prefix": "x", "suffix": "y"}]})", R"({"$or": [{"a": ["x"]}]})",
        R"({"a": [{"cidr": "10.0.0.0/33"}]})", R"({"a": [{"anything-but": []}]})", R"({"a": [{"wildcard": "**"}]})"}) {
    const auto pattern = parse_json(text);
    ASSERT_TRUE(pattern) << text;
    EXPECT_NE(check_event_pattern(*pattern), std::nullopt) << text;
  }
}

struct Clockwork : TestCloud {
  Clockwork() { ok("CreateQueue", R"({"QueueName": "q"})", "sqs"); }
  std::vector<std::string> queued() {
    std::vector<std::string> out;
    while (true) {
      const Document got = ok("ReceiveMessage", R"({"QueueUrl": "/123456789012/q", "MaxNumberOfMessages": 10})", "sqs");
      if (got["Messages"].empty()) return out;
      for (Value message : got["Messages"].items()) {
        out.push_back(message["Body"].as_string());
        ok("DeleteMessage",
           fmt::format(R"({{"QueueUrl": "/123456789012/q", "ReceiptHandle": "{}"}})",
                       message["ReceiptHandle"].as_text()),
           "sqs");
      }
    }
  }
  /// `more` are further members; dates among them as ISO 8601 texts.
  void schedule(std::string_view name, std::string_view expression, std::string_view more = "") {
    const auto json = parse_json(fmt::format(
        R"_({{"Name": "{}", "ScheduleExpression": "{}", "FlexibleTimeWindow": {{"Mode": "OFF"}},
        "Target": {{"Arn": "arn:aws:sqs:us-east-1:123456789012:q", "RoleArn": "arn:aws:iam::123456789012:role/r",
        "Input": "{}"}}{}}})_",
        name, expression, name, more));
    ASSERT_TRUE(json) << more;
    Builder params;
    params.begin_map();
    for (auto [key, value] : json->root().entries()) {
      if (key.ends_with("Date")) {
        params.put(key, *parse_iso8601(value.as_text()));
      } else {
        params.put(key, value);
      }
    }
    params.end();
    const Document asked = params.finish();
    const auto made = sandbox.call(account, region, "scheduler", "CreateSchedule", asked);
    EXPECT_TRUE(made) << made.error().message;
  }
};

TEST(Scheduler, SchedulesFireByVirtualTime) {
  Clockwork cloud;
  cloud.schedule("daily", "cron(0 9 * * ? *)", R"(, "ScheduleExpressionTimezone": "Europe/Berlin")");
  EXPECT_THAT(cloud.queued(), IsEmpty());
  cloud.advance(hours(19) - minutes(1));  // it is 12:00 UTC, 14:00 in Berlin
  EXPECT_THAT(cloud.queued(), IsEmpty());
  cloud.advance(minutes(1));
  EXPECT_THAT(cloud.queued(), ElementsAre("daily"));
  cloud.advance(hours(24 * 3));
  EXPECT_THAT(cloud.queued(), SizeIs(3));
}

TEST(Scheduler, ARateBeginsAtOnceAndEndsWithItsEndDate) {
  Clockwork cloud;
  cloud.schedule("often", "rate(10 minutes)", R"(, "EndDate": "2026-06-01T12:25:00Z")");
  EXPECT_THAT(cloud.queued(), SizeIs(1));
  cloud.advance(hours(5));
  EXPECT_THAT(cloud.queued(), SizeIs(2));  // 12:10 and 12:20
}

TEST(Scheduler, AOneTimeScheduleFiresOnceAndMayDeleteItself) {
  Clockwork cloud;
  cloud.schedule("once", "at(2026-06-01T13:00:00)");
  cloud.schedule("gone", "at(2026-06-01T13:00:00)", R"(, "ActionAfterCompletion": "DELETE")");
  cloud.advance(hours(2));
  EXPECT_THAT(cloud.queued(), testing::UnorderedElementsAre("once", "gone"));
  cloud.advance(hours(2));
  EXPECT_THAT(cloud.queued(), IsEmpty());
  cloud.ok("GetSchedule", R"({"Name": "once"})", "scheduler");
  EXPECT_EQ(cloud.refused("GetSchedule", R"({"Name": "gone"})", "scheduler"), "ResourceNotFoundException");
}

TEST(Scheduler, ADisabledScheduleKeepsQuiet) {
  Clockwork cloud;
  cloud.schedule("off", "rate(1 minute)", R"(, "State": "DISABLED")");
  cloud.advance(hours(1));
  EXPECT_THAT(cloud.queued(), IsEmpty());
}

TEST(Scheduler, WhatAScheduleIsComesBackFromAnEstate) {
  Clockwork cloud;
  cloud.schedule("later", "at(2026-06-01T13:00:00)");
  Clockwork other;
  other.load(to_json(cloud.sandbox.state()));
  other.advance(hours(2));
  EXPECT_THAT(other.queued(), ElementsAre("later"));
  other.advance(hours(2));
  EXPECT_THAT(other.queued(), IsEmpty());
}

TEST(Events, ARuleThatNeverFiresIsNotPlannedAgain) {
  Clockwork cloud;
  cloud.ok("PutRule", R"_({"Name": "never", "ScheduleExpression": "cron(0 12 31 APR ? *)"})_", "events");
  cloud.ok("PutRule", R"_({"Name": "often", "ScheduleExpression": "rate(1 minute)"})_", "events");
  cloud.advance(hours(24 * 30));
  cloud.ok("ListRules", "{}", "events");
  const auto& rules = cloud.sandbox.store().find_region(cloud.account, cloud.region)->drawers.of<Events>().rules.rows;
  EXPECT_TRUE(rules.at("default/never").ended);
  EXPECT_EQ(rules.at("default/often").due, cloud.clock.at + minutes(1));
}

TEST(Scheduler, CallsOfTheSdkAreOnRecord) {
  Clockwork cloud;
  cloud.ok("CreateSchedule",
           R"_({"Name": "sdk", "ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"},
      "Target": {"Arn": "arn:aws:scheduler:::aws-sdk:ec2:stopInstances", "RoleArn": "arn:aws:iam::123456789012:role/r",
      "Input": "{\"InstanceIds\": [\"i-1\"], \"at\": \"<aws.scheduler.scheduled-time>\"}"}
})_",
           "scheduler");
  cloud.ok("ListSchedules", "{}", "scheduler");
  const auto& calls =
      cloud.sandbox.store().find_region(cloud.account, cloud.region)->drawers.of<Events>().target_calls.rows;
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(calls.begin()->second.input, R"({"InstanceIds": ["i-1"], "at": "2026-06-01T12:00:00Z"})");
}

TEST(Scheduler, AJumpOfCenturiesIsBounded) {
  Clockwork cloud;
  cloud.schedule("often", "rate(1 minute)");
  cloud.advance(hours(24 * 365 * 300));
  cloud.ok("ListSchedules", "{}", "scheduler");
  cloud.advance(minutes(1));
  EXPECT_THAT(cloud.queued(), SizeIs(testing::Ge(1U)));
}

TEST(Events, RulesMatchEventsAndShapeWhatTargetsGet) {
  Clockwork cloud;
  cloud.ok("PutRule", R"({"Name": "stops", "EventPattern": "{\"detail\": {\"state\": [\"stopped\"]}}"})", "events");
  cloud.ok("PutTargets", R"({"Rule": "stops", "Targets": [
      {"Id": "1", "Arn": "arn:aws:sqs:us-east-1:123456789012:q", "InputPath": "$.detail.id"},
      {"Id": "2", "Arn": "arn:aws:sqs:us-east-1:123456789012:q", "InputTransformer": {"InputPathsMap":
          {"id": "$.detail.id", "n": "$.detail.n"}, "InputTemplate": "{\"text\": \"<id> has <n>\", \"n\": <n>}"}}]})",
           "events");
  const Document put = cloud.ok("PutEvents", R"({"Entries": [
      {"Source": "app", "DetailType": "change", "Detail": "{\"state\": \"stopped\", \"id\": \"i-1\", \"n\": 2}"},
      {"Source": "app", "DetailType": "change", "Detail": "{\"state\": \"running\"}"},
      {"Source": "app", "DetailType": "change", "Detail": "no json"}]})",
                                "events");
  EXPECT_EQ(put["FailedEntryCount"].as_integer(), 1);
  EXPECT_EQ(put["Entries"][2]["ErrorCode"].as_text(), "MalformedDetail");
  EXPECT_THAT(cloud.queued(), ElementsAre("\"i-1\"", R"({"text": "i-1 has 2", "n": 2})"));
  EXPECT_EQ(cloud.refused("DeleteRule", R"({"Name": "stops"})", "events"), "ValidationException");
  EXPECT_EQ(cloud.refused("PutRule", R"({"Name": "bad", "EventPattern": "{\"a\": 1}"})", "events"),
            "InvalidEventPatternException");
  EXPECT_EQ(cloud.refused("PutRule", R"_({"Name": "bad", "ScheduleExpression": "rate(0 minutes)"
})_",
                          "events"),
            "ValidationException");
}

TEST(Events, ScheduledRulesFireByVirtualTimeUntilTheyAreDisabled) {
  Clockwork cloud;
  cloud.ok("PutRule", R"_({"Name": "tick", "ScheduleExpression": "rate(5 minutes)"
})_",
           "events");
  cloud.ok("PutTargets", R"({"Rule": "tick", "Targets": [{"Id": "1", "Arn": "arn:aws:sqs:us-east-1:123456789012:q"}]})",
           "events");
  EXPECT_THAT(cloud.queued(), IsEmpty());
  cloud.advance(minutes(11));
  const auto got = cloud.queued();
  ASSERT_THAT(got, SizeIs(2));
  const auto event = parse_json(got[0]);
  EXPECT_EQ((*event)["detail-type"].as_text(), "Scheduled Event");
  EXPECT_EQ((*event)["time"].as_text(), "2026-06-01T12:05:00Z");
  cloud.ok("DisableRule", R"({"Name": "tick"})", "events");
  cloud.advance(hours(1));
  EXPECT_THAT(cloud.queued(), IsEmpty());
}

TEST(Events, BusesThatFeedEachOtherComeToAnEnd) {
  Clockwork cloud;
  cloud.ok("PutRule", R"({"Name": "loop", "EventPattern": "{\"source\": [\"app\"]}"})", "events");
  cloud.ok("PutTargets", R"({"Rule": "loop", "Targets": [
      {"Id": "1", "Arn": "arn:aws:events:us-east-1:123456789012:event-bus/default"},
      {"Id": "2", "Arn": "arn:aws:sqs:us-east-1:123456789012:q"}]})",
           "events");
  cloud.ok("PutEvents", R"({"Entries": [{"Source": "app", "DetailType": "x", "Detail": "{}"}]})", "events");
  EXPECT_THAT(cloud.queued(), SizeIs(5));
}

TEST(Events, TestEventPatternAnswers) {
  Clockwork cloud;
  auto test = [&](std::string_view source) {
    return cloud
        .ok("TestEventPattern",
            fmt::format(R"({{"EventPattern": "{{\"source\": [\"app\"]}}", "Event":
        "{{\"id\": \"1\", \"account\": \"123456789012\", \"source\": \"{}\", \"time\": \"2026-06-01T12:00:00Z\", \"region\": \"us-east-1\", \"resources\": [], \"detail-type\": \"x\", \"detail\": {{}}}}"}})",
                        source),
            "events")["Result"]
        .as_bool();
  };
  EXPECT_TRUE(test("app"));
  EXPECT_FALSE(test("other"));
}

}  // namespace
}  // namespace reeve::sandbox
