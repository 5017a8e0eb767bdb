#include "aws/endpoint_parameters.h"

#include <gtest/gtest.h>

#include "aws/endpoint_choices.h"
#include "aws/endpoints.h"
#include "aws/live_fakes.h"
#include "base/sim_seams.h"

namespace reeve::aws {
namespace {

class EndpointOf : public testing::Test {
 protected:
  Result<Endpoint> of(const std::string& service, const std::string& operation, std::string_view input,
                      const BuiltIns& known = {.region = "eu-west-1"}) {
    const auto found = models.get(service, operation);
    const auto parameters = EndpointParameters::parse(found->model->endpoint_rules);
    EXPECT_TRUE(parameters);
    const Document document = doc(input);
    const auto made = parameters->of(found->operation, document, known);
    EXPECT_TRUE(made);
    return endpoints->resolve(*found->model, *made);
  }
  Models models;
  std::unique_ptr<Endpoints> endpoints = Endpoints::make(Models::partitions_json());
};

TEST_F(EndpointOf, ABucketStandsInTheHostAtAws) {
  EXPECT_EQ(of("s3", "GetObject", R"({"Bucket": "logs", "Key": "k"})")->url, "https://logs.s3.eu-west-1.amazonaws.com");
  EXPECT_EQ(of("s3", "ListBuckets", "{}")->url, "https://s3.eu-west-1.amazonaws.com");
  EXPECT_EQ(of("s3", "GetObject", R"({"Bucket": "with.dots", "Key": "k"})")->url,
            "https://s3.eu-west-1.amazonaws.com/with.dots");
  BuiltIns path{.region = "eu-west-1"};
  path.choices.force_path_style = true;
  EXPECT_EQ(of("s3", "GetObject", R"({"Bucket": "logs", "Key": "k"})", path)->url,
            "https://s3.eu-west-1.amazonaws.com/logs");
}

TEST_F(EndpointOf, ABucketStandsInThePathWhereAnEndpointWasGiven) {
  BuiltIns given{.region = "eu-west-1", .endpoint = "http://localhost:4566"};
  EXPECT_EQ(of("s3", "GetObject", R"({"Bucket": "logs", "Key": "k"})", given)->url, "http://localhost:4566/logs");
  given.choices.force_path_style = false;
  EXPECT_EQ(of("s3", "GetObject", R"({"Bucket": "logs", "Key": "k"})", given)->url, "http://logs.localhost:4566");
}

TEST_F(EndpointOf, WaysOfSigningThatAreNotOursAreSaid) {
  EXPECT_EQ(of("s3", "GetObject", R"({"Bucket": "logs", "Key": "k"})")->lacking_scheme, "");
  EXPECT_EQ(
      of("s3", "GetObject", R"({"Bucket": "arn:aws:s3::123456789012:accesspoint:mfzwi23gnjvgw.mrap", "Key": "k"})")
          ->lacking_scheme,
      "sigv4a");
  EXPECT_EQ(of("s3", "GetObject", R"({"Bucket": "fast--euw1-az1--x-s3", "Key": "k"})")->lacking_scheme,
            "sigv4-s3express");
}

TEST_F(EndpointOf, AnAccessPointSignsForItsOwnRegion) {
  BuiltIns known{.region = "us-east-1"};
  known.choices.use_arn_region = true;
  constexpr std::string_view input =
      R"({"Bucket": "arn:aws:s3:eu-west-1:123456789012:accesspoint:reports", "Key": "k"})";
  const auto endpoint = of("s3", "GetObject", input, known);
  ASSERT_TRUE(endpoint);
  EXPECT_EQ(endpoint->url, "https://reports-123456789012.s3-accesspoint.eu-west-1.amazonaws.com");
  EXPECT_EQ(endpoint->signing_region, "eu-west-1");
  EXPECT_FALSE(endpoint->double_encode_path);
  known.choices.use_arn_region = false;
  EXPECT_FALSE(of("s3", "GetObject", input, known));
}

TEST_F(EndpointOf, PathsOfOperationsReadTheInput) {
  const BuiltIns known{.region = "eu-west-1", .account_id = "123456789012", .account_id_endpoint_mode = "preferred"};
  EXPECT_EQ(of("dynamodb", "ListTables", "{}", known)->url, "https://123456789012.ddb.eu-west-1.amazonaws.com");
  constexpr std::string_view arn = R"({"TransactItems": [{"Get": {
    "TableName": "arn:aws:dynamodb:eu-west-1:210987654321:table/t", "Key": {}}}]})";
  EXPECT_EQ(of("dynamodb", "TransactGetItems", arn, known)->url, "https://210987654321.ddb.eu-west-1.amazonaws.com");
  BuiltIns off = known;
  off.account_id_endpoint_mode = "disabled";
  EXPECT_EQ(of("dynamodb", "ListTables", "{}", off)->url, "https://dynamodb.eu-west-1.amazonaws.com");
}

