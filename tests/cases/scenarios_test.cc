// What goes wrong in the world, by the numbers of safety.md, section 8: each a script of faults or a moment of death,
// over the whole house in virtual time.

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "snapshot_house.h"

namespace reeve {
namespace {

using apply::Outcome;
using RunResult = sim::Ran;
using sim::House;
using sim::Sent;
using sim::Wish;
using ::testing::HasSubstr;

constexpr auto* delete_stale = R"(
policies:
  - name: stale
    resource: aws.ebs-snapshot
    filters: [{type: age, days: 30, op: ge}, {type: stale, reasons: [no-volume]}]
    actions: [delete]
)";
constexpr auto* tag_all = R"(
policies:
  - name: mark
    resource: aws.ebs-snapshot
    actions: [{type: tag, tags: {reviewed: "2026"}}]
)";

/// `count` stale snapshots, snap-1000 and on, that the bin keeps for a week.
class Scenarios : public SnapshotHouse {
 protected:
  void build(std::size_t count, sandbox::Behaviour behaviour = sandbox::Behaviour::plain, std::uint64_t seed = 1) {
    SnapshotHouse::build(count, behaviour, seed);
    house_->network.before_change = [this](const Sent& sent) { ++sent_[sent.id]; };
  }
  sim::Planned plan(const char* policy = delete_stale) { return SnapshotHouse::plan(policy); }
  /// Resumes until nothing is left; the last result.
  RunResult resume() {
    RunResult last;
    for (int i = 0; i < 5; ++i) {
      auto resumed = house_->resume();
      EXPECT_TRUE(resumed) << resumed.error().text();
      if (!resumed || !*resumed) return last;
      last = **std::move(resumed);
    }
    ADD_FAILURE() << "resume does not come to an end";
    return last;
  }
  std::size_t left() { return house_->home().snapshots.rows.size(); }
  std::size_t in_bin() { return house_->home().snapshots_in_bin.rows.size(); }

  std::map<std::string, int> sent_;
};

TEST_F(Scenarios, S01_ThrottledInTheMiddleOfAListing) {
  build(1100);
  faults(R"([{"match": {"operation": "DescribeSnapshots", "nth": 2}, "fault": "throttle", "times": 3}])");
  const auto waited = plan();
  EXPECT_TRUE(waited.header.complete);
  EXPECT_EQ(waited.rows.size(), 1100U);
  faults(R"([{"match": {"operation": "DescribeSnapshots", "after": 1}, "fault": "throttle"}])");
  const auto broken = plan();
  EXPECT_FALSE(broken.header.complete);
  EXPECT_TRUE(broken.rows.empty());
  EXPECT_FALSE(broken.errors.empty());
}

TEST_F(Scenarios, S02_FiveHundredAfterTheEffect) {
  build(10);
  const auto made = plan();
  faults(R"([{"match": {"operation": "DeleteSnapshot", "every": 2}, "fault": "server_error_after"}])");
  const auto run = apply(made);
  EXPECT_EQ(run.state, "done");
  EXPECT_EQ(run.done, 10U);
  EXPECT_EQ(in_bin(), 10U);
}

TEST_F(Scenarios, S03_NoAnswerEffectUnknown) {
  build(6);
  const auto made = plan();
  faults(
      R"([{"match": {"operation": "DeleteSnapshot", "params": {"SnapshotId": "snap-1000"}}, "fault": {"timeout_after": {"ms": 200000}}, "times": 0},
             {"match": {"operation": "DeleteSnapshot", "params": {"SnapshotId": "snap-1001"}}, "fault": {"timeout_before": {"ms": 200000}}, "times": 0}])");
  const auto run = apply(made);
  std::map<std::string, Outcome> ended;
  for (const auto& row : run.rows) ended[row.id] = row.outcome;
  EXPECT_EQ(ended.at("snap-1000"), Outcome::done);    // looked for, and gone
  EXPECT_EQ(ended.at("snap-1001"), Outcome::failed);  // looked for, and still there
  EXPECT_EQ(run.done, 5U);
  EXPECT_EQ(left(), 1U);
}

