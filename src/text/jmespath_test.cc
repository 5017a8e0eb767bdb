#include "text/jmespath.h"

#include <gtest/gtest.h>

#include <random>

#include "base/json.h"
#include "base/limits.h"

namespace reeve::text {
namespace {

Document json(std::string_view text) {
  auto parsed = parse_json(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? *parsed : Document{};
}

/// {"name": unknown, "list": [1, unknown, 3], "items": [{"a": 1}, {"a": unknown}], "at": a time, "sure": true}
Document record() {
  Builder b;
  b.begin_map();
  b.key("name"), b.unknown("denied");
  b.begin_list("list");
  b.add(1), b.unknown("denied"), b.add(3);
  b.end();
  b.begin_list("items");
  b.begin_map(), b.put("a", 1), b.end();
  b.begin_map(), b.key("a"), b.unknown("denied"), b.end();
  b.end();
  b.put("at", Time{1'000'000}), b.put("later", Time{2'000'000});
  b.put("sure", true), b.put("text", "x");
  b.end();
  return b.finish();
}

std::string run(std::string_view expression, Value on) {
  const auto compiled = Jmespath::compile(expression);
  if (!compiled) return "compile: " + compiled.error().text();
  Scratch scratch;
  const auto found = compiled->search(on, scratch);
  return found ? to_json(*found) : "search: " + std::string(name(*jmespath_error(found.error())));
}

constexpr std::string_view denied = R"({"$unknown":"denied"})";

TEST(Jmespath, PathsThatMeetUnknownGiveIt) {
  const auto r = record();
  for (const auto* e : {"name", "name.first", "name[0].x", "name[]", "name[*].x", "name.*", "name[?x]", "name[1:]",
                        "name.{a: b}", "name.[a]", "name | x"}) {
    EXPECT_EQ(run(e, r), denied) << e;
  }
  EXPECT_EQ(run("absent.first", r), "null");
}

TEST(Jmespath, FunctionsAndComparisonsOfUnknownAreUnknown) {
  const auto r = record();
  for (const auto* e : {"name == 'x'", "name != 'x'", "`1` < name", "length(name)", "to_string(name)", "type(name)",
                        "not_null(absent, name, 'x')", "sum(list)", "max(list)", "sort(list)", "to_string(list)",
                        "sort_by(items, &a)", "contains(list, `2`)", "to_array(name)"}) {
    EXPECT_TRUE(run(e, r).starts_with(R"({"$unknown":)")) << e << " gave " << run(e, r);
  }
  EXPECT_EQ(run("contains(list, `3`)", r), "true");
  EXPECT_EQ(run("length(list)", r), "3");
  EXPECT_EQ(run("not_null('x', name)", r), R"("x")");
  EXPECT_TRUE(run("list == `[1, 2, 3]`", r).starts_with(R"({"$unknown":)"));
  EXPECT_EQ(run("list == `[9, 2, 3]`", r), "false");
  EXPECT_EQ(run("list == `[1]`", r), "false");
}

TEST(Jmespath, ProjectionsKeepUnknownItemsAndFiltersGiveThemUp) {
  const auto r = record();
  EXPECT_EQ(run("items[*].a", r), R"([1,{"$unknown":"denied"}])");
  EXPECT_EQ(run("list[]", r), R"([1,{"$unknown":"denied"},3])");
  EXPECT_EQ(run("items[?a == `1`]", r), denied);
  EXPECT_EQ(run("items[?a == `1`] | [0].b", r), denied);
  EXPECT_EQ(run("items[?a == `1` || `true`].a", r), R"([1,{"$unknown":"denied"}])");
  EXPECT_EQ(run("items[?a == `1` && `false`]", r), "[]");
}

TEST(Jmespath, LogicIsKleenes) {
  const auto r = record();
  EXPECT_EQ(run("name && `false`", r), "false");
  EXPECT_EQ(run("`false` && name", r), "false");
  EXPECT_EQ(run("name && `true`", r), denied);
  EXPECT_EQ(run("name || `true`", r), "true");
  EXPECT_EQ(run("name || 'default'", r), denied) << "true either way, but which text is not known";
  EXPECT_EQ(run("name || absent", r), denied);
  EXPECT_EQ(run("!name", r), denied);
  EXPECT_EQ(run("!(name || 'x')", r), "false");
  EXPECT_EQ(run("!(name && absent)", r), "true");
}

TEST(Jmespath, TimestampsAreATypeOfTheirOwn) {
  const auto r = record();
  EXPECT_EQ(run("at < later", r), "true");
  EXPECT_EQ(run("at == later", r), "false");
  EXPECT_EQ(run("at < '2026'", r), "null");
  EXPECT_EQ(run("to_string(at)", r), R"("1970-01-01T00:00:01Z")");
  EXPECT_EQ(run("type(at)", r), R"("timestamp")");
  EXPECT_EQ(run("length(at)", r), "search: invalid-type");
  EXPECT_EQ(run("starts_with(at, '1')", r), "search: invalid-type");
}

TEST(Jmespath, ThePolicyLanguagesFunctions) {
  const auto r = json(R"({"t": "a:b::c", "j": "{\"k\": [1]}", "bad": "{"})");
  EXPECT_EQ(run("split(':', t)", r), R"(["a","b","","c"])");
  EXPECT_EQ(run("split(':', t)[0]", r), R"("a")");
  EXPECT_EQ(run("split('', t)", r), "search: invalid-value");
  EXPECT_EQ(run("from_json(j).k[0]", r), "1");
  EXPECT_EQ(run("from_json(bad)", r), "null");
  EXPECT_FALSE(Jmespath::compile("split(':', t)", {.policy_functions = false}));
}

TEST(Jmespath, ErrorsSayClassColumnAndTheNearestWord) {
  const auto syntax = Jmespath::compile("Tags[?Key=='x'].Value]");
  ASSERT_FALSE(syntax);
  EXPECT_EQ(jmespath_error(syntax.error()), JmespathError::syntax);
  EXPECT_EQ(syntax.error().resource, "column 22");
  const auto function = Jmespath::compile("a | lenght(b)");
  ASSERT_FALSE(function);
  EXPECT_EQ(jmespath_error(function.error()), JmespathError::unknown_function);
  EXPECT_EQ(function.error().hint, "Did you mean length()?");
  EXPECT_EQ(function.error().resource, "column 5");
  const auto arity = Jmespath::compile("length(a, b)");
  ASSERT_FALSE(arity);
  EXPECT_EQ(jmespath_error(arity.error()), JmespathError::invalid_arity);
}

TEST(Jmespath, PathsAreRecognised) {
  const auto path = [](std::string_view e) { return Jmespath::compile(e)->path(); };
  EXPECT_EQ(path("a"), std::vector<std::string>{"a"});
  EXPECT_EQ(path("a.\"b-c\".d"), (std::vector<std::string>{"a", "b-c", "d"}));
  for (const auto* e : {"@", "a[0]", "a[].b", "a || b", "length(a)", "'a'", "@.a | b"}) {
    EXPECT_FALSE(Jmespath::compile(e)->is_path()) << e;
  }
}

TEST(Jmespath, RememberedPlacesAreOnlyHints) {
  const auto keys = std::make_shared<Keys>();
  for (const auto* k : {"a", "b", "c", "State", "Name"}) keys->intern(k);
  const auto compiled = Jmespath::compile("State.Name");
  Scratch scratch;
  const std::vector<std::string> texts = {R"({"State": {"Name": 1}})", R"({"a": 0, "State": {"b": 0, "Name": 2}})",
                                          R"({"State": {"Name": 3}, "c": 1})", R"({"b": {"Name": 1}})",
                                          R"({"not interned": 1, "State": {"Name": 4}})"};
  const std::vector<std::string> wanted = {"1", "2", "3", "null", "4"};
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto interned = *parse_json(texts[i], keys);
      EXPECT_EQ(to_json(*compiled->search(interned, scratch)), wanted[i]) << texts[i];
      EXPECT_EQ(to_json(*compiled->search(json(texts[i]), scratch)), wanted[i]) << texts[i];
      // Another Keys numbers the names anew.
      const auto others = std::make_shared<Keys>();
      for (const auto* k : {"Name", "x", "State"}) others->intern(k);
      EXPECT_EQ(to_json(*compiled->search(*parse_json(texts[i], others), scratch)), wanted[i]) << texts[i];
    }
  }
  EXPECT_FALSE(scratch.used()) << "paths allocate nothing";
}

TEST(Jmespath, WorkIsBounded) {
  std::string doubling = "[@,@]";
  for (int i = 0; i < 40; ++i) doubling += "|[@,@]";
  const auto compiled = Jmespath::compile(doubling + "|to_string(@)");
  ASSERT_TRUE(compiled);
  Scratch scratch;
  const auto found = compiled->search(json("1"), scratch);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Code::limit_exceeded);
  EXPECT_EQ(Jmespath::compile(std::string(5000, '(') + "a").error().code, Code::limit_exceeded);
  EXPECT_EQ(Jmespath::compile(std::string(5000, '!') + "a").error().code, Code::limit_exceeded);
  EXPECT_EQ(Jmespath::compile(std::string(limits::jmespath_bytes + 1, 'a')).error().code, Code::limit_exceeded);
  std::string makers = "a";
  for (int i = 0; i < 1000; ++i) makers += "|[@]";
  EXPECT_EQ(Jmespath::compile(makers).error().code, Code::limit_exceeded);
}

