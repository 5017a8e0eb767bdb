#include "text/yaml.h"

#include <gtest/gtest.h>

#include <random>

#include "base/json.h"
#include "base/limits.h"

namespace reeve::text {
namespace {

std::string read(std::string_view text) {
  const auto file = parse_yaml(text, "f.yml");
  return file ? to_json(file->root()) : file.error().resource + " " + file.error().message;
}

TEST(Yaml, ValuesKnowWhereTheyStand) {
  const auto file = parse_yaml("policies:\n  - name: a\n    filters: [x, {y: 1}]\n", "p.yml");
  ASSERT_TRUE(file);
  const Value policy = file->root()["policies"][0];
  EXPECT_EQ(file->position(policy), (Position{2, 5}));
  EXPECT_EQ(file->position(policy["name"]), (Position{2, 11}));
  EXPECT_EQ(file->key_position(policy, "filters"), (Position{3, 5}));
  EXPECT_EQ(file->place(policy["filters"][1]["y"]), "p.yml:3:22");
  EXPECT_EQ(file->key_position(policy, "absent"), (Position{2, 5}));
  EXPECT_EQ(file->position(Value{}), (Position{0, 0}));
}

TEST(Yaml, ColumnsCountCharacters) {
  const auto file = parse_yaml("é: [ü, x]\n", "p.yml");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->position(file->root()["é"][1]), (Position{1, 8}));
}

TEST(Yaml, DuplicateKeysAreToldOrRefused) {
  const char* text = "a: 1\nb: 2\na: 3\n";
  const auto file = parse_yaml(text, "p.yml");
  ASSERT_TRUE(file);
  EXPECT_EQ(to_json(file->root()), R"({"a":3,"b":2})");
  ASSERT_EQ(file->duplicate_keys().size(), 1U);
  EXPECT_EQ(file->duplicate_keys()[0].position, (Position{3, 1}));
  EXPECT_EQ(file->duplicate_keys()[0].first, (Position{1, 1}));
  const auto refused = parse_yaml(text, "p.yml", {.duplicate_keys_are_errors = true});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().resource, "p.yml:3:1");
  EXPECT_TRUE(parse_yaml("b: &b {x: 1}\nc:\n  <<: *b\n  x: 2\n", "p.yml", {.duplicate_keys_are_errors = true}))
      << "to override what is merged is no duplicate";
}

TEST(Yaml, MergesKeepTheirPlaces) {
  const auto file = parse_yaml("b: &b\n  x: 1\nc:\n  <<: *b\n  y: 2\n", "p.yml");
  ASSERT_TRUE(file);
  const Value c = file->root()["c"];
  EXPECT_EQ(to_json(c), R"({"x":1,"y":2})");
  EXPECT_EQ(file->key_position(c, "x"), (Position{2, 3}));
}

TEST(Yaml, AliasesAreBounded) {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
    for (int n = 0; n < 9; ++n) bomb += ", " + last;
    bomb += "]\n";
  }
  const auto file = parse_yaml(bomb, "p.yml");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, Code::limit_exceeded);
  std::string tower = "a0: &a0 [x]\n";
  for (int i = 1; i < 300; ++i) {
    tower += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
  }
  const auto deep = parse_yaml(tower, "p.yml");
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().code, Code::limit_exceeded);
  EXPECT_EQ(parse_yaml(std::string(1000, '['), "p.yml").error().code, Code::limit_exceeded);
}

TEST(Yaml, JsonFilesAreJson) {
  const auto file = parse_yaml("{\"a\": 1e3, \"b\":\"yes\",\n\t\"c\": [true, \"\\ud83d\\ude00\", 2020]}", "p.json");
  ASSERT_TRUE(file) << file.error().text();
  EXPECT_EQ(to_json(file->root()), "{\"a\":1000,\"b\":\"yes\",\"c\":[true,\"\xF0\x9F\x98\x80\",2020]}");
  EXPECT_EQ(file->key_position(file->root(), "c"), (Position{2, 2}));
  EXPECT_FALSE(parse_yaml("{a: 1}", "p.json"));
  EXPECT_FALSE(parse_yaml("{\"a\": 1, \"a\": 2}", "p.json"));
}

TEST(Yaml, TabsStandOnlyInQuotesBlocksAndComments) {
  EXPECT_EQ(read("a: \"x\ty\" # c\td\nb: |\n  x\ty\n"), "{\"a\":\"x\\ty\",\"b\":\"x\\ty\\n\"}");
  EXPECT_EQ(read("a: b\tc\n"), "f.yml:1:5 a tab cannot stand here; use spaces");
}

TEST(Yaml, ErrorsSayWhere) {
  EXPECT_EQ(read("a: 1\nb: *x\n"), "f.yml:2:4 there is no anchor 'x' before this alias");
  EXPECT_TRUE(read("a: [1\nb: 2\n").starts_with("f.yml:2:")) << read("a: [1\nb: 2\n");
  EXPECT_TRUE(read("a: 1\nb: \x07\n").starts_with("f.yml:2:4 ")) << read("a: 1\nb: \x07\n");
  EXPECT_TRUE(read("d: 2026-02-30\n").starts_with("f.yml:1:4 "));
}

TEST(Yaml, TypedKeys) {
  const auto file = parse_yaml("on: 1\n2020-01-01: 2\nx: 3\n~: 4\n", "p.yml");
  ASSERT_TRUE(file);
  EXPECT_EQ(to_json(file->root()), R"({"true":1,"2020-01-01":2,"x":3,"null":4})");
  EXPECT_TRUE(file->typed_key(file->root(), 0).as_bool());
  EXPECT_EQ(file->typed_key(file->root(), 1).kind(), Kind::timestamp);
  EXPECT_EQ(file->typed_key(file->root(), 2).as_text(), "x");
  EXPECT_TRUE(file->typed_key(file->root(), 3).is_null());
  EXPECT_TRUE(file->typed_key(file->root(), 9).is_null());
}

TEST(Yaml, AnyBytesAreAnsweredNotFatal) {
  std::mt19937 random(11);
  const std::vector<std::string> seeds = {"policies:\n  - name: a\n    filters: [x, {y: 1}]\n",
                                          "b: &b {x: 1}\nc:\n  <<: [*b, {z: 2}]\n  y: |\n    text\n",
                                          "a: !!set {x, y}\nb: !!omap [q: 1]\nc: !!binary aGk=\n",
                                          "- 2020-01-01T00:00:00Z\n- 1:30\n- 0x1F\n- .5\n- \"\\u00e9\"\n"};
  const std::string alphabet = "ab:-[]{}&*!|>'\"\\ \n\t,#?<%@01.\xC3\xFF";
  int good = 0;
  for (int i = 0; i < 5'000; ++i) {
    std::string text = seeds[random() % seeds.size()];
    for (unsigned n = random() % 4 + 1; n > 0; --n) {
      const std::size_t at = random() % (text.size() + 1);
      switch (random() % 3) {
        case 0:
          text.insert(at, 1, alphabet[random() % alphabet.size()]);
          break;
        case 1:
          if (at < text.size()) text.erase(at, 1);
          break;
        default:
          if (at < text.size()) text[at] = alphabet[random() % alphabet.size()];
      }
    }
    const auto file = parse_yaml(text, "f.yml");
    if (!file) {
      EXPECT_TRUE(file.error().resource.starts_with("f.yml:")) << text;
      continue;
    }
    ++good;
    to_json(file->root());
  }
  EXPECT_GT(good, 300);
}

}  // namespace
}  // namespace reeve::text
