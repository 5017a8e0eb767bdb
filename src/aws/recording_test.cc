#include "aws/recording.h"

#include <gtest/gtest.h>

#include <cmath>

#include "aws/count.h"
#include "aws/live_fakes.h"
#include "base/sim_seams.h"

namespace reeve::aws {
namespace {

class Recordings : public testing::Test {
 protected:
  Result<Response> run(Api& api, Request request) {
    Task<Result<Response>> call = api.call(std::move(request));
    return world.loop.run(std::move(call));
  }
  SimWorld world;
  Models models;
};

Document everything() {
  Builder b;
  b.begin_map();
  b.put_null("Null");
  b.put("Bool", true);
  b.put("Int", std::int64_t{-9'007'199'254'740'993});
  b.put("Real", 2.5);
  b.put("Whole", 3.0);
  b.put("Huge", 1e300);
  b.put("Text", "a \"quoted\" \n line");
  b.put("Time", Time{1'768'782'986'123'456});
  b.key("Blob"), b.blob(std::string_view("\0\xff", 2));
  b.key("Unknown"), b.unknown("denied");
  b.begin_list("List");
  b.add(1);
  b.begin_map(), b.put("$time", "not a time"), b.end();
  b.begin_map(), b.end();
  b.end();
  b.end();
  return b.finish();
}

TEST(TypedJson, GivesTheSameDocumentBack) {
  const Document before = everything();
  const auto after = read_typed_json(write_typed_json(before));
  ASSERT_TRUE(after) << after.error().text();
  for (const auto [key, value] : before.root().entries()) {
    SCOPED_TRACE(key);
    EXPECT_EQ((*after)[key].kind(), value.kind());
    if (value.is_unknown()) {
      EXPECT_EQ((*after)[key].unknown_reason(), "denied");
    } else {
      EXPECT_TRUE((*after)[key] == value);
    }
  }
  Builder nan;
  nan.add(std::nan(""));
  const auto read = read_typed_json(write_typed_json(nan.finish()));
  ASSERT_TRUE(read);
  EXPECT_TRUE(std::isnan(read->root().as_real()));
}

TEST(TypedJson, RefusesWhatMeansNothing) {
  for (const char* text : {R"({"$when": "x"})", R"({"$time": "soon"})", R"({"$blob": "?"})", R"({"$time": 3})",
                           R"({"$real": "many"})", R"({"$map": []})"}) {
    EXPECT_FALSE(read_typed_json(text)) << text;
  }
}

TEST_F(Recordings, WhatWasRecordedIsReplayed) {
  int calls = 0;
  FakeApi fake([&](const Request&) -> Result<Response> {
    if (++calls == 2) return refused(Code::throttled, "RequestLimitExceeded", 503, true);
    return Response{
        .document = everything(),
        .meta = {.status = 200, .request_id = "r" + std::to_string(calls), .date = Time{1'000'000}, .attempts = 2}};
  });
  Record record(fake, world.disk, "/home/reeve/rec", models, world.random);
  const Request listing = request("ec2", "DescribeSnapshots", R"({"OwnerIds": ["self"]})");
  const auto first = run(record, listing);
  const auto second = run(record, listing);
  const auto third = run(record, request("ec2", "DescribeVolumes"));
  ASSERT_TRUE(first && !second && third);
  const auto names = world.disk.list("/home/reeve/rec");
  ASSERT_TRUE(names);
  EXPECT_EQ(*names, (std::vector<std::string>{"000001-ec2.DescribeSnapshots.json", "000002-ec2.DescribeSnapshots.json",
                                              "000003-ec2.DescribeVolumes.json", "mask.json"}));

  auto replay = Replay::open(world.disk, "/home/reeve/rec", models);
  ASSERT_TRUE(replay) << replay.error().text();
  // Another order among operations; in order within one.
  const auto volumes = run(**replay, request("ec2", "DescribeVolumes"));
  ASSERT_TRUE(volumes);
  EXPECT_EQ(volumes->meta.request_id, "r3");
  const auto again = run(**replay, listing);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->meta.request_id, "r1");
  EXPECT_EQ(again->meta.date, Time{1'000'000});
  EXPECT_EQ(again->meta.attempts, 2);
  EXPECT_EQ(again->document["Time"].as_time(), everything()["Time"].as_time());
  EXPECT_EQ((*replay)->unused(),
            (std::vector<std::string>{"000002-ec2.DescribeSnapshots.json: ec2.DescribeSnapshots"}));
  const auto error = run(**replay, listing);
  ASSERT_FALSE(error);
  EXPECT_EQ(error.error().code, Code::throttled);
  EXPECT_EQ(error.error().aws->code, "RequestLimitExceeded");
  EXPECT_TRUE(error.error().aws->retryable);
  const auto over = run(**replay, listing);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code, Code::not_found);
}

TEST_F(Recordings, OtherParamsAreAnotherCall) {
  FakeApi fake([](const Request&) { return ok("{}"); });
  Record record(fake, world.disk, "/home/reeve/rec", models, world.random);
  ASSERT_TRUE(run(record, request("ec2", "DescribeSnapshots", R"({"MaxResults": 5})")));
  Record goes_on(fake, world.disk, "/home/reeve/rec", models, world.random);
  ASSERT_TRUE(run(goes_on, request("ec2", "DescribeImages")));
  auto replay = Replay::open(world.disk, "/home/reeve/rec", models);
  ASSERT_TRUE(replay);
  EXPECT_EQ((*replay)->unused().size(), 2U) << "a second recording goes on with the first";
  const auto other = run(**replay, request("ec2", "DescribeSnapshots", R"({"MaxResults": 6})"));
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().hint.find("000001-ec2.DescribeSnapshots.json"), std::string::npos);
  Request elsewhere = request("ec2", "DescribeSnapshots", R"({"MaxResults": 5})");
  elsewhere.scope.region = "eu-west-1";
  EXPECT_FALSE(run(**replay, elsewhere));
}

TEST_F(Recordings, DamagedFilesAreNamed) {
  ASSERT_TRUE(world.disk.make_folders("/home/reeve/bad"));
  ASSERT_TRUE(world.disk.write_file("/home/reeve/bad/1.json", R"({"format": 1, "service": "ec2"})"));
  const auto replay = Replay::open(world.disk, "/home/reeve/bad", models);
  ASSERT_FALSE(replay);
  EXPECT_EQ(replay.error().code, Code::malformed);
  EXPECT_EQ(replay.error().resource, "/home/reeve/bad/1.json");
  const auto none = Replay::open(world.disk, "/home/reeve/none", models);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Code::not_found);
}

// calls counts requests answered, whatever the answer; retries are attempts.
TEST_F(Recordings, CountsAreOfAnswers) {
  int calls = 0;
  FakeApi fake([&](const Request&) -> Result<Response> {
    switch (++calls) {
      case 1:
        return Response{.document = doc("{}"), .meta = {.status = 200, .attempts = 3}};
      case 2:
        return refused(Code::access_denied, "UnauthorizedOperation", 403);
      default:
        return fail(Code::network, "unplugged");
    }
  });
  CountingApi counting(fake);
  for (int i = 0; i < 4; ++i) (void)run(counting, request("ec2", "DescribeSnapshots"));
  (void)run(counting, request("sts", "GetCallerIdentity"));
  EXPECT_EQ(counting.counts().calls, (std::map<std::string, std::int64_t>{{"ec2.DescribeSnapshots", 2}}));
  EXPECT_EQ(counting.counts().total_attempts(), 4);
  CallCounts sum;
  sum.add(counting.counts());
  sum.add(counting.counts());
  EXPECT_EQ(sum.total_calls(), 4);
}

}  // namespace
}  // namespace reeve::aws