TEST(Jmespath, SlicesWithExtremeSteps) {
  const auto r = json("[0, 1, 2]");
  EXPECT_EQ(run("[::9223372036854775807]", r), "[0]");
  EXPECT_EQ(run("[::-9223372036854775808]", r), "[2]");
  EXPECT_EQ(run("[-9223372036854775808:9223372036854775807]", r), "[0,1,2]");
  EXPECT_EQ(run("[-9223372036854775808]", r), "null");
}

TEST(Jmespath, LiteralsThatAreNoJsonAreTexts) {
  const auto r = json(R"({"s": "running"})");
  EXPECT_EQ(run("s == `running`", r), "true");
  EXPECT_EQ(run("s > 'a'", r), "true") << "texts compare, as in jmespath.py";
}

TEST(Jmespath, AnyBytesAreAnsweredNotFatal) {
  std::mt19937 random(7);
  const std::vector<std::string> seeds = {"Tags[?Key=='Name'].Value | [0]",      "a.b[*].{x: y, \"z\": @}[::-2]",
                                          "sort_by(a, &b)[].not_null(c, `[1]`)", "!(a && b || c != `null`)",
                                          "a[?contains(b, 'x') || `true`][]",    "join(',', map(&to_string(@), *))"};
  const std::string alphabet = "ab.[]*?|&!()'\"`{}:,@<>= 0-1\\\xC3\xFF";
  const auto on = record();
  int good = 0;
  for (int i = 0; i < 10'000; ++i) {
    std::string e = seeds[random() % seeds.size()];
    for (unsigned n = random() % 4 + 1; n > 0; --n) {
      const std::size_t at = random() % (e.size() + 1);
      switch (random() % 3) {
        case 0:
          e.insert(at, 1, alphabet[random() % alphabet.size()]);
          break;
        case 1:
          if (at < e.size()) e.erase(at, 1);
          break;
        default:
          if (at < e.size()) e[at] = alphabet[random() % alphabet.size()];
      }
    }
    Scratch scratch;
    const auto compiled = Jmespath::compile(e);
    if (!compiled) {
      EXPECT_TRUE(compiled.error().code == Code::limit_exceeded || jmespath_error(compiled.error())) << e;
      continue;
    }
    ++good;
    const auto found = compiled->search(on, scratch);
    if (found) to_json(*found);
  }
  EXPECT_GT(good, 500);
}

}  // namespace
}  // namespace reeve::text
