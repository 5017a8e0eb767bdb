#include <algorithm>

#include "base/contains.h"
#include "policy/vocabulary.h"
#include "text/edit_distance.h"

namespace reeve::policy {
namespace {

/// Whether a value is of one of the types that a Key's `type` names ("text|list").
bool is_of_type(Value value, std::string_view types) {
  while (!types.empty()) {
    const std::size_t bar = types.find('|');
    const std::string_view type = types.substr(0, bar);
    types = bar == std::string_view::npos ? std::string_view{} : types.substr(bar + 1);
    if (type == "any") return true;
    if (type == "text" && value.is_text()) return true;
    if (type == "number" && value.is_number()) return true;
    if (type == "integer" && value.kind() == Kind::integer) return true;
    if (type == "boolean" && value.kind() == Kind::boolean) return true;
    if (type == "list" && value.is_list()) return true;
    if (type == "map" && value.is_map()) return true;
    if (type == "date" && value.kind() == Kind::timestamp) return true;
  }
  return false;
}

/// A placeholder that a later stage fills in: its type is not known yet.
bool is_placeholder(Value value) {
  const std::string_view text = value.as_text_or({});
  return text.size() > 2 && text.front() == '{' && text.back() == '}';
}

std::string types_for_people(std::string_view types) {
  std::string out;
  for (const char c : types) out += c == '|' ? std::string(" or ") : std::string(1, c);
  return out;
}

std::string_view kind_for_people(Value value) {
  return value.kind() == Kind::real ? "number" : value.kind() == Kind::timestamp ? "date" : name(value.kind());
}

}  // namespace

Value key_value(Value map, std::string_view key) {
  if (map.is_map() && map.node()->spelled()) {
    for (std::uint32_t i = 0; i < map.node()->size; ++i) {
      const Value name(map.node()->children + 2 * i, map.keys());
      if (name.as_text() == key) return name;
    }
  }
  return map;
}

std::string one_of(std::span<const std::string_view> words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out.append("\"").append(words[i]).append("\"");
  }
  return out;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
  const auto near = text::nearest(word, candidates);
  return near ? "; did you mean \"" + *near + "\"?" : std::string();
}

bool check_keys(Value map, std::span<const Key> keys, std::string_view what, const Report& report) {
  bool fine = true;
  std::vector<std::string_view> names;
  for (const Key& key : keys) names.push_back(key.name);
  for (const auto [name, value] : map.entries()) {
    const auto key = std::ranges::find(keys, name, &Key::name);
    if (key == keys.end()) {
      report(key_value(map, name), "unknown key \"" + std::string(name) + "\" in " + std::string(what) +
                                       ": allowed are " + one_of(names) + did_you_mean(name, names));
      fine = false;
    } else if (is_placeholder(value)) {
      continue;
    } else if (!is_of_type(value, key->type)) {
      report(value, "\"" + std::string(name) + "\" of " + std::string(what) + " must be " +
                        types_for_people(key->type) + ", not " + std::string(kind_for_people(value)));
      fine = false;
    } else if (!key->allowed.empty() && value.is_text() && !contains(key->allowed, value.as_text())) {
      report(value, "\"" + value.as_string() + "\" is not allowed for \"" + std::string(name) + "\" of " +
                        std::string(what) + ": it must be " + one_of(key->allowed) +
                        did_you_mean(value.as_text(), key->allowed));
      fine = false;
    }
  }
  for (const Key& key : keys) {
    if (!key.required || map.find(key.name)) continue;
    report(map, std::string(what) + " needs the key \"" + std::string(key.name) + "\"");
    fine = false;
  }
  return fine;
}

}  // namespace reeve::policy
