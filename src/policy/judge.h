#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "policy/policy.h"

namespace reeve::policy {

/// A record that stays, and why. `code` is stable: "unknown", "protected", or a guard's.
struct KeptRecord {
  estate::Record record;
  std::string code, message;
};

struct Judged {
  std::size_t seen = 0;             ///< the population after `query:`
  std::vector<Candidate> matched;   ///< verdict yes, in listing order
  std::vector<KeptRecord> unknown;  ///< verdict unknown: kept, with the reason
  std::string skipped = {};         ///< the policy's conditions do not hold here, and why: nothing was listed
  std::optional<Error> broken;      ///< the listing broke off: matched rests on a part, and nothing may be done with it
};

/// Lists the policy's kind in the context's scope, page by page, and judges it. Records and page filters run as pages
/// arrive; only matches outlive their page.
Task<Judged> judge_policy(const Policy& policy, Context& context);

/// Judges given records again by the policy's filters. Filters that are `frozen` count as yes. One verdict a candidate.
Task<std::vector<Verdict>> judge_again(const Policy& policy, std::span<Candidate*> candidates, Context& context);

/// What guards said of each candidate for one action.
struct Guarded {
  bool kept = false;
  std::string code, message;  ///< of the first guard that keeps
  std::vector<std::string> notes;
  bool undo_none = false;
};
/// Runs "protected" and the action's guards, and fetches the action's columns.
Task<std::vector<Guarded>> run_guards(const Action& action, std::span<Candidate*> candidates, Context& context);

}  // namespace reeve::policy