TEST_F(Scenarios, S04_DeathBetweenIntentAndCall) {
  build(20);
  const auto made = plan();
  house_->network.before_change = [this](const Sent&) { house_->die(); };
  EXPECT_FALSE(house_->apply(made.header.id, false));
  house_->network.before_change = nullptr;
  ASSERT_TRUE(house_->restart(true));
  EXPECT_EQ(left(), 20U);
  const auto run = resume();
  EXPECT_EQ(run.state, "done");
  EXPECT_EQ(run.done, 20U);
  EXPECT_EQ(in_bin(), 20U);
}

TEST_F(Scenarios, S05_DeathBetweenCallAndOutcome) {
  build(20);
  const auto made = plan();
  house_->network.after_change = [this](const Sent&) { house_->die(); };
  EXPECT_FALSE(house_->apply(made.header.id, false));
  house_->network.after_change = nullptr;
  ASSERT_TRUE(house_->restart(false));
  EXPECT_EQ(left(), 19U);
  const auto run = resume();
  EXPECT_EQ(run.state, "done");
  EXPECT_EQ(run.done, 20U);
  for (const auto& [id, times] : sent_) EXPECT_EQ(times, 1) << id;  // looked at, not done again
}

TEST_F(Scenarios, S06_PowerCutAnywhereInTheJournal) {
  for (std::uint64_t writes = 0; writes < 120; writes += 3) {
    build(8, sandbox::Behaviour::plain, writes + 1);
    const auto made = plan();
    house_->sim.disk.stop_after(writes);
    (void)house_->apply(made.header.id, false);
    house_->die();
    const auto again = house_->restart(true);
    ASSERT_TRUE(again) << writes << ": " << again.error().text();
    const auto used = house_->journal().run_of_plan(made.header.id);
    ASSERT_TRUE(used) << writes;
    const auto run = *used ? resume() : apply(made);
    EXPECT_TRUE(*used ? run.state.empty() || run.state == "done" : run.state == "done") << writes;
    EXPECT_EQ(in_bin(), 8U) << writes;
  }
}

TEST_F(Scenarios, S06_DiskFull) {
  build(40);
  const auto made = plan();
  house_->sim.disk.set_free_bytes(40'000);
  const auto applied = house_->apply(made.header.id, false);
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, Code::journal);
  EXPECT_THAT(applied.error().hint, HasSubstr("make room"));
  house_->sim.disk.set_free_bytes(std::nullopt);
  const auto used = house_->journal().run_of_plan(made.header.id);
  ASSERT_TRUE(used);
  const auto run = *used ? resume() : apply(made);
  EXPECT_EQ(run.done, 40U);
  EXPECT_EQ(in_bin(), 40U);
}

TEST_F(Scenarios, S07_ReadsLagBehindChanges) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    build(20, sandbox::Behaviour::aws, seed);
    const auto made = plan();
    faults(R"([{"match": {"operation": "DeleteSnapshot", "every": 3}, "fault": "torn_body", "times": 0}])");
    const auto run = apply(made);
    EXPECT_EQ(run.done, 20U) << seed;
    house_->no_faults();
    const auto undone = house_->undo(run.id, {});
    ASSERT_TRUE(undone) << undone.error().text();
    ASSERT_TRUE(*undone);
    EXPECT_EQ((*undone)->in_doubt, 0U) << seed;
    EXPECT_EQ(left(), (*undone)->done) << seed;  // what the journal says is what the cloud has
  }
}

TEST_F(Scenarios, S08_NotFoundJustAfterCreation) {
  build(3);
  const auto made = plan(tag_all);
  bool gone = false;
  house_->network.before_change = [&](const Sent&) {  // between the second look and the call
    if (!std::exchange(gone, true)) house_->home().snapshots.erase("snap-1001");
  };
  const auto run = apply(made);
  EXPECT_EQ(run.done, 2U);
  EXPECT_EQ(run.failed, 1U);  // of that row alone
  EXPECT_EQ(run.state, "failed");
}

TEST_F(Scenarios, S08_ADeleteOfWhatIsGoneIsDone) {
  build(2);
  const auto made = plan();
  faults(R"([{"match": {"operation": "DeleteSnapshot", "nth": 1}, "fault": "server_error_after"}])");
  const auto run = apply(made);
  EXPECT_EQ(run.done, 2U);
  EXPECT_EQ(in_bin(), 2U);
}

