#include "sandbox/begin.h"

#include <gtest/gtest.h>

#include "base/sim_seams.h"
#include "sandbox/test_cloud.h"

namespace reeve::sandbox {
namespace {

/// A folder that outlives the sandboxes over it.
struct Shelf {
  SimWorld sim{1};
  aws::Models models;
  const std::string kept = "/kept.json";

  Begun begun(const Beginning& beginning, std::size_t* snapshots = nullptr) {
    Sandbox sandbox({.clock = sim.clock, .models = models});
    auto out = begin(sandbox, sim.disk, kept, beginning);
    EXPECT_TRUE(out) << out.error().text();
    if (snapshots) *snapshots = sandbox.store().find_region(home_account, home_region)->snapshots.rows.size();
    return out ? *std::move(out) : Begun{};
  }
};

TEST(Begin, TheSameAgainGoesOnWithoutAWord) {
  Shelf shelf;
  std::size_t snapshots = 0;
  EXPECT_TRUE(shelf.begun({.generate = 30}, &snapshots).fresh);
  EXPECT_EQ(snapshots, 30U);
  const Begun again = shelf.begun({.generate = 30}, &snapshots);
  EXPECT_FALSE(again.fresh);
  EXPECT_EQ(again.notice, "");
  EXPECT_EQ(shelf.begun({}).notice, "") << "nothing was asked for";
}

TEST(Begin, WhatIsAskedForAndNotUsedIsSaid) {
  Shelf shelf;
  (void)shelf.begun({.generate = 30});
  std::size_t snapshots = 0;
  const Begun other = shelf.begun({.generate = 40}, &snapshots);
  EXPECT_EQ(snapshots, 30U);
  for (const auto* word : {"/kept.json", "30 generated", "--generate 40 is not used", "reeve sandbox --reset"}) {
    EXPECT_NE(other.notice.find(word), std::string::npos) << word << " in: " << other.notice;
  }
  EXPECT_NE(shelf.begun({.generate = 30, .seed = 2}).notice, "");
}

TEST(Begin, AnEstateFileThatChangedIsNoticed) {
  Shelf shelf;
  ASSERT_TRUE(shelf.sim.disk.write_file("/estate.yaml", "{snapshots: [{SnapshotId: snap-a}]}"));
  const Beginning estate{.estate = "/estate.yaml"};
  EXPECT_TRUE(shelf.begun(estate).fresh);
  EXPECT_EQ(shelf.begun(estate).notice, "");
  ASSERT_TRUE(shelf.sim.disk.write_file("/estate.yaml", "{snapshots: [{SnapshotId: snap-b}]}"));
  EXPECT_NE(shelf.begun(estate).notice.find("/estate.yaml is not used"), std::string::npos);
  ASSERT_TRUE(shelf.sim.disk.remove("/estate.yaml"));
  EXPECT_FALSE(shelf.begun(estate).fresh) << "what was made of a file does not need it any more";
}

}  // namespace
}  // namespace reeve::sandbox
