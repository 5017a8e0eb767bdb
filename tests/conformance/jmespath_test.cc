// The compliance suite of JMESPath (jmespath/jmespath.test), all of it.
#include "text/jmespath.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "base/json.h"

namespace reeve::text {
namespace {

std::filesystem::path suite() {
  const char* shared = std::getenv("REEVE_SHARED");
  return std::filesystem::path(shared != nullptr ? shared : "../shared") / "conformance/jmespath";
}

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

struct Count {
  int cases = 0, passed = 0;
};

void run_case(Value given, Value c, const std::string& where, Count& count) {
  ++count.cases;
  const std::string expression = c["expression"].as_string();
  const auto fails = [&](const std::string& got) { ADD_FAILURE() << where << ": " << expression << " gave " << got; };
  Scratch scratch;
  const auto compiled = Jmespath::compile(expression);
  const auto found = compiled ? compiled->search(given, scratch) : Result<Value>(fail(compiled.error()));
  if (const auto error = c.find("error")) {
    if (found) return fails(to_json(*found));
    const auto is = jmespath_error(found.error());
    if (!is || name(*is) != error->as_text()) return fails(found.error().text());
  } else if (c.find("bench")) {
    if (!compiled || (c["bench"].as_text() == "full" && !found)) return fails(found.error().text());
  } else {
    if (!found) return fails(found.error().text());
    if (!(*found == c["result"])) return fails(to_json(*found) + ", not " + to_json(c["result"]));
  }
  ++count.passed;
}

TEST(JmespathSuite, EveryCase) {
  if (!std::filesystem::is_directory(suite())) {
    std::cout << "no suite at " << suite() << ": set REEVE_SHARED\n";
    GTEST_SKIP();
  }
  Count all;
  for (const auto& entry : std::filesystem::directory_iterator(suite())) {
    if (entry.path().extension() != ".json") continue;
    const auto file = parse_json(read(entry.path()));
    ASSERT_TRUE(file) << file.error().text();
    Count count;
    for (const Value group : file->root().items()) {
      for (const Value c : group["cases"].items()) run_case(group["given"], c, entry.path().filename(), count);
    }
    EXPECT_EQ(count.passed, count.cases) << entry.path();
    all.cases += count.cases;
    all.passed += count.passed;
  }
  std::cout << "jmespath: " << all.passed << " of " << all.cases << " passed\n";
  EXPECT_EQ(all.cases, 908);
}

}  // namespace
}  // namespace reeve::text
