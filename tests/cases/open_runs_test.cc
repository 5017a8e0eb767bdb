// Runs that did not end: which of them `resume` goes on with, and what `runs` says of them.

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "apply/lock.h"
#include "sim/house.h"

namespace reeve {
namespace {

using sim::House;
using sim::Wish;
using ::testing::HasSubstr;

class OpenRuns : public ::testing::Test {
 protected:
  OpenRuns() : house_(library_, 1, sandbox::Behaviour::plain) {
    std::string snapshots;
    for (int i = 0; i < 20; ++i) {
      snapshots += fmt::format(R"({}{{"SnapshotId": "snap-{}", "StartTime": "-90d"}})", i == 0 ? "" : ",", 1000 + i);
    }
    EXPECT_TRUE(house_.load(fmt::format(R"({{"format": 1, "snapshots": [{}]}})", snapshots)));
    EXPECT_TRUE(house_.start());
  }
  /// Tags half of the snapshots and dies after `calls` calls: the run's id.
  std::string interrupted_run(std::string_view key) {
    const auto made = house_.plan(Wish{
        .policies = fmt::format("policies:\n  - {{name: mark, resource: aws.ebs-snapshot, actions: [{{type: tag, tags: "
                                "{{{}: x}}}}]}}\n",
                                key),
        .limit = "none"});
    EXPECT_TRUE(made) << made.error().text();
    house_.network.after_change = [this](const sim::Sent&) { house_.die(); };
    (void)house_.apply(made->header.id, false);
    house_.network.after_change = {};
    house_.sim.disk.stop_after(std::nullopt);
    EXPECT_TRUE(house_.restart(false));
    house_.sim.clock.advance(std::chrono::seconds(60));
    return house_.journal().run_of_plan(made->header.id).value().value();
  }
  void lose_plan(const std::string& run) {
    const auto result = house_.read_run(run);
    ASSERT_TRUE(result && house_.sim.disk.remove(house_.state.plan(result->plan)));
  }
  std::string state_of(const std::string& run) { return house_.read_run(run).value().state; }

  sim::Library library_;
  House house_;
};

TEST_F(OpenRuns, ARunThatCannotGoOnStandsInNoOthersWay) {
  const std::string older = interrupted_run("one"), newer = interrupted_run("two");
  lose_plan(newer);
  const auto resumed = house_.resume();
  ASSERT_TRUE(resumed) << resumed.error().text();
  ASSERT_TRUE(*resumed);
  EXPECT_EQ((*resumed)->id, older);
  EXPECT_EQ(state_of(older), "done");
  const auto again = house_.resume();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::not_found);
  EXPECT_THAT(again.error().message, HasSubstr(newer));
  EXPECT_THAT(again.error().hint, HasSubstr("reeve undo " + newer));
}

TEST_F(OpenRuns, OneThatIsNamedGoesOn) {
  const std::string older = interrupted_run("one"), newer = interrupted_run("two");
  const auto resumed = house_.resume({}, older);
  ASSERT_TRUE(resumed && *resumed);
  EXPECT_EQ((*resumed)->id, older);
  EXPECT_EQ(state_of(newer), "interrupted");
  const auto ended = house_.resume({}, older);
  ASSERT_TRUE(ended);
  EXPECT_FALSE(*ended);
  const auto none = house_.resume({}, "r-none");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Code::not_found);
}

TEST_F(OpenRuns, ADeadRunIsNotAtWorkBecauseAnotherIs) {
  const std::string dead = interrupted_run("one");
  const aws::Scope scope{.account = std::string(sim::account), .region = std::string(sim::region)};
  const auto lock = apply::ScopeLocks::take(house_.world, house_.state.locks(), {scope}, "r-other");
  ASSERT_TRUE(lock);
  EXPECT_EQ(state_of(dead), "interrupted");
}

// A file may lie where others write: what is carried out is the copy, and `resume` finds it.
TEST_F(OpenRuns, AFileIsTakenInBeforeItIsCarriedOut) {
  const auto made = house_.plan(
      Wish{.policies = "policies: [{name: mark, resource: aws.ebs-snapshot, actions: [{type: tag, tags: {a: b}}]}]\n",
           .limit = "none"});
  ASSERT_TRUE(made) << made.error().text();
  const std::string stored = house_.state.plan(made->header.id), file = "/home/reeve/mine.jsonl";
  const auto text = house_.sim.disk.read_file(stored, std::size_t{1} << 20).value();
  ASSERT_TRUE(house_.sim.disk.replace_file(file, [&](const Disk::Pieces& put) { return put(text); }));
  ASSERT_TRUE(house_.sim.disk.remove(stored));
  house_.network.before_change = [&](const sim::Sent&) { (void)house_.sim.disk.remove(file); };
  const auto run = house_.apply(file, false);
  ASSERT_TRUE(run) << run.error().text();
  EXPECT_EQ(run->done, 20U);
  EXPECT_EQ(house_.sim.disk.read_file(stored, std::size_t{1} << 20).value(), text);
}

}  // namespace
}  // namespace reeve
