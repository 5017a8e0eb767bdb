#include "base/sim_disk.h"

#include <gtest/gtest.h>

#include <set>

#include "base/sim_seams.h"

namespace reeve {
namespace {

struct SimDiskTest : testing::Test {
  SimClock clock;
  SimDisk disk{clock};
  std::string content(const std::string& path) {
    const auto read = disk.read_file(path, 1 << 20);
    return read ? *read : std::string(name(read.error().code));
  }
};

TEST_F(SimDiskTest, FilesReadAndWriteAsOnARealDisk) {
  EXPECT_EQ(disk.open("/a/b", Disk::Open::create).error().code, Code::not_found);
  ASSERT_TRUE(disk.make_folders("/a//x/../b/"));
  EXPECT_TRUE(*disk.is_folder("/a/b"));
  EXPECT_TRUE(*disk.is_folder("/a"));
  EXPECT_EQ(disk.open("/a/b/f", Disk::Open::write).error().code, Code::not_found);
  {
    auto file = *disk.open("/a/b/f", Disk::Open::create);
    ASSERT_TRUE(file->write(0, "hello"));
    ASSERT_TRUE(file->write(8, "x"));
    EXPECT_EQ(*file->size(), 9U);
    ASSERT_TRUE(file->truncate(7));
    std::string into(20, '?');
    EXPECT_EQ(*file->read(1, into), 6U);
    EXPECT_EQ(into.substr(0, 6), std::string_view("ello\0\0", 6));
    EXPECT_EQ(*file->read(100, into), 0U);
  }
  EXPECT_FALSE((*disk.open("/a/b/f", Disk::Open::read))->write(0, "x"));
  EXPECT_EQ(*disk.list("/a/b"), std::vector<std::string>{"f"});
  EXPECT_EQ(*disk.list("/"), std::vector<std::string>{"a"});
  EXPECT_FALSE(disk.remove("/a/b"));
  EXPECT_FALSE(disk.open("/a/b", Disk::Open::read));
  ASSERT_TRUE(disk.rename("/a/b/f", "/a/g"));
  EXPECT_FALSE(*disk.exists("/a/b/f"));
  EXPECT_TRUE(*disk.exists("/a/g"));
  ASSERT_TRUE(disk.remove("/a/b"));
  EXPECT_EQ(disk.remove("/a/b").error().code, Code::not_found);
  EXPECT_EQ(disk.rename("/nothing", "/a/h").error().code, Code::not_found);
  EXPECT_EQ(disk.read_file("/a/g", 3).error().code, Code::limit_exceeded);
  ASSERT_TRUE(disk.write_file("relative", "content"));
  EXPECT_EQ(content("./relative"), "content");
}

TEST_F(SimDiskTest, LocksExcludeAndGoWithTheirHolder) {
  auto lock = *disk.try_lock("/lock");
  ASSERT_NE(lock, nullptr);
  EXPECT_EQ(*disk.try_lock("/lock"), nullptr);
  EXPECT_NE(*disk.try_lock("/other"), nullptr);
  lock.reset();
  lock = *disk.try_lock("/lock");
  ASSERT_NE(lock, nullptr);
  disk.kill();
  auto next = *disk.try_lock("/lock");
  ASSERT_NE(next, nullptr);
  lock.reset();  // the dead process's handle frees nothing
  EXPECT_EQ(*disk.try_lock("/lock"), nullptr);
}

TEST_F(SimDiskTest, WhatWasSyncedSurvivesEveryCrash) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SimDisk own(clock);
    SeededRandom random(seed);
    auto file = *own.open("/f", Disk::Open::create);
    std::string expected;
    for (auto n = random.below(20); n > 0; --n) {
      const std::string bytes(random.below(2'000), static_cast<char>('a' + random.below(26)));
      ASSERT_TRUE(file->write(expected.size(), bytes));
      expected += bytes;
    }
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(own.sync_folder("/"));
    own.crash(random);
    EXPECT_EQ(*own.read_file("/f", 1 << 20), expected) << "seed " << seed;
    EXPECT_FALSE(file->write(0, "x"));
    EXPECT_FALSE(file->size());
  }
}

TEST_F(SimDiskTest, UnsyncedWritesAreLostTornOrKept) {
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SimDisk own(clock);
    SeededRandom random(seed);
    auto file = *own.open("/f", Disk::Open::create);
    ASSERT_TRUE(file->write(0, std::string(1024, 'o')));
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(own.sync_folder("/"));
    ASSERT_TRUE(file->write(0, std::string(1024, 'n')));
    ASSERT_TRUE(file->write(1024, std::string(512, 'm')));
    own.crash(random);
    const std::string after = *own.read_file("/f", 1 << 20);
    ASSERT_GE(after.size(), 1024U);
    std::string sectors;
    for (std::size_t at = 0; at < after.size(); at += 512) {
      EXPECT_EQ(after.substr(at, 512), std::string(512, after[at])) << "a sector is whole";
      sectors += after[at];
    }
    outcomes.insert(sectors);
    const std::string again = *own.read_file("/f", 1 << 20);
    own.crash(random);  // what survived one crash survives the next
    EXPECT_EQ(*own.read_file("/f", 1 << 20), again);
  }
  EXPECT_EQ(outcomes, (std::set<std::string>{"oo", "no", "on", "nn", "oom", "nom", "onm", "nnm"}));
}

TEST_F(SimDiskTest, NewNamesSurviveOnlyWithTheirFolder) {
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SimDisk own(clock);
    SeededRandom random(seed);
    ASSERT_TRUE(own.make_folders("/d"));
    for (const char* path : {"/d/1", "/d/2"}) {
      auto file = *own.open(path, Disk::Open::create);
      ASSERT_TRUE(file->write(0, "x"));
      ASSERT_TRUE(file->sync());
    }
    own.crash(random);
    EXPECT_TRUE(*own.is_folder("/d"));
    std::string names;
    for (const auto& name : *own.list("/d")) names += name;
    outcomes.insert(names);
  }
  EXPECT_EQ(outcomes, (std::set<std::string>{"", "1", "12"}));  // in the order they were made
}

