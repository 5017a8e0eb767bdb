#include "policy/filters/resource_policy.h"

#include <algorithm>
#include <array>
#include <utility>

namespace reeve::policy {
namespace {

/// Kind, and the member or column that holds the policy: a text of JSON, or a map.
constexpr auto members = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"iam-role", "AssumeRolePolicyDocument"},
    {"lambda", "Policy"},
    {"s3", "Policy"},
    {"sns", "Policy"},
    {"sqs", "Policy"},
    {"vpc-endpoint", "PolicyDocument"},
});

}  // namespace

std::vector<std::string_view> kinds_with_policy() {
  std::vector<std::string_view> out;
  for (const auto& [kind, member] : members) out.push_back(kind);
  return out;
}

std::optional<Lookup> policy_lookup(const Build& build) {
  const auto* const found = std::ranges::find(members, build.kind.name, [](const auto& one) { return one.first; });
  if (found == members.end()) {
    build.problem(build.data, build.kind.name + " has no policy of its own");
    return std::nullopt;
  }
  auto lookup = Lookup::compile(found->second, {.kind = &build.kind});
  REEVE_ASSERT(lookup.has_value());  // names of members are keys
  return *std::move(lookup);
}

}  // namespace reeve::policy
