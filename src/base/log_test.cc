#include "base/log.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/sim_seams.h"

namespace reeve {
namespace {

struct LogTest : testing::Test {
  SimWorld sim;
  std::string people;
  Log log{sim.clock, [this](std::string_view line) { people += line; }, Log::Level::warning};
  std::string file() { return *sim.disk.read_file("/tmp/log", 1 << 20); }
};

TEST_F(LogTest, PeopleGetTheirLevelAndAFileGetsItsOwn) {
  ASSERT_TRUE(log.add_file(sim.disk, "/tmp/log", Log::Level::info));
  log.debug("hidden");
  log.info("listed", {{"count", 3}});
  log.warning("slow", {{"ratio", 0.5}, {"again", true}, {"kind", "ebs"}});
  EXPECT_EQ(people, "warning: slow (ratio 0.5, again true, kind ebs)\n");
  EXPECT_EQ(
      file(),
      "{\"time\":\"2026-01-01T00:00:00Z\",\"level\":\"info\",\"message\":\"listed\",\"count\":3}\n"
      "{\"time\":\"2026-01-01T00:00:00Z\",\"level\":\"warning\",\"message\":\"slow\",\"ratio\":0.5,\"again\":true,"
      "\"kind\":\"ebs\"}\n");
  EXPECT_TRUE(log.wants(Log::Level::info));
  EXPECT_FALSE(log.wants(Log::Level::debug));
}

TEST_F(LogTest, ChildrenAddFieldsAndTheLatestOfANameCounts) {
  const Log child = log.with({{"run", "r1"}, {"row", "a"}});
  child.with({{"row", "b"}}).error("failed", {{"request_id", "q"}});
  log.error("parent");
  EXPECT_EQ(people, "error: failed (run r1, row b, request_id q)\nerror: parent\n");
}

TEST_F(LogTest, ErrorsBringTheirFields) {
  const Error cause{.code = Code::network, .message = "connection reset"};
  log.error(Error{.code = Code::in_use,
                  .message = "cannot delete",
                  .operation = "ec2.DeleteSnapshot",
                  .resource = "snap-1",
                  .aws = std::make_shared<AwsError>(AwsError{"InvalidSnapshot.InUse", 400, "req"}),
                  .cause = std::make_shared<Error>(cause)});
  EXPECT_EQ(
      people,
      "error: cannot delete: connection reset (code in_use, operation ec2.DeleteSnapshot, resource snap-1, aws_code "
      "InvalidSnapshot.InUse, request_id req)\n");
}

TEST_F(LogTest, TextFromOutsideCannotForgeLinesOrDriveTheTerminal) {
  ASSERT_TRUE(log.add_file(sim.disk, "/tmp/log"));
  log.warning("tag \x1b[2J\nerror: forged", {{"name", "\x1b]0;x\x07\xFF\"\n"}});
  EXPECT_EQ(people, "warning: tag \\x1b[2J\\x0aerror: forged (name \\x1b]0;x\\x07\xEF\xBF\xBD\"\\x0a)\n");
  const std::string line = file();
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
  EXPECT_EQ((*parse_json(line))["message"].as_text(), "tag \x1b[2J\nerror: forged");
}

TEST_F(LogTest, AppendsToWhatIsThere) {
  ASSERT_TRUE(sim.disk.write_file("/tmp/log", "before\n"));
  ASSERT_TRUE(log.add_file(sim.disk, "/tmp/log"));
  log.info("after");
  EXPECT_TRUE(file().starts_with("before\n{"));
  EXPECT_EQ(log.add_file(sim.disk, "/no/such/folder").error().code, Code::not_found);
}

TEST_F(LogTest, AFullDiskIsSaidOnceAndStopsNothing) {
  ASSERT_TRUE(log.add_file(sim.disk, "/tmp/log"));
  sim.disk.set_free_bytes(10);
  log.info("one");
  log.info("two");
  EXPECT_TRUE(people.starts_with("error: the log file cannot be written any more"));
  EXPECT_EQ(people.find('\n'), people.size() - 1);
}

TEST_F(LogTest, LevelsFollowTheFlags) {
  EXPECT_EQ(Log::level_for(0, false), Log::Level::warning);
  EXPECT_EQ(Log::level_for(1, false), Log::Level::info);
  EXPECT_EQ(Log::level_for(3, false), Log::Level::debug);
  EXPECT_EQ(Log::level_for(2, true), Log::Level::error);
  const Log none;
  none.error("nobody hears");
  EXPECT_FALSE(none.wants(Log::Level::error));
}

}  // namespace
}  // namespace reeve
