#include "estate/kind.h"

#include <gmock/gmock.h>

#include "base/json.h"

namespace reeve::estate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;

std::string minimal(const std::string& more) {
  return "format: 1\nkind: thing\nservice: ec2\nid: ThingId\narn: \"arn:{id}\"\n"
         "list: {operation: DescribeThings, path: Things}\n"
         "get: {operation: DescribeThings, filter: thing-id, path: Things}\n" +
         more;
}

TEST(Kinds, EveryShippedDescriptorReads) {
  const auto kinds = Kinds::embedded();
  ASSERT_TRUE(kinds) << kinds.error().text();
  EXPECT_THAT((*kinds)->names(), IsSupersetOf({"ami", "ebs", "ebs-snapshot", "ec2", "s3", "sqs"}));
  for (const auto& kind : (*kinds)->all()) {
    for (const auto& [other, path] : kind->relations) EXPECT_NE((*kinds)->find(other), nullptr) << kind->name << other;
  }
}

TEST(Kinds, AreFoundByNameAliasAndPrefix) {
  const auto kinds = Kinds::embedded();
  ASSERT_TRUE(kinds);
  const Kind* snapshot = (*kinds)->find("ebs-snapshot");
  ASSERT_NE(snapshot, nullptr);
  EXPECT_EQ((*kinds)->find("aws.ebs-snapshot"), snapshot);
  EXPECT_EQ((*kinds)->find("aws.ebs-volume"), (*kinds)->find("ebs"));
  EXPECT_EQ((*kinds)->find("ebs-snapshots"), nullptr);
  EXPECT_EQ(to_json(snapshot->list.params), R"({"OwnerIds":["self"],"MaxResults":1000})");
  EXPECT_EQ(snapshot->get.how, ReadById::How::filter);
  EXPECT_EQ(snapshot->get.name, "snapshot-id");
  EXPECT_EQ(snapshot->get.batch, 200U);
  ASSERT_NE(snapshot->column("CreateVolumePermissions"), nullptr);
  EXPECT_FALSE(snapshot->small_default_limit);
  EXPECT_TRUE((*kinds)->find("ec2")->small_default_limit);
  EXPECT_TRUE((*kinds)->find("ami")->small_default_limit);
}

// A volume or image that a listing leaves out looks gone, and its snapshots stale.
TEST(Kinds, ListingsLeaveNothingOut) {
  const auto kinds = Kinds::embedded();
  ASSERT_TRUE(kinds);
  EXPECT_TRUE((*kinds)->find("ebs")->list.params["IncludeManagedResources"].as_bool());
  EXPECT_TRUE((*kinds)->find("ec2")->list.params["IncludeManagedResources"].as_bool());
  EXPECT_TRUE((*kinds)->find("ami")->list.params["IncludeDisabled"].as_bool());
}

TEST(KindParse, DefaultsOfAMinimalDescriptor) {
  const auto kind = Kinds::parse(minimal(""), "thing.yaml");
  ASSERT_TRUE(kind) << kind.error().text();
  EXPECT_EQ((*kind)->title, "ThingId");
  EXPECT_EQ((*kind)->tags, "Tags");
  EXPECT_EQ((*kind)->tag_style, TagStyle::ec2);
  EXPECT_EQ((*kind)->get.batch, 200U);
}

TEST(KindParse, MistakesNameTheirPlace) {
  const struct {
    const char* more;
    const char* message;
    const char* place;
  } cases[] = {
      {"titel: Name\n", "unknown key 'titel'", "thing.yaml:8"},
      {"columns: {A: {operation: X, path: [1]}}\n", "'path' must be a text", "thing.yaml:8"},
      {"columns: {A: {operation: X, filter: thing-id}}\n", "'match' goes with", "thing.yaml:8"},
      {"columns: {A: {operation: X, batch: 5}}\n", "'batch' needs", "thing.yaml:8"},
      {"tags: {style: map}\n", "one of: ec2, universal", "thing.yaml:8"},
      {"tags: {style: own}\n", "'add' and 'remove' go with", "thing.yaml:8"},
      {"columns: {A: {operation: X, members: [B]}}\n", "'members' goes with", "thing.yaml:8"},
      {"columns: {A: {operation: X, take: B}}\n", "need 'filter'", "thing.yaml:8"},
      {"rename: [A]\n", "must be a map of texts", "thing.yaml:8"},
      {"small_default_limit: 5\n", "must be true or false", "thing.yaml:8"},
  };
  for (const auto& c : cases) {
    const auto kind = Kinds::parse(minimal(c.more), "thing.yaml");
    ASSERT_FALSE(kind) << c.more;
    EXPECT_EQ(kind.error().code, Code::invalid_input);
    EXPECT_THAT(kind.error().message, HasSubstr(c.message));
    EXPECT_THAT(kind.error().resource, HasSubstr(c.place));
  }
  EXPECT_FALSE(Kinds::parse("format: 1\n", "empty.yaml"));
  EXPECT_FALSE(Kinds::parse("format: 2\nkind: x\n", "later.yaml"));
}

}  // namespace
}  // namespace reeve::estate
