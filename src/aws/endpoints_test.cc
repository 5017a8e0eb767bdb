#include "aws/endpoints.h"

#include <gtest/gtest.h>

namespace reeve::aws {
namespace {

constexpr const char* partitions = R"({"version": "1.1", "partitions": [
  {"id": "aws", "regionRegex": "^(us|eu)\\-\\w+\\-\\d+$", "regions": {"us-east-1": {}},
   "outputs": {"name": "aws", "dnsSuffix": "amazonaws.com", "dualStackDnsSuffix": "api.aws", "supportsFIPS": true,
               "supportsDualStack": true, "implicitGlobalRegion": "us-east-1"}},
  {"id": "aws-cn", "regionRegex": "^cn\\-\\w+\\-\\d+$", "regions": {"cn-north-1": {}},
   "outputs": {"name": "aws-cn", "dnsSuffix": "amazonaws.com.cn", "dualStackDnsSuffix": "api.amazonwebservices.com.cn",
               "supportsFIPS": true, "supportsDualStack": true, "implicitGlobalRegion": "cn-northwest-1"}}]})";

constexpr const char* rules = R"({"version": "1.0",
  "parameters": {"Region": {"type": "String", "required": false, "documentation": "r"},
                 "UseFIPS": {"type": "Boolean", "required": true, "default": false, "documentation": "f"}},
  "rules": [
    {"type": "error", "conditions": [{"fn": "booleanEquals", "argv": [{"ref": "UseFIPS"}, true]}],
     "error": "no FIPS here"},
    {"type": "endpoint",
     "conditions": [{"fn": "isSet", "argv": [{"ref": "Region"}]},
                    {"fn": "aws.partition", "argv": [{"ref": "Region"}], "assign": "P"}],
     "endpoint": {"url": "https://thing.{Region}.{P#dnsSuffix}",
                  "properties": {"authSchemes": [
                    {"name": "sigv4a", "signingName": "other", "signingRegionSet": ["*"]},
                    {"name": "sigv4", "signingName": "thing", "signingRegion": "us-east-1",
                     "disableDoubleEncoding": true}]},
                  "headers": {"x-thing": ["{Region}", "b"]}}},
    {"type": "error", "conditions": [], "error": "Invalid Configuration: Missing Region"}]})";

struct Fixture {
  std::unique_ptr<Endpoints> endpoints = Endpoints::make(partitions);
  std::shared_ptr<const ServiceModel> model =
      ServiceModel::parse("thing", R"({"metadata": {"protocol": "json", "endpointPrefix": "thing"}, "operations": {},
                                      "shapes": {}})",
                          "", "", rules, std::make_shared<Keys>())
          .value();
  Result<Endpoint> resolve(std::string_view region, bool fips = false) {
    Builder b;
    b.begin_map();
    b.put_if("Region", region);
    b.put("UseFIPS", fips);
    b.end();
    return endpoints->resolve(*model, b.finish());
  }
};

TEST(Endpoints, UrlSignatureAndHeadersComeFromTheRules) {
  Fixture f;
  for (int again = 0; again < 2; ++again) {  // the second answer is the kept one
    const auto got = f.resolve("cn-north-1");
    ASSERT_TRUE(got) << got.error().text();
    EXPECT_EQ(got->url, "https://thing.cn-north-1.amazonaws.com.cn");
    EXPECT_EQ(got->signing_name, "thing") << "the first sigv4 scheme counts, not sigv4a";
    EXPECT_EQ(got->signing_region, "us-east-1");
    EXPECT_FALSE(got->double_encode_path);
    ASSERT_EQ(got->headers.size(), 2u);
    EXPECT_EQ(got->headers[0], (std::pair<std::string, std::string>("x-thing", "cn-north-1")));
  }
  EXPECT_EQ(f.resolve("eu-west-1")->url, "https://thing.eu-west-1.amazonaws.com");
}

TEST(Endpoints, TheRulesOwnErrorText) {
  Fixture f;
  EXPECT_EQ(f.resolve("").error().message, "Invalid Configuration: Missing Region");
  EXPECT_EQ(f.resolve("eu-west-1", true).error().message, "no FIPS here");
  EXPECT_EQ(f.resolve("eu-west-1", true).error().code, Code::endpoint);
}

TEST(Endpoints, WhatCannotBeReadIsAnError) {
  Fixture f;
  for (const char* broken : {"", "{", "[]", "{}", R"({"version": "1.0", "parameters": {}, "rules": 5})"}) {
    const auto got = f.endpoints->evaluate(broken, Value());
    ASSERT_FALSE(got) << broken;
    EXPECT_EQ(got.error().code, Code::endpoint);
  }
  const auto without = Endpoints::make("nothing");
  EXPECT_FALSE(without->evaluate(rules, Value()));
  EXPECT_EQ(without->partition_of("cn-north-1"), "aws");
}

TEST(Endpoints, PartitionsByListAndByPattern) {
  Fixture f;
  EXPECT_EQ(f.endpoints->partition_of("cn-north-1"), "aws-cn");
  EXPECT_EQ(f.endpoints->partition_of("cn-new-7"), "aws-cn");
  EXPECT_EQ(f.endpoints->partition_of("us-new-7"), "aws");
  EXPECT_EQ(f.endpoints->partition_of("somewhere"), "aws");
}

}  // namespace
}  // namespace reeve::aws
