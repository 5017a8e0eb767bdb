// Every file of the fuzzers' corpora, in every build: seeds, and what once broke.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "targets.h"

namespace reeve::fuzz {
namespace {

TEST(FuzzCorpus, IsTakenByItsTarget) {
  for (const Target& target : targets()) {
    std::size_t files = 0;
    for (const auto& file : std::filesystem::directory_iterator("tests/fuzz/corpus/" + std::string(target.name))) {
      std::ifstream in(file.path(), std::ios::binary);
      std::ostringstream bytes;
      bytes << in.rdbuf();
      const std::string whole = bytes.str();
      SCOPED_TRACE(file.path());
      for (const std::size_t size : {whole.size(), whole.size() / 2, whole.size() * 9 / 10}) {  // cut off, too
        const std::vector<char> exact(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        target.run({exact.data(), exact.size()});  // no byte behind it, so that a sanitizer sees who reads on
      }
      ++files;
    }
    EXPECT_GT(files, 0U) << target.name;
  }
}

}  // namespace
}  // namespace reeve::fuzz
