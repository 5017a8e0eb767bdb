#pragma once
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "base/json.h"

namespace reeve {

/// A file of the outside suites under $REEVE_SHARED (default ../shared); null, with a line that says so, where they are
/// not there.
inline Document suite_file(const std::string& path) {
  const char* shared = std::getenv("REEVE_SHARED");
  const auto file = std::filesystem::path(shared != nullptr ? shared : "../shared") / "conformance" / path;
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    std::cout << "no suite at " << file << ": set REEVE_SHARED\n";
    return {};
  }
  std::ostringstream text;
  text << in.rdbuf();
  auto parsed = parse_json(text.str());
  if (!parsed) ADD_FAILURE() << file << ": " << parsed.error().text();
  return parsed ? *parsed : Document{};
}

/// Cases that are left out, "suite:case" → why, from tests/conformance/NAME: a line each, id and reason with a tab
/// between.
inline std::map<std::string, std::string> suite_skips(const std::string& name) {
  std::map<std::string, std::string> out;
  std::ifstream lines("tests/conformance/" + name, std::ios::binary);
  EXPECT_TRUE(lines) << "no " << name;
  for (std::string line; std::getline(lines, line);) {
    const auto tab = line.find('\t');
    out.emplace(line.substr(0, tab), line.substr(tab + 1));
  }
  return out;
}

/// Counts the cases of a suite against a table of those that are left out, with the reason. An entry whose case passes
/// is a failure, and so is one that no case needs.
class Ledger {
 public:
  using Skips = std::map<std::string, std::string>;  // id of a case -> reason
  Ledger(std::string suite, Skips skips) : suite_(std::move(suite)), skips_(std::move(skips)) {}
  void note(const std::string& id, bool passed, const std::string& got) {
    ++cases_;
    const auto skip = skips_.find(id);
    if (skip != skips_.end()) {
      seen_.insert(id);
      ++skipped_;
      EXPECT_FALSE(passed) << suite_ << ": '" << id << "' passes; take it off the list";
    } else {
      EXPECT_TRUE(passed) << suite_ << ": '" << id << "' gave " << got;
      passed_ += passed ? 1 : 0;
    }
  }
  ~Ledger() {
    for (const auto& [id, reason] : skips_) EXPECT_TRUE(seen_.contains(id)) << suite_ << ": no case '" << id << "'";
    std::cout << suite_ << ": " << cases_ << " cases, " << passed_ << " passed, " << skipped_ << " left out\n";
  }

 private:
  std::string suite_;
  Skips skips_;
  std::set<std::string> seen_;
  int cases_ = 0, passed_ = 0, skipped_ = 0;
};

}  // namespace reeve
