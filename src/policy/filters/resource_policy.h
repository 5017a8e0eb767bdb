#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "policy/filters/lookup.h"
#include "policy/vocabulary.h"

namespace reeve::policy {

/// Kinds whose records have a policy of their own that says who may use them.
std::vector<std::string_view> kinds_with_policy();

/// How that policy is looked up in a record of the kind. nullopt after a problem was reported.
std::optional<Lookup> policy_lookup(const Build& build);

}  // namespace reeve::policy
