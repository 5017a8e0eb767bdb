#include "apply/look.h"

#include <gtest/gtest.h>

#include "apply/stepping.h"
#include "apply/testing/hands.h"

namespace reeve::apply {
namespace {

class LookTest : public HandsTest {
 protected:
  Result<Observed> look_for_delete() {
    policy::Step step = delete_step();
    Document before;
    return sim_.loop.run(look(hands(), home, std::move(step), std::move(before)));
  }
  static policy::Step delete_step() {
    return {
        .service = "ec2", .operation = "DeleteSnapshot", .params = parse_json(R"({"SnapshotId": "snap-1"})").value()};
  }
};

const std::string there = R"({"Snapshots": [{"SnapshotId": "snap-1"}]})", gone = R"({"Snapshots": []})";
const Result<aws::Response> broken = fail(Code::network, "the connection broke");

TEST_F(LookTest, AnEarlyLookSaysNothingWhereTheLaterOnesFailed) {
  api_.answers = {answer(there), broken};
  const auto seen = look_for_delete();
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().code, Code::in_doubt);
  EXPECT_EQ(api_.calls.size(), 4U);
}

TEST_F(LookTest, TheLastLookCounts) {
  api_.answers = {broken, broken, broken, answer(there)};
  EXPECT_EQ(look_for_delete().value(), Observed::no_effect);
  api_.answers = {answer(there), answer(there), answer(gone)};
  EXPECT_EQ(look_for_delete().value(), Observed::took_effect);
}

/// One row that deletes snap-1, sent.
class SendTest : public LookTest {
 protected:
  SendTest() {
    row_ = {.row = "row1", .policy = "p", .kind = "ebs-snapshot", .records = {"snap-1"}, .scope = home};
    row_.action = "delete";
    row_.steps.push_back(delete_step());
    row_.undo.undo_class = policy::UndoClass::approximate;
  }
  /// How the row's step ended, and what the journal holds of the row.
  StepEnd send(Result<aws::Response> sent, std::string_view seen) {
    api_.answers = {std::move(sent), answer(seen)};
    Stepping stepping(hands(), log_);
    std::vector<Part> parts{{.row = &row_}};
    const auto ends = sim_.loop.run(stepping.carry_out(std::move(parts)));
    entries_ = journal_->of_row("r-1", "row1").value();
    story_ = story_of(entries_);
    return ends.front();
  }
  std::string result() const { return story_.outcome->body["result"].as_string(); }

  plan::Row row_;
  RunTerms terms_{.run = "r-1", .plan = "p-1", .verb = "apply", .rows = 1};
  Progress progress_;
  RunLog log_{*journal_, terms_, progress_};
  std::vector<Entry> entries_;
  RowStory story_;
};

TEST_F(SendTest, ARefusalThatEndsTheRunLeavesTheRowOpenAlsoAfterALook) {
  const auto refused = fail(Error{.code = Code::expired_credentials,
                                  .message = "the token expired",
                                  .aws = std::make_shared<const AwsError>(AwsError{.status = 400, .attempts = 2})});
  EXPECT_EQ(send(refused, there), StepEnd::closed);
  EXPECT_EQ(api_.calls.size(), 5U);
  EXPECT_EQ(result(), "not_sent");
  EXPECT_EQ(story_.closing, nullptr);
  EXPECT_TRUE(log_.ending());
}

TEST_F(SendTest, AnAnswerThatIsTooLargeCameAfterTheEffect) {
  EXPECT_EQ(send(fail(Code::limit_exceeded, "the answer is too large"), gone), StepEnd::done);
  EXPECT_EQ(result(), "done");
  ASSERT_NE(story_.closing, nullptr);
  EXPECT_EQ(story_.closing->body["outcome"].as_text(), "done");
}

}  // namespace
}  // namespace reeve::apply
