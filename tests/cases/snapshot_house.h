#pragma once
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "sim/house.h"

/// A house over an estate of stale snapshots: what cases about runs begin with.
namespace reeve {

class SnapshotHouse : public ::testing::Test {
 protected:
  /// Models and kinds, read once a program.
  static sim::Library& library() {
    static sim::Library shared;
    return shared;
  }
  /// `count` snapshots, snap-1000 and on, that the bin keeps for a week; each has the tag owner=old.
  void build(std::size_t count, sandbox::Behaviour behaviour = sandbox::Behaviour::plain, std::uint64_t seed = 1) {
    house_.reset();
    house_ = std::make_unique<sim::House>(library(), seed, behaviour);
    std::string snapshots;
    for (std::size_t i = 0; i < count; ++i) {
      snapshots += fmt::format(
          R"({}{{"SnapshotId": "snap-{}", "StartTime": "-90d", "Tags": [{{"Key": "owner", "Value": "old"}}]}})",
          i == 0 ? "" : ",", 1000 + i);
    }
    const auto loaded = house_->load(fmt::format(
        R"({{"format": 1, "bin_rules": [{{"Identifier": "rule7", "RetentionDays": 7}}], "snapshots": [{}]}})",
        snapshots));
    ASSERT_TRUE(loaded) << loaded.error().text();
    const auto started = house_->start();
    ASSERT_TRUE(started) << started.error().text();
  }
  sim::Planned plan(const char* policy) {
    auto made = house_->plan(sim::Wish{.policies = policy, .limit = "none"});
    EXPECT_TRUE(made) << made.error().text();
    return std::move(made).value();
  }
  sim::Ran apply(const sim::Planned& plan) {
    auto applied = house_->apply(plan.header.id, false);
    EXPECT_TRUE(applied) << applied.error().text();
    return applied ? *std::move(applied) : sim::Ran{};
  }
  void faults(std::string_view rules) {
    const auto set = house_->faults(rules);
    ASSERT_TRUE(set) << set.error().text();
  }
  std::unique_ptr<sim::House> house_;
};

}  // namespace reeve
