#include "text/python_format.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/json.h"
#include "text/python_spec.h"

namespace reeve::text {
namespace {

TEST(PythonFormat, ExpandAllKeepsTypesAndUnknownNames) {
  Builder variables;
  variables.begin_map();
  variables.put("account_id", "123456789012"), variables.put("count", 7);
  variables.end();
  const auto env = variables.finish();
  const auto look = [&](std::string_view name) { return env.root().find(name); };
  const auto in =
      *parse_json(R"({"a": "{count}", "b": ["x-{account_id}", 3, null], "{count}": "{op}@{date}", "d": "{{x}}"})");
  const auto out = expand_all(in, look);
  ASSERT_TRUE(out);
  EXPECT_EQ(to_json(*out), R"({"a":7,"b":["x-123456789012",3,null],"{count}":"{op}@{date}","d":"{x}"})");
  const auto bad = expand_all(*parse_json(R"(["a {"])"), look);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, Code::invalid_input);
}

TEST(PythonFormat, Specs) {
  const auto integer = [](std::int64_t n, std::string_view spec) {
    Builder b;
    b.add(n);
    const auto d = b.finish();
    return format_value(d, spec).value_or("error");
  };
  EXPECT_EQ(integer(1234567, ","), "1,234,567");
  EXPECT_EQ(integer(-5, "04d"), "-005");
  EXPECT_EQ(integer(5, "+"), "+5");
  EXPECT_EQ(integer(255, "#x"), "0xff");
  EXPECT_EQ(integer(5, "*^7"), "***5***");
  EXPECT_EQ(integer(5, ".2f"), "5.00");
  EXPECT_EQ(integer(5, "s"), "error");
  EXPECT_EQ(integer(5, "999999999d"), "error");
  EXPECT_EQ(integer(std::numeric_limits<std::int64_t>::min(), "d"), "-9223372036854775808");
  EXPECT_EQ(format_text("é", ">3").value_or("error"), "  é");
  EXPECT_EQ(format_text("abc", ".2").value_or("error"), "ab");
}

TEST(PythonFormat, FloatsAsPythonWritesThem) {
  EXPECT_EQ(python_float(1.0), "1.0");
  EXPECT_EQ(python_float(0.1), "0.1");
  EXPECT_EQ(python_float(1e16), "1e+16");
  EXPECT_EQ(python_float(1e15), "1000000000000000.0");
  EXPECT_EQ(python_float(0.0001), "0.0001");
  EXPECT_EQ(python_float(0.00001), "1e-05");
  EXPECT_EQ(python_float(-2.5), "-2.5");
  EXPECT_EQ(python_float(std::numeric_limits<double>::infinity()), "inf");
}

TEST(PythonFormat, ReprOfTexts) {
  Builder b;
  b.add("it's \"x\"\n");
  const auto d = b.finish();
  EXPECT_EQ(python_repr(d), "'it\\'s \"x\"\\n'");
}

TEST(PythonFormat, IncrementsOfNowAreBounded) {
  Builder b;
  b.add(Time{0});
  const auto now = b.finish();
  const auto look = [&](std::string_view) { return std::optional<Value>(now.root()); };
  EXPECT_EQ(expand("{now:+1d%Y-%m-%d}", look)->text, "1970-01-02");
  EXPECT_FALSE(expand("{now:+99999999999999999999d%Y}", look));
  EXPECT_FALSE(expand("{now:+9999999d%Y}", look));
}

}  // namespace
}  // namespace reeve::text
