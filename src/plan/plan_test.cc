#include "plan/plan.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/json.h"
#include "base/sim_seams.h"
#include "plan/limits.h"
#include "plan/plan_file.h"
#include "plan/survivors.h"

namespace reeve::plan {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Limits, TheDefaultIsATenthBetweenFiveAndFifty) {
  struct Case {
    const char* setting;
    std::size_t seen;
    bool small;
    std::optional<std::size_t> allowed;
  };
  for (const auto& c : {Case{"", 0, false, 5}, Case{"", 60, false, 6}, Case{"", 100'000, false, 50},
                        Case{"", 100'000, true, 5}, Case{"200", 3, true, 200}, Case{"25%", 10, false, 2},
                        Case{"0", 10, false, 0}, Case{"none", 10, true, std::nullopt}}) {
    const std::string_view text = c.setting;
    const LimitSetting setting = text.empty() ? LimitSetting{} : LimitSetting::parse(text).value();
    EXPECT_EQ(allowance(setting, c.seen, c.small), c.allowed) << text << " of " << c.seen;
  }
}

TEST(Limits, WhatIsNoLimitIsRefused) {
  for (const auto* wrong : {"", "-1", "5.5", "101%", "1e3", "1e1%", "many", "5 ", "nan", "%"}) {
    EXPECT_FALSE(LimitSetting::parse(wrong)) << wrong;
  }
}

TEST(RowId, StaysTheSameAndHangsOnEachPart) {
  const aws::Scope scope{.account = "123456789012", .region = "us-east-1"};
  const aws::Scope other{.account = "123456789012", .region = "us-east-2"};
  const std::string id = row_id("p", "ebs-snapshot", scope, {"snap-1"}, "delete");
  EXPECT_EQ(id, row_id("p", "ebs-snapshot", scope, {"snap-1"}, "delete"));
  const std::set<std::string> others{row_id("q", "ebs-snapshot", scope, {"snap-1"}, "delete"),
                                     row_id("p", "ebs", scope, {"snap-1"}, "delete"),
                                     row_id("p", "ebs-snapshot", other, {"snap-1"}, "delete"),
                                     row_id("p", "ebs-snapshot", scope, {"snap-1", "snap-2"}, "delete"),
                                     row_id("p", "ebs-snapshot", scope, {"snap-1"}, "archive")};
  EXPECT_EQ(others.size(), 5U);
  EXPECT_FALSE(others.contains(id));
  EXPECT_EQ(id.size(), 16U);
}

/// Snapshots as the listing gives them: id, volume, month, tier.
class Survivors : public ::testing::Test {
 protected:
  void add(const std::string& id, const std::string& volume, int month, const std::string& tier = "standard",
           const std::string& more = "") {
    const auto document = parse_json(fmt::format(
        R"({{"SnapshotId": "{}", "VolumeId": "{}", "State": "completed", "StorageTier": "{}", "StartTime": "2026-{:02}-01T00:00:00Z"{}}})",
        id, volume, tier, month, more));
    snapshots_.push_back({.kind = kinds_->find("ebs-snapshot"), .scope = {}, .document = document.value()});
  }
  std::set<std::string> survivors(const std::vector<std::string>& removed) {
    Removing removing;
    for (const auto& id : removed) removing.add("ebs-snapshot", id, {});
    auto listing = std::make_shared<estate::Listing>();
    for (const auto& snapshot : snapshots_) listing->add(snapshot);
    return last_survivors(removing, {.snapshots = std::move(listing),
                                     .volumes = std::make_shared<estate::Listing>(volumes_),
                                     .archiving = archiving_});
  }
  std::shared_ptr<const estate::Kinds> kinds_ = estate::Kinds::embedded().value();
  std::vector<estate::Record> snapshots_;
  estate::Listing volumes_;
  std::set<std::string, std::less<>> archiving_;
};

TEST_F(Survivors, TheNewestStaysWhereNothingElseWould) {
  add("snap-1", "vol-1", 1);
  add("snap-2", "vol-1", 2);
  EXPECT_THAT(survivors({"snap-1", "snap-2"}), ElementsAre("snap-2"));
  EXPECT_THAT(survivors({"snap-2"}), IsEmpty());
}

TEST_F(Survivors, AnArchivedCopyIsNotReadable) {
  add("snap-1", "vol-1", 1);
  add("snap-2", "vol-1", 2, "archive");
  EXPECT_THAT(survivors({"snap-1"}), ElementsAre("snap-1"));
}

// EC2 calls it `standard` for the hours until it is archived.
TEST_F(Survivors, ACopyOnItsWayToTheArchiveIsNotReadable) {
  add("snap-1", "vol-1", 1);
  add("snap-2", "vol-1", 2);
  archiving_ = {"snap-2"};
  EXPECT_THAT(survivors({"snap-1"}), ElementsAre("snap-1"));
  EXPECT_THAT(survivors({"snap-2"}), IsEmpty());
}

TEST_F(Survivors, ACopyRestoredForATimeIsNotReadable) {
  add("snap-1", "vol-1", 1);
  add("snap-2", "vol-1", 2, "standard", R"(, "RestoreExpiryTime": "2026-12-01T00:00:00Z")");
  EXPECT_THAT(survivors({"snap-1"}), ElementsAre("snap-1"));
}

// A volume that failed, or is on its way out, holds nothing.
TEST_F(Survivors, OnlyAVolumeThatIsThereCounts) {
  add("snap-1", "vol-1", 1);
  add("snap-2", "vol-2", 1);
  add("snap-3", "vol-3", 1);
  for (const auto* volume :
       {R"({"VolumeId": "vol-1", "State": "available"})", R"({"VolumeId": "vol-2", "State": "error"})",
        R"({"VolumeId": "vol-3", "State": "deleting"})"}) {
    volumes_.add({.kind = kinds_->find("ebs"), .scope = {}, .document = parse_json(volume).value()});
  }
  EXPECT_THAT(survivors({"snap-1", "snap-2", "snap-3"}), ElementsAre("snap-2", "snap-3"));
}

TEST_F(Survivors, WithoutAVolumeThereIsNoDataSet) {
  add("snap-1", "", 1);
  add("snap-2", "vol-ffffffff", 2);
  EXPECT_THAT(survivors({"snap-1", "snap-2"}), IsEmpty());
}

TEST_F(Survivors, AChainSavesOneFullSizeAtMost) {
  add("snap-1", "vol-1", 1);
  add("snap-2", "vol-1", 2);
  add("snap-3", "vol-2", 1);
  const auto shares = chain_shares({{"snap-1", 4}, {"snap-2", 5}, {"snap-3", 9}}, snapshots_);
  EXPECT_THAT(shares, ElementsAre(2.5, 2.5, std::nullopt));
  policy::Saving saves{.likely = 3, .at_most = 4};
  take_share(saves, 2.5);
  EXPECT_EQ(saves.at_most, 2.5);
  EXPECT_EQ(saves.likely, 2.5);
}

class Files : public ::testing::Test {
 protected:
  /// Writes a plan of `count` rows.
  Result<void> write(std::size_t count, const std::string& id = "p-1") {
    Plan plan;
    plan.header.id = id;
    return write_plan(world_.disk, "/tmp/plan", plan, [count](const RowSink& sink) -> Result<void> {
      for (std::size_t i = 0; i < count; ++i) TRY(sink(row(i)));
      return {};
    });
  }
  static Row row(std::size_t i) {
    Row out;
    out.policy = "p";
    out.kind = "ebs-snapshot";
    out.records = {fmt::format("snap-{}", i)};
    out.row = row_id(out.policy, out.kind, out.scope, out.records, "delete");
    out.action = "delete";
    out.steps.push_back({.service = "ec2", .operation = "DeleteSnapshot", .params = parse_json("{}").value()});
    return out;
  }
  SimWorld world_;
};

TEST_F(Files, EveryChangedByteIsFound) {
  ASSERT_TRUE(write(2));
  const std::string whole = world_.disk.read_file("/tmp/plan", 1 << 20).value();
  const std::string digest = PlanFile::open(world_.disk, "/tmp/plan").value().header().digest;
  const auto end = whole.rfind("{\"end\"");
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    auto file = world_.disk.open("/tmp/changed", Disk::Open::create).value();
    ASSERT_TRUE(file->truncate(0) && file->write(0, changed));
    const auto opened = PlanFile::open(world_.disk, "/tmp/changed");
    // The last line holds no row: there a change may only be one that says nothing else.
    EXPECT_TRUE(!opened || (i >= end && opened->header().digest == digest && opened->row_count() == 2)) << "byte " << i;
  }
}

// The id becomes a file's name, and who hands over a plan can compute its digest.
TEST_F(Files, AnIdThatIsNoneIsRefused) {
  ASSERT_TRUE(write(1, "p-20261122T045446-7eb6cc"));
  EXPECT_TRUE(PlanFile::open(world_.disk, "/tmp/plan"));
  for (const std::string& wrong : {std::string("../../../evil"), std::string("p-../evil"), std::string("p-"),
                                   std::string("r-1"), std::string("p-1\0", 4), "p-" + std::string(200, 'a')}) {
    ASSERT_TRUE(write(1, wrong));
    const auto opened = PlanFile::open(world_.disk, "/tmp/plan");
    ASSERT_FALSE(opened) << wrong;
    EXPECT_EQ(opened.error().code, Code::plan_damaged);
  }
}

TEST_F(Files, ARegionThatIsNoneIsRefused) {
  for (const std::string region : {"../../tmp/x", "", "eu-central-1/x", "us-east-1"}) {
    Plan plan;
    plan.header.id = "p-1";
    plan.header.scopes.push_back({.partition = "aws", .account = "123456789012", .regions = {region}});
    ASSERT_TRUE(write_plan(world_.disk, "/tmp/plan", plan, [](const RowSink&) { return Result<void>{}; }));
    const auto opened = PlanFile::open(world_.disk, "/tmp/plan");
    EXPECT_EQ(opened.has_value(), region == "us-east-1") << region;
    if (!opened) EXPECT_EQ(opened.error().code, Code::plan_damaged);
  }
}

// Both would be sent.
TEST_F(Files, ARowThatStandsTwiceIsRefused) {
  Plan plan;
  plan.header.id = "p-1";
  ASSERT_TRUE(write_plan(world_.disk, "/tmp/plan", plan, [](const RowSink& sink) -> Result<void> {
    for (const std::size_t i : {1U, 2U, 1U}) TRY(sink(row(i)));
    return {};
  }));
  const auto opened = PlanFile::open(world_.disk, "/tmp/plan");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::plan_damaged);
  EXPECT_NE(opened.error().message.find(row(1).row), std::string::npos) << opened.error().message;
}

TEST_F(Files, ATornFileIsFound) {
  ASSERT_TRUE(write(2));
  const std::string whole = world_.disk.read_file("/tmp/plan", 1 << 20).value();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    auto file = world_.disk.open("/tmp/torn", Disk::Open::create).value();
    ASSERT_TRUE(file->truncate(0) && file->write(0, std::string_view(whole).substr(0, size)));
    EXPECT_FALSE(PlanFile::open(world_.disk, "/tmp/torn")) << size;
  }
}

TEST_F(Files, RowsComeBackOneByOne) {
  ASSERT_TRUE(write(5000));
  const auto opened = PlanFile::open(world_.disk, "/tmp/plan");
  ASSERT_TRUE(opened);
  std::size_t at = 0;
  const auto read = opened->each_row([&](Row row) -> Result<void> {
    const Row written = Files::row(at++);
    EXPECT_EQ(row.row, written.row);
    EXPECT_EQ(row.records, written.records);
    return {};
  });
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(at, 5000U);
}

}  // namespace
}  // namespace reeve::plan
