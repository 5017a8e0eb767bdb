// What runs, undos and resumes keep to, over the whole house in virtual time: rows that go together, rows on one
// record, and what there is to say when there is nothing to do.

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "snapshot_house.h"
#include "policy/configuration.h"

namespace reeve {
namespace {

using apply::Outcome;
using sim::House;
using sim::Ran;
using sim::Sent;
using sim::Wish;
using ::testing::HasSubstr;

constexpr auto* tag_all = R"(
policies:
  - name: mark
    resource: aws.ebs-snapshot
    actions: [{type: tag, tags: {reviewed: "2026"}}]
)";
constexpr auto* delete_all = R"(
policies:
  - name: first
    resource: aws.ebs-snapshot
    actions: [delete]
)";
constexpr auto* tag_and_delete = R"(
policies:
  - name: mark-and-delete
    resource: aws.ebs-snapshot
    filters: [{"tag:reviewed": absent}]
    actions: [{type: tag, tags: {reviewed: "2026"}}, delete]
)";
constexpr auto* nothing = R"(
policies:
  - name: none
    resource: aws.ebs-snapshot
    filters: [{"tag:nobody": has-this}]
    actions: [delete]
)";

class Runs : public SnapshotHouse {
 protected:
  std::optional<Ran> undo(const Ran& run) {
    auto undone = house_->undo(run.id, {});
    EXPECT_TRUE(undone) << undone.error().text();
    return undone ? *std::move(undone) : std::nullopt;
  }
  /// An undo under a configuration file of this text.
  Ran undo_under(const Ran& run, std::string_view text) {
    const auto configuration = policy::read_configuration(text, "config.yaml", *library().kinds);
    EXPECT_TRUE(configuration) << configuration.error().text();
    apply::Hands hands = house_->hands();
    hands.configuration = &*configuration;
    auto planned = apply::plan_undo(hands, run.id, {});
    EXPECT_TRUE(planned) << planned.error().text();
    auto undone =
        house_->run(apply::apply_undo(hands, house_->state, house_->here(), std::move(planned).value(), Cancel{}, {}));
    EXPECT_TRUE(undone && *undone);
    return house_->with_rows(**std::move(undone)).value();
  }
  std::int64_t calls(std::string_view operation) {
    const Document counted = house_->cloud.calls();
    return counted[operation].as_integer();
  }
  std::string tag(const char* id, const char* key) {
    const auto& tags = house_->home().snapshots.find(id)->tags;
    const auto found = tags.find(key);
    return found == tags.end() ? "-" : found->second;
  }
};

TEST_F(Runs, TagsOfRowsGoTogether) {
  build(450);
  const auto run = apply(plan(tag_all));
  EXPECT_EQ(run.done, 450U);
  EXPECT_EQ(run.rows.size(), 450U);
  EXPECT_EQ(calls("ec2.CreateTags"), 3);  // 200, 200, 50
  EXPECT_EQ(tag("snap-1449", "reviewed"), "2026");
}

TEST_F(Runs, DeletesGoAlone) {
  build(5);
  EXPECT_EQ(apply(plan(delete_all)).done, 5U);
  EXPECT_EQ(calls("ec2.DeleteSnapshot"), 5);
}

TEST_F(Runs, OneBadIdAmongFiveFailsAlone) {
  build(5);
  const auto made = plan(tag_all);
  bool gone = false;
  house_->network.before_change = [&](const Sent&) {  // between the second look and the call
    if (!std::exchange(gone, true)) house_->home().snapshots.erase("snap-1002");
  };
  const auto run = apply(made);
  EXPECT_EQ(run.done, 4U);
  EXPECT_EQ(run.failed, 1U);
  for (const auto& row : run.rows) EXPECT_EQ(row.outcome == Outcome::failed, row.id == "snap-1002") << row.id;
  EXPECT_EQ(calls("ec2.CreateTags"), 5);  // 5; 2 and 3; 1 and 2
  const auto entries = house_->journal().read(run.id);
  ASSERT_TRUE(entries);
  std::map<std::string, int> intents, outcomes;
  for (const auto& entry : *entries) {
    if (entry.kind == "intent") ++intents[entry.row];
    if (entry.kind == "outcome") ++outcomes[entry.row];
  }
  EXPECT_EQ(intents.size(), 5U);
  for (const auto& [row, count] : intents) EXPECT_EQ(count, 1);
  EXPECT_EQ(outcomes, intents);
}

