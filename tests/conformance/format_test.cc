// Python's str.format and strftime as policies use them: values/format.json, made with CPython.
#include <gtest/gtest.h>

#include "suite_files.h"
#include "text/python_format.h"

namespace reeve::text {
namespace {

class FormatSuite : public testing::Test {
 protected:
  void SetUp() override {
    suite_ = suite_file("values/format.json");
    if (suite_.root().is_null()) GTEST_SKIP();
    Builder b;
    b.begin_map();
    const auto now = parse_iso8601(suite_["now"].as_string() + "Z");
    ASSERT_TRUE(now);
    for (const auto [key, value] : suite_["env"].entries()) {
      if (key == "now") {
        b.put(key, *now);
      } else {
        b.put(key, value);
      }
    }
    b.end();
    environment_ = b.finish();
  }
  Result<Expanded> run(std::string_view text, FormatOptions options) {
    return expand(text, [this](std::string_view name) { return environment_.root().find(name); }, options);
  }
  Document suite_, environment_;
};

TEST_F(FormatSuite, Dates) {
  Ledger ledger("format dates", {});
  for (const Value c : suite_["dates"].items()) {
    const auto got = run(c["text"].as_text(), {.keep_type = false});
    ledger.note(c["text"].as_string(), got && got->text == c["result"].as_text(), got ? got->text : got.error().text());
  }
}

TEST_F(FormatSuite, Variables) {
  Ledger ledger("format variables", {});
  for (const Value c : suite_["variables"].items()) {
    const auto how = c["how"].as_text();
    const auto got = run(c["text"].as_text(), {.keep_missing = how == "policy", .keep_type = how != "str.format"});
    const std::string id = c["how"].as_string() + " " + c["text"].as_string();
    if (c.find("error")) {
      ledger.note(id, !got, got ? got->text : "");
    } else if (!got) {
      ledger.note(id, false, got.error().text());
    } else {
      Builder b;
      if (got->value) {
        b.add(*got->value);
      } else {
        b.add(got->text);
      }
      const Document value = b.finish();
      ledger.note(id, value.root() == c["result"], to_json(value));
    }
  }
}

}  // namespace
}  // namespace reeve::text
