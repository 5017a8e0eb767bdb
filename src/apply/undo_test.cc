#include <gmock/gmock.h>

#include "apply/entries.h"
#include "apply/operations.h"
#include "apply/testing/hands.h"

namespace reeve::apply {
namespace {

class UndoTest : public HandsTest {
 protected:
  /// Writes a run of one row that is done.
  void write(const std::string& steps) {
    plan::Row row{.row = "row1", .policy = "p", .kind = "ebs-snapshot", .records = {"snap-1"}, .scope = home};
    row.action = "move";
    row.undo.undo_class = policy::UndoClass::exact;
    for (const Value step : parse_json(steps).value().root().items()) {
      row.steps.push_back({.service = "ec2", .operation = step.as_string(), .params = snapshot()});
    }
    plan::Header header;
    header.scopes = {{.partition = home.partition, .account = home.account, .regions = {home.region}}};
    const RunTerms terms{.run = "r-1", .plan = "p-1", .verb = "apply", .rows = 1};
    std::vector<NewEntry> entries;
    entries.push_back(run_entry(sim_.world, terms, header));
    for (std::size_t i = 0; i < row.steps.size(); ++i) {
      entries.push_back(intent_entry("r-1", row, i));
      entries.push_back(outcome_entry("r-1", row, i, {.result = "done"}));
    }
    entries.push_back(row_entry("r-1", row, Outcome::done, std::nullopt));
    ASSERT_TRUE(sim_.loop.run(journal_->append(std::move(entries))));
  }
  static Document snapshot() { return parse_json(R"({"SnapshotId": "snap-1"})").value(); }
  std::vector<std::string> rows_of(const UndoPlan& undo) {
    std::vector<std::string> out;
    EXPECT_TRUE(undo.rows([&out](const plan::Row& row) -> Result<void> {
      out.push_back(row.row + " " + row.steps.front().operation);
      return {};
    }));
    return out;
  }
};

TEST_F(UndoTest, ARowIsTakenBackByARowOfItsId) {
  write(R"(["ModifySnapshotTier"])");
  const auto undo = plan_undo(hands(), "r-1", {});
  ASSERT_TRUE(undo) << undo.error().text();
  EXPECT_EQ(undo->count, 1U);
  EXPECT_THAT(rows_of(*undo), ::testing::ElementsAre("row1 RestoreSnapshotTier"));
}

TEST_F(UndoTest, NoTwoRowsOfAnUndoHaveOneId) {
  write(R"(["ModifySnapshotTier", "DeleteSnapshot"])");
  const auto undo = plan_undo(hands(), "r-1", {});
  ASSERT_TRUE(undo) << undo.error().text();
  EXPECT_EQ(undo->count, 0U);
  EXPECT_THAT(rows_of(*undo), ::testing::IsEmpty());
  ASSERT_EQ(undo->plan.kept.size(), 1U);
  EXPECT_EQ(undo->plan.kept.front().row, "row1");
}

}  // namespace
}  // namespace reeve::apply
