#include "aws/fault.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "aws/live_fakes.h"
#include "aws/pages.h"
#include "aws/retry.h"
#include "base/sim_seams.h"

namespace reeve::aws {
namespace {

using std::chrono::seconds;

FaultScript script(std::string_view rules) {
  const std::string text = R"({"format": 1, "rules": [)" + std::string(rules) + "]}";
  Result<FaultScript> parsed = FaultScript::parse(text, "faults.json");
  EXPECT_TRUE(parsed) << parsed.error().text();
  return parsed ? *std::move(parsed) : FaultScript();
}

std::string errors_of(std::string_view text) {
  const Result<FaultScript> parsed = FaultScript::parse(text, "f.json");
  EXPECT_FALSE(parsed);
  return parsed ? "" : parsed.error().message;
}

/// Which of ten calls the rule hits, as "0010000000".
std::string hits(std::string_view rule) {
  FaultScript faults = script(rule);
  std::string out;
  for (int i = 0; i < 10; ++i) out += faults.next_fault("ec2", "DescribeSnapshots", doc("{}")) ? '1' : '0';
  return out;
}

TEST(FaultScript, WhenARuleIsDue) {
  EXPECT_EQ(hits(R"({"fault": "throttle"})"), "1000000000");
  EXPECT_EQ(hits(R"({"fault": "throttle", "times": 3})"), "1110000000");
  EXPECT_EQ(hits(R"({"fault": "throttle", "times": 0})"), "1111111111");
  EXPECT_EQ(hits(R"({"match": {"nth": 3}, "fault": "throttle"})"), "0010000000");
  EXPECT_EQ(hits(R"({"match": {"nth": 3}, "fault": "throttle", "times": 2})"), "0011000000");
  EXPECT_EQ(hits(R"({"match": {"every": 4}, "fault": "throttle"})"), "0001000100");
  EXPECT_EQ(hits(R"({"match": {"after": 7}, "fault": "throttle"})"), "0000000111");
  EXPECT_EQ(hits(R"({"match": {"after": 7}, "fault": "throttle", "times": 1})"), "0000000100");
  EXPECT_EQ(hits(R"({"match": {"operation": "Describe*"}, "fault": "throttle"})"), "1000000000");
  EXPECT_EQ(hits(R"({"match": {"operation": "Delete*"}, "fault": "throttle"})"), "0000000000");
  EXPECT_EQ(hits(R"({"match": {"service": "sts"}, "fault": "throttle"})"), "0000000000");
}

TEST(FaultScript, EveryRuleCountsTheFirstDecides) {
  FaultScript faults =
      script(R"({"match": {"nth": 2}, "fault": "torn_body"}, {"match": {"nth": 2}, "fault": "throttle"})");
  EXPECT_FALSE(faults.next_fault("ec2", "X", doc("{}")));
  EXPECT_EQ(faults.next_fault("ec2", "X", doc("{}"))->kind, FaultKind::torn_body);
  EXPECT_EQ(faults.next_fault("ec2", "X", doc("{}"))->kind, FaultKind::throttle) << "still owed";
  EXPECT_EQ(faults.fired(), (std::vector<std::int64_t>{1, 1}));
}

TEST(FaultScript, ParamsAreContained) {
  const Document wanted = doc(R"({"SnapshotId": "s", "Filters": [{"Values": ["b"]}]})");
  EXPECT_TRUE(contains(doc(R"({"SnapshotId": "s", "DryRun": true, "Filters": [{"Name": "n", "Values": ["a", "b"]}]})"),
                       wanted));
  EXPECT_FALSE(contains(doc(R"({"SnapshotId": "s", "Filters": [{"Values": ["a"]}]})"), wanted));
  EXPECT_FALSE(contains(doc(R"({"SnapshotId": "s"})"), wanted));
}

TEST(FaultScript, AnswersAreFilledIn) {
  FaultScript faults = script(R"({"fault": "throttle", "times": 2},
      {"fault": {"error": {"code": "InvalidSnapshot.InUse"}}}, {"fault": {"slow": {"ms": 1500}}},
      {"fault": {"clock_skew": {"s": -600}}}, {"fault": "drop_token"})");
  const Document none = doc("{}");
  const FaultAction ec2 = *faults.next_fault("ec2", "X", none);
  EXPECT_EQ(ec2.code, "RequestLimitExceeded");
  EXPECT_EQ(ec2.status, 503);
  EXPECT_EQ(faults.next_fault("iam", "X", none)->code, "ThrottlingException");
  EXPECT_EQ(faults.next_fault("ec2", "X", none)->status, 400);
  EXPECT_EQ(faults.next_fault("ec2", "X", none)->time, std::chrono::milliseconds(1500));
  EXPECT_EQ(faults.next_fault("ec2", "X", none)->time, seconds(-600));
  EXPECT_EQ(faults.next_fault("ec2", "X", none)->member, "NextToken");
}

TEST(FaultScript, AllErrorsWithTheirPlaces) {
  const std::string message = errors_of(R"({"format": 2,
 "rules": [
  {"mach": {"nth": 1}, "fault": "throttel"},
  {"match": {"nth": 0, "every": 2}, "fault": {"error": {"status": 42}}},
  {"match": {"service": 3}},
  {"fault": {"slow": {"seconds": 1}}},
  7
 ]})");
  EXPECT_EQ(message,
            "the fault script is wrong:\n"
            "f.json:1:12: 'format' must be 1\n"
            "f.json:3:4: unknown key 'mach'; did you mean 'match'? allowed: match, fault, times\n"
            "f.json:3:33: unknown fault 'throttel'; did you mean 'throttle'? allowed: throttle, error, "
            "server_error_before, server_error_after, timeout_before, timeout_after, torn_body, slow, clock_skew, "
            "expired_token, repeat_page, drop_token, empty_page, not_aws, error_in_200, slow_bytes\n"
            "f.json:4:21: 'nth' must be an integer from 1 to 1000000000\n"
            "f.json:4:13: only one of 'nth', 'every' and 'after' may stand in one rule\n"
            "f.json:4:56: 'error' needs 'code'\n"
            "f.json:4:67: 'status' must be an integer from 300 to 599\n"
            "f.json:5:25: 'service' must be a text that is not empty\n"
            "f.json:5:3: the rule has no 'fault'\n"
            "f.json:6:22: 'slow' needs 'ms'\n"
            "f.json:6:23: unknown key 'seconds'; allowed: ms\n"
            "f.json:7:3: 'rules[4]' must be a map, not integer");
}

TEST(FaultScript, NamesAreThoseOfTheModels) {
  Models models;
  const std::string text = R"({"format": 1, "rules": [
  {"match": {"service": "ec3"}, "fault": "throttle"},
  {"match": {"service": "ec2", "operation": "DescribeSnapshot"}, "fault": "throttle"},
  {"match": {"operation": "DescribeSnapshots"}, "fault": "throttle"},
  {"match": {"operation": "Desribe*"}, "fault": "throttle"},
  {"match": {"service": "sts", "operation": "DescribeSnapshots"}, "fault": "throttle"},
  {"match": {"service": "rbin", "operation": "List*"}, "fault": "throttle"}]})";
  const auto read = FaultScript::parse(text, "f.json", &models);
  ASSERT_FALSE(read);
  const std::string& message = read.error().message;
  for (const auto* line : {"f.json:2:25: unknown service 'ec3'; did you mean 'ec2'? allowed: ",
                           "f.json:3:45: ec2 has no operation 'DescribeSnapshot'; did you mean 'DescribeSnapshots'?",
                           "f.json:5:27: no service has an operation that begins as 'Desribe*'",
                           "f.json:6:45: sts has no operation 'DescribeSnapshots'"}) {
    EXPECT_NE(message.find(line), std::string::npos) << line << "\nin " << message;
  }
  EXPECT_EQ(std::ranges::count(message, '\n'), 4) << message;
  EXPECT_TRUE(FaultScript::parse(text, "f.json")) << "without models any name may stand";
}

