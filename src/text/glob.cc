#include <algorithm>

#include "text/pattern.h"
#include "text/python_text.h"

namespace reeve::text {
namespace {

/// The end of the set that begins at `at` ('['), one past its ']'; nothing where it has none.
std::optional<std::size_t> set_end(std::string_view glob, std::size_t at) {
  std::size_t end = at + 1;
  if (end < glob.size() && glob[end] == '!') ++end;
  if (end < glob.size() && glob[end] == ']') ++end;  // the first one is a member
  end = glob.find(']', end);
  return end == std::string_view::npos ? std::nullopt : std::optional(end + 1);
}

bool in_set(std::string_view set, char32_t c) {
  const bool negated = set.starts_with('!');
  if (negated) set.remove_prefix(1);
  bool found = false;
  for (std::size_t at = 0; at < set.size();) {
    const char32_t low = next_code_point(set, at);
    if (at + 1 < set.size() && set[at] == '-') {
      ++at;
      const char32_t high = next_code_point(set, at);
      found = found || (low <= c && c <= high);
    } else {
      found = found || low == c;
    }
  }
  return found != negated;
}

}  // namespace

bool glob_match(std::string_view glob, std::string_view text) {
  // The usual two-pointer walk: on a mismatch the last star takes one character more.
  std::size_t g = 0, t = 0;
  std::size_t star = std::string_view::npos, star_text = 0;
  while (t < text.size()) {
    std::size_t next_g = g, next_t = t;
    bool fits = false;
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      star_text = t;
      continue;
    }
    if (g < glob.size()) {
      const char32_t c = next_code_point(text, next_t);
      const auto end = glob[g] == '[' ? set_end(glob, g) : std::nullopt;
      if (end) {
        next_g = *end;
        fits = in_set(glob.substr(g + 1, *end - g - 2), c);
      } else {
        const bool any = glob[g] == '?';
        const std::size_t begin = t;
        const char32_t wanted = next_code_point(glob, next_g);
        fits = any || (wanted == c && glob.substr(g, next_g - g) == text.substr(begin, next_t - begin));
      }
    }
    if (fits) {
      g = next_g;
      t = next_t;
    } else if (star != std::string_view::npos) {
      next_code_point(text, star_text);
      g = star + 1;
      t = star_text;
    } else {
      return false;
    }
  }
  return glob.find_first_not_of('*', g) == std::string_view::npos;
}

}  // namespace reeve::text
