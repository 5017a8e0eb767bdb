#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <iostream>
#include <map>
#include <string>

#include "base/document.h"
#include "suite_files.h"

namespace reeve::aws {

/// Runs a suite's cases: `passes(case)` gives an empty text or what is wrong.
inline void run_cases(const std::string& name, Value cases, std::string_view id_key,
                      const std::function<std::string(const Value&)>& passes) {
  const auto skipped = suite_skips("config_skips.tsv");
  std::map<std::string, int> seen;
  int ran = 0, left_out = 0, nameless = 0;
  for (const Value c : cases.items()) {
    std::string id = name + ":" + c[id_key].as_string();
    if (c[id_key].is_null()) id += "#" + std::to_string(++nameless);
    if (const int again = ++seen[id]; again > 1) id += "#" + std::to_string(again);
    const std::string wrong = passes(c);
    if (skipped.contains(id)) {
      EXPECT_NE(wrong, "") << id << " is listed as skipped, but it passes";
      ++left_out;
      continue;
    }
    EXPECT_EQ(wrong, "") << id;
    ++ran;
  }
  std::cout << name << ": " << ran << " run, " << left_out << " skipped\n";
}

}  // namespace reeve::aws
