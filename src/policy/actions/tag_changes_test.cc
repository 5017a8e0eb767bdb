#include <gmock/gmock.h>

#include "policy/actions/tags.h"
#include "policy/testing/snapshot_estate.h"

namespace reeve::policy {
namespace {

using ::testing::HasSubstr;

class TagChanging : public testing::SnapshotEstate {
 protected:
  /// "Operation tags" of each step, or "kept CODE", or "problem …".
  std::string plan(const std::string& json, const std::string& tags, std::string_view kind_name = "ebs-snapshot") {
    const auto made = action(json, kind_name);
    if (!made) return "problem " + problems_.at(0);
    const Candidate candidate =
        from_json("{\"" + kind(kind_name).id + R"(": "x", "arn": "arn:x", "Tags": [)" + tags + "]}", kind_name);
    const Context facts = context();
    const auto planned = made->plan_row(candidate.view, facts);
    if (const auto* stays = std::get_if<Kept>(&planned)) return "kept " + stays->code;
    std::string out;
    draft_ = std::get<RowDraft>(planned);
    for (const Step& step : draft_.steps) {
      const Value keys = step.params["TagKeys"];
      out += (out.empty() ? "" : "; ") + step.operation + " " + to_json(keys.is_null() ? step.params["Tags"] : keys);
    }
    return out;
  }
  /// What marked-for-op says at a moment of a snapshot with this mark.
  Verdict judged(const std::string& mark, std::string_view at) {
    const auto marked = filter(R"({"type": "marked-for-op", "op": "delete"})");
    Candidate candidate = snapshot("snap-1", R"(, "Tags": [{"Key": "maid_status", "Value": ")" + mark + "\"}]");
    Context facts = context();
    facts.now = parse_iso8601(at).value();
    return marked->test(candidate, facts);
  }
  /// Marks, and expects that the mark is due at a moment, and not a second before.
  void expect_due(const std::string& json, std::string_view at) {
    plan(json, "");
    const auto mark = draft_.steps.at(0).params["Tags"][0]["Value"].as_string();
    const auto before = format_iso8601(parse_iso8601(at).value() - std::chrono::seconds(1));
    EXPECT_EQ(judged(mark, before).truth, Truth::no) << mark;
    EXPECT_EQ(judged(mark, at).truth, Truth::yes) << mark;
  }
  RowDraft draft_;
};

// now_ is 2026-06-01T00:00:00Z.
TEST_F(TagChanging, AMarkSaysWhatAndWhen) {
  EXPECT_EQ(plan(R"({"type": "mark-for-op", "op": "delete", "days": 3})", ""),
            R"(CreateTags [{"Key":"maid_status","Value":"Resource does not meet policy: delete@2026/06/04"}])");
  EXPECT_THAT(plan(R"({"type": "mark-for-op", "op": "tag", "hours": 5, "tag": "due"})", ""),
              HasSubstr(R"("Key":"due","Value":"Resource does not meet policy: tag@2026/06/01 0500 UTC")"));
  EXPECT_THAT(plan(R"({"type": "mark-for-op", "op": "tag", "days": 1, "hours": 1, "tz": "Europe/Berlin"})", ""),
              HasSubstr("tag@2026/06/02 0100 UTC"));
  EXPECT_THAT(plan(R"({"type": "mark-for-op", "op": "tag", "days": 0, "msg": "x {op}@{action_date}"})", ""),
              HasSubstr(R"("Value":"x tag@2026/06/01")"));
  EXPECT_THAT(plan(R"({"type": "mark-for-op", "op": "tag", "days": 2})", "", "asg"),
              HasSubstr("AutoScaleGroup does not meet org policy: tag@2026/06/03"));
}

TEST_F(TagChanging, AMarkIsDueWhenItSaysAndNotBefore) {
  expect_due(R"({"type": "mark-for-op", "op": "delete", "days": 1})", "2026-06-02T00:00:00Z");
  expect_due(R"({"type": "mark-for-op", "op": "delete", "hours": 5})", "2026-06-01T05:00:00Z");
  const std::string pacific = R"("op": "delete", "tz": "America/Los_Angeles"})";
  expect_due(R"({"type": "mark-for-op", "hours": 5, )" + pacific, "2026-06-01T05:00:00Z");
  expect_due(R"({"type": "mark-for-op", "days": 2, "hours": 1, )" + pacific, "2026-06-03T01:00:00Z");
  // It is May 31 there: a day later begins at seven in the morning.
  expect_due(R"({"type": "mark-for-op", "days": 1, )" + pacific, "2026-06-01T07:00:00Z");
}

