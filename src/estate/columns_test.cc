// What columns and readings by id make of refusals: nothing that could not be read looks absent.
#include <gmock/gmock.h>

#include "estate/reader.h"
#include "estate/testing/scripted_api.h"

namespace reeve::estate {
namespace {

using testing::decoded;
using testing::ScriptedApi;

Error refused(const std::string& code) {
  Error error{Code::request_refused, code};
  error.aws = std::make_shared<AwsError>(AwsError{.code = code});
  return error;
}

class Columns : public ::testing::Test {
 protected:
  Columns() : kinds_(Kinds::embedded().value()) {}
  const Kind& kind(std::string_view name) const { return *kinds_->find(name); }
  Reader reader() {
    return {api_, models_, *kinds_, loop_, {.account = "123456789012", .region = "us-east-1"}, Reader::Options{}};
  }
  RecordView view(std::string_view kind_name, const std::string& json) const {
    return RecordView({&kind(kind_name), {.account = "123456789012", .region = "us-east-1"}, decoded(json)});
  }
  void fetch(RecordView& one, std::string_view column) {
    Reader r = reader();
    loop_.run(r.fetch_column(*one.record().kind->column(column), {&one}));
  }

  testing::StillClock clock_{Time{}};
  Loop loop_{clock_};
  aws::Models models_;
  ScriptedApi api_;
  std::shared_ptr<const Kinds> kinds_;
};

TEST_F(Columns, ACodeThatSaysThereIsNoneIsNull) {
  api_.on("s3.GetBucketPolicy",
          [](Value) -> Result<Document> { return std::unexpected(refused("NoSuchBucketPolicy")); });
  RecordView bucket = view("s3", R"({"Name": "b"})");
  fetch(bucket, "Policy");
  EXPECT_TRUE(bucket.column("Policy")->is_null());

  api_.on("s3.GetBucketPolicy", [](Value) -> Result<Document> { return std::unexpected(refused("NoSuchBucket")); });
  RecordView other = view("s3", R"({"Name": "b"})");
  fetch(other, "Policy");
  EXPECT_TRUE(other.column("Policy")->is_unknown());
}

TEST_F(Columns, ABucketIsAskedForInItsRegion) {
  class Regions : public aws::Api {
   public:
    Task<Result<aws::Response>> call(aws::Request request) override {
      regions.push_back(request.scope.region);
      return ready(Result<aws::Response>(aws::Response{.document = decoded("{}"), .meta = {}}));
    }
    std::vector<std::string> regions;
  } api;
  Reader r(api, models_, *kinds_, loop_, {.account = "123456789012", .region = "us-east-1"}, Reader::Options{});
  RecordView there = view("s3", R"({"Name": "b", "BucketRegion": "eu-west-1"})");
  RecordView unsaid = view("s3", R"({"Name": "c"})");
  loop_.run(r.fetch_column(*kind("s3").column("Versioning"), {&there, &unsaid}));
  EXPECT_THAT(api.regions, ::testing::ElementsAre("eu-west-1", "us-east-1"));
}

// One load balancer that went away must not leave nineteen others without tags.
TEST_F(Columns, ABatchThatFailsForOneThatIsGoneIsSplit) {
  api_.on("elbv2.DescribeTags", [](Value params) -> Result<Document> {
    std::string items;
    for (const Value arn : params["ResourceArns"].items()) {
      if (arn.as_text() == "gone") return std::unexpected(refused("LoadBalancerNotFound"));
      items += (items.empty() ? "" : ",") + std::string(R"({"ResourceArn": ")") + arn.as_string() +
               R"(", "Tags": [{"Key": "a", "Value": "b"}]})";
    }
    return decoded("{\"TagDescriptions\": [" + items + "]}");
  });
  std::vector<RecordView> views;
  for (const auto* arn : {"one", "gone", "two"}) {
    views.push_back(view("app-elb", std::string(R"({"LoadBalancerArn": ")") + arn + "\"}"));
  }
  Reader r = reader();
  loop_.run(r.fetch_column(*kind("app-elb").tags_column(), {&views[0], &views[1], &views[2]}));
  EXPECT_EQ(views[0].record().tag("a")->as_text(), "b");
  EXPECT_TRUE(views[1].record().tags().is_unknown());
  EXPECT_EQ(views[2].record().tag("a")->as_text(), "b");
}

TEST_F(Columns, ReadingByIdFindsTheOneThatIsGone) {
  api_.on("elb.DescribeLoadBalancers", [](Value params) -> Result<Document> {
    std::string items;
    for (const Value name : params["LoadBalancerNames"].items()) {
      if (name.as_text() == "gone") return std::unexpected(refused("LoadBalancerNotFound"));
      items += (items.empty() ? "" : ",") + std::string(R"({"LoadBalancerName": ")") + name.as_string() + "\"}";
    }
    return decoded("{\"LoadBalancerDescriptions\": [" + items + "]}");
  });
  Reader r = reader();
  const auto found = loop_.run(r.by_ids(kind("elb"), {"a", "b", "gone", "c"}));
  ASSERT_TRUE(found) << found.error().text();
  std::vector<std::string> names;
  for (const auto& record : *found) names.emplace_back(record.id());
  EXPECT_THAT(names, ::testing::ElementsAre("a", "b", "c"));
}

// What a spread column would have given is unknown, not missing; what the listing gave stays.
TEST_F(Columns, MembersThatCouldNotBeReadAreUnknown) {
  api_.fails("iam.GetRole", Code::access_denied, "not for you");
  RecordView role = view("iam-role", R"({"RoleName": "r", "Path": "/"})");
  fetch(role, "Role");
  EXPECT_TRUE(role.record().document["PermissionsBoundary"].is_unknown());
  EXPECT_TRUE(role.record().tags().is_unknown());
  EXPECT_EQ(role.record().document["Path"].as_text(), "/");
  EXPECT_EQ(role.id(), "r");
}

TEST_F(Columns, SpreadMembersStandInTheRecordAndInTheWhole) {
  api_.on("sqs.GetQueueAttributes", R"({"Attributes": {"QueueArn": "arn:q", "DelaySeconds": "0"}})");
  RecordView queue = view("sqs", R"({"QueueUrl": "https://host/1/q"})");
  fetch(queue, "Attributes");
  EXPECT_EQ(queue.record().document["QueueArn"].as_text(), "arn:q");
  EXPECT_EQ(queue.whole()["DelaySeconds"].as_text(), "0");
  EXPECT_EQ(queue.id(), "https://host/1/q");
}

TEST_F(Columns, AHundredTagsACall) {
  api_.on("resourcegroupstaggingapi.GetResources", R"({"ResourceTagMappingList": []})");
  std::vector<RecordView> views;
  for (int i = 0; i < 250; ++i) {
    views.push_back(view("alarm", R"({"AlarmName": "a", "AlarmArn": "arn:)" + std::to_string(i) + "\"}"));
  }
  std::vector<RecordView*> all;
  for (auto& one : views) all.push_back(&one);
  Reader r = reader();
  loop_.run(r.fetch_column(*kind("alarm").tags_column(), all));
  EXPECT_EQ(api_.calls.size(), 3U);
  EXPECT_TRUE(views[7].record().tags().is_list());  // none, and known to be none
}

}  // namespace
}  // namespace reeve::estate
