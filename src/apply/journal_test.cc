#include "apply/journal.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <filesystem>
#include <set>

#include "apply/effects.h"
#include "apply/lock.h"
#include "apply/sqlite_vfs.h"
#include "base/json.h"
#include "base/real_seams.h"
#include "base/sim_seams.h"

namespace reeve::apply {
namespace {

/// Counts what is handed to it: a commit each.
class CountingWorkers : public Workers {
 public:
  Task<void> run(Loop& loop, std::move_only_function<void()> work) override {
    ++commits;
    return inner_.run(loop, std::move(work));
  }
  int commits = 0;

 private:
  InlineWorkers inner_;
};

class JournalTest : public ::testing::Test {
 protected:
  JournalTest() { open(); }
  ~JournalTest() override {
    journal_.reset();
    unregister_disk_vfs(world_.disk);
  }
  void open() {
    journal_.reset();
    auto opened = open_sqlite_journal(path_, FileLayer::disk, world_.disk, world_.clock, world_.loop, workers_);
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
  /// Closes the journal, and works on its file.
  void execute(const std::string& sql) {
    journal_.reset();
    sqlite3* raw = nullptr;
    const std::string vfs = register_disk_vfs(world_.disk);
    ASSERT_EQ(sqlite3_open_v2(path_.c_str(), &raw, SQLITE_OPEN_READWRITE, vfs.c_str()), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(raw, ("PRAGMA locking_mode = EXCLUSIVE; " + sql).c_str(), nullptr, nullptr, nullptr),
              SQLITE_OK);
    sqlite3_close_v2(raw);
  }
  SimWorld world_;
  CountingWorkers workers_;
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

TEST_F(JournalTest, AnEntryThatWasRemovedFromTheMiddleIsFound) {
  ASSERT_TRUE(append("r-1", "run", R"({"plan": "p-1"})"));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(append("r-1", "outcome", R"({"result": "done"})"));
  execute("DELETE FROM entries WHERE seq = 3");
  open();
  const auto entries = journal_->read("r-1");
  ASSERT_FALSE(entries);
  EXPECT_EQ(entries.error().code, Code::journal);
  EXPECT_THAT(entries.error().message, ::testing::HasSubstr("lost entries before seq 4"));
  EXPECT_THAT(entries.error().hint, ::testing::HasSubstr("look at the account"));
}

TEST_F(JournalTest, EntriesThatComeTogetherShareACommitAndAllSurvive) {
  ASSERT_TRUE(append("r-1", "run", R"({"plan": "p-1"})"));
  const int before = workers_.commits;
  std::vector<Task<Result<void>>> many;
  for (int i = 0; i < 20; ++i) {
    std::vector<NewEntry> entries;
    entries.push_back({.run = "r-1",
                       .row = fmt::format("row-{}", i),
                       .kind = "intent",
                       .subject = {},
                       .body = parse_json(R"({"n": 1})").value()});
    many.push_back(journal_->append(std::move(entries)));
  }
  for (const auto& written : world_.loop.run(all(world_.loop, std::move(many)))) EXPECT_TRUE(written);
  EXPECT_LE(workers_.commits - before, 2);  // the first may go alone
  world_.disk.stop_after(0);
  journal_.reset();
  world_.disk.crash(world_.random);
  open();
  EXPECT_EQ(journal_->read("r-1").value().size(), 21U);
}

TEST_F(JournalTest, AJournalThatWasEmptiedIsRefused) {
  ASSERT_TRUE(append("r-1", "run", R"({"plan": "p-1"})"));
  journal_.reset();
  for (const auto* part : {"", "-wal"}) (void)world_.disk.remove(path_ + part);
  const auto opened =
      open_sqlite_journal(path_, FileLayer::disk, world_.disk, world_.clock, world_.loop, world_.workers);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::journal);
  EXPECT_THAT(opened.error().message, ::testing::HasSubstr("does not hold run r-1"));
  EXPECT_THAT(opened.error().hint, ::testing::HasSubstr(path_ + ".mark"));
  ASSERT_TRUE(world_.disk.remove(path_ + ".mark"));  // as the hint says
  open();
}

TEST_F(JournalTest, ADamagedMarkOfAnEmptyJournalIsRefused) {
  for (const auto* damage : {"", "garbage", R"({"format": 1})"}) {
    ASSERT_TRUE(world_.disk.write_file(path_ + ".mark", damage));
    const auto opened =
        open_sqlite_journal(path_, FileLayer::disk, world_.disk, world_.clock, world_.loop, world_.workers);
    ASSERT_FALSE(opened) << damage;
    EXPECT_THAT(opened.error().message, ::testing::HasSubstr("damaged"));
  }
  ASSERT_TRUE(world_.disk.remove(path_ + ".mark"));
  open();
  ASSERT_TRUE(append("r-1", "run", R"({"plan": "p-1"})"));
  journal_.reset();
  ASSERT_TRUE(world_.disk.write_file(path_ + ".mark", "garbage"));
  open();  // the runs are there; the next one writes the mark anew
}

TEST_F(JournalTest, ADamagedFileSaysWhatToDo) {
  ASSERT_TRUE(append("r-1", "run", R"({"plan": "p-1"})"));
  journal_.reset();
  ASSERT_TRUE(world_.disk.write_file(path_, "no database"));
  const auto opened =
      open_sqlite_journal(path_, FileLayer::disk, world_.disk, world_.clock, world_.loop, world_.workers);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::journal);
  for (const auto* part : {"Keep a copy", "protected", "Look at the account"}) {
    EXPECT_THAT(opened.error().hint, ::testing::HasSubstr(part));
  }
}

TEST_F(JournalTest, AJournalOfANewerVersionIsRefusedAndStaysAsItIs) {
  ASSERT_TRUE(append("r-1", "run", R"({"plan": "p-1"})"));
  execute("PRAGMA user_version = 2");
  for (int i = 0; i < 2; ++i) {
    const auto opened =
        open_sqlite_journal(path_, FileLayer::disk, world_.disk, world_.clock, world_.loop, world_.workers);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Code::journal);
    EXPECT_THAT(opened.error().message, ::testing::HasSubstr("version 2"));
  }
  execute("PRAGMA user_version = 1");
  open();
  EXPECT_TRUE(journal_->read("r-1"));
}

TEST_F(JournalTest, TheChainIsOverTheBytesThatWereWritten) {
  for (const auto* body : {R"({"plan": -0.0})", R"({"plan": 1e400})", R"({"plan": 1.0})", R"({"plan": 1e22})",
                           R"({"plan": 18446744073709551615})"}) {
    const auto parsed = parse_json(body);
    if (!parsed) continue;  // no number that an entry can hold
    ASSERT_TRUE(append(body, "run", body));
    EXPECT_TRUE(journal_->read(body)) << body;
  }
}

TEST(RealJournal, AReadingDoesNotSeeHalfACommit) {
  std::string folder = testing::TempDir() + "/reeve-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  {
    RealClock clock;
    Loop loop(clock);
    RealDisk disk;
    ThreadWorkers workers(1);
    auto opened = open_sqlite_journal(folder + "/journal.sqlite", FileLayer::sqlite, disk, clock, loop, workers);
    ASSERT_TRUE(opened) << opened.error().text();
    Journal& journal = **opened;
    constexpr std::size_t many = 5'000;
    std::set<std::size_t> seen;
    bool written = false;
    auto write = [&](std::size_t count) -> Task<void> {
      std::vector<NewEntry> entries;
      for (std::size_t i = 0; i < count; ++i) {
        entries.push_back({.run = "r-1", .row = "r1", .kind = "intent", .subject = {}, .body = Document{}});
      }
      EXPECT_TRUE(co_await journal.append(std::move(entries)));
      written = count > 1;
    };
    auto all = [&]() -> Task<void> {
      Task<void> first = write(1);
      co_await std::move(first);
      loop.spawn(write(many));
      while (!written) {
        (void)co_await loop.sleep(std::chrono::microseconds(200));
        seen.insert(journal.of_row("r-1", "r1").value().size());
      }
    };
    loop.run(all());
    EXPECT_EQ(*seen.rbegin(), many + 1);
    seen.erase(1);
    EXPECT_THAT(seen, ::testing::ElementsAre(many + 1));
  }
  std::filesystem::remove_all(folder);
}

