#pragma once
#include <memory>
#include <string>
#include <vector>

#include "policy/filters/lookup.h"
#include "policy/filters/policy_checker.h"
#include "policy/vocabulary.h"

namespace reeve::policy {

/// Evidence of cross-account: the statements that give access to strangers.
inline constexpr std::string_view cross_account_evidence = "CrossAccountViolations";

/// `cross-account`: a record's own policy gives access to somebody outside this account and the whitelists. A record
/// without a policy gives none; one whose policy cannot be read is unknown.
class CrossAccountFilter : public Filter {
 public:
  CrossAccountFilter(Lookup policy, Trusted trusted, bool allowed)
      : policy_(std::move(policy)), trusted_(std::move(trusted)), allowed_(allowed) {}
  std::string_view type() const override { return "cross-account"; }
  Verdict test(Candidate& candidate, Context& context) const override;
  std::vector<std::string> columns() const override { return policy_.columns(); }
  static std::vector<Key> keys();
  /// nullptr after problems were reported.
  static std::unique_ptr<Filter> make(const Build& build);

 private:
  Lookup policy_;
  Trusted trusted_;
  bool allowed_;  // return_allowed: asks for statements that give no such access
};

}  // namespace reeve::policy
