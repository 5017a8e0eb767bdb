#include "base/sim_seams.h"

#include <gtest/gtest.h>

#include <set>

namespace reeve {
namespace {

TEST(SimClock, WallFollowsSteadyWithSkewAndNowCanBePinned) {
  SimClock clock(Time{1'000});
  EXPECT_EQ(clock.wall(), Time{1'000});
  EXPECT_TRUE(clock.advance_to(Steady{500}));
  EXPECT_TRUE(clock.advance_to(Steady{200}));  // never back
  EXPECT_EQ(clock.steady(), Steady{500});
  clock.set_skew(Duration(-50));
  EXPECT_EQ(clock.wall(), Time{1'450});
  EXPECT_EQ(clock.now(), Time{1'450});
  EXPECT_EQ(clock.true_time(), Time{1'500});
  clock.pin_now(Time{7});
  EXPECT_EQ(clock.now(), Time{7});
  EXPECT_EQ(clock.wall(), Time{1'450});
}

TEST(SeededRandom, IsTheSameEverywhere) {
  SeededRandom random(1234567);  // the reference implementation's first numbers for this seed
  EXPECT_EQ(random.next(), 6457827717110365317U);
  EXPECT_EQ(random.next(), 3203168211198807973U);
  SeededRandom a(1), b(1);
  SeededRandom part = a.split();
  EXPECT_NE(part.next(), SeededRandom(1).next());
  b.next();
  EXPECT_EQ(a.next(), b.next());
}

TEST(Random, DrawsAreInRangeAndReachIt) {
  SeededRandom random(9);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1'000; ++i) {
    seen.insert(random.below(7));
    EXPECT_GE(random.unit(), 0);
    EXPECT_LT(random.unit(), 1);
  }
  EXPECT_EQ(seen, (std::set<std::uint64_t>{0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(random.below(0), 0U);
  EXPECT_EQ(random.below(1), 0U);
  EXPECT_FALSE(random.chance(0));
  EXPECT_TRUE(random.chance(1));
}

TEST(Random, UuidsAreVersion4) {
  SeededRandom random(10);
  std::set<std::string> seen;
  for (int i = 0; i < 500; ++i) {
    const std::string id = random.uuid();
    ASSERT_EQ(id.size(), 36U);
    EXPECT_EQ(id[8], '-');
    EXPECT_EQ(id[14], '4');
    EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef-"), std::string::npos);
    seen.insert(id);
  }
  EXPECT_EQ(seen.size(), 500U);
}

TEST(SimWorld, HasEverythingThatTheEngineAsksFor) {
  SimWorld sim(3);
  World& world = sim.world;
  EXPECT_TRUE(*world.disk.is_folder(world.environment.home()));
  sim.environment.variables["EMPTY"] = "";
  EXPECT_EQ(world.environment.get("EMPTY"), "");
  EXPECT_EQ(world.environment.get("UNSET"), std::nullopt);
  bool done = false;
  world.loop.run(world.workers.run(world.loop, [&] { done = true; }));
  EXPECT_TRUE(done);
  EXPECT_EQ(world.loop.run(world.http.send({}, Steady{}, {})).error().code, Code::network);
}

TEST(FakeProcess, AnswersAsWritten) {
  SimWorld sim;
  sim.process.on("get", Process::Output{.exit_code = 0, .out = "one", .error = {}});
  sim.process.on("get", fail(Code::timed_out, "too slow"));
  auto run = [&](const char* command) { return sim.loop.run(sim.process.run(command, std::chrono::seconds(1))); };
  EXPECT_EQ(run("get")->out, "one");
  EXPECT_EQ(run("get").error().code, Code::timed_out);
  EXPECT_EQ(run("get").error().code, Code::timed_out);
  EXPECT_EQ(run("other")->exit_code, 127);
  EXPECT_EQ(sim.process.calls(), (std::vector<std::string>{"get", "get", "get", "other"}));
}

TEST(HttpResponse, HeadersAreFoundWithoutRegardToCase) {
  HttpResponse response;
  response.headers = {{"Date", "now"}, {"x-amzn-RequestId", "1"}, {"X-Amzn-Requestid", "2"}};
  EXPECT_EQ(response.header("date"), "now");
  EXPECT_EQ(response.header("X-AMZN-REQUESTID"), "1");
  EXPECT_EQ(response.header("Dat"), "");
}

}  // namespace
}  // namespace reeve
