#include "policy/protect_tag.h"

#include <algorithm>
#include <cctype>

namespace reeve::policy {

bool means_key(std::string_view key, std::string_view name) {
  constexpr std::string_view blanks = " \t\r\n\v\f";
  key.remove_prefix(std::min(key.find_first_not_of(blanks), key.size()));
  key.remove_suffix(key.size() - (key.find_last_not_of(blanks) + 1));
  return std::ranges::equal(key, name, [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
}

}  // namespace reeve::policy
