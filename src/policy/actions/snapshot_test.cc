#include "policy/actions/snapshot.h"

#include <gmock/gmock.h>

#include "policy/filters/stale.h"
#include "policy/guards/guards.h"
#include "policy/testing/snapshot_estate.h"

namespace reeve::policy {
namespace {

using ::testing::HasSubstr;

constexpr auto* ten_gib = R"(, "VolumeId": "vol-1", "VolumeSize": 100, "FullSnapshotSizeInBytes": 10737418240)";

class SnapshotActions : public testing::SnapshotEstate {
 protected:
  RowDraft row(const std::string& json, const Candidate& candidate) {
    const Context facts = context();
    auto planned = action(json)->plan_row(candidate.view, facts);
    EXPECT_TRUE(std::holds_alternative<RowDraft>(planned)) << std::get<Kept>(planned).message;
    return std::get<RowDraft>(std::move(planned));
  }
  std::string kept(const std::string& json, const Candidate& candidate) {
    const Context facts = context();
    const auto planned = action(json)->plan_row(candidate.view, facts);
    return std::holds_alternative<Kept>(planned) ? std::get<Kept>(planned).code : "";
  }
  static void set_bin(Candidate& candidate, int days) {
    candidate.view.set_column(std::string(recycle_bin_column),
                              estate::testing::decoded(R"({"rule": "r-1", "level": "region", "retention_days": )" +
                                                       std::to_string(days) + "}"));
  }
  static void set_stale(Candidate& candidate, const std::string& reason, int snapshots) {
    candidate.view.add_evidence(
        std::string(stale_evidence),
        estate::testing::decoded(R"({"reason": ")" + reason + R"(", "volume": "vol-1", "volume_snapshots": )" +
                                 std::to_string(snapshots) + "}"));
  }
};

TEST_F(SnapshotActions, DeleteIsOneCallWithOneId) {
  const auto planned = row(R"("delete")", snapshot("snap-1", ten_gib));
  ASSERT_EQ(planned.steps.size(), 1U);
  EXPECT_EQ(planned.steps[0].operation, "DeleteSnapshot");
  EXPECT_EQ(to_json(planned.steps[0].params), R"({"SnapshotId":"snap-1"})");
  EXPECT_EQ(planned.pre_image["VolumeId"].as_text(), "vol-1");
  EXPECT_TRUE(action(R"("delete")")->removes_data());
}

TEST_F(SnapshotActions, PlanningAgainGivesTheSameRow) {
  Candidate candidate = snapshot("snap-1", ten_gib);
  set_bin(candidate, 7);
  const auto first = row(R"("delete")", candidate), second = row(R"("delete")", candidate);
  EXPECT_EQ(first.steps, second.steps);
  EXPECT_EQ(first.undo.until, second.undo.until);
}

TEST_F(SnapshotActions, UndoOfADeleteIsByTheBinsRule) {
  Candidate candidate = snapshot("snap-1", ten_gib);
  EXPECT_EQ(row(R"("delete")", candidate).undo.undo_class, UndoClass::none);
  EXPECT_EQ(row(R"("delete")", candidate).risk, RiskLevel::medium);
  candidate.view.set_column(std::string(recycle_bin_column), {});
  EXPECT_EQ(row(R"("delete")", candidate).undo.undo_class, UndoClass::none);
  candidate.view.set_column_unknown(std::string(recycle_bin_column), "denied");
  EXPECT_EQ(row(R"("delete")", candidate).undo.undo_class, UndoClass::none);
  set_bin(candidate, 7);
  const auto planned = row(R"("delete")", candidate);
  EXPECT_EQ(planned.undo.undo_class, UndoClass::approximate);
  EXPECT_EQ(planned.undo.operation, "RestoreSnapshotFromRecycleBin");
  EXPECT_EQ(format_iso8601(planned.undo.until.value()), "2026-06-08T00:00:00Z");
  EXPECT_EQ(planned.risk, RiskLevel::low);
}

TEST_F(SnapshotActions, ALastCopyNeedsConsent) {
  Candidate candidate = snapshot("snap-1", ten_gib);
  set_bin(candidate, 7);
  set_stale(candidate, "last-copy", 1);
  const auto planned = row(R"("delete")", candidate);
  EXPECT_TRUE(planned.needs_consent);
  EXPECT_EQ(planned.risk, RiskLevel::high);
  EXPECT_FALSE(planned.risk_reasons.empty());
}

TEST_F(SnapshotActions, WithoutABinForVolumesUndoCountsAsNone) {
  Candidate candidate = snapshot("snap-1", ten_gib);
  set_bin(candidate, 7);
  candidate.view.add_evidence(
      std::string(stale_evidence),
      estate::testing::decoded(R"({"reason": "volume-gone", "volume": "vol-1", "bin": "unsupported"})"));
  EXPECT_EQ(row(R"("delete")", candidate).undo.undo_class, UndoClass::none);
}

TEST_F(SnapshotActions, TheMostADeleteSavesIsTheFullSize) {
  Candidate candidate = snapshot("snap-1", ten_gib);
  const auto saves = row(R"("delete")", candidate).saves;
  EXPECT_DOUBLE_EQ(saves.at_most.value(), 0.5);
  EXPECT_FALSE(saves.likely);  // incremental: it may be much less
  EXPECT_EQ(saves.price_date, "2024-07-01");
  EXPECT_DOUBLE_EQ(row(R"("delete")", snapshot("snap-1", R"(, "VolumeSize": 100)")).saves.at_most.value(), 5);
  EXPECT_FALSE(row(R"("delete")", snapshot("snap-1")).saves.at_most);
}

TEST_F(SnapshotActions, TheLikelySavingIsKnownForAVolumesOnlySnapshot) {
  Candidate candidate = snapshot("snap-1", ten_gib);
  set_stale(candidate, "last-copy", 1);
  EXPECT_DOUBLE_EQ(row(R"("delete")", candidate).saves.likely.value(), 0.5);
  Candidate other = snapshot("snap-1", ten_gib);
  set_stale(other, "volume-gone", 3);
  EXPECT_FALSE(row(R"("delete")", other).saves.likely);
}

TEST_F(SnapshotActions, TheSavingStartsAfterTheBinAndTheArchivesMinimum) {
  Candidate candidate = snapshot("snap-1", std::string(ten_gib) + R"(, "StorageTier": "archive")");
  set_bin(candidate, 7);
  candidate.view.set_column(std::string(tier_column),
                            estate::testing::decoded(R"({"ArchivalCompleteTime": "2026-05-01T00:00:00Z"})"));
  auto saves = row(R"("delete")", candidate).saves;
  EXPECT_DOUBLE_EQ(saves.at_most.value(), 0.125);  // the archive's price
  EXPECT_DOUBLE_EQ(saves.likely.value(), 0);
  EXPECT_THAT(saves.from, HasSubstr("nothing before 2026-07-30T00:00:00Z"));
  EXPECT_THAT(saves.from, HasSubstr("after 7 days in the Recycle Bin"));
  candidate.view.set_column(std::string(tier_column),
                            estate::testing::decoded(R"({"ArchivalCompleteTime": "2026-01-01T00:00:00Z"})"));
  EXPECT_DOUBLE_EQ(row(R"("delete")", candidate).saves.likely.value(), 0.125);
}

TEST_F(SnapshotActions, AnotherRegionHasNoFigure) {
  region_ = "eu-central-1";
  const auto saves = row(R"("delete")", snapshot("snap-1", ten_gib)).saves;
  EXPECT_FALSE(saves.at_most);
  EXPECT_THAT(saves.from, HasSubstr("no price for eu-central-1"));
}

TEST_F(SnapshotActions, UnfinishedAndForeignSnapshotsAreKept) {
  EXPECT_EQ(kept(R"("delete")", from_json(R"({"SnapshotId": "snap-1", "State": "pending"})")), "not-completed");
  EXPECT_EQ(kept(R"("delete")", from_json(R"({"SnapshotId": "snap-1"})")), "not-completed");
  EXPECT_EQ(
      kept(R"("delete")", from_json(R"({"SnapshotId": "snap-1", "State": "completed", "OwnerId": "210987654321"})")),
      "not-owned");
  EXPECT_EQ(kept(R"("delete")", from_json(R"({"SnapshotId": "snap-1", "State": "error"})")), "");
  EXPECT_EQ(kept(R"("archive")", from_json(R"({"SnapshotId": "snap-1", "State": "error"})")), "not-completed");
}

TEST_F(SnapshotActions, ArchiveMovesTheTier) {
  const auto planned = row(R"({"type": "archive", "to": "tier"})", snapshot("snap-1", ten_gib));
  ASSERT_EQ(planned.steps.size(), 1U);
  EXPECT_EQ(planned.steps[0].operation, "ModifySnapshotTier");
  EXPECT_EQ(to_json(planned.steps[0].params), R"({"SnapshotId":"snap-1","StorageTier":"archive"})");
  EXPECT_EQ(planned.undo.undo_class, UndoClass::approximate);
  EXPECT_EQ(planned.undo.operation, "RestoreSnapshotTier");
  EXPECT_FALSE(action(R"({"type": "archive", "to": "glacier"})"));
}

// An archived snapshot is a full one: beside others of its volume it may well cost more than it does now.
TEST_F(SnapshotActions, ArchiveClaimsASavingOnlyWhereItIsKnown) {
  EXPECT_FALSE(row(R"("archive")", snapshot("snap-1", ten_gib)).saves.at_most);
  Candidate several = snapshot("snap-1", ten_gib);
  set_stale(several, "volume-gone", 2);
  EXPECT_FALSE(row(R"("archive")", several).saves.at_most);
  Candidate only = snapshot("snap-1", ten_gib);
  set_stale(only, "last-copy", 1);
  const auto planned = row(R"("archive")", only);
  EXPECT_DOUBLE_EQ(planned.saves.likely.value(), 0.375);
  EXPECT_THAT(planned.saves.from, HasSubstr("90 days"));
  EXPECT_TRUE(planned.needs_consent);
}

TEST_F(SnapshotActions, WhatIsArchivedIsNotArchivedAgain) {
  EXPECT_EQ(kept(R"("archive")", snapshot("snap-1", R"(, "StorageTier": "archive")")), "already-archived");
  EXPECT_EQ(kept(R"("archive")", snapshot("snap-1", R"(, "RestoreExpiryTime": "2026-07-01T00:00:00Z")")),
            "temporarily-restored");
}

}  // namespace
}  // namespace reeve::policy
