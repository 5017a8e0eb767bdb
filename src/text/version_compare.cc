#include "text/version_compare.h"

#include <algorithm>
#include <vector>

namespace reeve::text {
namespace {

struct Part {
  bool number = false;
  std::string_view text;  // digits of a number, without leading zeros
  friend bool operator==(const Part&, const Part&) = default;
};

std::vector<Part> parts_of(std::string_view version) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto kind = [&](char c) { return digit(c) ? 0 : letter(c) ? 1 : c == '.' ? 2 : 3; };
  std::vector<Part> out;
  for (std::size_t at = 0; at < version.size();) {
    const int k = kind(version[at]);
    std::size_t end = at + 1;
    while (k != 2 && end < version.size() && kind(version[end]) == k) ++end;
    std::string_view text = version.substr(at, end - at);
    if (k == 0) text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
    if (k != 2) out.push_back({k == 0, text});
    at = end;
  }
  return out;
}

}  // namespace

std::optional<std::strong_ordering> compare_versions(std::string_view a, std::string_view b) {
  const auto left = parts_of(a), right = parts_of(b);
  const auto [l, r] = std::ranges::mismatch(left, right);
  if (l == left.end() || r == right.end()) return left.size() <=> right.size();
  if (l->number != r->number) return std::nullopt;
  if (l->number && l->text.size() != r->text.size()) return l->text.size() <=> r->text.size();
  return l->text <=> r->text;
}

}  // namespace reeve::text
