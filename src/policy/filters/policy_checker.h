#pragma once
#include <set>
#include <string>
#include <vector>

#include "base/document.h"

namespace reeve::policy {

/// Who may be given access by a resource's policy. Texts of accounts are account ids; what a principal is that is no
/// ARN counts as its own account.
struct Trusted {
  std::set<std::string, std::less<>> accounts, organizations, vpcs, endpoints;
  std::set<std::string, std::less<>>
      organization_units;                         ///< paths: "o-1/r-ab12/ou-ab12-prod"; what lies below is meant
  std::set<std::string, std::less<>> conditions;  ///< condition keys, lower case, that are enough by themselves
  std::vector<std::string> patterns;              ///< globs of principals
  std::vector<std::string> actions;               ///< globs: only statements with one of these are looked at
  bool everyone_only = false;                     ///< only the principal "*" counts
};

/// The statements of a resource's policy (the document, or its JSON text) that give access to somebody who is not
/// trusted: Allow, a principal that is neither a service nor trusted, and no condition that narrows it to who is. With
/// `others`, the statements that don't. A principal's wildcard in a condition is narrowed by an organization beside it
/// (IAM User Guide, "AWS global condition context keys"). A text that is no policy gives no value: unknown.
struct CheckedPolicy {
  bool readable = true;
  std::vector<Document> violating, others;
};
CheckedPolicy check_policy(Value policy, const Trusted& trusted);

/// The account of an ARN; any other text itself.
std::string_view account_of(std::string_view principal);

}  // namespace reeve::policy
