// Endpoint rules against the outside suites of REEVE_SHARED/conformance/endpoints: every case of 30 services by its
// `params`, exact URLs, properties, headers and error texts; the standard library's functions.
#include "aws/endpoints.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>

#include "base/json.h"

namespace reeve::aws {
namespace {

std::optional<std::string> read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::stringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

/// The suite's folder; nullopt (said in a line) where it is not here.
std::optional<std::string> folder() {
  const char* shared = std::getenv("REEVE_SHARED");
  std::string out = std::string(shared != nullptr ? shared : "../shared") + "/conformance/endpoints/";
  if (std::filesystem::exists(out)) return out;
  std::cout << "the suite conformance/endpoints is not here: not run\n";
  return std::nullopt;
}

Document parsed(const std::string& text) {
  auto out = parse_json(text);
  EXPECT_TRUE(out) << out.error().text();
  return out ? *out : Document{};
}

/// A missing map and an empty one say the same.
bool same(Value a, Value b) { return (a.empty() && b.empty()) || a == b; }

/// What is wrong with the answer to one case, or an empty text.
std::string check(Endpoints& endpoints, const std::string& rules, const Value& c) {
  const auto got = endpoints.evaluate(rules, c["params"]);
  const Value expected = c["expect"];
  if (const auto error = expected.find("error")) {
    if (got) return "no error";
    return got.error().message == error->as_text() ? "" : got.error().message;
  }
  if (!got) return got.error().text();
  const Value endpoint = expected["endpoint"];
  if ((*got)["url"].as_text() != endpoint["url"].as_text()) return (*got)["url"].as_string();
  if (!same((*got)["properties"], endpoint["properties"])) return to_json((*got)["properties"]);
  return same((*got)["headers"], endpoint["headers"]) ? "" : to_json((*got)["headers"]);
}

/// Runs the cases; how many there were.
int run(Endpoints& endpoints, const std::string& name, const std::string& rules, Value cases) {
  int number = 0;
  for (const Value c : cases.items()) {
    ++number;
    const std::string wrong = check(endpoints, rules, c);
    EXPECT_EQ(wrong, "") << name << ":" << number << " " << c["documentation"].as_text();
  }
  return number;
}

TEST(Endpoints, EveryServicesCases) {
  const auto at = folder();
  if (!at) return;
  const auto endpoints = Endpoints::make(read(*at + "partitions.json").value());
  int count = 0;
  int services = 0;
  for (const auto& file : std::filesystem::directory_iterator(*at + "tests")) {
    const std::string name = file.path().filename();
    const Document tests = parsed(read(file.path()).value());
    count += run(*endpoints, name, read(*at + "rules/" + name).value(), tests["testCases"]);
    ++services;
  }
  EXPECT_EQ(services, 30);
  EXPECT_EQ(count, 2350);
}

TEST(Endpoints, Functions) {
  const auto at = folder();
  if (!at) return;
  const auto endpoints = Endpoints::make(read(*at + "partitions.json").value());
  int count = 0;
  const Document functions = parsed(read(*at + "functions.json").value());
  for (const auto [name, part] : functions.root().entries()) {
    count += run(*endpoints, std::string(name), to_json(part["rules"]), part["tests"]["testCases"]);
  }
  EXPECT_EQ(count, 101);
}

TEST(Endpoints, PartitionsOfListedAndOfNewRegions) {
  const auto at = folder();
  if (!at) return;
  const std::string text = read(*at + "partitions.json").value();
  const auto endpoints = Endpoints::make(text);
  const Document partitions = parsed(text);
  for (const Value partition : partitions["partitions"].items()) {
    for (const auto [region, outputs] : partition["regions"].entries()) {
      EXPECT_EQ(endpoints->partition_of(region), partition["id"].as_text()) << region;
    }
  }
  EXPECT_EQ(endpoints->partition_of("us-east-77"), "aws");
  EXPECT_EQ(endpoints->partition_of("cn-south-9"), "aws-cn");
  EXPECT_EQ(endpoints->partition_of("us-gov-central-1"), "aws-us-gov");
  EXPECT_EQ(endpoints->partition_of("nowhere"), "aws");
}

}  // namespace
}  // namespace reeve::aws