TEST_F(EndpointOf, OneRegionIsOneEndpointForMostServices) {
  for (const auto& [service, only] : {std::pair{"ec2", true}, {"iam", true}, {"s3", false}, {"dynamodb", false}}) {
    const auto model = models.get(service);
    EXPECT_EQ(EndpointParameters::parse((*model)->endpoint_rules)->only_built_ins(), only) << service;
  }
}

// Else each key of a bucket would be an endpoint of its own to keep.
TEST_F(EndpointOf, WhatTheRulesDoNotReadIsNoParameter) {
  const auto found = models.get("s3", "GetObject");
  const auto parameters = EndpointParameters::parse(found->model->endpoint_rules);
  const auto made = parameters->of(found->operation, doc(R"({"Bucket": "logs", "Key": "k"})"), {.region = "eu-west-1"});
  ASSERT_TRUE(made);
  EXPECT_EQ((*made)["Bucket"].as_text(), "logs");
  EXPECT_FALSE(made->root().find("Key"));
}

TEST(TargetWithoutBucket, OnlyTheBucketGoes) {
  EXPECT_EQ(target_without_bucket("/logs/a/b?x=y", "logs"), "/a/b?x=y");
  EXPECT_EQ(target_without_bucket("/logs?list-type=2", "logs"), "/?list-type=2");
  EXPECT_EQ(target_without_bucket("/logs", "logs"), "/");
  EXPECT_EQ(target_without_bucket("/logs/logs", "logs"), "/logs");
  EXPECT_EQ(target_without_bucket("/logs//x", "logs"), "//x");
  EXPECT_EQ(target_without_bucket("/logs-2/a", "logs"), "/logs-2/a");
  EXPECT_EQ(target_without_bucket("/arn%3Aaws%3As3%3A%3A%3Aa/k", "arn:aws:s3:::a"), "/k");
}

TEST(EndpointChoices, TheEnvironmentWinsOverTheProfile) {
  SimWorld world;
  Settings settings;
  settings.profiles.profiles["default"] = {
      {"s3_use_arn_region", "true"},
      {"sts_regional_endpoints", "legacy"},
      {"s3", "\naddressing_style = path\nuse_accelerate_endpoint = true\nus_east_1_regional_endpoint = legacy"}};
  EndpointChoices choices = endpoint_choices(settings, world.environment);
  EXPECT_EQ(choices.use_arn_region, true);
  EXPECT_TRUE(choices.sts_global_endpoint && choices.accelerate && choices.use_global_endpoint);
  EXPECT_EQ(choices.force_path_style, true);
  world.environment.variables["AWS_S3_USE_ARN_REGION"] = "false";
  world.environment.variables["AWS_STS_REGIONAL_ENDPOINTS"] = "regional";
  world.environment.variables["AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS"] = "TRUE";
  choices = endpoint_choices(settings, world.environment);
  EXPECT_EQ(choices.use_arn_region, false);
  EXPECT_FALSE(choices.sts_global_endpoint);
  EXPECT_TRUE(choices.disable_multi_region_access_points);
  EXPECT_EQ(endpoint_choices(Settings{}, world.environment).force_path_style, std::nullopt);
}

}  // namespace
}  // namespace reeve::aws
