#pragma once
#include <span>
#include <string>
#include <vector>

#include "policy/filter.h"

namespace reeve::policy {

/// Judges candidates by one filter: fetches the columns that it needs, tests or judges, and lets it explain itself for
/// those that it matched. One verdict a candidate, in their order.
Task<std::vector<Verdict>> run_filter(const Filter& filter, std::span<Candidate*> candidates, Context& context);

/// Fetches columns of the candidates' kind, by name, for the views that lack them.
Task<void> fetch_columns(std::vector<std::string> names, std::span<Candidate*> candidates, Context& context);

}  // namespace reeve::policy
