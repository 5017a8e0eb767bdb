// Real bodies of AWS with botocore's reading of them (../shared/conformance/protocols/responses.json), for all
// services that there are models of.
#include <algorithm>

#include "aws/protocol/scalar.h"
#include "base/real_seams.h"
#include "protocols_suite.h"

namespace reeve::aws {
namespace {

/// "describe-instances" -> DescribeInstances, without regard to case.
const Operation* find_operation(const ServiceModel& model, std::string_view kebab) {
  auto plain = [](std::string_view text) {
    std::string out;
    for (const char c : text.substr(0, text.find('#'))) {
      if (c != '-') out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
    return out;
  };
  for (const std::string_view name : model.operation_names()) {
    if (plain(name) == plain(kebab)) return model.find_operation(name);
  }
  return nullptr;
}

/// As suite::same, but times stay texts in this suite, and "ResponseMetadata" is not part of the document.
bool same_reading(Value expected, Value got) {
  if (got.kind() == Kind::timestamp) {
    const auto time = parse_time(expected.as_text());
    return time && *time == got.as_time();
  }
  // The documentation's "YYYY-MM-DDTHH:MM:SS.000Z" is no time: unknown, with what was sent as the reason.
  if (got.is_unknown()) return expected.is_text() && got.unknown_reason().ends_with(expected.as_text());
  if (got.is_list()) {
    if (!expected.is_list() || expected.size() != got.size()) return false;
    for (std::size_t i = 0; i < got.size(); ++i) {
      if (!same_reading(expected[i], got[i])) return false;
    }
    return true;
  }
  if (got.is_map()) {
    for (const auto [key, value] : expected.entries()) {
      if (key == "ResponseMetadata") continue;
      const auto other = got.find(key);
      if (!other || !same_reading(value, *other)) return false;
    }
    for (const auto [key, value] : got.entries()) {
      if (!expected.find(key)) return false;
    }
    return expected.is_map();
  }
  return suite::same(expected, got);
}

std::shared_ptr<HttpResponse> response_of(Value json, int status) {
  auto response = std::make_shared<HttpResponse>();
  response->status = status;
  response->body = json["body"].is_text() ? json["body"].as_string() : to_json(json["body"]);
  return response;
}

/// Cases that do not pass, and why.
const std::map<std::string, std::string> skips = {
    {"cloudformation-get-template", "the template's body stays a text; skipped upstream too"},
    {"iam-get-user-policy", "policy documents stay texts; skipped upstream too"},
    {"iam-list-roles", "policy documents stay texts; skipped upstream too"},
};

TEST(ProtocolResponses, ReadAsBotocoreReadsThem) {
  const std::string text = suite::read_text(suite::root() + "responses.json");
  if (text.empty()) {
    fmt::print("the protocol suites are not here ({}): set REEVE_SHARED\n", suite::root());
    return;
  }
  const auto all = parse_json(text);
  ASSERT_TRUE(all) << all.error().text();
  Models models;
  RealDisk disk;
  const std::string folder = "build/deps/botocore/botocore/data";  // for services that are not embedded
  if (const auto there = disk.exists(folder); there && *there) ASSERT_TRUE(models.add_folder(disk, folder));
  std::size_t passed = 0, skipped = 0, without = 0;
  for (const char* group : {"success", "error"}) {
    const bool success = std::string_view(group) == "success";
    for (const Value one : (*all)[group].items()) {
      const std::string name = one["name"].as_string();
      const auto model = models.get(one["service"].as_text());
      const auto codec = model ? codec_for(**model) : Result<const Codec*>(nullptr);
      const Operation* operation = model ? find_operation(**model, one["operation"].as_text()) : nullptr;
      if (!model || !codec || operation == nullptr) {
        ++without;
        continue;
      }
      const Value expected = one["expected"];
      std::string fault;
      if (success) {
        const auto document = (*codec)->decode_response(**model, *operation, response_of(one, 200));
        if (!document) {
          fault = document.error().text();
        } else if (!same_reading(expected, document->root())) {
          fault = fmt::format("got {}, not {}", to_json(*document), to_json(expected));
        }
      } else {
        const WireError error = (*codec)->decode_error(**model, *operation, *response_of(one, 400));
        const Value want = expected["Error"];
        if (error.code != want["Code"].as_text() || error.message != want["Message"].as_text()) {
          fault = fmt::format("got {}: {}", error.code, error.message);
        }
        const auto id = expected["ResponseMetadata"]["RequestId"].as_text();
        if (!id.empty() && error.request_id != id) fault = fmt::format("request id {}, not {}", error.request_id, id);
      }
      if (skips.contains(name)) {
        ++skipped;
        EXPECT_NE(fault, "") << name << " passes: take it off the ledger";
      } else {
        passed += fault.empty() ? 1 : 0;
        EXPECT_EQ(fault, "") << name;
      }
    }
  }
  for (const Value one : (*all)["json_errors"].items()) {
    const std::string name = one["name"].as_string();
    const auto model = models.get(name.substr(0, name.find('-')));
    const Operation* operation = model ? find_operation(**model, name.substr(name.find('-') + 1)) : nullptr;
    if (operation == nullptr) {
      ++without;
      continue;
    }
    const WireError error = find_codec("json")->decode_error(**model, *operation, *response_of(one, 400));
    EXPECT_EQ(error.code, one["expected"]["Error"]["Code"].as_text()) << name;
    EXPECT_EQ(error.message, one["expected"]["Error"]["Message"].as_text()) << name;
    ++passed;
  }
  fmt::print("protocols responses.json: {} passed, {} skipped, {} of services without model or codec\n", passed,
             skipped, without);
  EXPECT_GT(passed, 0U);
}

}  // namespace
}  // namespace reeve::aws
