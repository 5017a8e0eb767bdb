#include "base/byte_streams.h"

#include <gtest/gtest.h>

#include "base/sim_disk.h"
#include "base/sim_seams.h"

namespace reeve {
namespace {

struct Fixture {
  SimClock clock;
  Loop loop{clock};
  SimDisk disk{clock};
  Result<std::string> content(ByteSource& source, std::size_t most = 10'000'000) {
    auto reader = source.open();
    if (!reader) return std::unexpected(reader.error());
    return loop.run(read_all(**reader, most));
  }
};

TEST(ByteStreams, ATextComesInPiecesAndAsOftenAsItIsOpened) {
  Fixture f;
  TextSource source("abcdefg", 3);
  EXPECT_EQ(source.size(), 7u);
  auto reader = source.open();
  ASSERT_TRUE(reader);
  EXPECT_EQ(*f.loop.run((*reader)->next()), "abc");
  EXPECT_EQ(*f.content(source), "abcdefg");
}

TEST(ByteStreams, AFileGoesThroughWhole) {
  Fixture f;
  std::string content(1'000'001, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 2654435761u >> 11);
  ASSERT_TRUE(f.disk.write_file("from", content));
  ASSERT_TRUE(f.disk.write_file("to", std::string(2'000'000, 'x')));
  auto source = FileSource::make(f.disk, "from");
  ASSERT_TRUE(source) << source.error().text();
  EXPECT_EQ((*source)->size(), content.size());
  auto reader = (*source)->open();
  auto to = f.disk.open("to", Disk::Open::write);
  ASSERT_TRUE(reader && to);
  EXPECT_EQ(*f.loop.run(write_all(**reader, **to)), content.size());
  EXPECT_TRUE(*f.disk.read_file("to", 10'000'000) == content) << "what stood behind is cut off";
}

TEST(ByteStreams, WhatIsTooLargeOrMissingIsAnError) {
  Fixture f;
  TextSource source(std::string(100, 'x'), 10);
  EXPECT_EQ(f.content(source, 100)->size(), 100u);
  EXPECT_EQ(f.content(source, 99).error().code, Code::limit_exceeded);
  EXPECT_EQ(FileSource::make(f.disk, "nowhere").error().code, Code::not_found);
}

}  // namespace
}  // namespace reeve