TEST(FaultScript, BrokenJsonHasAPlace) {
  EXPECT_NE(errors_of("{\"format\": 1,\n \"rules\": [}").find("f.json:2:12: "), std::string::npos);
  EXPECT_NE(errors_of("{\"format\": 1,\n \"rules").find("f.json:2:2: "), std::string::npos);
  EXPECT_NE(errors_of("").find("f.json:1:1: "), std::string::npos);
  EXPECT_NE(errors_of(std::string(100'000, '[')).find("f.json:1:"), std::string::npos);
  EXPECT_NE(errors_of("[]").find("f.json:1:1: the script must be a map, not list"), std::string::npos);
}

// Every prefix and every text with one byte changed is read or refused, never anything else.
TEST(FaultScript, DamagedTextsAreRefusedOrRead) {
  const std::string text =
      R"({"format": 1, "rules": [{"match": {"nth": 2, "params": {"A": ["\"x\\"]}}, "fault": {"slow": {"ms": 5}}}]})";
  ASSERT_TRUE(FaultScript::parse(text, "f"));
  for (std::size_t i = 0; i < text.size(); ++i) {
    EXPECT_FALSE(FaultScript::parse(text.substr(0, i), "f"));
    for (const char c : {'\0', '"', '\\', '{', ']', ',', '9', '\xff'}) {
      std::string changed = text;
      changed[i] = c;
      const auto parsed = FaultScript::parse(changed, "f");
      if (!parsed) EXPECT_EQ(parsed.error().code, Code::invalid_input);
    }
  }
}

