#include "aws/waiters.h"

#include <gtest/gtest.h>

#include "aws/live_fakes.h"
#include "base/sim_seams.h"

namespace reeve::aws {
namespace {

using std::chrono::seconds;

class WaitUntil : public testing::Test {
 protected:
  Result<Response> wait(const std::string& name, Request request, WaitOptions options = {}) {
    Task<Result<Response>> waiting = wait_until(api, models, world.loop, name, std::move(request), options);
    return world.loop.run(std::move(waiting));
  }
  Duration elapsed() { return world.clock.steady() - start; }
  SimWorld world;
  Models models;
  std::string state = "pending";
  FakeApi api{[this](const Request&) { return ok(R"({"Snapshots": [{"State": ")" + state + R"("}]})"); }};
  Steady start = world.clock.steady();
};

TEST_F(WaitUntil, LooksUntilItIsSo) {
  world.loop.call_at(start + seconds(40), [this] { state = "completed"; });
  const auto end = wait("SnapshotCompleted", request("ec2", "", R"({"SnapshotIds": ["snap-1"]})"));
  ASSERT_TRUE(end) << end.error().text();
  EXPECT_EQ(end->document["Snapshots"][0]["State"].as_text(), "completed");
  EXPECT_EQ(elapsed(), seconds(45));
  ASSERT_EQ(api.seen.size(), 4U);
  EXPECT_EQ(api.seen[0].operation, "DescribeSnapshots");
  EXPECT_EQ(api.seen[0].params["SnapshotIds"][0].as_text(), "snap-1");
}

TEST_F(WaitUntil, AStateThatLeadsNowhereEndsIt) {
  state = "error";
  const auto end = wait("SnapshotCompleted", request("ec2", ""));
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, Code::request_refused);
  EXPECT_EQ(end.error().message, "waiting for SnapshotCompleted ended: Snapshots[].State is \"error\" at least once");
}

TEST_F(WaitUntil, ItsOwnNumbersMayBeReplaced) {
  const auto end = wait("SnapshotCompleted", request("ec2", ""), {.delay = seconds(2), .attempts_most = 7});
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, Code::timed_out);
  EXPECT_EQ(elapsed(), seconds(12));
}

TEST_F(WaitUntil, TheDeadlineEndsItBeforeTheNextLook) {
  Request one = request("ec2", "");
  one.deadline = start + seconds(40);
  const auto end = wait("SnapshotCompleted", one);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, Code::timed_out);
  EXPECT_EQ(elapsed(), seconds(30));
}

TEST_F(WaitUntil, CancellationEndsTheSleep) {
  CancelSource source;
  Request one = request("ec2", "");
  one.cancel = source.token();
  world.loop.call_at(start + seconds(20), [&] { source.cancel(); });
  const auto end = wait("SnapshotCompleted", one);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, Code::cancelled);
  EXPECT_EQ(elapsed(), seconds(20));
}

TEST_F(WaitUntil, ErrorsThatItDoesNotWaitForAreTheCallers) {
  FakeApi denied([](const Request&) { return refused(Code::access_denied, "UnauthorizedOperation", 403); });
  Task<Result<Response>> waiting = wait_until(denied, models, world.loop, "SnapshotCompleted", request("ec2", ""));
  const auto end = world.loop.run(std::move(waiting));
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, Code::access_denied);
  EXPECT_EQ(denied.seen.size(), 1U);
}

TEST_F(WaitUntil, AWaiterThatThereIsNot) {
  const auto end = wait("SnapshotComplete", request("ec2", ""));
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, Code::unknown_service);
  EXPECT_EQ(end.error().hint, "the nearest is SnapshotCompleted");
}

}  // namespace
}  // namespace reeve::aws
