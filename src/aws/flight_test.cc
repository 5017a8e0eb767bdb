// Recorded flights: which answer comes, of what types, and what is said where there is none.
#include "aws/flight.h"

#include <gtest/gtest.h>

#include "base/sim_seams.h"

namespace reeve::aws {
namespace {

class Flights : public ::testing::Test {
 protected:
  Result<Response> call(Flight& flight, std::string service, std::string operation) {
    Request request{.service = std::move(service), .operation = std::move(operation)};
    return loop_.run(flight.call(std::move(request)));
  }
  SimClock clock_;
  Loop loop_{clock_};
  Models models_;
};

TEST_F(Flights, AnswersComeInTurnAndBeginAgain) {
  Flight flight({{"ec2.DescribeVpcs_1.json", R"({"status_code": 200, "data": {"NextToken": "a"}})"},
                 {"ec2.DescribeVpcs_2.json", R"({"status_code": 200, "data": {"NextToken": "b"}})"}},
                models_);
  std::string order;
  for (int i = 0; i < 3; ++i) order += call(flight, "ec2", "DescribeVpcs")->document["NextToken"].as_text();
  EXPECT_EQ(order, "aba");
  ASSERT_EQ(flight.calls().size(), 3U);
  EXPECT_EQ(flight.calls()[0].outcome, "ok");
  EXPECT_TRUE(flight.calls()[0].params.root().is_map());
}

TEST_F(Flights, AnotherRunGoesOnWhereTheLastOneEnded) {
  const Flight::Files files{{"ec2.DescribeVpcs_1.json", R"({"data": {"NextToken": "a"}})"},
                            {"ec2.DescribeVpcs_2.json", R"({"data": {"NextToken": "b"}})"},
                            {"ec2.DescribeVpcs_3.json", R"({"data": {"NextToken": "c"}})"}};
  Flight first(files, models_);
  call(first, "ec2", "DescribeVpcs").value();
  Flight second(files, models_);
  second.go_on(first.used());
  EXPECT_EQ(call(second, "ec2", "DescribeVpcs")->document["NextToken"].as_text(), "b");
  Flight third(files, models_);
  third.go_on({}, 2);
  EXPECT_EQ(call(third, "ec2", "DescribeVpcs")->document["NextToken"].as_text(), "c");
}

TEST_F(Flights, NothingRecordedIsAnErrorAndNeverEmpty) {
  Flight flight(Flight::Files{}, models_);
  const auto answer = call(flight, "ec2", "DescribeVpcs");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::not_found);
  EXPECT_NE(answer.error().message.find("ec2.DescribeVpcs"), std::string::npos);
  EXPECT_EQ(flight.calls()[0].outcome, "missing");
}

TEST_F(Flights, TypesAreThoseOfTheModel) {
  Flight flight(
      {{"ec2.DescribeVolumes_1.json",
        R"({"status_code": 200, "data": {"ResponseMetadata": {}, "Volumes": [{"VolumeId": "vol-1", "KmsKeyId": null,
                      "CreateTime": {"__class__": "datetime", "year": 2026, "month": 1, "day": 2, "hour": 3,
                                     "minute": 4, "second": 5, "microsecond": 6}}]}})"},
       {"iam.GetRole_1.json",
        R"({"data": {"Role": {"AssumeRolePolicyDocument": {"Version": "2012-10-17"}, "CreateDate": "2026-01-02T03:04:05Z"}}})"}},
      models_);
  const auto volumes = call(flight, "ec2", "DescribeVolumes");
  ASSERT_TRUE(volumes);
  const Value volume = volumes->document["Volumes"][0];
  EXPECT_EQ(format_iso8601(volume["CreateTime"].as_time()), "2026-01-02T03:04:05.000006Z");
  EXPECT_FALSE(volume.find("KmsKeyId"));
  EXPECT_FALSE(volumes->document.root().find("ResponseMetadata"));
  const auto role = call(flight, "iam", "GetRole");
  ASSERT_TRUE(role);
  EXPECT_EQ(role->document["Role"]["AssumeRolePolicyDocument"].as_text(), R"({"Version":"2012-10-17"})");
  EXPECT_EQ(role->document["Role"]["CreateDate"].kind(), Kind::timestamp);
}

TEST_F(Flights, ErrorsAreThoseOfTheLiveDoor) {
  Flight flight(
      {{"s3.GetBucketPolicy_1.json",
        R"({"status_code": 404, "data": {"Error": {"Code": "NoSuchBucketPolicy", "Message": "no"}}})"},
       {"lambda.GetPolicy_1.json",
        R"({"status_code": 404, "data": {"Error": {"Code": "ResourceNotFoundException", "Message": "none"}}})"}},
      models_);
  const auto unmodelled = call(flight, "s3", "GetBucketPolicy");
  ASSERT_FALSE(unmodelled);
  EXPECT_EQ(unmodelled.error().code, Code::request_refused);
  EXPECT_EQ(unmodelled.error().aws->code, "NoSuchBucketPolicy");
  EXPECT_EQ(flight.calls()[0].outcome, "ClientError");
  const auto absent = call(flight, "lambda", "GetPolicy");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, Code::not_found);
  EXPECT_EQ(absent.error().aws->status, 404);
  EXPECT_EQ(flight.calls()[1].outcome, "ResourceNotFoundException");
}

}  // namespace
}  // namespace reeve::aws
