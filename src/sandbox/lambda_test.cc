#include "sandbox/services/lambda.h"

#include <fmt/format.h>

#include "sandbox/test_cloud.h"

/// Lambda functions as records, and the tagging API over them and others.
namespace reeve::sandbox {
namespace {

struct LambdaCloud : TestCloud {
  using TestCloud::TestCloud;
  Document f(std::string_view operation, std::string_view params = "{}") { return ok(operation, params, "lambda"); }
  std::string no(std::string_view operation, std::string_view params) { return refused(operation, params, "lambda"); }
  /// A call with bytes for a zip, which JSON cannot say.
  std::expected<Document, Fault> create(std::string_view zip, std::string_view name = "f") {
    Builder b;
    b.begin_map();
    b.put("FunctionName", name), b.put("Runtime", "python3.12"), b.put("Handler", "index.handler");
    b.put("Role", "arn:aws:iam::123456789012:role/r");
    b.begin_map("Tags"), b.put("team", "x"), b.end();
    b.begin_map("Code"), b.key("ZipFile"), b.blob(zip), b.end();
    b.end();
    return sandbox.call(account, region, "lambda", "CreateFunction", b.finish());
  }
  Document make(std::string_view name = "f") {
    auto made = create("PK zip", name);
    EXPECT_TRUE(made) << (made ? "" : made.error().message);
    return made ? *made : Document();
  }
};

TEST(LambdaFunctions, CreationIsLookedAt) {
  LambdaCloud cloud;
  EXPECT_EQ(cloud.create("no zip").error().code, "InvalidParameterValueException");
  const Document made = cloud.make();
  // printf 'PK zip' | openssl dgst -sha256 -binary | base64
  EXPECT_EQ(made["CodeSha256"].as_text(), "707UOf8vnWzgIHQXR61CTid7r060aAnr26hmA/Tq3i0=");
  EXPECT_EQ(made["CodeSize"].as_integer(), 6);
  EXPECT_EQ(made["State"].as_text(), "Active") << "plain completes at once";
  EXPECT_EQ(cloud.create("PK zip").error().code, "ResourceConflictException");
  EXPECT_EQ(cloud.no("GetFunction", R"({"FunctionName": "g"})"), "ResourceNotFoundException");
  EXPECT_EQ(cloud.no("GetFunction", R"({"FunctionName": "a b"})"), "ValidationException");
  for (const std::string_view name :
       {"f", "arn:aws:lambda:us-east-1:123456789012:function:f", "123456789012:function:f", "f:$LATEST"}) {
    EXPECT_EQ(
        cloud.f("GetFunctionConfiguration", fmt::format(R"({{"FunctionName": "{}"}})", name))["Version"].as_text(),
        "$LATEST");
  }
  EXPECT_EQ(cloud.no("UpdateFunctionConfiguration", R"({"FunctionName": "f", "Timeout": 901})"), "ValidationException");
}

TEST(LambdaFunctions, StatesFollowVirtualTime) {
  LambdaCloud cloud(Behaviour::aws);
  EXPECT_EQ(cloud.make()["State"].as_text(), "Pending");
  EXPECT_EQ(cloud.no("UpdateFunctionConfiguration", R"({"FunctionName": "f", "Timeout": 5})"),
            "ResourceConflictException");
  EXPECT_EQ(cloud.no("Invoke", R"({"FunctionName": "f"})"), "ResourceConflictException");
  cloud.advance(std::chrono::seconds(30));
  EXPECT_EQ(cloud.f("GetFunctionConfiguration", R"({"FunctionName": "f"})")["State"].as_text(), "Active");
  EXPECT_EQ(
      cloud.f("UpdateFunctionConfiguration", R"({"FunctionName": "f", "Timeout": 5})")["LastUpdateStatus"].as_text(),
      "InProgress");
  cloud.advance(std::chrono::seconds(30));
  EXPECT_EQ(cloud.f("GetFunctionConfiguration", R"({"FunctionName": "f"})")["LastUpdateStatus"].as_text(),
            "Successful");
}

TEST(LambdaFunctions, VersionsAndAliases) {
  LambdaCloud cloud;
  cloud.make();
  EXPECT_EQ(cloud.f("PublishVersion", R"({"FunctionName": "f"})")["Version"].as_text(), "1");
  EXPECT_EQ(cloud.f("PublishVersion", R"({"FunctionName": "f"})")["Version"].as_text(), "1") << "nothing changed";
  cloud.advance(std::chrono::seconds(1));
  cloud.f("UpdateFunctionConfiguration", R"({"FunctionName": "f", "MemorySize": 256})");
  EXPECT_EQ(cloud.f("PublishVersion", R"({"FunctionName": "f"})")["Version"].as_text(), "2");
  cloud.f("CreateAlias", R"({"FunctionName": "f", "Name": "live", "FunctionVersion": "1"})");
  EXPECT_EQ(cloud.f("GetFunctionConfiguration", R"({"FunctionName": "f:live"})")["MemorySize"].as_integer(), 128);
  EXPECT_EQ(cloud.no("DeleteFunction", R"({"FunctionName": "f", "Qualifier": "1"})"), "ResourceConflictException");
  EXPECT_EQ(cloud.no("CreateAlias", R"({"FunctionName": "f", "Name": "old", "FunctionVersion": "9"})"),
            "ResourceNotFoundException");
  EXPECT_EQ(cloud.f("ListVersionsByFunction", R"({"FunctionName": "f"})")["Versions"].size(), 3U);
  EXPECT_EQ(cloud.f("ListFunctions", R"({"FunctionVersion": "ALL"})")["Functions"].size(), 3U);
  EXPECT_EQ(cloud.f("ListFunctions")["Functions"].size(), 1U);
}

TEST(LambdaFunctions, PermissionsMakeAPolicy) {
  LambdaCloud cloud;
  cloud.make();
  EXPECT_EQ(cloud.no("GetPolicy", R"({"FunctionName": "f"})"), "ResourceNotFoundException");
  const std::string_view permission = R"({"FunctionName": "f", "StatementId": "s", "Action": "lambda:InvokeFunction",
      "Principal": "events.amazonaws.com", "SourceArn": "arn:aws:events:us-east-1:123456789012:rule/r"})";
  cloud.f("AddPermission", permission);
  EXPECT_EQ(cloud.no("AddPermission", permission), "ResourceConflictException");
  const auto policy = parse_json(cloud.f("GetPolicy", R"({"FunctionName": "f"})")["Policy"].as_text());
  ASSERT_TRUE(policy);
  EXPECT_EQ((*policy)["Statement"][0]["Principal"]["Service"].as_text(), "events.amazonaws.com");
  cloud.f("RemovePermission", R"({"FunctionName": "f", "StatementId": "s"})");
  EXPECT_EQ(cloud.no("RemovePermission", R"({"FunctionName": "f", "StatementId": "s"})"), "ResourceNotFoundException");
}

