#include "estate/tag_list.h"

#include <array>
#include <string_view>
#include <utility>

namespace reeve::estate {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 3> other_spellings{
    {{"key", "value"}, {"TagKey", "TagValue"}, {"tagKey", "tagValue"}}};

}  // namespace

bool is_tag_list(Value tags) {
  if (tags.is_unknown()) return true;
  if (!tags.is_list()) return false;
  return tags.empty() || !tags[0].is_map() || tags[0].find("Key").has_value();
}

Document tag_list(const Document& tags) {
  const Value root = tags.root();
  if (is_tag_list(root)) return tags;
  Builder b;
  b.begin_list();
  const auto put = [&b](std::string_view key, Value value) {
    b.begin_map();
    b.put("Key", key);
    b.put("Value", value);
    b.end();
  };
  if (root.is_map()) {
    for (const auto [key, value] : root.entries()) put(key, value);
  }
  for (const Value item : root.items()) {
    for (const auto& [key, value] : other_spellings) {
      if (item[key].is_text()) put(item[key].as_text(), item[value]);
    }
  }
  b.end();
  return b.finish();
}

}  // namespace reeve::estate
