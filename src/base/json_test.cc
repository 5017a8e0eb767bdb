#include "base/json.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/encoding.h"
#include "base/limits.h"
#include "base/seeded_random.h"

namespace reeve {
namespace {

std::string round(std::string_view text) {
  const auto document = parse_json(text);
  return document ? to_json(*document) : std::string(name(document.error().code));
}

TEST(Json, ReadsAndWritesTheSame) {
  for (const char* text : {"null", "true", "false", "0", "-1", "9223372036854775807", "-9223372036854775808", "1.5",
                           "-0.25", "1e+300", "\"\"", "\"a\\\"b\\\\c\"", "[]", "{}", "[[],{}]",
                           "[1,\"two\",[3,{\"four\":5}]]", "{\"a\":{\"b\":[null,true]},\"\":0}",
                           "\"\\n\\r\\t\\u0000\\u001f\\u007f\"", "\"\xE2\x82\xAC \xF0\x9F\x98\x80\""}) {
    EXPECT_EQ(round(text), text);
  }
  EXPECT_EQ(round(" [ 1 , 2 ] \n"), "[1,2]");
  EXPECT_EQ(round("\"\\u20ac\\ud83d\\ude00\\/\""), "\"\xE2\x82\xAC\xF0\x9F\x98\x80/\"");
  EXPECT_EQ(round("18446744073709551615"), "1.8446744073709552e+19");
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const char* text : {"",
                           " ",
                           "nul",
                           "[1,]",
                           "{\"a\":}",
                           "{a:1}",
                           "{'a':1}",
                           "[1",
                           "1 2",
                           "[1]]",
                           "\"a",
                           "\"\n\"",
                           "01",
                           "+1",
                           ".5",
                           "1.",
                           "NaN",
                           "\"\xFF\"",
                           "\"\xC0\x80\"",
                           "\"\xED\xA0\x80\"",
                           "\"\\x\"",
                           "// c\n1",
                           "99999999999999999999999"}) {
    EXPECT_EQ(round(text), "malformed") << text;
  }
}

TEST(Json, AKeyThatStandsTwiceIsAnError) {
  EXPECT_EQ(round(R"({"a":1,"b":2,"a":3})"), "malformed");
  EXPECT_EQ(round(R"([{"x":{"a":1,"a":1}}])"), "malformed");
  EXPECT_EQ(round(R"({"a":{"a":{"a":1}}})"), R"({"a":{"a":{"a":1}}})");
  EXPECT_NE(parse_json(R"({"a":1,"a":2})").error().message.find("'a'"), std::string::npos);
}

TEST(Json, DepthIsLimited) {
  auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(parse_json(nested(limits::document_depth)));
  for (const std::size_t depth : {limits::document_depth + 2, std::size_t{5'000}, std::size_t{1'000'000}}) {
    const auto read = parse_json(nested(depth));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Code::limit_exceeded) << depth;
  }
}

TEST(Json, KnownKeysBecomeIds) {
  auto keys = std::make_shared<Keys>();
  keys->intern("a");
  const Document d = *parse_json(R"([{"a":1},{"a":1,"b":2},{}])", keys);
  EXPECT_FALSE(d[0].node()->spelled());
  EXPECT_TRUE(d[1].node()->spelled());
  EXPECT_EQ(to_json(d), R"([{"a":1},{"a":1,"b":2},{}])");
}

TEST(Json, WritesWhatJsonHasNoWordFor) {
  Builder b;
  b.begin_map();
  b.put("time", Time{1'500'000});
  b.key("blob");
  b.blob("\xFF\x01");
  b.key("unknown");
  b.unknown("denied");
  b.put("nan", std::nan(""));
  b.put("inf", -INFINITY);
  b.put("bad",
        "a\xFF"
        "b\xC3");
  b.end();
  EXPECT_EQ(to_json(b.finish()),
            "{\"time\":\"1970-01-01T00:00:01.500Z\",\"blob\":\"/wE=\",\"unknown\":{\"$unknown\":\"denied\"},"
            "\"nan\":\"NaN\",\"inf\":\"-Infinity\",\"bad\":\"a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD\"}");
}

TEST(Json, Indents) {
  EXPECT_EQ(to_json(*parse_json(R"({"a":[1,{}],"b":{"c":[]}})"), 2),
            "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": {\n    \"c\": []\n  }\n}");
}

TEST(Json, EqualValuesShareOneCanonicalText) {
  auto canonical = [](std::string_view text) { return canonical_json(*parse_json(text)); };
  EXPECT_EQ(canonical(R"({"b":1.0,"a":[-0.0,1e15,1e16,1e18],"B":{"z":1,"y":2}})"),
            R"({"B":{"y":2,"z":1},"a":[0,1000000000000000,10000000000000000,1000000000000000000],"b":1})");
  EXPECT_EQ(canonical("1e300"), "1e+300");
  EXPECT_EQ(canonical("0.1"), "0.1");
  SeededRandom random(5);
  for (int i = 0; i < 300; ++i) {  // order does not matter, and what it writes it reads back
    std::vector<std::string> entries;
    for (int k = 0; k < 6; ++k) {
      entries.push_back("\"" + std::to_string(random.below(1000)) + std::string(1, static_cast<char>('a' + k)) +
                        "\":" + std::to_string(random.below(9)) + (random.chance(0.5) ? ".0" : ""));
    }
    auto text = [&] {
      std::string out = "{";
      for (const auto& e : entries) out += (out.size() > 1 ? "," : "") + e;
      return out + "}";
    };
    const std::string first = canonical(text());
    std::swap(entries[0], entries[random.below(6)]);
    std::swap(entries[3], entries[random.below(6)]);
    ASSERT_EQ(canonical(text()), first);
    ASSERT_TRUE(parse_json(first)->root() == parse_json(text())->root());
    ASSERT_EQ(canonical(first), first);
  }
}

TEST(Json, AnyBytesMakeAValidString) {
  SeededRandom random(6);
  for (int i = 0; i < 2'000; ++i) {
    std::string bytes(random.below(24), '\0');
    for (char& c : bytes) c = static_cast<char>(random.below(256));
    std::string literal;
    append_json_string(literal, bytes);
    const auto read = parse_json(literal);
    ASSERT_TRUE(read) << encode_hex(bytes);
    std::string again;
    append_json_string(again, read->root().as_text());
    ASSERT_EQ(again, literal);
  }
}

}  // namespace
}  // namespace reeve
