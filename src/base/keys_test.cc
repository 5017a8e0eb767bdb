#include "base/keys.h"

#include <gtest/gtest.h>

#include <thread>

namespace reeve {
namespace {

TEST(Keys, GiveOneNumberToOneName) {
  Keys keys;
  EXPECT_EQ(keys.find("a"), Keys::none);
  const auto a = keys.intern("a");
  const auto empty = keys.intern("");
  EXPECT_NE(a, empty);
  EXPECT_EQ(keys.intern("a"), a);
  EXPECT_EQ(keys.find("a"), a);
  EXPECT_EQ(keys.find(""), empty);
  EXPECT_EQ(keys.name(a), "a");
  EXPECT_EQ(keys.name(empty), "");
  EXPECT_EQ(keys.find("b"), Keys::none);
}

TEST(Keys, GrowPastChunksAndTables) {
  Keys keys;
  std::vector<std::string_view> names;
  for (Keys::Id i = 0; i < 20'000; ++i) {
    ASSERT_EQ(keys.intern("key" + std::to_string(i)), i);
    names.push_back(keys.name(i));
  }
  for (Keys::Id i = 0; i < 20'000; ++i) {
    ASSERT_EQ(keys.find("key" + std::to_string(i)), i);
    ASSERT_EQ(names[i], "key" + std::to_string(i));  // views from before the growth
  }
}

TEST(Keys, ThreadsAgree) {
  Keys keys;
  constexpr std::size_t count = 3'000, threads = 4;
  std::vector<std::vector<Keys::Id>> seen(threads, std::vector<Keys::Id>(count));
  {
    std::vector<std::jthread> running;
    for (std::size_t t = 0; t < threads; ++t) {
      running.emplace_back([&, t] {
        for (std::size_t i = 0; i < count; ++i) {
          const std::size_t k = (i * 7 + t * 101) % count;
          const std::string name = "n" + std::to_string(k);
          seen[t][k] = keys.intern(name);
          EXPECT_EQ(keys.name(seen[t][k]), name);
          EXPECT_EQ(keys.find(name), seen[t][k]);
        }
      });
    }
  }
  for (std::size_t t = 1; t < threads; ++t) EXPECT_EQ(seen[t], seen[0]);
}

}  // namespace
}  // namespace reeve
