// Of each data set a copy stays that can be read (design, section 5.2): over runs, and while the cloud is still at
// work.

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "sim/house.h"

namespace reeve {
namespace {

using sim::House;
using sim::Wish;

class Survivors : public ::testing::Test {
 protected:
  /// Two copies of a volume that is gone, that the bin keeps for a week.
  void build(std::string_view more = "") {
    house_ = std::make_unique<House>(library_, 1, sandbox::Behaviour::aws);
    const auto loaded = house_->load(fmt::format(R"({{"format": 1,
      "bin_rules": [{{"Identifier": "rule7", "RetentionDays": 7}}],
      "snapshots": [{{"SnapshotId": "snap-1001", "VolumeId": "vol-1001", "StartTime": "-90d"{}}},
                    {{"SnapshotId": "snap-1002", "VolumeId": "vol-1001", "StartTime": "-80d"}}]}})",
                                                 more));
    ASSERT_TRUE(loaded) << loaded.error().text();
    const auto started = house_->start();
    ASSERT_TRUE(started) << started.error().text();
  }
  sim::Planned plan(std::string_view id, std::string_view action) {
    auto made =
        house_->plan(Wish{.policies = fmt::format(
                              "policies:\n  - {{name: one, resource: aws.ebs-snapshot, filters: [{{SnapshotId: {}}}], "
                              "actions: [{}]}}\n",
                              id, action),
                          .limit = "none"});
    EXPECT_TRUE(made) << made.error().text();
    return std::move(made).value();
  }
  sim::Ran apply(const sim::Planned& plan) {
    auto applied = house_->apply(plan.header.id, true);
    EXPECT_TRUE(applied) << applied.error().text();
    house_->sim.clock.advance(std::chrono::seconds(60));  // until reads show it
    return applied ? *std::move(applied) : sim::Ran{};
  }

  sim::Library library_;
  std::unique_ptr<House> house_;
};

TEST_F(Survivors, ACopyOnItsWayToTheArchiveIsNoneToRestOn) {
  build();
  ASSERT_EQ(apply(plan("snap-1001", "archive")).done, 1U);
  EXPECT_EQ(house_->home().snapshots.find("snap-1001")->storage_tier, "standard");  // for some hours yet
  const auto second = plan("snap-1002", "delete");
  EXPECT_TRUE(second.rows.empty());
  ASSERT_EQ(second.kept.size(), 1U);
  EXPECT_EQ(second.kept.front().code, "last-survivor");
}

TEST_F(Survivors, ACopyThatWentTowardsTheArchiveSinceThePlanIsDrift) {
  build();
  const auto made = plan("snap-1002", "delete");
  ASSERT_EQ(made.rows.size(), 1U);
  ASSERT_EQ(apply(plan("snap-1001", "archive")).done, 1U);
  const auto run = apply(made);
  EXPECT_EQ(run.drifted, 1U);
  EXPECT_NE(house_->home().snapshots.find("snap-1002"), nullptr);
}

TEST_F(Survivors, ACopyRestoredForATimeIsNoneToRestOn) {
  build(R"(, "RestoreExpiryTime": "+3d", "TierStatus": {"LastTieringOperationStatus": "temporary-restore-completed"})");
  EXPECT_TRUE(plan("snap-1002", "delete").rows.empty());
}

// Not to know which copies are on their way is no leave to delete.
TEST_F(Survivors, ArchivingThatCannotBeListedKeeps) {
  build();
  ASSERT_TRUE(house_->faults(
      R"([{"match": {"operation": "DescribeSnapshotTierStatus"}, "fault": {"error": {"code": "UnauthorizedOperation", "status": 403}},
           "times": 0}])"));
  const auto made = plan("snap-1002", "delete");
  EXPECT_TRUE(made.rows.empty());
  ASSERT_EQ(made.kept.size(), 1U);
  EXPECT_EQ(made.kept.front().code, "unknown");
}

}  // namespace
}  // namespace reeve
