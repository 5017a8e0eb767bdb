#include "estate/form.h"

#include <gtest/gtest.h>

#include "estate/record.h"
#include "estate/tag_list.h"
#include "estate/testing/scripted_api.h"

namespace reeve::estate {
namespace {

using testing::decoded;

TEST(Forms, AreFilledFromScopeIdAndMembers) {
  Kind kind;
  kind.id = "Url";
  kind.arn = "arn:{partition}:x:{region}:{account}:{Url|last}";
  const Record record{
      &kind,
      {.partition = "aws-cn", .account = "123456789012", .region = "cn-north-1"},
      decoded(R"({"Url": "https://host/1/name", "Size": 8, "arn": "a:lb/app/x:*", "In": {"Side": "y"}})")};
  EXPECT_EQ(fill_form("{id}", record), "https://host/1/name");
  EXPECT_EQ(fill_form("{arn}", record), "arn:aws-cn:x:cn-north-1:123456789012:name");
  EXPECT_EQ(fill_form("{.arn|before :*}", record), "a:lb/app/x");
  EXPECT_EQ(fill_form("{.arn|after lb/}", record), "app/x:*");
  EXPECT_EQ(fill_form("{In.Side}-{Size}", record), "y-8");
  EXPECT_EQ(fill_form("plain", record), "plain");
  EXPECT_EQ(fill_form("{Missing}", record), std::nullopt);
  EXPECT_EQ(to_json(*fill_forms(decoded(R"({"A": ["{id|last}", 1], "B": true})"), record)),
            R"({"A":["name",1],"B":true})");
  EXPECT_FALSE(fill_forms(decoded(R"({"A": {"B": "{Missing}"}})"), record));
}

TEST(TagLists, HaveOneForm) {
  const auto shown = [](const char* json) { return to_json(tag_list(decoded(json))); };
  const char* one = R"([{"Key":"a","Value":"b"}])";
  EXPECT_EQ(shown(one), one);
  EXPECT_EQ(shown(R"({"a": "b"})"), one);
  EXPECT_EQ(shown(R"([{"key": "a", "value": "b"}])"), one);
  EXPECT_EQ(shown(R"([{"TagKey": "a", "TagValue": "b"}])"), one);
  EXPECT_EQ(shown("null"), "[]");
  Builder b;
  b.unknown("denied");
  EXPECT_TRUE(tag_list(b.finish()).root().is_unknown());
}

// What a key rests on decides which calls a policy makes.
TEST(ColumnsOfAKey, AreThoseItNames) {
  const auto kinds = Kinds::embedded().value();
  const auto of = [&](const char* kind, const char* key) {
    std::string out;
    for (const auto& name : kinds->find(kind)->columns_of(key)) out += name + " ";
    return out;
  };
  EXPECT_EQ(of("s3", "Versioning.Status"), "Versioning ");
  EXPECT_EQ(of("s3", "CreationDate"), "");
  EXPECT_EQ(of("s3", "tag:Owner"), "Tags ");
  EXPECT_EQ(of("sqs", "QueueUrl"), "");
  EXPECT_EQ(of("sqs", "KmsMasterKeyId"), "Attributes ");
  EXPECT_EQ(of("sqs", "to_number(ApproximateNumberOfMessages)"), "Attributes ");
  EXPECT_EQ(of("sqs", "QueueUrl || QueueArn"), "Attributes ");
  EXPECT_EQ(of("sqs", "tag:Owner"), "Tags ");
  EXPECT_EQ(of("sqs", "Tags[].Key"), "Tags ");
  EXPECT_EQ(of("iam-role", "RoleName"), "");
  EXPECT_EQ(of("iam-role", "RoleLastUsed.LastUsedDate"), "Role ");
  EXPECT_EQ(of("iam-role", "tag:Owner"), "Role ");
  EXPECT_EQ(of("ec2", "tag:Owner"), "");
}

}  // namespace
}  // namespace reeve::estate
