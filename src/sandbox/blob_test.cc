#include "sandbox/blob.h"

#include <gtest/gtest.h>

#include "base/sim_disk.h"
#include "sandbox/test_cloud.h"

namespace reeve::sandbox {
namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

std::string letters(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>('a' + i * i % 23);
  return out;
}

std::string text_of(const BlobPtr& blob, std::uint64_t offset = 0) {
  const auto read = whole({blob, offset, blob->size() - offset}, std::size_t{1} << 30);
  EXPECT_TRUE(read);
  return read.value_or("");
}

struct Spool {
  StillClock clock;
  SimDisk disk{clock};
  BlobStore store{&disk, "/spool"};
  BlobPtr keep(std::string bytes) {
    auto kept = store.keep(std::move(bytes));
    EXPECT_TRUE(kept);
    return kept.value_or(nullptr);
  }
};

TEST(Blob, WhatIsKeptComesBackWhateverItsSize) {
  Spool spool;
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, mebibyte, mebibyte + 1, 3 * mebibyte, 3 * mebibyte + 7}) {
    const std::string bytes = letters(size);
    const BlobPtr blob = spool.keep(bytes);
    EXPECT_EQ(blob->size(), size);
    EXPECT_EQ(text_of(blob), bytes) << size;
    EXPECT_EQ(blob->text() != nullptr, size <= BlobStore::small_body_bytes) << size;
    if (size > 5) EXPECT_EQ(text_of(blob, size - 5), bytes.substr(size - 5));
  }
}

TEST(Blob, PiecesOfAnySizeMakeTheSame) {
  Spool spool;
  const std::string bytes = letters(2 * mebibyte + 1000);
  for (const std::size_t step : {std::size_t{777}, std::size_t{65'536}, mebibyte, 5 * mebibyte}) {
    auto writer = spool.store.begin();
    for (std::size_t at = 0; at < bytes.size(); at += step) ASSERT_TRUE(writer.add(bytes.substr(at, step)));
    EXPECT_EQ(writer.size(), bytes.size());
    const auto kept = writer.finish();
    ASSERT_TRUE(kept);
    EXPECT_EQ(text_of(*kept), bytes) << step;
  }
}

TEST(Blob, TheSpoolHasNoNameAndItsRoomIsUsedAgain) {
  Spool spool;
  const std::string first = letters(2 * mebibyte), second = letters(4 * mebibyte);
  BlobPtr one = spool.keep(first), two = spool.keep(second);
  EXPECT_FALSE(*spool.disk.exists("/spool/bodies"));
  one.reset();
  const BlobPtr three = spool.keep(letters(3 * mebibyte));
  EXPECT_EQ(text_of(two), second) << "what lies beside it stays";
  EXPECT_EQ(text_of(three), letters(3 * mebibyte));
}

TEST(Blob, AFullDiskIsAnError) {
  Spool spool;
  spool.disk.set_free_bytes(mebibyte);
  EXPECT_FALSE(spool.store.keep(letters(4 * mebibyte)));
}

TEST(Blob, JoinedAndMadeUp) {
  const BlobPtr joined = joined_blob({text_blob("ab"), text_blob(""), text_blob("cde")});
  EXPECT_EQ(joined->size(), 5U);
  EXPECT_EQ(text_of(joined), "abcde");
  EXPECT_EQ(text_of(joined, 2), "cde");
  const BlobPtr made = generated_blob("seed", 100'000);
  const std::string all = text_of(made);
  EXPECT_EQ(all.size(), 100'000U);
  for (const std::uint64_t at : {1U, 64U, 16'383U, 99'999U}) EXPECT_EQ(text_of(made, at), all.substr(at)) << at;
  EXPECT_NE(text_of(generated_blob("other", 100)), text_of(generated_blob("seed", 100)));
}

}  // namespace
}  // namespace reeve::sandbox