TEST_F(JournalTest, RunsThatDidNotEndAreFoundNewestFirst) {
  for (const auto* run : {"r-1", "r-2", "r-3", "r-4"}) ASSERT_TRUE(append(run, "run", R"({"plan": "p"})"));
  ASSERT_TRUE(append("r-1", "end", R"({"state": "interrupted"})"));
  ASSERT_TRUE(append("r-3", "end", R"({"state": "done"})"));
  ASSERT_TRUE(append("r-4", "end", R"({"state": "failed"})"));
  ASSERT_TRUE(append("r-4", "intent", R"({"n": 1})"));  // it went on
  EXPECT_THAT(journal_->open_runs().value(), ::testing::ElementsAre("r-4", "r-2", "r-1"));
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
    EXPECT_TRUE(ScopeLocks::held(world_.world, "/tmp/locks", scope, "r-1").value());
    EXPECT_FALSE(ScopeLocks::held(world_.world, "/tmp/locks", scope, "r-0").value());  // an earlier one, that is dead
    const auto second = ScopeLocks::take(world_.world, "/tmp/locks", {scope}, "r-2");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::locked);
    EXPECT_THAT(second.error().message, ::testing::HasSubstr("r-1"));
  }
  EXPECT_FALSE(ScopeLocks::held(world_.world, "/tmp/locks", scope, "r-1").value());
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