TEST_F(TagChanging, AMarkInAZoneThatCannotBeReadIsUnknown) {
  const auto verdict = judged("x: delete@2020/01/01 0300 PST", "2026-06-01T00:00:00Z");
  EXPECT_EQ(verdict.truth, Truth::unknown);
  EXPECT_THAT(verdict.reason, HasSubstr("2020/01/01 0300 PST"));
  EXPECT_EQ(judged("x: delete@2020/01/01 0300 GMT", "2026-06-01T00:00:00Z").truth, Truth::yes);
  EXPECT_EQ(judged("x: delete@2020/01/01 0300 -03", "2026-06-01T00:00:00Z").truth, Truth::yes);
  EXPECT_EQ(judged("x: stop@2020/01/01 0300 PST", "2026-06-01T00:00:00Z").truth, Truth::no);
}

TEST_F(TagChanging, AMarkWithoutATimeIsForFourDaysAndSaysSo) {
  EXPECT_THAT(plan(R"({"type": "mark-for-op", "op": "delete"})", ""), HasSubstr("delete@2026/06/05"));
  EXPECT_THAT(problems_.at(0), HasSubstr("four days"));  // the fixture gathers warnings too
}

TEST_F(TagChanging, AMarkThatNobodyCouldReadIsRefused) {
  EXPECT_THAT(plan(R"({"type": "mark-for-op", "op": "explode", "days": 1})", ""), HasSubstr("there is no action"));
  EXPECT_THAT(plan(R"({"type": "mark-for-op", "op": "tag", "days": 1, "msg": "soon"})", ""),
              HasSubstr("{action_date}"));
  EXPECT_THAT(plan(R"({"type": "mark-for-op", "op": "tag", "days": 1, "tz": "Mars/Olympus"})", ""),
              HasSubstr("there is no time zone"));
}

TEST_F(TagChanging, Renames) {
  const char* two = R"({"Key": "App", "Value": "1"}, {"Key": "Bap", "Value": "2"})";
  EXPECT_EQ(plan(R"({"type": "rename-tag", "old_key": "Bap", "new_key": "New"})", two),
            R"(CreateTags [{"Key":"New","Value":"2"}]; DeleteTags [{"Key":"Bap","Value":"2"}])");
  EXPECT_EQ(draft_.undo.undo_class, UndoClass::none);  // two steps
  EXPECT_TRUE(draft_.risk_reasons.empty());
  EXPECT_EQ(plan(R"({"type": "rename-tag", "old_keys": ["App", "Bap"], "new_key": "New"})", two, "log-group"),
            R"(TagResources {"New":"1"}; UntagResources ["App"]; UntagResources ["Bap"])");
  EXPECT_EQ(plan(R"({"type": "rename-tag", "old_key": "None", "new_key": "New"})", two), "kept nothing-to-do");
  EXPECT_THAT(plan(R"({"type": "rename-tag", "old_key": "Reeve:Protect", "new_key": "New"})", two),
              HasSubstr("problem"));
  EXPECT_THAT(plan(R"({"type": "rename-tag", "new_key": "New"})", two), HasSubstr("problem"));
  std::string fifty;
  for (int i = 0; i < 50; ++i)
    fifty += (i == 0 ? "" : ",") + std::string(R"({"Key": "k)") + std::to_string(i) + R"(", "Value": ""})";
  EXPECT_EQ(plan(R"({"type": "rename-tag", "old_key": "k7", "new_key": "New"})", fifty),
            R"(DeleteTags [{"Key":"k7","Value":""}]; CreateTags [{"Key":"New","Value":""}])");
}

TEST_F(TagChanging, Normalizes) {
  const char* tag = R"({"Key": "env", "Value": " Prod "})";
  const auto as = [&](const std::string& how) {
    return plan(R"({"type": "normalize-tag", "key": "env", "action": ")" + how + "\"}", tag);
  };
  EXPECT_EQ(as("upper"), R"(CreateTags [{"Key":"env","Value":" PROD "}])");
  EXPECT_EQ(as("lower"), R"(CreateTags [{"Key":"env","Value":" prod "}])");
  EXPECT_EQ(as("strip"), R"(CreateTags [{"Key":"env","Value":"Prod"}])");
  EXPECT_EQ(as("title"), "kept nothing-to-do");
  EXPECT_EQ(plan(R"({"type": "normalize-tag", "key": "env", "action": "strip", "value": " P"})", tag),
            R"(CreateTags [{"Key":"env","Value":"rod"}])");
}

TEST_F(TagChanging, TrimsToMakeRoom) {
  std::string tags = R"({"Key": "aws:x", "Value": ""}, {"Key": "reeve:protect", "Value": ""})";
  for (int i = 10; i < 58; ++i) tags += R"(, {"Key": "k)" + std::to_string(i) + R"(", "Value": ""})";
  EXPECT_EQ(plan(R"({"type": "tag-trim", "preserve": ["k10"], "space": 3})", tags),
            R"(DeleteTags [{"Key":"k11"},{"Key":"k12"}])");
  EXPECT_EQ(draft_.undo.undo_class, UndoClass::exact);
  EXPECT_EQ(plan(R"({"type": "tag-trim", "space": 1})", tags), "kept nothing-to-do");
  EXPECT_THAT(plan(R"({"type": "tag-trim", "space": 0})", tags), HasSubstr("problem"));
}

}  // namespace
}  // namespace reeve::policy
