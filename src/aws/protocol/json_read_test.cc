// Our scanner of JSON beside simdjson: the same texts are JSON, and they mean the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "aws/protocol/json_body.h"
#include "base/json.h"
#include "base/seeded_random.h"

namespace reeve::aws {
namespace {

using testing::HasSubstr;

/// Reads a text as a value without a model.
Result<Document> read(std::string_view text) {
  const Shape shape{.document = true};
  const Member member{.name = "value", .shape = &shape};
  std::string padded(text);
  padded.append(64, '"');  // what stands behind must not count
  Tape tape(text.size());
  TRY(read_json_value(tape, {padded.data(), text.size()}, member, Keys::none));
  if (tape.mark() == 0) tape.push(Kind::null, Keys::none);
  return tape.finish(nullptr);
}

void expect_same(const std::string& text) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const auto error = parser.parse(text).get(root);
  const auto ours = read(text);
  if (error == simdjson::NUMBER_ERROR) return;  // larger numbers become reals here
  const bool empty = text.find_first_not_of(" \n\r\t") == std::string::npos;
  ASSERT_EQ(ours.has_value(), error == simdjson::SUCCESS || empty) << text << "\n" << simdjson::error_message(error);
  const auto theirs = parse_json(text);  // refuses a key that stands twice in an object, too
  if (ours && theirs) EXPECT_EQ(canonical_json(*ours), canonical_json(*theirs)) << text;
}

TEST(JsonRead, TakesWhatSimdjsonTakes) {
  const char* texts[] = {"0",
                         "-0",
                         "-1",
                         "01",
                         "1.",
                         "1.5e+3",
                         "1e-400",
                         ".5",
                         "-",
                         "1e",
                         "12345678",
                         "123456789012345678",
                         "9223372036854775807",
                         "-9223372036854775808",
                         "1234567a",
                         "true",
                         "tru",
                         "falsey",
                         "null",
                         "nul",
                         R"("")",
                         R"("plain")",
                         R"("a\"b\\c\/\b\f\n\r\t")",
                         R"("é😀")",
                         R"("\ud800")",
                         R"("\x")",
                         "\"\t\"",
                         "\"open",
                         R"({"a":1,"b":[1,2,{"c":null}]})",
                         R"({"a" : 1 , "b" : [ ] })",
                         "[1,]",
                         "[,1]",
                         "{,}",
                         R"({"a"})",
                         R"({"a":})",
                         R"({a:1})",
                         "[1 2]",
                         "[1]]",
                         "[[[",
                         "\xff",
                         "[\"\xc3\xa9\"]",
                         "[\"\xc3\"]",
                         R"(["0123456789abcdef0123456789", "0123456789abcde\u0041"])"};
  for (const char* text : texts) expect_same(text);
}

TEST(JsonRead, TakesWhatSimdjsonTakesOfDamagedTexts) {
  const std::string good =
      R"({"Items": [{"id": {"S": "651327\u00e90e269e0d37f2a74de452e6b438"}, "n": [1, -2.5e3, 12345678901, true, null, false]}, )"
      R"( {"text": "a \"quoted\" one", "empty": {}, "none": []}], "Count": 2})";
  const std::string_view pieces[] = {"{",     "}",   "[", "]", ",",    ":", "\"", "\\",
                                     "\\u12", "1e9", "-", "0", "true", " ", "\n"};
  SeededRandom chance(11);
  const auto below = [&chance](std::size_t bound) { return static_cast<std::size_t>(chance.next() % bound); };
  for (int i = 0; i < 20'000; ++i) {
    std::string text = good;
    for (std::size_t n = 1 + below(3); n > 0 && !text.empty(); --n) {
      const std::size_t at = below(text.size());
      switch (below(4)) {
        case 0:
          text[at] = static_cast<char>(below(256));
          break;
        case 1:
          text.erase(at, 1 + below(9));
          break;
        case 2:
          text.insert(at, pieces[below(std::size(pieces))]);
          break;
        default:
          text.resize(at);
      }
    }
    expect_same(text);
    if (HasFatalFailure()) return;
  }
}

TEST(JsonRead, NestingHasALimit) {
  const std::string deep = std::string(200, '[') + std::string(200, ']');
  const auto value = read(deep);
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, Code::limit_exceeded);
}

// Members that the model does not know are passed over, and must be JSON all the same.
TEST(JsonRead, WhatIsPassedOverMustBeJson) {
  Keys keys;
  const Shape number{.type = ShapeType::integer};
  const Member member{.name = "n", .key = keys.intern("n"), .shape = &number};
  const Shape shape{.members = {member}};
  const auto members = [&shape](std::string text) {
    Tape tape(text.size());
    const std::size_t size = text.size();
    text.append(64, '\0');
    return read_json_members(tape, {text.data(), size}, shape);
  };
  EXPECT_TRUE(members(R"({"new": [{"a": 1}], "n": 1})"));
  for (const char* bad : {R"({"new": [truu], "n": 1})", R"({"new": 1.2.3})", R"({"new": "\x"})", R"({"n": 1} x)"}) {
    const auto read = members(bad);
    ASSERT_FALSE(read) << bad;
    EXPECT_THAT(read.error().message, HasSubstr("at byte"));
  }
}

// A key may be written with escapes; of a member that comes twice the first counts.
TEST(JsonRead, KeysMayBeEscaped) {
  Keys keys;
  const Shape text{.type = ShapeType::string};
  const Member member{.name = "name", .key = keys.intern("name"), .shape = &text};
  const Shape shape{.members = {member}};
  Tape tape(64);
  std::string given = R"({"n\u0061me": "first", "name": "second"})";
  const std::size_t size = given.size();
  given.append(64, '\0');
  ASSERT_TRUE(read_json_members(tape, {given.data(), size}, shape));
  ASSERT_EQ(tape.mark(), 1U);
  EXPECT_EQ(Value(&tape.top(), nullptr).as_text(), "first");
}

}  // namespace
}  // namespace reeve::aws
