#include "policy/actions/tags.h"

#include <gmock/gmock.h>

#include "policy/testing/snapshot_estate.h"

namespace reeve::policy {
namespace {

using ::testing::HasSubstr;

class TagActions : public testing::SnapshotEstate {
 protected:
  /// "Operation params | pre-image | undo", or "kept CODE".
  std::string plan(const std::string& json, const Candidate& candidate) {
    const auto made = action(json);
    if (!made) return "problem " + problems_.at(0);
    const Context facts = context();
    const auto planned = made->plan_row(candidate.view, facts);
    if (const auto* stays = std::get_if<Kept>(&planned)) return "kept " + stays->code;
    const auto& row = std::get<RowDraft>(planned);
    EXPECT_EQ(row.steps.size(), 1U);
    EXPECT_EQ(row.undo.undo_class, UndoClass::exact);
    EXPECT_FALSE(row.needs_consent);
    return row.steps[0].operation + " " + to_json(row.steps[0].params["Tags"]) + " | " +
           to_json(row.pre_image["tags"]) + " | " + row.undo.operation;
  }
  Candidate tagged(const std::string& tags) { return snapshot("snap-1", ", \"Tags\": [" + tags + "]"); }
};

TEST_F(TagActions, OnlyWhatDiffersIsWritten) {
  const auto candidate = tagged(R"({"Key": "env", "Value": "prod"}, {"Key": "owner", "Value": "x"})");
  EXPECT_EQ(
      plan(R"({"type": "tag", "tags": {"env": "prod", "owner": "y", "new": 5}})", candidate),
      R"(CreateTags [{"Key":"new","Value":"5"},{"Key":"owner","Value":"y"}] | {"new":null,"owner":"x"} | CreateTags)");
  EXPECT_EQ(plan(R"({"type": "tag", "tags": {"env": "prod"}})", candidate), "kept nothing-to-do");
}

TEST_F(TagActions, MarkNamesOneTag) {
  EXPECT_EQ(plan(R"({"type": "mark", "tag": "state", "msg": "stale"})", snapshot("snap-1")),
            R"(CreateTags [{"Key":"state","Value":"stale"}] | {"state":null} | DeleteTags)");
  EXPECT_EQ(plan(R"({"type": "tag", "key": "state", "value": "x"})", snapshot("snap-1")),
            R"(CreateTags [{"Key":"state","Value":"x"}] | {"state":null} | DeleteTags)");
  EXPECT_THAT(plan(R"("mark")", snapshot("snap-1")), HasSubstr(R"("Key":"maid_status")"));
}

TEST_F(TagActions, ValuesMayComeFromTheRecord) {
  const auto candidate = snapshot("snap-1", R"(, "VolumeId": "vol-1", "VolumeSize": 8)");
  const auto value = [&](const std::string& json) {
    return plan(R"({"type": "tag", "tags": {"from": )" + json + "}}", candidate);
  };
  EXPECT_THAT(value(R"({"type": "resource", "key": "VolumeId"})"), HasSubstr(R"("Value":"vol-1")"));
  EXPECT_THAT(value(R"({"type": "resource", "key": "VolumeSize"})"), HasSubstr(R"("Value":"8")"));
  EXPECT_THAT(value(R"({"type": "resource", "key": "Missing", "default-value": "none"})"),
              HasSubstr(R"("Value":"none")"));
  EXPECT_EQ(value(R"({"type": "resource", "key": "Missing"})"), "kept nothing-to-do");
  EXPECT_THAT(value(R"({"type": "resource", "key": "a["})"), HasSubstr("problem"));
  EXPECT_THAT(value(R"({"type": "related"})"), HasSubstr("problem"));
  const auto only_absent = R"({"type": "tag", "tags": {"env": {"type": "resource", "default-value": "dev"}}})";
  EXPECT_THAT(plan(only_absent, candidate), HasSubstr(R"("Value":"dev")"));
  EXPECT_EQ(plan(only_absent, tagged(R"({"Key": "env", "Value": "prod"})")), "kept nothing-to-do");
}

TEST_F(TagActions, RemovesWhatIsThere) {
  const auto candidate = tagged(R"({"Key": "env", "Value": "prod"}, {"Key": "maid_status", "Value": ""})");
  EXPECT_EQ(plan(R"({"type": "remove-tag", "tags": ["env", "missing"]})", candidate),
            R"(DeleteTags [{"Key":"env"}] | {"env":"prod"} | CreateTags)");
  EXPECT_EQ(plan(R"("unmark")", candidate), R"(DeleteTags [{"Key":"maid_status"}] | {"maid_status":""} | CreateTags)");
  EXPECT_EQ(plan(R"({"type": "untag", "tags": ["missing"]})", candidate), "kept nothing-to-do");
}

TEST_F(TagActions, AwsTagsAndProtectionStay) {
  EXPECT_THAT(plan(R"({"type": "tag", "tags": {"aws:x": "y"}})", snapshot("snap-1")), HasSubstr("problem"));
  EXPECT_THAT(plan(R"({"type": "remove-tag", "tags": ["aws:x"]})", snapshot("snap-1")), HasSubstr("problem"));
  EXPECT_THAT(plan(R"({"type": "remove-tag", "tags": ["reeve:protect"]})", snapshot("snap-1")), HasSubstr("problem"));
  EXPECT_THAT(plan(R"({"type": "remove-tag", "tags": []})", snapshot("snap-1")), HasSubstr("problem"));
}

TEST_F(TagActions, LimitsOfEc2) {
  std::string fifty;
  for (int i = 0; i < 50; ++i)
    fifty += (i == 0 ? "" : ",") + std::string(R"({"Key": "k)") + std::to_string(i) + R"(", "Value": ""})";
  EXPECT_EQ(plan(R"({"type": "tag", "tags": {"one-more": ""}})", tagged(fifty)), "kept too-many-tags");
  EXPECT_THAT(plan(R"({"type": "tag", "tags": {"k1": "changed"}})", tagged(fifty)), HasSubstr("CreateTags"));
  EXPECT_THAT(plan(R"({"type": "tag", "tags": {"one-more": ""}})", tagged(R"({"Key": "aws:x", "Value": ""})")),
              HasSubstr("CreateTags"));
  EXPECT_THAT(plan(R"({"type": "tag", "tags": {")" + std::string(129, 'k') + R"(": "v"}})", snapshot("snap-1")),
              HasSubstr("problem"));
  EXPECT_THAT(plan(R"({"type": "tag", "tags": {"k": ")" + std::string(257, 'v') + R"("}})", snapshot("snap-1")),
              HasSubstr("problem"));
  const auto long_value = snapshot("snap-1", R"(, "Description": ")" + std::string(257, 'v') + "\"");
  EXPECT_EQ(plan(R"({"type": "tag", "tags": {"k": {"type": "resource", "key": "Description"}}})", long_value),
            "kept invalid-tag");
}

TEST_F(TagActions, UnknownTagsKeep) {
  Builder b;
  b.begin_map();
  b.put("SnapshotId", "snap-1");
  b.key("Tags");
  b.unknown("denied");
  b.end();
  const Candidate candidate{.view = estate::RecordView({&kind(), {}, b.finish()})};
  EXPECT_EQ(plan(R"({"type": "tag", "tags": {"k": "v"}})", candidate), "kept unknown");
  EXPECT_EQ(plan(R"({"type": "remove-tag", "tags": ["k"]})", candidate), "kept unknown");
}

// Tags are the one thing that nearly all shipped kinds have alike.
TEST_F(TagActions, EveryKindWithTagsCanBeTagged) {
  for (const auto& kind : kinds_->all()) {
    const bool has_tags = kind->tag_style != estate::TagStyle::none;
    EXPECT_EQ(action(R"({"type": "tag", "tags": {"k": "v"}})", kind->name) != nullptr, has_tags) << kind->name;
  }
}

/// Each tag style has calls of its own, which `apply` does not carry out yet: none is undone.
class TagStyles : public TagActions {
 protected:
  /// "service.Operation params", or several of them, or "kept CODE", for an action on a record of a kind.
  std::string steps(const std::string& kind_name, const std::string& record, const std::string& json) {
    const auto made = action(json, kind_name);
    if (!made) return "problem " + problems_.at(0);
    const Candidate candidate = from_json(record, kind_name);
    const Context facts = context();
    const auto planned = made->plan_row(candidate.view, facts);
    if (const auto* stays = std::get_if<Kept>(&planned)) return "kept " + stays->code;
    draft_ = std::get<RowDraft>(planned);
    EXPECT_EQ(draft_.undo.undo_class, UndoClass::none);
    EXPECT_THAT(draft_.risk_reasons, ::testing::ElementsAre(HasSubstr("apply does not carry out " + first_call())));
    std::string out;
    for (const Step& step : draft_.steps) {
      out += (out.empty() ? "" : "; ") + step.service + "." + step.operation + " " + canonical_json(step.params);
    }
    return out;
  }
  static constexpr const char* add = R"({"type": "tag", "key": "a", "value": "b"})";
  static constexpr const char* remove = R"({"type": "remove-tag", "tags": ["old"]})";
  static constexpr const char* old = R"("Tags": [{"Key": "old", "Value": "x"}, {"Key": "z", "Value": "y"}])";
  std::string first_call() const { return draft_.steps.front().service + "." + draft_.steps.front().operation; }
  RowDraft draft_;
};

TEST_F(TagStyles, UniversalByArn) {
  const std::string record = std::string(R"({"FunctionName": "f", "FunctionArn": "arn:f", )") + old + "}";
  EXPECT_EQ(steps("lambda", record, add),
            R"(resourcegroupstaggingapi.TagResources {"ResourceARNList":["arn:f"],"Tags":{"a":"b"}})");
  EXPECT_EQ(steps("lambda", record, remove),
            R"(resourcegroupstaggingapi.UntagResources {"ResourceARNList":["arn:f"],"TagKeys":["old"]})");
  EXPECT_EQ(to_json(draft_.pre_image), R"({"tags":{"old":"x"}})");
  EXPECT_EQ(steps("lambda", std::string(R"({"FunctionName": "f", )") + old + "}", add), "kept unknown");
}

// Whoever forgets to read a bucket's tags must not write a set without them.
TEST_F(TagStyles, TagsThatWereNotReadAreUnknown) {
  for (const auto* json : {add, remove}) EXPECT_EQ(steps("s3", R"({"Name": "b"})", json), "kept unknown");
  for (const auto* kind_name : {"s3", "sqs", "iam-role", "app-elb"}) {
    EXPECT_THAT(action(add, kind_name)->columns(), ::testing::SizeIs(1)) << kind_name;
  }
}

TEST_F(TagStyles, OwnCalls) {
  EXPECT_EQ(steps("iam-role", R"({"RoleName": "r", "Tags": []})", add),
            R"(iam.TagRole {"RoleName":"r","Tags":[{"Key":"a","Value":"b"}]})");
  EXPECT_EQ(steps("iam-user", std::string(R"({"UserName": "u", )") + old + "}", remove),
            R"(iam.UntagUser {"TagKeys":["old"],"UserName":"u"})");
  EXPECT_EQ(steps("elb", R"({"LoadBalancerName": "l", "Tags": []})", add),
            R"(elb.AddTags {"LoadBalancerNames":["l"],"Tags":[{"Key":"a","Value":"b"}]})");
  EXPECT_EQ(steps("elb", std::string(R"({"LoadBalancerName": "l", )") + old + "}", remove),
            R"(elb.RemoveTags {"LoadBalancerNames":["l"],"Tags":[{"Key":"old"}]})");
  EXPECT_EQ(steps("kms-key", R"({"KeyId": "k", "Tags": []})", add),
            R"(kms.TagResource {"KeyId":"k","Tags":[{"TagKey":"a","TagValue":"b"}]})");
}

// An Auto Scaling group's tag says whether its instances get it too, and an undo would have to know how it was.
TEST_F(TagStyles, AutoScalingGroups) {
  EXPECT_EQ(steps("asg", R"({"AutoScalingGroupName": "g"})", add),
            R"(autoscaling.CreateOrUpdateTags {"Tags":[{"Key":"a","PropagateAtLaunch":false,"ResourceId":"g",)"
            R"("ResourceType":"auto-scaling-group","Value":"b"}]})");
  EXPECT_THAT(steps("asg", R"({"AutoScalingGroupName": "g"})",
                    R"({"type": "tag", "key": "a", "value": "b", "propagate": true})"),
              HasSubstr(R"("PropagateAtLaunch":true)"));
  EXPECT_EQ(
      steps("asg", R"({"AutoScalingGroupName": "g", "Tags": [{"Key": "k", "Value": "v", "PropagateAtLaunch": true}]})",
            R"({"type": "remove-tag", "key": "k"})"),
      R"(autoscaling.DeleteTags {"Tags":[{"Key":"k","ResourceId":"g","ResourceType":"auto-scaling-group"}]})");
  EXPECT_EQ(canonical_json(draft_.pre_image),
            R"({"items":[{"Key":"k","PropagateAtLaunch":true,"Value":"v"}],"tags":{"k":"v"}})");
  EXPECT_THAT(steps("sqs", R"({"QueueUrl": "q", "Tags": []})",
                    R"({"type": "tag", "key": "a", "value": "b", "propagate": true})"),
              HasSubstr("problem"));
}

TEST_F(TagStyles, AutoScalingTagsGoOnBeingHandedOn) {
  const std::string group =
      R"({"AutoScalingGroupName": "g", "Tags": [{"Key": "k", "Value": "v", "PropagateAtLaunch": true}]})";
  const auto written = [](const std::string& key, const std::string& value, const std::string& propagate) {
    return R"(autoscaling.CreateOrUpdateTags {"Tags":[{"Key":")" + key + R"(","PropagateAtLaunch":)" + propagate +
           R"(,"ResourceId":"g","ResourceType":"auto-scaling-group","Value":")" + value + "\"}]}";
  };
  EXPECT_EQ(steps("asg", group, R"({"type": "normalize-tag", "key": "k", "action": "upper"})"),
            written("k", "V", "true"));
  EXPECT_THAT(steps("asg", group, R"({"type": "rename-tag", "old_key": "k", "new_key": "n"})"),
              ::testing::StartsWith(written("n", "v", "true") + "; autoscaling.DeleteTags"));
  EXPECT_EQ(steps("asg", group, R"({"type": "tag", "key": "k", "value": "w"})"), written("k", "w", "true"));
  const auto same = [&](const std::string& more) {
    return steps("asg", group, R"({"type": "tag", "key": "k", "value": "v")" + more + "}");
  };
  EXPECT_EQ(same(""), "kept nothing-to-do");
  EXPECT_EQ(same(R"(, "propagate": true)"), "kept nothing-to-do");
  EXPECT_EQ(same(R"(, "propagate": false)"), written("k", "v", "false"));
}

// A bucket's tags are written as one set: none that is there may be lost.
TEST_F(TagStyles, BucketsWriteTheWholeSet) {
  const std::string record = std::string(R"({"Name": "b", )") + old + "}";
  EXPECT_EQ(steps("s3", record, add),
            R"(s3.PutBucketTagging {"Bucket":"b","Tagging":{"TagSet":[{"Key":"a","Value":"b"},)"
            R"({"Key":"old","Value":"x"},{"Key":"z","Value":"y"}]}})");
  EXPECT_EQ(to_json(draft_.pre_image), R"({"tags":{"a":null}})");
  EXPECT_EQ(steps("s3", record, remove),
            R"(s3.PutBucketTagging {"Bucket":"b","Tagging":{"TagSet":[{"Key":"z","Value":"y"}]}})");
  EXPECT_EQ(steps("s3", R"({"Name": "b", "Tags": [{"Key": "old", "Value": "x"}]})", remove),
            R"(s3.DeleteBucketTagging {"Bucket":"b"})");
}

TEST_F(TagStyles, EachKindHasItsOwnMost) {
  std::string ten;
  for (int i = 0; i < 10; ++i)
    ten += (i == 0 ? "" : ",") + std::string(R"({"Key": "k)") + std::to_string(i) + R"(", "Value": ""})";
  EXPECT_EQ(steps("elb", R"({"LoadBalancerName": "l", "Tags": [)" + ten + "]}", add), "kept too-many-tags");
}

}  // namespace
}  // namespace reeve::policy