TEST_F(Scenarios, S11_TheOwnerChangesItBetweenPlanAndApply) {
  build(6);
  const auto made = plan();
  auto& home = house_->home();
  home.snapshots.find("snap-1000")->tags["reeve:protect"] = "";
  home.snapshots.find("snap-1001")->shared_with.insert("210987654321");
  home.images.add({.id = "ami-1",
                   .name = "new",
                   .owner_id = std::string(sim::account),
                   .devices = {{.device = "/dev/sdb", .snapshot_id = "snap-1002"}}});
  home.snapshots.find("snap-1003")->volume_id = "vol-0123456789abcdef0";
  home.volumes.add({.id = "vol-0123456789abcdef0", .zone = "us-east-1a"});
  home.snapshots.find("snap-1004")->tags["Name"] = "renamed";  // alters no verdict: no drift
  const auto run = apply(made);
  EXPECT_EQ(run.drifted, 4U);
  EXPECT_EQ(run.done, 2U);
  EXPECT_EQ(run.state, "done");
  for (const auto* kept : {"snap-1000", "snap-1001", "snap-1002", "snap-1003"}) {
    EXPECT_NE(home.snapshots.find(kept), nullptr) << kept;
    EXPECT_FALSE(sent_.contains(kept)) << kept;
  }
}

TEST_F(Scenarios, S12_CredentialsExpireInTheMiddle) {
  build(60);
  const auto made = plan();
  faults(R"([{"match": {"operation": "DeleteSnapshot", "after": 20}, "fault": "expired_token"}])");
  const auto run = apply(made);
  EXPECT_EQ(run.state, "interrupted");
  EXPECT_EQ(run.done, 20U);
  EXPECT_LT(run.rows.size(), 60U);  // it did not knock at every row
  house_->no_faults();
  house_->stop();
  ASSERT_TRUE(house_->start());
  const auto resumed = resume();
  EXPECT_EQ(in_bin(), 60U);
  EXPECT_EQ(resumed.failed, 0U);  // rows in flight were open
  EXPECT_EQ(resumed.in_doubt, 0U);
}

TEST_F(Scenarios, S12_DeniedOnOneOfFifty) {
  build(50);
  const auto made = plan();
  faults(
      R"([{"match": {"operation": "DeleteSnapshot", "params": {"SnapshotId": "snap-1036"}}, "fault": {"error": {"code": "UnauthorizedOperation", "status": 403}}}])");
  const auto run = apply(made);
  EXPECT_EQ(run.done, 49U);
  EXPECT_EQ(run.failed, 1U);
  EXPECT_NE(house_->home().snapshots.find("snap-1036"), nullptr);
}

TEST_F(Scenarios, S13_TwoRunnersAtOnce) {
  build(20);
  const auto first = plan(), second = plan();
  house_->network.most_latency = std::chrono::milliseconds(50);
  std::vector<Task<Result<apply::RunResult>>> both;
  both.push_back(apply::apply_plan(house_->hands(), house_->state, house_->here(), first.header.id, {}, {}, {}));
  both.push_back(apply::apply_plan(house_->hands(), house_->state, house_->here(), second.header.id, {}, {}, {}));
  const auto ended = house_->run(all(house_->sim.loop, std::move(both)));
  EXPECT_TRUE(ended[0]);
  ASSERT_FALSE(ended[1]);
  EXPECT_EQ(ended[1].error().code, Code::locked);
  EXPECT_THAT(ended[1].error().message, HasSubstr(ended[0]->id));
  for (const auto& [id, times] : sent_) EXPECT_EQ(times, 1) << id;
  const auto again = house_->apply(first.header.id, false);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::plan_used);
}

TEST_F(Scenarios, S15_PagesThatRepeatBreakOffOrAreEmpty) {
  build(2100);
  for (const auto* fault : {R"("repeat_page")", R"({"error": {"code": "InvalidNextToken"}})"}) {
    faults(fmt::format(R"([{{"match": {{"operation": "DescribeSnapshots", "nth": 2}}, "fault": {}}}])", fault));
    const auto made = plan();
    EXPECT_FALSE(made.header.complete) << fault;
    EXPECT_TRUE(made.rows.empty()) << fault;
  }
  faults(R"([{"match": {"operation": "DescribeSnapshots", "nth": 1}, "fault": "empty_page"}])");
  const auto made = plan();
  EXPECT_TRUE(made.header.complete);
  EXPECT_EQ(made.rows.size(), 2100U);
}

