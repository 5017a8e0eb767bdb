#include "base/real_seams.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

namespace reeve {
namespace {

/// A folder of its own that goes with the test.
struct RealDiskTest : testing::Test {
  void SetUp() override {
    std::string made = testing::TempDir() + "/reeve-XXXXXX";
    ASSERT_NE(::mkdtemp(made.data()), nullptr);
    root = made;
  }
  void TearDown() override { clear(root); }
  void clear(const std::string& path) {
    if (*disk.is_folder(path)) {
      for (const auto& name : *disk.list(path)) clear(path + "/" + name);
    }
    EXPECT_TRUE(disk.remove(path));
  }
  mode_t mode(const std::string& path) {
    struct stat info{};
    EXPECT_EQ(::stat(path.c_str(), &info), 0);
    return info.st_mode & 0777;
  }
  RealDisk disk;
  std::string root;
};

TEST_F(RealDiskTest, FilesAndFoldersAreTheirOwnersOnly) {
  ASSERT_TRUE(disk.make_folders(root + "/a/b/c"));
  ASSERT_TRUE(disk.make_folders(root + "/a//b/"));
  ASSERT_TRUE(disk.write_file(root + "/a/b/f", "content"));
  EXPECT_EQ(mode(root + "/a"), 0700U);
  EXPECT_EQ(mode(root + "/a/b/c"), 0700U);
  EXPECT_EQ(mode(root + "/a/b/f"), 0600U);
  EXPECT_EQ(*disk.read_file(root + "/a/b/f", 100), "content");
  EXPECT_EQ(*disk.list(root + "/a/b"), (std::vector<std::string>{"c", "f"}));
  EXPECT_FALSE(disk.make_folders(root + "/a/b/f/g"));
}

TEST_F(RealDiskTest, ReadsWritesAndTruncates) {
  auto file = *disk.open(root + "/f", Disk::Open::create);
  ASSERT_TRUE(file->write(3, "abc"));
  ASSERT_TRUE(file->sync());
  EXPECT_EQ(*file->size(), 6U);
  std::string into(10, '?');
  EXPECT_EQ(*file->read(2, into), 4U);
  EXPECT_EQ(into.substr(0, 4), std::string_view("\0abc", 4));
  ASSERT_TRUE(file->truncate(1));
  EXPECT_EQ(*file->size(), 1U);
  EXPECT_FALSE((*disk.open(root + "/f", Disk::Open::read))->write(0, "x"));
  const std::string large(200'000, 'l');
  ASSERT_TRUE(disk.write_file(root + "/large", large));
  EXPECT_EQ(*disk.read_file(root + "/large", large.size()), large);
  EXPECT_EQ(disk.read_file(root + "/large", large.size() - 1).error().code, Code::limit_exceeded);
}

TEST_F(RealDiskTest, ErrorsNameThePath) {
  const std::string missing = root + "/missing";
  for (const auto& error :
       {disk.open(missing, Disk::Open::read).error(), disk.open(missing, Disk::Open::write).error(),
        disk.open(missing + "/x", Disk::Open::create).error(), disk.remove(missing).error(),
        disk.rename(missing, missing + "2").error(), disk.list(missing).error(), disk.sync_folder(missing).error()}) {
    EXPECT_EQ(error.code, Code::not_found) << error.text();
    EXPECT_NE(error.resource.find("missing"), std::string::npos);
  }
  EXPECT_EQ(disk.open(root, Disk::Open::read).error().code, Code::io);
  EXPECT_FALSE(*disk.exists(missing));
  EXPECT_EQ(*disk.modified(missing), std::nullopt);
  EXPECT_TRUE(disk.modified(root)->has_value());
}

TEST_F(RealDiskTest, LocksExcludeUntilTheyGo) {
  auto lock = *disk.try_lock(root + "/lock");
  ASSERT_NE(lock, nullptr);
  EXPECT_EQ(*disk.try_lock(root + "/lock"), nullptr);
  lock.reset();
  EXPECT_NE(*disk.try_lock(root + "/lock"), nullptr);
}

TEST_F(RealDiskTest, PipesAreReadToTheirEnd) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const std::string sent(50'000, 'p');
  ASSERT_EQ(::write(ends[1], sent.data(), sent.size()), static_cast<ssize_t>(sent.size()));
  ::close(ends[1]);
  EXPECT_EQ(*disk.read_file("/dev/fd/" + std::to_string(ends[0]), 1 << 20), sent);
  ::close(ends[0]);
}

TEST(RealClock, GoesOnAndPinsOnlyNow) {
  RealClock clock(Time{5});
  const Steady before = clock.steady();
  EXPECT_EQ(clock.now(), Time{5});
  EXPECT_GT(clock.wall(), from_calendar({.year = 2020}));
  EXPECT_GE(clock.steady(), before);
  EXPECT_FALSE(clock.advance_to(Steady{INT64_MAX}));
  EXPECT_GT(RealClock().now(), Time{5});
}

TEST(RealRandom, Differs) {
  RealRandom random;
  EXPECT_NE(random.next(), random.next());
}

TEST(RealEnvironment, Reads) {
  RealEnvironment environment;
  ::setenv("REEVE_TEST_SET", "", 1);
  EXPECT_EQ(environment.get("REEVE_TEST_SET"), "");
  ::unsetenv("REEVE_TEST_SET");
  EXPECT_EQ(environment.get("REEVE_TEST_SET"), std::nullopt);
  EXPECT_FALSE(environment.home().empty());
  EXPECT_FALSE(environment.host_name().empty());
  EXPECT_EQ(environment.process_id(), ::getpid());
}

struct RealWorkTest : testing::Test {
  RealClock clock;
  Loop loop{clock};
  ThreadWorkers workers{2};
  RealProcess process{loop, workers};
  Result<Process::Output> run(const std::string& command, Duration timeout = std::chrono::minutes(1)) {
    return loop.run(process.run(command, timeout));
  }
};

TEST_F(RealWorkTest, WorkIsDoneElsewhereAndTheCallerResumedHere) {
  const auto here = std::this_thread::get_id();
  auto one = [](Loop& on, Workers& by, std::thread::id home, int n) -> Task<int> {
    std::thread::id there;
    int out = 0;
    Task<void> working = by.run(on, [&there, &out, n] {
      there = std::this_thread::get_id();
      out = n * n;
    });
    co_await std::move(working);
    EXPECT_NE(there, home);
    EXPECT_EQ(std::this_thread::get_id(), home);
    co_return out;
  };
  std::vector<Task<int>> tasks;
  for (int n = 0; n < 100; ++n) tasks.push_back(one(loop, workers, here, n));
  const auto results = loop.run(all(loop, std::move(tasks)));
  for (int n = 0; n < 100; ++n) EXPECT_EQ(results[static_cast<std::size_t>(n)], n * n);
}

TEST_F(RealWorkTest, CommandsGiveTheirOutputAndExitCode) {
  const auto done = run("printf out; printf err >&2; exit 3");
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(done->out, "out");
  EXPECT_EQ(done->error, "err");
  EXPECT_EQ(done->exit_code, 3);
  EXPECT_EQ(run("cat")->out, "");  // standard input is empty
  EXPECT_EQ(run("kill -9 $$")->exit_code, 128 + 9);
  EXPECT_EQ(run("no-such-command-anywhere")->exit_code, 127);
  EXPECT_EQ(run("head -c 300000 /dev/zero")->out.size(), 300'000U);
}

TEST_F(RealWorkTest, ACommandThatLeavesAChildBehindIsNotWaitedFor) {
  const auto done = run("sleep 300 & echo started");
  ASSERT_TRUE(done);
  EXPECT_EQ(done->out, "started\n");
}

TEST_F(RealWorkTest, CommandsAreStoppedAtTheirBounds) {
  const auto slow = run("sleep 300; echo never", std::chrono::milliseconds(50));
  EXPECT_EQ(slow.error().code, Code::timed_out);
  const auto loud = run("yes");
  EXPECT_EQ(loud.error().code, Code::limit_exceeded);
}

TEST_F(RealWorkTest, TheFirstInterruptCallsTheLoop) {
  Completion<bool> interrupted(loop);
  auto watch = watch_interrupts(loop, [complete = interrupted.completer()]() mutable { complete(true); });
  ASSERT_TRUE(watch);
  ::kill(::getpid(), SIGTERM);
  EXPECT_TRUE(loop.run(interrupted.wait()));
}

TEST_F(RealWorkTest, AWatcherThatGoesGivesTheSignalBack) {
  bool called = false;
  {
    auto watch = watch_interrupts(loop, [&] { called = true; });
  }
  sigset_t blocked;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  EXPECT_EQ(sigismember(&blocked, SIGINT), 0);
  EXPECT_FALSE(called);
}

TEST(InterruptsDeathTest, TheSecondLeavesAtOnce) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(
      {
        RealClock clock;
        Loop loop(clock);
        auto watch = watch_interrupts(loop, [] {});
        while (true) ::kill(::getpid(), SIGINT);  // the loop never turns: it is busy, or it hangs
      },
      testing::ExitedWithCode(130), "");
}

}  // namespace
}  // namespace reeve