// --- The layer
// ---------------------------------------------------------------------------------------------------------

class FaultLayer : public testing::Test {
 protected:
  Result<Response> run(Api& api, Request request) {
    Task<Result<Response>> call = api.call(std::move(request));
    return world.loop.run(std::move(call));
  }
  /// The error of one call under one fault, and whether the effect took place.
  std::pair<Result<Response>, bool> under(std::string_view fault) {
    FakeApi fake([](const Request&) { return ok(R"({"Answer": 1, "NextToken": "t"})"); });
    Fault layer(fake, world.loop, script(R"({"fault": )" + std::string(fault) + "}"));
    auto answer = run(layer, request("ec2", "DeleteSnapshot"));
    return {std::move(answer), !fake.seen.empty()};
  }
  SimWorld world;
};

TEST_F(FaultLayer, EachFaultHasItsCodeAndItsEffect) {
  struct Row {
    std::string fault;
    Code code;
    bool effect;
  };
  const std::vector<Row> rows = {
      {R"("throttle")", Code::throttled, false},
      {R"({"error": {"code": "UnauthorizedOperation", "status": 403}})", Code::access_denied, false},
      {R"("server_error_before")", Code::server_error, false},
      {R"("server_error_after")", Code::server_error, true},
      {R"("timeout_before")", Code::timed_out, false},
      {R"("timeout_after")", Code::timed_out, true},
      {R"("torn_body")", Code::network, true},
      {R"({"clock_skew": {"s": 900}})", Code::clock_skew, false},
      {R"("expired_token")", Code::expired_credentials, false},
      {R"("not_aws")", Code::unsupported, false},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.fault);
    const auto [answer, effect] = under(row.fault);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, row.code);
    EXPECT_EQ(answer.error().operation, "ec2.DeleteSnapshot");
    EXPECT_EQ(effect, row.effect);
  }
}

TEST_F(FaultLayer, AnErrorInA200IsTakenForA500) {
  const auto [answer, effect] = under(R"("error_in_200")");
  ASSERT_FALSE(answer);
  EXPECT_FALSE(effect);
  EXPECT_EQ(answer.error().aws->status, 500);
  EXPECT_EQ(answer.error().aws->code, "InternalError");
}

