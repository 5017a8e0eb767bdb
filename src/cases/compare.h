#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "aws/flight.h"
#include "base/document.h"

namespace reeve::cases {

/// A call as both sides of a comparison have it: the call's parts in a text. Lists are sorted, since their order says
/// nothing in what is compared; dates become "<date>", compressed messages "<message>"; tokens that only make a call
/// idempotent, and DryRun: false, are left out. A call on several resources is one text for each.
std::vector<std::string> comparable(std::string_view service, std::string_view operation, Value params);

/// What is expected and does not come, and what comes and is not expected: as sets with repetition.
struct Difference {
  std::vector<std::string> missing, extra;
  bool none() const { return missing.empty() && extra.empty(); }
};
Difference difference(std::vector<std::string> expected, std::vector<std::string> actual);

/// Dates inside a text as "<date>": 2026-01-31, 2026/01/31 1500 UTC, 2026-01-31T15:00:00Z.
std::string mask_dates(std::string_view text);

}  // namespace reeve::cases
