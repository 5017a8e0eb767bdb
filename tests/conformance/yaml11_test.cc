// YAML 1.1 as PyYAML's safe loader reads it: values/yaml11.json, made with that loader.
#include <gtest/gtest.h>

#include <cmath>

#include "suite_files.h"
#include "text/yaml.h"

namespace reeve::text {
namespace {

/// A value of the file in the suite's notation.
class Notation {
 public:
  explicit Notation(const YamlFile& file) : file_(file) {}
  Document of(Value v) {
    Builder b;
    write(b, v, file_.form(v), file_.utc_offset_s(v));
    return b.finish();
  }

 private:
  static void one(Builder& b, const char* key, std::string_view text) {
    b.begin_map();
    b.put(key, text);
    b.end();
  }
  void write(Builder& b, Value v) { write(b, v, file_.form(v), file_.utc_offset_s(v)); }
  void write(Builder& b, Value v, YamlForm form, std::optional<int> offset) {
    switch (v.kind()) {
      case Kind::real:
        if (std::isfinite(v.as_real())) return b.add(v);
        return one(b, "__float__", std::isnan(v.as_real()) ? "nan" : v.as_real() > 0 ? "inf" : "-inf");
      case Kind::blob:
        return one(b, "__bytes__", v.as_text());
      case Kind::timestamp:
        return time(b, v.as_time(), form, offset);
      case Kind::list:
        return list(b, v, form);
      case Kind::map:
        return form == YamlForm::set ? set(b, v) : map(b, v);
      default:
        return b.add(v);
    }
  }
  static void time(Builder& b, Time at, YamlForm form, std::optional<int> offset) {
    const Calendar c = to_calendar(at + std::chrono::seconds(offset.value_or(0)));
    char text[64];
    std::snprintf(text, sizeof(text), "%04d-%02u-%02u", c.year, c.month, c.day);
    if (form == YamlForm::date) return one(b, "__date__", text);
    std::string iso = text;
    std::snprintf(text, sizeof(text), "T%02d:%02d:%02d", c.hour, c.minute, c.second);
    iso += text;
    std::snprintf(text, sizeof(text), ".%06d", c.microsecond);
    if (c.microsecond != 0) iso += text;
    if (offset) {
      const int a = std::abs(*offset);
      std::snprintf(text, sizeof(text), "%c%02d:%02d", *offset < 0 ? '-' : '+', a / 3600, a / 60 % 60);
      iso += text;
    }
    b.begin_map();
    b.put("__datetime__", iso);
    b.key("utc_offset_s");
    if (offset) {
      b.add(*offset);
    } else {
      b.null();
    }
    b.end();
  }
  void list(Builder& b, Value v, YamlForm form) {
    b.begin_list();
    for (const Value item : v.items()) {
      if (form == YamlForm::pair_list) {
        b.begin_map();
        b.key("__tuple__");
        write(b, item);
        b.end();
      } else {
        write(b, item);
      }
    }
    b.end();
  }
  static void set(Builder& b, Value v) {
    b.begin_map();
    b.begin_list("__set__");
    for (const auto [key, value] : v.entries()) b.add(key);
    b.end();
    b.end();
  }
  void map(Builder& b, Value v) {
    bool texts = true;
    for (std::size_t i = 0; i < v.size(); ++i) texts = texts && file_.typed_key(v, i).is_text();
    std::size_t i = 0;
    b.begin_map();
    if (!texts) b.begin_list("__pairs__");
    for (const auto [key, value] : v.entries()) {
      if (texts) {
        b.key(key);
        write(b, value);
      } else {
        b.begin_list();
        write(b, file_.typed_key(v, i));
        write(b, value);
        b.end();
      }
      ++i;
    }
    if (!texts) b.end();
    b.end();
  }
  const YamlFile& file_;
};

TEST(Yaml11, EveryCase) {
  const Document suite = suite_file("values/yaml11.json");
  if (suite.root().is_null()) GTEST_SKIP();
  Ledger ledger("yaml11", {{"a: &a [*a]\n", "a value that contains itself is refused: documents are trees"}});
  for (const Value c : suite["cases"].items()) {
    const auto file = parse_yaml(c["yaml"].as_text(), "case.yml");
    if (c.find("error")) {
      ledger.note(c["yaml"].as_string(), !file, file ? to_json(file->root()) : "");
    } else if (!file) {
      ledger.note(c["yaml"].as_string(), false, file.error().text());
    } else {
      const Document got = Notation(*file).of(file->root());
      ledger.note(c["yaml"].as_string(), got.root() == c["json"], to_json(got));
    }
  }
}

}  // namespace
}  // namespace reeve::text