// The mark's date is what was approved, however late the plan is applied.
TEST_F(Runs, AMarkIsWrittenAsItWasPlanned) {
  build(3);
  const auto made = plan(R"(
policies:
  - {name: due, resource: aws.ebs-snapshot, actions: [{type: mark-for-op, op: delete, hours: 1}]}
)");
  house_->sim.clock.advance(std::chrono::minutes(5));
  const auto run = apply(made);
  EXPECT_EQ(run.done, 3U);
  EXPECT_EQ(run.drifted, 0U);
  EXPECT_THAT(tag("snap-1000", "maid_status"), HasSubstr("delete@"));
}

TEST_F(Runs, ABatchWithoutAnAnswerIsLookedForRowByRow) {
  build(5);
  const auto made = plan(tag_all);
  faults(R"([{"match": {"operation": "CreateTags"}, "fault": {"timeout_after": {"ms": 200000}}, "times": 0}])");
  const auto run = apply(made);
  EXPECT_EQ(run.done, 5U);
  EXPECT_EQ(run.state, "done");
  EXPECT_EQ(tag("snap-1004", "reviewed"), "2026");
}

TEST_F(Runs, ABatchThatNeverArrivedLeavesNoRowInDoubt) {
  build(3);
  const auto made = plan(tag_all);
  faults(R"([{"match": {"operation": "CreateTags"}, "fault": {"timeout_before": {"ms": 200000}}, "times": 0}])");
  const auto run = apply(made);
  EXPECT_EQ(run.failed, 3U);
  EXPECT_EQ(run.in_doubt, 0U);
  EXPECT_EQ(tag("snap-1000", "reviewed"), "-");
}

TEST_F(Runs, DeathAfterABatchIsResolvedRowByRow) {
  build(5);
  const auto made = plan(tag_all);
  house_->network.after_change = [this](const Sent& sent) {
    if (sent.id == "snap-1004") house_->die();
  };
  EXPECT_FALSE(house_->apply(made.header.id, false));
  house_->network.after_change = nullptr;
  ASSERT_TRUE(house_->restart(true));
  const auto resumed = house_->resume();
  ASSERT_TRUE(resumed && *resumed);
  EXPECT_EQ((*resumed)->done, 5U);
  EXPECT_EQ(calls("ec2.CreateTags"), 1);
}

TEST_F(Runs, WhatTheRunItselfChangedIsNoDrift) {
  build(4);
  const auto made = plan(tag_and_delete);
  ASSERT_EQ(made.rows.size(), 8U);
  house_->network.before_change = [this](const Sent& sent) {
    if (sent.operation == "DeleteSnapshot") house_->die();
  };
  EXPECT_FALSE(house_->apply(made.header.id, false));
  EXPECT_EQ(tag("snap-1000", "reviewed"), "2026");
  house_->network.before_change = nullptr;
  ASSERT_TRUE(house_->restart(true));
  const auto resumed = house_->resume();
  ASSERT_TRUE(resumed && *resumed);
  EXPECT_EQ((*resumed)->drifted, 0U);
  EXPECT_EQ((*resumed)->done, 8U);
  EXPECT_EQ(house_->home().snapshots_in_bin.rows.size(), 4U);
}

TEST_F(Runs, WhatSomebodyElseChangedSinceIsDrift) {
  build(2);
  const auto made = plan(tag_and_delete);
  house_->network.before_change = [this](const Sent& sent) {
    if (sent.operation == "DeleteSnapshot") house_->die();
  };
  EXPECT_FALSE(house_->apply(made.header.id, false));
  house_->network.before_change = nullptr;
  house_->home().snapshots.find("snap-1001")->tags["reviewed"] = "by hand";
  ASSERT_TRUE(house_->restart(true));
  const auto resumed = house_->resume();
  ASSERT_TRUE(resumed && *resumed);
  EXPECT_EQ((*resumed)->drifted, 1U);
  EXPECT_NE(house_->home().snapshots.find("snap-1001"), nullptr);
}

TEST_F(Runs, TheFirstPolicyThatChangesARecordWins) {
  build(3);
  const auto made = plan(R"(
policies:
  - {name: first, resource: aws.ebs-snapshot, actions: [delete]}
  - {name: second, resource: aws.ebs-snapshot, actions: [{type: tag, tags: {a: b}}, delete]}
)");
  std::map<std::string, int> planned;
  for (const auto& row : made.rows) ++planned[row.policy + " " + row.action];
  EXPECT_EQ(planned["first delete"], 3);
  EXPECT_EQ(planned["second tag"], 0);  // there would be nothing to tag
  EXPECT_EQ(planned["second delete"], 0);
  int superseded = 0;
  for (const auto& kept : made.kept) superseded += kept.code == "superseded" && kept.policy == "second" ? 1 : 0;
  EXPECT_EQ(superseded, 6);
}