TEST_F(FaultLayer, SlowAndShifted) {
  const auto [slow, reached] = under(R"({"slow": {"ms": 2500}})");
  EXPECT_TRUE(slow && reached);
  EXPECT_EQ(world.clock.steady() - Steady{}, std::chrono::milliseconds(2500));
  const auto [trickled, came] = under(R"({"slow_bytes": {"ms": 100, "bytes": 7}})");
  EXPECT_TRUE(trickled && came);
  EXPECT_EQ(world.clock.steady() - Steady{}, std::chrono::milliseconds(2600));
  const auto [cut, there] = under(R"("drop_token")");
  ASSERT_TRUE(cut && there);
  EXPECT_EQ(to_json(cut->document), to_json(doc(R"({"Answer": 1})")));
}

TEST_F(FaultLayer, ATimeOutEndsAtTheDeadline) {
  FakeApi fake([](const Request&) { return ok("{}"); });
  Fault layer(fake, world.loop, script(R"({"fault": "timeout_before"})"));
  Request call = request("ec2", "DeleteSnapshot");
  call.deadline = Steady{} + seconds(5);
  EXPECT_FALSE(run(layer, call));
  EXPECT_EQ(world.clock.steady() - Steady{}, seconds(5));
}

class Listings : public FaultLayer {
 protected:
  Listings()
      : server([](const Request& r) {
          const std::string token = r.params["NextToken"].as_string();
          if (token.empty()) return ok(R"({"Snapshots": [{"SnapshotId": "a"}], "NextToken": "1"})");
          if (token == "1") return ok(R"({"Snapshots": [{"SnapshotId": "b"}], "NextToken": "2"})");
          if (token == "2") return ok(R"({"Snapshots": [{"SnapshotId": "c"}]})");
          return refused(Code::request_refused, "InvalidNextToken");
        }) {}
  Result<std::size_t> count(Api& api) {
    Task<Result<std::vector<Document>>> items = all_items(api, models, world.loop, request("ec2", "DescribeSnapshots"));
    const auto listed = world.loop.run(std::move(items));
    if (!listed) return fail(listed.error());
    return listed->size();
  }
  Models models;
  FakeApi server;
};

// Scenarios 1 and 15 of ../shared/reference/safety.md: whole, or known to be broken; never short.
TEST_F(Listings, AreWholeOrBroken) {
  struct Row {
    std::string fault;
    std::optional<std::size_t> items;  // nullopt: incomplete_listing
  };
  const std::vector<Row> rows = {
      {R"({"match": {"nth": 2}, "fault": "throttle", "times": 20})", 3},
      {R"({"match": {"nth": 2}, "fault": "server_error_before", "times": 2})", 3},
      {R"({"match": {"nth": 2}, "fault": "server_error_before", "times": 3})", std::nullopt},
      {R"({"match": {"nth": 2}, "fault": "torn_body"})", 3},
      {R"({"match": {"nth": 2}, "fault": "empty_page", "times": 3})", 3},
      {R"({"match": {"nth": 2}, "fault": "repeat_page"})", std::nullopt},
      {R"({"match": {"nth": 3}, "fault": {"error": {"code": "InvalidNextToken"}}})", std::nullopt},
      {R"({"match": {"nth": 2}, "fault": {"error": {"code": "UnauthorizedOperation", "status": 403}}})", std::nullopt},
      {R"({"match": {"nth": 2}, "fault": "timeout_before"})", 3},
      {R"({"match": {"nth": 2}, "fault": "expired_token"})", 3},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.fault);
    Fault layer(server, world.loop, script(row.fault));
    Retry retry(layer, world.loop, world.random, {});
    const Result<std::size_t> listed = count(retry);
    if (row.items) {
      ASSERT_TRUE(listed) << listed.error().text();
      EXPECT_EQ(*listed, *row.items);
    } else {
      ASSERT_FALSE(listed);
      EXPECT_EQ(listed.error().code, Code::incomplete_listing);
    }
  }
}

}  // namespace
}  // namespace reeve::aws