// What is invoked is written down, whoever invokes it, and answered with what the estate says.
TEST(LambdaFunctions, InvocationsAreRecords) {
  LambdaCloud cloud;
  cloud.load(
      R"({"functions": [{"FunctionName": "f"}, {"FunctionName": "g", "Answer": {"ok": true}, "AnswerError": "Unhandled"}]})");
  EXPECT_EQ(cloud.f("Invoke", R"({"FunctionName": "f", "Payload": "{\"a\": 1}"})")["Payload"].as_text(), "{}");
  const Document failed = cloud.f("Invoke", R"({"FunctionName": "g"})");
  EXPECT_EQ(failed["Payload"].as_text(), R"({"ok":true})");
  EXPECT_EQ(failed["FunctionError"].as_text(), "Unhandled");
  EXPECT_EQ(cloud.f("Invoke", R"({"FunctionName": "f", "InvocationType": "Event"})")["StatusCode"].as_integer(), 202);
  EXPECT_EQ(cloud.f("Invoke", R"({"FunctionName": "f", "InvocationType": "DryRun"})")["StatusCode"].as_integer(), 204);
  EXPECT_EQ(cloud.no("Invoke", R"({"FunctionName": "f", "Payload": "{"})"), "InvalidRequestContentException");
  Delivery delivery;
  delivery.source_arn = "arn:aws:sns:us-east-1:123456789012:topic";
  delivery.body = R"({"Records":[]})";
  delivery.at = cloud.sandbox.now();
  EXPECT_TRUE(cloud.sandbox.store().deliver("arn:aws:lambda:us-east-1:123456789012:function:f", delivery));
  const Document all = all_invocations(cloud.sandbox.store());
  ASSERT_EQ(all["invocations"].size(), 4U);
  EXPECT_EQ(all["invocations"][0]["payload"].as_text(), R"({"a": 1})");
  EXPECT_EQ(all["invocations"][3]["source"].as_text(), delivery.source_arn);
  EXPECT_EQ(all["invocations"][3]["type"].as_text(), "Event");
}

TEST(LambdaFunctions, ConcurrencyUrlsAndSources) {
  LambdaCloud cloud;
  cloud.make();
  EXPECT_EQ(cloud.no("PutFunctionConcurrency", R"({"FunctionName": "f", "ReservedConcurrentExecutions": 901})"),
            "InvalidParameterValueException");
  cloud.f("PutFunctionConcurrency", R"({"FunctionName": "f", "ReservedConcurrentExecutions": 0})");
  EXPECT_EQ(cloud.no("Invoke", R"({"FunctionName": "f"})"), "TooManyRequestsException");
  cloud.f("CreateFunctionUrlConfig", R"({"FunctionName": "f", "AuthType": "AWS_IAM"})");
  EXPECT_EQ(cloud.no("CreateFunctionUrlConfig", R"({"FunctionName": "f", "AuthType": "NONE"})"),
            "ResourceConflictException");
  EXPECT_EQ(cloud.f("GetFunctionUrlConfig", R"({"FunctionName": "f"})")["AuthType"].as_text(), "AWS_IAM");
  const std::string_view mapping = R"({"FunctionName": "f", "EventSourceArn": "arn:aws:sqs:us-east-1:123456789012:q"})";
  const std::string uuid = cloud.f("CreateEventSourceMapping", mapping)["UUID"].as_string();
  EXPECT_EQ(cloud.no("CreateEventSourceMapping", mapping), "ResourceConflictException");
  EXPECT_EQ(cloud.f("GetEventSourceMapping", fmt::format(R"({{"UUID": "{}"}})", uuid))["State"].as_text(), "Enabled");
  EXPECT_EQ(cloud.f("ListEventSourceMappings", R"({"FunctionName": "f"})")["EventSourceMappings"].size(), 1U);
  EXPECT_EQ(cloud.f("ListEventSourceMappings", R"({"FunctionName": "g"})")["EventSourceMappings"].size(), 0U);
}

TEST(LambdaEstate, TablesGoInAndOut) {
  LambdaCloud cloud;
  cloud.make();
  cloud.f("PublishVersion", R"({"FunctionName": "f"})");
  cloud.f("PutFunctionConcurrency", R"({"FunctionName": "f", "ReservedConcurrentExecutions": 3})");
  LambdaCloud other;
  ASSERT_TRUE(other.sandbox.load_estate(cloud.sandbox.state()));
  const std::string_view which = R"({"FunctionName": "f"})";
  EXPECT_EQ(to_json(other.f("GetFunction", which)), to_json(cloud.f("GetFunction", which)));
  EXPECT_EQ(to_json(other.f("ListVersionsByFunction", which)), to_json(cloud.f("ListVersionsByFunction", which)));
}

// --- The tagging API
// ---------------------------------------------------------------------------------------------------

struct TagCloud : LambdaCloud {
  Document t(std::string_view operation, std::string_view params = "{}") {
    return ok(operation, params, "resourcegroupstaggingapi");
  }
  std::vector<std::string> arns(std::string_view params) {
    std::vector<std::string> out;
    const Document answer = t("GetResources", params);
    for (const Value item : answer["ResourceTagMappingList"].items()) out.push_back(item["ResourceARN"].as_string());
    return out;
  }
};

TEST(TaggingApi, SeesAllServices) {
  TagCloud cloud;
  cloud.load(R"({"volumes": [{"VolumeId": "vol-a", "Tags": {"team": "x", "env": "dev"}}, {"VolumeId": "vol-b"}],
      "policies": [{"PolicyName": "mine", "Tags": {"team": "y"}}]})");
  cloud.make();
  const std::string function = "arn:aws:lambda:us-east-1:123456789012:function:f",
                    volume = "arn:aws:ec2:us-east-1:123456789012:volume/vol-a",
                    policy = "arn:aws:iam::123456789012:policy/mine";
  EXPECT_EQ(cloud.arns("{}"), (std::vector{volume, policy, function}));
  EXPECT_EQ(cloud.arns(R"({"ResourceTypeFilters": ["ec2:volume"]})"), std::vector{volume});
  EXPECT_EQ(cloud.arns(R"({"ResourceTypeFilters": ["lambda"]})"), std::vector{function});
  EXPECT_EQ(cloud.arns(R"({"TagFilters": [{"Key": "team", "Values": ["x"]}]})"), (std::vector{volume, function}));
  EXPECT_EQ(cloud.arns(R"({"TagFilters": [{"Key": "team"}, {"Key": "env"}]})"), std::vector{volume});
  EXPECT_EQ(cloud.arns(fmt::format(R"({{"ResourceARNList": ["{}"]}})", policy)), std::vector{policy});
  EXPECT_EQ(to_json(cloud.t("GetTagKeys")["TagKeys"]), R"(["env","team"])");
  EXPECT_EQ(to_json(cloud.t("GetTagValues", R"({"Key": "team"})")["TagValues"]), R"(["x","y"])");
  const Document page = cloud.t("GetResources", R"({"ResourcesPerPage": 2})");
  const std::string next = page["PaginationToken"].as_string();
  EXPECT_EQ(cloud.arns(fmt::format(R"({{"ResourcesPerPage": 2, "PaginationToken": "{}"}})", next)),
            std::vector{function});
  cloud.region = "eu-west-1";
  EXPECT_TRUE(cloud.arns("{}").empty());
}

TEST(TaggingApi, WhatItTagsIsTagged) {
  TagCloud cloud;
  cloud.load(R"({"volumes": [{"VolumeId": "vol-a"}]})");
  cloud.make();
  const Document done =
      cloud.t("TagResources", R"({"ResourceARNList": ["arn:aws:lambda:us-east-1:123456789012:function:f",
      "arn:aws:ec2:us-east-1:123456789012:volume/vol-a", "arn:aws:ec2:us-east-1:123456789012:volume/vol-none"],
      "Tags": {"owner": "me"}})");
  EXPECT_EQ(done["FailedResourcesMap"].size(), 1U);
  EXPECT_EQ(cloud.f("ListTags", R"({"Resource": "arn:aws:lambda:us-east-1:123456789012:function:f"})")["Tags"]["owner"]
                .as_text(),
            "me");
  EXPECT_EQ(cloud.ok("DescribeVolumes", "{}")["Volumes"][0]["Tags"][0]["Value"].as_text(), "me");
  cloud.t("UntagResources",
          R"({"ResourceARNList": ["arn:aws:ec2:us-east-1:123456789012:volume/vol-a"], "TagKeys": ["owner"]})");
  EXPECT_TRUE(cloud.ok("DescribeVolumes", "{}")["Volumes"][0]["Tags"].is_null());
  EXPECT_EQ(cloud.refused("TagResources", R"({"ResourceARNList": ["a"], "Tags": {"aws:x": "y"}})",
                          "resourcegroupstaggingapi"),
            "InvalidParameterException");
}

}  // namespace
}  // namespace reeve::sandbox