TEST_F(Runs, NothingFollowsADelete) {
  build(2);
  const auto made = plan(R"(
policies:
  - {name: one, resource: aws.ebs-snapshot, actions: [delete, {type: tag, tags: {a: b}}]}
)");
  ASSERT_EQ(made.rows.size(), 2U);
  for (const auto& row : made.rows) EXPECT_EQ(row.action, "delete");
  EXPECT_EQ(apply(made).done, 2U);
}

TEST_F(Runs, APlanWithoutRowsIsAppliedAndDone) {
  build(3);
  const auto made = plan(nothing);
  ASSERT_TRUE(made.rows.empty());
  const auto run = apply(made);
  EXPECT_EQ(run.state, "done");
  EXPECT_EQ(run.ended(), 0U);
  const auto again = house_->apply(made.header.id, false);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::plan_used);
}

TEST_F(Runs, ASecondUndoFindsNothingLeftAndBeginsNoRun) {
  build(3);
  const auto run = apply(plan(delete_all));
  const auto undone = undo(run);
  ASSERT_TRUE(undone);
  EXPECT_EQ(undone->done, 3U);
  const auto runs = house_->journal().runs();
  EXPECT_FALSE(undo(run));
  EXPECT_EQ(house_->journal().runs().value(), runs.value());
}

TEST_F(Runs, AnUndoOfTagsThatWasRefusedHalfwayIsFinishedByAnother) {
  build(2);
  const auto run = apply(plan(R"(
policies:
  - {name: mark, resource: aws.ebs-snapshot, actions: [{type: tag, tags: {owner: new, reviewed: "2026"}}]}
)"));
  EXPECT_EQ(run.done, 2U);
  faults(
      R"([{"match": {"operation": "DeleteTags"}, "fault": {"error": {"code": "UnauthorizedOperation", "status": 403}}, "times": 0}])");
  const auto refused = undo(run);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->failed, 2U);
  EXPECT_EQ(tag("snap-1000", "owner"), "old");
  EXPECT_EQ(tag("snap-1000", "reviewed"), "2026");
  house_->no_faults();
  const auto undone = undo(run);
  ASSERT_TRUE(undone);
  EXPECT_EQ(undone->done, 2U);
  EXPECT_EQ(tag("snap-1001", "owner"), "old");
  EXPECT_EQ(tag("snap-1001", "reviewed"), "-");
}

