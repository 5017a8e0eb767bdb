#include "aws/only_reads.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace reeve::aws {
namespace {

bool reads(std::string_view service, std::string_view operation, std::string_view params = "{}") {
  const Document input = parse_json(params).value();
  return only_reads(service, operation, input.root());
}

TEST(OnlyReads, ByTheFirstWordOfItsName) {
  for (const auto* operation :
       {"DescribeSnapshots", "GetPasswordData", "ListSnapshotsInRecycleBin", "SearchTransitGatewayRoutes"}) {
    EXPECT_TRUE(reads("ec2", operation)) << operation;
  }
  EXPECT_TRUE(reads("dynamodb", "Query"));
  EXPECT_TRUE(reads("s3", "HeadObject"));
  for (const auto* operation :
       {"DeleteSnapshot", "CreateTags", "RestoreSnapshotFromRecycleBin", "Listen", "Getter", ""}) {
    EXPECT_FALSE(reads("ec2", operation)) << operation;
  }
  EXPECT_FALSE(reads("sqs", "ReceiveMessage"));
}

TEST(OnlyReads, NamesThatDeceive) {
  EXPECT_FALSE(reads("cognito-identity", "GetId"));
  EXPECT_FALSE(reads("elasticache", "TestFailover"));
  EXPECT_FALSE(reads("stepfunctions", "TestState"));
  EXPECT_TRUE(reads("events", "TestEventPattern"));
  EXPECT_TRUE(reads("sts", "AssumeRole"));
}

TEST(OnlyReads, ADryRunOfEc2) {
  EXPECT_TRUE(reads("ec2", "DeleteSnapshot", R"({"DryRun": true})"));
  EXPECT_FALSE(reads("ec2", "DeleteSnapshot", R"({"DryRun": false})"));
  EXPECT_FALSE(reads("ec2", "DeleteSnapshot", R"({"DryRun": "true"})"));
  EXPECT_FALSE(reads("rbin", "DeleteRule", R"({"DryRun": true})"));
}

}  // namespace
}  // namespace reeve::aws
