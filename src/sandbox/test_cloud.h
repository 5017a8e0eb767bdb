#pragma once
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/json.h"
#include "sandbox/sandbox.h"

/// A sandbox with a clock that stands still unless moved: what the tests of this room start with.
namespace reeve::sandbox {

struct StillClock : Clock {
  Time at = *parse_iso8601("2026-06-01T12:00:00Z");
  Time wall() override { return at; }
  Steady steady() override { return {at.us}; }
};

struct TestCloud {
  StillClock clock;
  aws::Models models;
  Sandbox sandbox;
  std::string account{home_account}, region{home_region};

  explicit TestCloud(Behaviour behaviour = Behaviour::plain, std::uint64_t seed = 7)
      : sandbox({.clock = clock, .models = models, .seed = seed, .behaviour = behaviour}) {}

  void load(std::string_view estate) {
    const auto json = parse_json(estate);
    ASSERT_TRUE(json) << json.error().text();
    const auto loaded = sandbox.load_estate(*json);
    ASSERT_TRUE(loaded) << loaded.error().text();
  }
  std::expected<Document, Fault> call(std::string_view operation, std::string_view params,
                                      std::string_view service = "ec2") {
    const auto json = parse_json(params);
    EXPECT_TRUE(json) << params;
    return sandbox.call(account, region, service, operation, *json);
  }
  Document ok(std::string_view operation, std::string_view params, std::string_view service = "ec2") {
    auto answer = call(operation, params, service);
    EXPECT_TRUE(answer) << operation << ": " << (answer ? "" : answer.error().code + ": " + answer.error().message);
    return answer ? *answer : Document();
  }
  /// The code of the fault that must come.
  std::string refused(std::string_view operation, std::string_view params, std::string_view service = "ec2") {
    auto answer = call(operation, params, service);
    EXPECT_FALSE(answer) << operation << " was not refused";
    return answer ? "" : answer.error().code;
  }
  /// The ids of the first list in the answer.
  std::vector<std::string> ids(std::string_view operation, std::string_view params) {
    const Document answer = ok(operation, params);
    std::vector<std::string> out;
    for (auto [name, list] : answer.root().entries()) {
      for (Value item : list.items()) {
        for (auto [key, value] : item.entries()) {
          if (key.ends_with("Id") && key != "OwnerId") {
            out.push_back(value.as_string());
            break;
          }
        }
      }
      break;
    }
    return out;
  }
  void advance(Duration by) { clock.at = clock.at + by; }
};

}  // namespace reeve::sandbox
