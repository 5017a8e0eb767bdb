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

// Tags are the one thing that all shipped kinds have alike.
TEST_F(TagActions, EveryKindCanBeTagged) {
  for (const auto& name : kinds_->names()) EXPECT_TRUE(action(R"({"type": "tag", "tags": {"k": "v"}})", name)) << name;
}

}  // namespace
}  // namespace reeve::policy
