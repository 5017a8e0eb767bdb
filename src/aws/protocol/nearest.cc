#include "aws/protocol/nearest.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace reeve::aws {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

/// Levenshtein's distance without regard to case.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

constexpr std::size_t longest = 128;  // a name that somebody meant is not longer; bounds the work

}  // namespace

std::string_view nearest_name(std::string_view wrong, std::span<const std::string_view> names) {
  if (wrong.size() > longest) return {};
  std::size_t best = std::max<std::size_t>(2, wrong.size() / 3) + 1;
  std::string_view nearest;
  for (const std::string_view name : names) {
    if (name.size() > wrong.size() + best || wrong.size() > name.size() + best || name.size() > longest) continue;
    if (const std::size_t d = distance(wrong, name); d < best) best = d, nearest = name;
  }
  return nearest;
}

}  // namespace reeve::aws
