#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/document.h"
#include "base/result.h"
#include "policy/vocabulary.h"

namespace reeve::policy {

/// `max-resources`, as Custodian counts it: matches, whatever the action.
struct MaxResources {
  std::optional<double> amount, percent;
  bool both = false;  ///< op: and
};

/// One policy, checked and ready to judge. `data` is the policy after variables were expanded, as canonical JSON would
/// hold it; a plan embeds it, and reading it back gives the same policy.
struct Policy {
  std::string name;
  const estate::Kind* kind = nullptr;
  Document data;
  std::string hash;  ///< SHA-256, hex, of data's canonical JSON
  Document query;    ///< parameters for the listing from `query:`, or null
  std::vector<std::unique_ptr<Filter>> filters;
  std::vector<std::unique_ptr<Action>> actions;
  std::vector<std::unique_ptr<Filter>>
      conditions;  ///< on one record: name, region, resource, provider, account_id, now
  MaxResources max_resources;
  std::string mode = "pull";          ///< type of `mode:`; only "pull" runs by itself
  bool needs_event = false;           ///< its mode or a filter asks for an event: without one nothing of it is planned
  bool irreversible_allowed = false;  ///< metadata: {reeve: {irreversible: allow}}
  std::vector<std::string> warnings;
};

/// Names for `{…}` in policies: account_id, region, partition, now and what --var gives.
struct Variables {
  std::map<std::string, std::string> given;  ///< --var NAME=VALUE
  std::string account_id, region, partition = "aws";
  Time now = {};
};

struct PolicyFile {
  std::vector<std::unique_ptr<Policy>> policies;
  std::vector<Problem> problems;  ///< errors and warnings; with an error among them, nothing may run
  /// No errors, apart from those that stop only their own policy (Problem::alone).
  bool ok() const;
};

/// Reads and checks one policy file's text. Never throws away what it learned: all problems are listed.
PolicyFile read_policies(std::string_view text, std::string_view file_name, const Variables& variables,
                         const Vocabulary& vocabulary, const estate::Kinds& kinds);
/// Builds a policy from its expanded data, as a plan embeds it. Errors: invalid_input.
Result<std::unique_ptr<Policy>> policy_from_data(Value data, const Vocabulary& vocabulary, const estate::Kinds& kinds,
                                                 Time now);
/// Whether the policy's conditions hold in a scope; no and unknown say which does not.
Verdict conditions_hold(const Policy& policy, Context& context);
/// All problems as one error: invalid_input, a line each "file:line:column: message".
Error problems_error(const std::vector<Problem>& problems);

}  // namespace reeve::policy
