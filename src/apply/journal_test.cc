#include "apply/journal.h"

#include <gmock/gmock.h>

#include "apply/effects.h"
#include "apply/lock.h"
#include "apply/sqlite_vfs.h"
#include "base/json.h"
#include "base/sim_seams.h"

namespace reeve::apply {
namespace {

class JournalTest : public ::testing::Test {
 protected:
  JournalTest() { open(); }
  ~JournalTest() override {
    journal_.reset();
    unregister_disk_vfs(world_.disk);
  }
  void open() {
    journal_.reset();
    auto opened = open_sqlite_journal(path_, FileLayer::disk, world_.disk, world_.clock, world_.loop, world_.workers);
    ASSERT_TRUE(opened) << opened.error().text();
    journal_ = *std::move(opened);
  }
  Result<void> append(const std::string& run, const std::string& kind, const std::string& body) {
    std::vector<NewEntry> entries;
    entries.push_back({.run = run, .row = "r1", .kind = kind, .subject = {}, .body = parse_json(body).value()});
    return world_.loop.run(journal_->append(std::move(entries)));
  }
  /// Changes the first place of `from` in the file, which stays a database.
  void forge(std::string_view from, std::string_view to) {
    journal_.reset();
    std::string bytes = world_.disk.read_file(path_, 1 << 24).value();
    const auto at = bytes.find(from);
    ASSERT_NE(at, std::string::npos);
    bytes.replace(at, from.size(), to);
    ASSERT_TRUE(world_.disk.write_file(path_, bytes));
    open();
  }
  SimWorld world_;
  std::string path_ = "/tmp/journal.sqlite";
  std::unique_ptr<Journal> journal_;
};

TEST_F(JournalTest, EntriesComeBackInOrderAfterAPowerCut) {
  ASSERT_TRUE(append("r-1", "run", R"({"plan": "p-1"})"));
  ASSERT_TRUE(append("r-1", "intent", R"({"n": 1})"));
  world_.disk.stop_after(0);
  journal_.reset();
  world_.disk.crash(world_.random);
  open();
  const auto entries = journal_->read("r-1");
  ASSERT_TRUE(entries) << entries.error().text();
  ASSERT_EQ(entries->size(), 2U);
  EXPECT_EQ((*entries)[1].prev_hash, (*entries)[0].hash);
  EXPECT_EQ(journal_->run_of_plan("p-1").value(), "r-1");
}

TEST_F(JournalTest, AChangedEntryIsFound) {
  ASSERT_TRUE(append("r-1", "run", R"({"plan": "p-1"})"));
  ASSERT_TRUE(append("r-1", "outcome", R"({"result": "done"})"));
  ASSERT_TRUE(append("r-2", "run", R"({"plan": "p-2"})"));
  forge(R"({"result":"done"})", R"({"result":"dome"})");
  const auto entries = journal_->read("r-1");
  ASSERT_FALSE(entries);
  EXPECT_EQ(entries.error().code, Code::journal);
  EXPECT_TRUE(journal_->read("r-2"));
}

TEST_F(JournalTest, AFullDiskLosesNothingThatWasPromised) {
  ASSERT_TRUE(append("r-1", "run", R"({"plan": "p-1"})"));
  world_.disk.set_free_bytes(100);
  EXPECT_FALSE(append("r-1", "intent", R"({"n": 1})"));
  world_.disk.set_free_bytes(std::nullopt);
  EXPECT_TRUE(append("r-1", "intent", R"({"n": 2})"));
  const auto entries = journal_->read("r-1");
  ASSERT_TRUE(entries) << entries.error().text();
  EXPECT_EQ(entries->back().body["n"].as_integer(), 2);
}

TEST_F(JournalTest, UndosAreFoundByTheRunTheyTakeBack) {
  ASSERT_TRUE(append("r-1", "run", R"({"plan": "p-1"})"));
  ASSERT_TRUE(append("r-2", "run", R"({"plan": "p-2", "of": "r-1"})"));
  EXPECT_THAT(journal_->undos_of("r-1").value(), ::testing::ElementsAre("r-2"));
  EXPECT_THAT(journal_->undos_of("r-2").value(), ::testing::IsEmpty());
}

TEST_F(JournalTest, OneHoldsTheLockOfAScope) {
  const aws::Scope scope{.account = "123456789012", .region = "us-east-1"};
  {
    const auto held = ScopeLocks::take(world_.world, "/tmp/locks", {scope}, "r-1");
    ASSERT_TRUE(held);
    EXPECT_TRUE(ScopeLocks::held(world_.world, "/tmp/locks", scope).value());
    const auto second = ScopeLocks::take(world_.world, "/tmp/locks", {scope}, "r-2");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::locked);
    EXPECT_THAT(second.error().message, ::testing::HasSubstr("r-1"));
  }
  EXPECT_FALSE(ScopeLocks::held(world_.world, "/tmp/locks", scope).value());
}

TEST(Effects, UndoOfTagsPutsBackOldValuesAndTakesAwayNewOnes) {
  const Effect* effect = find_effect("ec2", "CreateTags");
  ASSERT_NE(effect, nullptr);
  const policy::Step step{
      .service = "ec2",
      .operation = "CreateTags",
      .params =
          parse_json(R"({"Resources": ["snap-1"], "Tags": [{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}]})")
              .value()};
  const auto before = parse_json(R"({"tags": {"a": "1", "b": null}})").value();
  const auto steps = effect->undo(step, before);
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[0].operation, "CreateTags");
  EXPECT_EQ(to_json(steps[0].params), R"({"Resources":["snap-1"],"Tags":[{"Key":"a","Value":"1"}]})");
  EXPECT_EQ(steps[1].operation, "DeleteTags");
  EXPECT_EQ(to_json(steps[1].params), R"({"Resources":["snap-1"],"Tags":[{"Key":"b"}]})");
}

TEST(Effects, WhatAnEarlierRowDidIsPartOfThePreImage) {
  const Effect* effect = find_effect("ec2", "DeleteTags");
  const policy::Step earlier{
      .service = "ec2",
      .operation = "CreateTags",
      .params = parse_json(R"({"Resources": ["snap-1"], "Tags": [{"Key": "a", "Value": "2"}]})").value()};
  Document before = parse_json(R"({"tags": {"a": "1", "b": "x"}})").value();
  const Document after = effect->before_after(std::move(before), earlier);
  EXPECT_EQ(to_json(after), R"({"tags":{"a":"2","b":"x"}})");
}

TEST(Effects, OnlyKnownOperationsAreCarriedOut) {
  EXPECT_EQ(find_effect("ec2", "TerminateInstances"), nullptr);
  EXPECT_EQ(find_effect("s3", "DeleteSnapshot"), nullptr);
}

}  // namespace
}  // namespace reeve::apply