TEST_F(SimDiskTest, AFileIsReplacedWholeOrNotAtAll) {
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    SimDisk own(clock);
    SeededRandom random(seed);
    ASSERT_TRUE(own.write_file("/f", std::string(1500, 'o')));
    own.stop_after(random.below(7));
    const auto replaced = own.write_file("/f", std::string(3000, 'n'));
    own.crash(random);
    const std::string after = *own.read_file("/f", 1 << 20);
    ASSERT_TRUE(after == std::string(1500, 'o') || after == std::string(3000, 'n')) << "seed " << seed;
    if (replaced) {
      EXPECT_EQ(after[0], 'n') << "seed " << seed;
    }
    outcomes.insert(after.substr(0, 1));
  }
  EXPECT_EQ(outcomes, (std::set<std::string>{"o", "n"}));
}

TEST_F(SimDiskTest, ARenameWithoutSyncMayBeUndone) {
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SimDisk own(clock);
    SeededRandom random(seed);
    ASSERT_TRUE(own.write_file("/a", "A"));
    ASSERT_TRUE(own.write_file("/b", "B"));
    ASSERT_TRUE(own.rename("/a", "/b"));
    EXPECT_EQ(*own.read_file("/b", 10), "A");
    own.crash(random);
    std::string state;
    for (const auto& name : *own.list("/")) state += name + *own.read_file("/" + name, 10);
    outcomes.insert(state);
  }
  EXPECT_EQ(outcomes, (std::set<std::string>{"aAbB", "bA"}));
}

TEST_F(SimDiskTest, TheSameSeedLosesTheSame) {
  auto once = [](std::uint64_t seed) {
    SimClock time;
    SimDisk own(time);
    SeededRandom random(seed);
    for (int i = 0; i < 20; ++i) {
      auto file = *own.open("/f" + std::to_string(i % 7), Disk::Open::create);
      EXPECT_TRUE(file->write(random.below(3000), std::string(random.below(3000), 'x')));
      if (random.chance(0.3)) EXPECT_TRUE(file->sync());
      if (random.chance(0.2)) EXPECT_TRUE(own.sync_folder("/"));
    }
    own.crash(random);
    std::string state;
    for (const auto& name : *own.list("/")) state += name + *own.read_file("/" + name, 1 << 20);
    return state;
  };
  EXPECT_EQ(once(7), once(7));
  EXPECT_NE(once(7), once(8));
}

TEST_F(SimDiskTest, AKilledProcessLosesNothingThatWasWritten) {
  auto file = *disk.open("/f", Disk::Open::create);
  ASSERT_TRUE(file->write(0, "unsynced"));
  disk.kill();
  EXPECT_EQ(content("/f"), "unsynced");
  EXPECT_EQ(file->write(0, "x").error().code, Code::io);
}

TEST_F(SimDiskTest, AFullDiskCutsTheLastWriteShort) {
  auto file = *disk.open("/f", Disk::Open::create);
  disk.set_free_bytes(6);
  ASSERT_TRUE(file->write(0, "four"));
  EXPECT_EQ(file->write(4, "more").error().code, Code::io);
  EXPECT_EQ(content("/f"), "fourmo");
  EXPECT_FALSE(disk.write_file("/g", "x"));
  EXPECT_FALSE(*disk.exists("/g.tmp"));
  disk.set_free_bytes(std::nullopt);
  EXPECT_TRUE(file->write(4, "more"));
}

TEST_F(SimDiskTest, StopsAfterSoManyChanges) {
  auto file = *disk.open("/f", Disk::Open::create);
  const auto before = disk.changes();
  disk.stop_after(2);
  EXPECT_TRUE(file->write(0, "1"));
  EXPECT_TRUE(file->sync());
  EXPECT_FALSE(file->write(1, "2"));
  EXPECT_FALSE(disk.exists("/f"));
  EXPECT_FALSE(disk.try_lock("/l"));
  EXPECT_EQ(disk.changes(), before + 2);
  disk.kill();
  EXPECT_EQ(content("/f"), "1");
}

TEST_F(SimDiskTest, KnowsWhenAFileChanged) {
  clock.advance(std::chrono::hours(1));
  ASSERT_TRUE(disk.write_file("/f", "x"));
  EXPECT_EQ(*disk.modified("/f"), clock.wall());
  EXPECT_EQ(*disk.modified("/missing"), std::nullopt);
}

}  // namespace
}  // namespace reeve
