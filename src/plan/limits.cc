#include "plan/limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace reeve::plan {

Result<LimitSetting> LimitSetting::parse(std::string_view text) {
  if (text == "none") return LimitSetting{Type::none, 0};
  std::string_view digits = text;
  const bool percent = digits.ends_with('%');
  if (percent) digits.remove_suffix(1);
  double amount = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), amount, std::chars_format::fixed);
  const bool whole = percent || amount == std::floor(amount);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.empty() || amount < 0 || !whole ||
      !(amount <= (percent ? 100.0 : 1e9))) {
    return fail({.code = Code::usage,
                 .message = fmt::format("--limit {} is not a limit", text),
                 .hint = "Give a number of records (200), a percentage of those seen (25%), or none"});
  }
  return LimitSetting{percent ? Type::percent : Type::count, amount};
}

std::optional<std::size_t> allowance(const LimitSetting& setting, std::size_t seen, bool small_default) {
  constexpr std::size_t least = 5, most = 50;
  switch (setting.type) {
    case LimitSetting::Type::none:
      return std::nullopt;
    case LimitSetting::Type::count:
      return static_cast<std::size_t>(setting.amount);
    case LimitSetting::Type::percent:
      return static_cast<std::size_t>(std::floor(static_cast<double>(seen) * setting.amount / 100));
    case LimitSetting::Type::standard:
      break;
  }
  return small_default ? least : std::max(least, std::min(most, seen / 10));
}

}  // namespace reeve::plan
