#include "base/document.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/json.h"
#include "base/seeded_random.h"

namespace reeve {
namespace {

std::shared_ptr<Keys> some_keys() {
  auto keys = std::make_shared<Keys>();
  for (const char* name : {"a", "b", "Tags", "Key", "Value", "InstanceId"}) keys->intern(name);
  return keys;
}

/// A random value; keys are k0…k9, of which `keys` may know some.
void random_value(Builder& b, SeededRandom& random, int depth) {
  switch (random.below(depth > 0 ? 10 : 7)) {
    case 0:
      return b.null();
    case 1:
      return b.add(random.chance(0.5));
    case 2:
      return b.add(static_cast<std::int64_t>(random.next()));
    case 3:
      return b.add(random.unit() * 1e6);
    case 4:
      return b.add(Time{static_cast<std::int64_t>(random.below(1'000'000'000'000'000))});
    case 5:
      return b.blob(std::string(random.below(20), 'x'));
    case 6:
      return b.add(std::string(random.below(20), static_cast<char>('a' + random.below(26))));
    case 7:
    case 8: {
      b.begin_map();
      const auto first = random.below(5);
      for (std::uint64_t i = first; i < first + random.below(5); ++i) {
        b.key("k" + std::to_string(i));
        random_value(b, random, depth - 1);
      }
      return b.end();
    }
    default:
      b.begin_list();
      for (auto n = random.below(4); n > 0; --n) random_value(b, random, depth - 1);
      b.end();
  }
}
Document random_document(const std::shared_ptr<const Keys>& keys, std::uint64_t seed) {
  SeededRandom random(seed);
  Builder b(keys);
  random_value(b, random, 4);
  return b.finish();
}

TEST(Document, HoldsEveryKind) {
  Builder b(some_keys());
  b.begin_list();
  b.null();
  b.add(true);
  b.add(std::int64_t{-5});
  b.add(2.5);
  b.add("");
  b.add("12345678");
  b.add("123456789");
  b.add(Time{17});
  b.blob(std::string_view("\0\1", 2));
  b.unknown("denied");
  b.begin_list();
  b.end();
  b.begin_map();
  b.end();
  b.add(7U);
  b.add(UINT64_MAX);
  b.end();
  const Document d = b.finish();
  ASSERT_EQ(d.root().size(), 14U);
  EXPECT_TRUE(d[0].is_null());
  EXPECT_TRUE(d[1].as_bool());
  EXPECT_EQ(d[2].as_integer(), -5);
  EXPECT_EQ(d[3].as_real(), 2.5);
  EXPECT_EQ(d[3].as_integer(), 2);
  EXPECT_EQ(d[4].as_text(), "");
  EXPECT_TRUE(d[4].is_text());
  EXPECT_EQ(d[5].as_text(), "12345678");
  EXPECT_EQ(d[6].as_text(), "123456789");
  EXPECT_EQ(d[7].as_time(), Time{17});
  EXPECT_EQ(d[8].as_text(), std::string_view("\0\1", 2));
  EXPECT_EQ(d[8].kind(), Kind::blob);
  EXPECT_EQ(d[9].unknown_reason(), "denied");
  EXPECT_TRUE(d[10].is_list() && d[10].empty());
  EXPECT_TRUE(d[11].is_map() && d[11].empty());
  EXPECT_EQ(d[12].as_integer(), 7);
  EXPECT_EQ(d[13].as_real(), 18446744073709551615.0);
  EXPECT_TRUE(d[14].is_null());
}

TEST(Document, ReadersOfTheWrongKindGiveTheNeutralValue) {
  Builder b;
  b.add("text");
  const Document d = b.finish();
  EXPECT_EQ(d.root().as_integer(), 0);
  EXPECT_EQ(d.root().as_real(), 0);
  EXPECT_FALSE(d.root().as_bool());
  EXPECT_EQ(d.root().as_time(), Time{});
  EXPECT_TRUE(d["x"].is_null());
  EXPECT_TRUE(d[0].is_null());
  EXPECT_EQ(d.root().items().size(), 0U);
  EXPECT_EQ(d.root().entries().begin(), d.root().entries().end());
  const Document none;
  EXPECT_TRUE(none.root().is_null());
  EXPECT_TRUE(none["x"].is_null());
  EXPECT_EQ(Value().as_text(), "");
  Builder reals;
  reals.add(std::nan(""));
  EXPECT_EQ(reals.finish().root().as_integer(), 0);
  reals.add(1e300);
  EXPECT_EQ(reals.finish().root().as_integer(), 0);
}

TEST(Document, UnknownStaysUnknownAlongAPath) {
  Builder b;
  b.begin_map();
  b.key("Versioning");
  b.unknown("access_denied: s3:GetBucketVersioning");
  b.end();
  const Document d = b.finish();
  EXPECT_TRUE(d["Versioning"]["Status"]["deeper"].is_unknown());
  EXPECT_EQ(d["Versioning"]["Status"].unknown_reason(), "access_denied: s3:GetBucketVersioning");
  EXPECT_TRUE(d["Other"].is_null());
  EXPECT_FALSE(d["Versioning"] == d["Versioning"]);  // equals nothing, not even itself
}

TEST(Document, SpelledAndInternedMapsReadTheSame) {
  const auto keys = some_keys();
  Builder b(keys);
  b.begin_list();
  for (const bool spell : {false, true}) {
    b.begin_map();
    b.put("a", 1);
    b.put("Tags", "a longer text than eight bytes");
    if (spell) b.put("never interned", true);  // from here on the map is spelled out, what came before included
    b.put("b", 3);
    b.key(keys->find("Key"));
    b.add(4);
    b.end();
  }
  b.end();
  const Document d = b.finish();
  EXPECT_FALSE(d[0].node()->spelled());
  EXPECT_TRUE(d[1].node()->spelled());
  EXPECT_EQ(d[0].size(), 4U);
  EXPECT_EQ(d[1].size(), 5U);
  for (const int i : {0, 1}) {
    EXPECT_EQ(d[i]["a"].as_integer(), 1);
    EXPECT_EQ(d[i]["Tags"].as_text(), "a longer text than eight bytes");
    EXPECT_EQ(d[i]["b"].as_integer(), 3);
    EXPECT_EQ(d[i]["Key"].as_integer(), 4);
    EXPECT_FALSE(d[i].find("Value"));
    EXPECT_FALSE(d[i].find("unheard of"));
    std::uint32_t hint = 2;
    const Node* b_node = d[i].find(keys->find("b"), hint);
    ASSERT_NE(b_node, nullptr);
    EXPECT_EQ(b_node->integer, 3);
    hint = 99;  // from another record
    EXPECT_EQ(Value(d[i].find(keys->find("Key"), hint), keys.get()).as_integer(), 4);
    EXPECT_EQ(d[i].find(keys->find("InstanceId"), hint), nullptr);
  }
  EXPECT_TRUE(d[1]["never interned"].as_bool());
  std::string order;
  for (const auto [key, value] : d[1].entries()) order += std::string(key) + ' ';
  EXPECT_EQ(order, "a Tags never interned b Key ");
}

TEST(Document, MapsInsideSpelledMapsMayUseIds) {
  Builder b(some_keys());
  b.begin_map();
  b.begin_map("unheard of");
  b.put("a", 1);
  b.end();
  b.begin_list("a");
  b.end();
  b.end();
  const Document d = b.finish();
  EXPECT_EQ(to_json(d), R"({"unheard of":{"a":1},"a":[]})");
  EXPECT_FALSE(d["unheard of"].node()->spelled());
}

TEST(Document, EqualityIgnoresOrderSpellingAndKindOfNumber) {
  const auto keys = some_keys();
  auto parse = [&](const char* text, bool interned) { return *parse_json(text, interned ? keys : nullptr); };
  const char* one = R"({"a": 1, "b": [1.0, "x", {"Key": null}], "Tags": {}})";
  const char* other = R"({"b": [1, "x", {"Key": null}], "Tags": {}, "a": 1.0})";
  for (const bool left : {false, true}) {
    for (const bool right : {false, true}) {
      EXPECT_TRUE(parse(one, left).root() == parse(other, right).root());
      EXPECT_FALSE(parse(one, left).root() == parse(R"({"a": 1})", right).root());
    }
  }
  EXPECT_FALSE(parse("[1,2]", false).root() == parse("[2,1]", false).root());
  EXPECT_FALSE(parse("[1]", false).root() == parse("[1,1]", false).root());
  EXPECT_FALSE(parse("\"1\"", false).root() == parse("1", false).root());
  EXPECT_FALSE(parse("{}", false).root() == parse("[]", false).root());
  EXPECT_FALSE(parse(R"({"a":null})", false).root() == parse(R"({"b":null})", false).root());
  EXPECT_TRUE(Value() == Value());
}

TEST(Document, NumbersCompareExactly) {
  auto equal = [](std::int64_t integer, double real) {
    Builder b;
    b.begin_list();
    b.add(integer);
    b.add(real);
    b.end();
    const Document d = b.finish();
    EXPECT_EQ(d[0] == d[1], d[1] == d[0]);
    return d[0] == d[1];
  };
  EXPECT_TRUE(equal(0, -0.0));
  EXPECT_TRUE(equal(INT64_MIN, -0x1p63));
  EXPECT_FALSE(equal(INT64_MAX, 0x1p63));
  EXPECT_FALSE(equal((std::int64_t{1} << 53) + 1, 0x1p53));
  EXPECT_FALSE(equal(1, 1.5));
  EXPECT_FALSE(equal(0, std::nan("")));
  EXPECT_FALSE(equal(INT64_MAX, INFINITY));
}

TEST(Document, DeepCopiesAreEqualAndStandAlone) {
  const auto keys = std::make_shared<Keys>();
  for (int i = 0; i < 5; ++i) keys->intern("k" + std::to_string(i));
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    Document copy;
    std::string text;
    {
      const Document original = random_document(seed % 2 == 0 ? keys : nullptr, seed);
      text = to_json(original);
      copy = deep_copy(original);
      EXPECT_TRUE(copy.root() == original.root()) << text;
    }
    EXPECT_EQ(to_json(copy), text) << "seed " << seed;
  }
}

TEST(Document, ADeepCopyTakesOneBlockOfItsSize) {
  Builder b(some_keys());
  b.begin_list();
  for (int i = 0; i < 1000; ++i) {
    b.begin_map();
    b.put("InstanceId", "i-0123456789abcdef0");
    b.put("unheard of", i);
    b.end();
  }
  b.end();
  const Document copy = deep_copy(b.finish());
  // list cell + map's four cells, and two texts of 24 and 16 bytes
  EXPECT_LE(copy.arena()->size_bytes(), 1000 * (5 * sizeof(Node) + 24 + 16 + 16) + 64);
}

TEST(Document, ACopyOutlivesItsKeysOwner) {
  Document d;
  {
    auto keys = some_keys();
    Builder b(keys);
    b.begin_map();
    b.put("Tags", 1);
    b.end();
    d = deep_copy(b.finish());
  }
  EXPECT_EQ(to_json(d), R"({"Tags":1})");
}

TEST(Document, PartsKeepTheWholeAlive) {
  Document part;
  {
    const Document whole = *parse_json(R"({"a": {"b": "a text of some length"}})");
    part = whole.part(whole["a"]);
  }
  EXPECT_EQ(part["b"].as_text(), "a text of some length");
}

TEST(Document, SharedNodesAreNotCopied) {
  const auto keys = some_keys();
  const Document source = *parse_json(R"({"Tags": [{"Key": "Name", "Value": "a value that is long"}]})", keys);
  Builder b(keys);
  b.arena().keep(source.arena());
  b.begin_map();
  b.key("a");
  b.add_shared(source["Tags"]);
  b.key("unheard of");
  b.add_shared(source["Tags"][0]["Value"]);
  b.end();
  const Document d = b.finish();
  EXPECT_EQ(d["a"].node()->children, source["Tags"].node()->children);
  EXPECT_EQ(d["unheard of"].as_text().data(), source["Tags"][0]["Value"].as_text().data());
  EXPECT_EQ(to_json(d), R"({"a":[{"Key":"Name","Value":"a value that is long"}],"unheard of":"a value that is long"})");

  Builder other(some_keys());  // ids of other Keys mean other names: copied instead
  other.begin_list();
  other.add_shared(source["Tags"]);
  other.end();
  const Document copied = other.finish();
  EXPECT_NE(copied[0].node()->children, source["Tags"].node()->children);
  EXPECT_TRUE(copied[0] == source["Tags"]);
}

TEST(Document, ValuesOfOtherKeysAreCopiedByName) {
  const auto keys = std::make_shared<Keys>();
  keys->intern("z");
  keys->intern("a");  // another number than in some_keys()
  const Document source = *parse_json(R"({"a": 1, "z": 2})", keys);
  Builder b(some_keys());
  b.begin_list();
  b.add(source);
  b.end();
  EXPECT_EQ(to_json(b.finish()), R"([{"a":1,"z":2}])");
}

TEST(Document, ABuilderTakesOverTheKeysOfWhatItIsGiven) {
  const Document source = *parse_json(R"({"a": {"b": 1}})", some_keys());
  Builder b;
  b.begin_map();
  b.put("a", "spelled, since no keys were known yet");
  b.put("copied", source);
  b.begin_map("b");
  b.put("a", 2);
  b.end();
  b.end();
  const Document d = b.finish();
  EXPECT_EQ(to_json(d), R"({"a":"spelled, since no keys were known yet","copied":{"a":{"b":1}},"b":{"a":2}})");
}

TEST(Document, BorrowedTextsPointAtTheirOwner) {
  auto body = std::make_shared<const std::string>("a body that texts point into");
  Builder b;
  b.arena().keep(body);
  const std::string_view view(*body);
  b.begin_list();
  b.add_borrowed(view.substr(2, 20));
  b.add_borrowed(view.substr(0, 6));
  b.add_borrowed({});
  b.end();
  const Document d = b.finish();
  EXPECT_EQ(d[0].as_text().data(), view.data() + 2);
  body.reset();
  EXPECT_EQ(d[0].as_text(), "body that texts poin");
  EXPECT_EQ(d[1].as_text(), "a body");
  EXPECT_EQ(d[2].as_text(), "");
}

TEST(Document, ABuilderWritesOneDocumentAfterAnother) {
  Builder b(some_keys());
  b.add(1);
  const Document first = b.finish();
  b.begin_map();
  b.put("a", "the second document");
  b.end();
  const Document second = b.finish();
  EXPECT_EQ(first.root().as_integer(), 1);
  EXPECT_EQ(second["a"].as_text(), "the second document");
  EXPECT_EQ(b.depth(), 0U);
}

TEST(Document, ArenaKeepsAlignmentAndLargePieces) {
  Arena arena;
  for (const std::size_t size : std::initializer_list<std::size_t>{1, 7, 0, 4096, 300'000, 3, 1}) {
    auto* at = static_cast<char*>(arena.allocate(size, 8));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(at) % 8, 0U);
    if (size > 0) std::memset(at, 1, size);
    EXPECT_EQ(*arena.copy_text("x"), 'x');
  }
  EXPECT_GE(arena.size_bytes(), 304'000U);
  EXPECT_EQ(std::string_view(arena.copy_text({}), 0), "");
}

TEST(DocumentDeathTest, MisuseEndsTheProgram) {
  const auto keys = some_keys();
  EXPECT_DEATH(
      {
        Builder b;
        b.begin_map();
        b.add(1);
        b.end();
      },
      "does not hold");
  EXPECT_DEATH(
      {
        Builder b(keys);
        b.begin_map();
        b.key("a");
        b.end();
      },
      "does not hold");
  EXPECT_DEATH(
      {
        Builder b;
        b.begin_map();
        b.key("a");
        b.end();
      },
      "does not hold");
  EXPECT_DEATH(
      {
        Builder b;
        b.begin_list();
        b.finish();
      },
      "does not hold");
}

}  // namespace
}  // namespace reeve