TEST_F(Scenarios, S16_TheClockIsTenMinutesOff) {
  for (const auto minutes : {10, -10}) {
    build(5);
    house_->sim.clock.set_skew(std::chrono::minutes(minutes));
    const auto made = plan();
    EXPECT_TRUE(made.header.complete) << minutes;
    const auto run = apply(made);
    EXPECT_EQ(run.done, 5U) << minutes;
  }
}

TEST_F(Scenarios, S17_TheRegionIsDisabledOrHangs) {
  build(5);
  faults(R"([{"match": {}, "fault": {"error": {"code": "OptInRequired", "status": 401}}, "times": 0}])");
  const auto disabled = plan();
  EXPECT_FALSE(disabled.header.complete);
  EXPECT_TRUE(disabled.rows.empty());
  faults(R"([{"match": {}, "fault": {"timeout_before": {"ms": 3600000}}, "times": 0}])");
  const Steady before = house_->sim.clock.steady();
  const auto hanging = plan();
  EXPECT_FALSE(hanging.header.complete);
  EXPECT_TRUE(hanging.rows.empty());
  EXPECT_LT(house_->sim.clock.steady() - before, std::chrono::hours(1));
}

TEST_F(Scenarios, S19_TheBinsRuleIsRemovedBetweenPlanAndDelete) {
  build(5);
  const auto made = plan();
  house_->home().bin_rules.rows.clear();
  const auto run = apply(made);
  EXPECT_EQ(run.drifted, 5U);
  EXPECT_EQ(left(), 5U);
  EXPECT_TRUE(sent_.empty());
}

TEST_F(Scenarios, S19_TheBinKeepsForAShorterTimeThanWasApproved) {
  build(5);
  sandbox::BinRule& rule = house_->home().bin_rules.rows.begin()->second;
  rule.retention_days = 365;
  const auto made = plan();
  rule.retention_days = 1;
  const auto run = apply(made);
  ASSERT_EQ(run.drifted, 5U);
  EXPECT_THAT(run.rows.front().error->message, HasSubstr("it could be undone until 2027-"));
  EXPECT_TRUE(sent_.empty());
  const auto again = plan();
  rule.retention_days = 7;  // longer is no drift
  EXPECT_EQ(apply(again).done, 5U);
}

TEST_F(Scenarios, S19_AGuardHasMoreToSayThanWasApproved) {
  build(2);
  const auto made = plan();
  house_->home().images_in_bin.add({.id = "ami-1", .name = "old", .owner_id = std::string(sim::account)});
  const auto run = apply(made);
  ASSERT_EQ(run.drifted, 2U);
  EXPECT_THAT(run.rows.front().error->message, HasSubstr("an image is in the Recycle Bin"));
  EXPECT_EQ(apply(plan()).done, 2U);  // the note is part of what is approved now
}

TEST_F(Scenarios, S22_ThePlanWasAlteredOrIsForAnotherAccount) {
  build(2);
  const auto made = plan();
  apply::Here elsewhere{.accounts = {"210987654321"}, .loopback = true};
  const auto refused =
      house_->run(apply::apply_plan(house_->hands(), house_->state, elsewhere, made.header.id, {}, {}, {}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::plan_refused);
  const std::string path = house_->state.plan(made.header.id);
  std::string content = house_->sim.disk.read_file(path, 1 << 20).value();
  const auto at = content.find("snap-1001");
  ASSERT_NE(at, std::string::npos);
  content[at + 8] = '7';
  ASSERT_TRUE(house_->sim.disk.write_file(path, content));
  const auto altered = house_->apply(made.header.id, true);
  ASSERT_FALSE(altered);
  EXPECT_EQ(altered.error().code, Code::plan_damaged);
  EXPECT_TRUE(sent_.empty());
}

}  // namespace
}  // namespace reeve
