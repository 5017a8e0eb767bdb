#include "apply/look.h"

#include <gtest/gtest.h>

#include <deque>

#include "apply/sqlite_vfs.h"
#include "apply/stepping.h"
#include "base/json.h"
#include "base/sim_seams.h"
#include "policy/policy.h"

namespace reeve::apply {
namespace {

const aws::Scope home{.partition = "aws", .account = "123456789012", .region = "us-east-1"};

Result<aws::Response> answer(std::string_view json) { return aws::Response{.document = parse_json(json).value()}; }

/// Gives its answers one after another, the last one again and again.
class Script : public aws::Api {
 public:
  Task<Result<aws::Response>> call(aws::Request request) override {
    calls.push_back(request.operation);
    Result<aws::Response> next = answers.front();
    if (answers.size() > 1) answers.pop_front();
    return ready(std::move(next));
  }
  std::deque<Result<aws::Response>> answers;
  std::vector<std::string> calls;
};

class LookTest : public ::testing::Test {
 protected:
  LookTest()
      : journal_(
            open_sqlite_journal("/tmp/journal.sqlite", FileLayer::disk, sim_.disk, sim_.clock, sim_.loop, sim_.workers)
                .value()) {}
  ~LookTest() override {
    journal_.reset();
    unregister_disk_vfs(sim_.disk);
  }
  Hands hands() {
    return {.world = sim_.world,
            .api = api_,
            .models = models_,
            .kinds = *kinds_,
            .prices = prices_,
            .vocabulary = vocabulary_,
            .journal = *journal_};
  }
  Result<Observed> look_for_delete() {
    policy::Step step = delete_step();
    Document before;
    return sim_.loop.run(look(hands(), home, std::move(step), std::move(before)));
  }
  static policy::Step delete_step() {
    return {
        .service = "ec2", .operation = "DeleteSnapshot", .params = parse_json(R"({"SnapshotId": "snap-1"})").value()};
  }
  SimWorld sim_;
  aws::Models models_;
  std::shared_ptr<const estate::Kinds> kinds_ = estate::Kinds::embedded().value();
  estate::Prices prices_ = estate::Prices::embedded().value();
  policy::Vocabulary vocabulary_;
  Script api_;
  std::unique_ptr<Journal> journal_;
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
