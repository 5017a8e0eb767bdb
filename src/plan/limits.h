#pragma once
#include <cstddef>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "estate/kind.h"
#include "plan/plan.h"

namespace reeve::plan {

/// `--limit`: a number of records, a percentage of those seen, or none.
struct LimitSetting {
  enum class Type { standard, count, percent, none };
  Type type = Type::standard;
  double amount = 0;
  /// "200", "25%", "none". Errors: usage.
  static Result<LimitSetting> parse(std::string_view text);
};

/// How many records a policy may change, in a way that is not exactly undone, in a scope where `seen` were looked at.
/// The default is 10 % of seen, at most 50, at least 5; always 5 for kinds with a small default. nullopt = no limit.
std::optional<std::size_t> allowance(const LimitSetting& setting, std::size_t seen, bool small_default);

}  // namespace reeve::plan