TEST_F(Runs, ATagThatSomebodyChangedSinceIsNotUndone) {
  build(1);
  const auto run = apply(plan(R"(
policies:
  - {name: mark, resource: aws.ebs-snapshot, actions: [{type: tag, tags: {owner: new, reviewed: "2026"}}]}
)"));
  house_->home().snapshots.find("snap-1000")->tags["owner"] = "mine";
  const auto undone = undo(run);
  ASSERT_TRUE(undone);
  EXPECT_EQ(undone->drifted, 1U);
  EXPECT_EQ(tag("snap-1000", "owner"), "mine");
}

TEST_F(Runs, TheConfigurationProtectsWhereTheRunItselfDidToo) {
  build(3);
  const auto run = apply(plan(R"(
policies:
  - {name: mark, resource: aws.ebs-snapshot, actions: [{type: tag, tags: {"reeve:protect": "", owner: new}}]}
)"));
  ASSERT_EQ(run.done, 3U);
  house_->home().snapshots.find("snap-1001")->tags["janitor"] = "donotmark";
  const auto undone = undo_under(run, "format: 1\nprotect: [{id: snap-1000}, {tag: owner=new, kind: ebs-snapshot}]\n");
  EXPECT_EQ(undone.drifted, 2U);
  EXPECT_EQ(undone.done, 1U);
  EXPECT_EQ(tag("snap-1000", "owner"), "new");
  EXPECT_EQ(tag("snap-1001", "owner"), "new");
  EXPECT_EQ(tag("snap-1002", "owner"), "old");  // what protected it was the tag that is taken back
  EXPECT_EQ(tag("snap-1002", "reeve:protect"), "-");
}

TEST_F(Runs, AProtectionThatIsRestoredDoesNotKeepItsRecord) {
  build(1);
  const auto run = apply(plan(R"(
policies:
  - {name: mark, resource: aws.ebs-snapshot, actions: [{type: tag, tags: {owner: new}}]}
)"));
  const auto undone = undo_under(run, "format: 1\nprotect: [{tag: owner=old}]\n");
  EXPECT_EQ(undone.done, 1U);
  EXPECT_EQ(tag("snap-1000", "owner"), "old");
}

TEST_F(Runs, AnyTagThatProtectsIsTakenBackByItsUndo) {
  build(2);
  const auto run = apply(plan(R"(
policies:
  - {name: mark, resource: aws.ebs-snapshot, actions: [{type: tag, tags: {cloud-nuke-excluded: "true"}}]}
)"));
  const auto undone = undo(run);
  ASSERT_TRUE(undone);
  EXPECT_EQ(undone->done, 2U);
  EXPECT_EQ(tag("snap-1001", "cloud-nuke-excluded"), "-");
}

TEST_F(Runs, AnUndoSeesWhatItsEarlierWindowsChanged) {
  build(294);
  const auto run = apply(plan(R"(
policies:
  - {name: first, resource: aws.ebs-snapshot, actions: [{type: tag, tags: {owner: x}}]}
  - {name: second, resource: aws.ebs-snapshot, actions: [{type: tag, tags: {owner: y}}]}
)"));
  ASSERT_EQ(run.done, 588U);
  ASSERT_EQ(tag("snap-1293", "owner"), "y");
  const auto undone = undo(run);
  ASSERT_TRUE(undone);
  EXPECT_EQ(undone->drifted, 0U);
  EXPECT_EQ(undone->done, 588U);
  for (const auto* id : {"snap-1000", "snap-1293"}) EXPECT_EQ(tag(id, "owner"), "old") << id;
}

TEST_F(Runs, AnUndoRightAfterItsRunWaitsForReadsThatLagBehind) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    build(40, sandbox::Behaviour::aws, seed);
    const Ran run = apply(plan(delete_all));
    ASSERT_GT(run.done, 20U);
    const auto undone = undo(run);
    ASSERT_TRUE(undone);
    EXPECT_EQ(undone->done, run.done) << seed;
    EXPECT_EQ(undone->drifted, 0U) << seed;
  }
}

TEST_F(Runs, WhatCannotComeBackIsFoundOutInSeconds) {
  build(5);
  house_->home().bin_rules.rows.clear();
  auto applied = house_->apply(plan(delete_all).header.id, true);
  ASSERT_TRUE(applied) << applied.error().text();
  const Time before = house_->sim.clock.true_time();
  const auto undone = undo(*applied);
  ASSERT_TRUE(undone);
  EXPECT_EQ(undone->drifted, applied->done);
  EXPECT_LT(house_->sim.clock.true_time() - before, std::chrono::seconds(30));
}

TEST_F(Runs, ResumeSaysWhichRunIsAtWork) {
  build(20);
  const auto made = plan(delete_all);
  house_->network.most_latency = std::chrono::milliseconds(50);
  std::vector<Task<Result<std::string>>> both;
  auto working = [this](std::string id) -> Task<Result<std::string>> {
    Task<Result<apply::RunResult>> applying =
        apply::apply_plan(house_->hands(), house_->state, house_->here(), std::move(id), {}, {}, {});
    auto run = co_await std::move(applying);
    if (!run) co_return std::unexpected(run.error());
    co_return run->id;
  };
  auto resuming = [this]() -> Task<Result<std::string>> {
    (void)co_await house_->sim.loop.sleep(std::chrono::milliseconds(100));
    Task<Result<std::optional<apply::RunResult>>> going =
        apply::resume(house_->hands(), house_->state, house_->here(), {}, {});
    auto run = co_await std::move(going);
    if (!run) co_return std::unexpected(run.error());
    co_return *run ? (*run)->id : "nothing";
  };
  both.push_back(working(made.header.id));
  both.push_back(resuming());
  const auto ended = house_->run(all(house_->sim.loop, std::move(both)));
  ASSERT_TRUE(ended[0]) << ended[0].error().text();
  ASSERT_FALSE(ended[1]) << *ended[1];
  EXPECT_EQ(ended[1].error().code, Code::locked);
  EXPECT_THAT(ended[1].error().message, HasSubstr(*ended[0]));
  EXPECT_THAT(ended[1].error().message, HasSubstr("process"));
}

}  // namespace
}  // namespace reeve
