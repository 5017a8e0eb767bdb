#pragma once
#include <memory>

#include "policy/policy.h"

namespace reeve::policy {

/// What a policy is built with.
struct PolicyBuild {
  const Vocabulary& vocabulary;
  const estate::Kinds& kinds;
  Time now;
  Report problem, warning;
  /// A problem that stops this policy alone.
  Report problem_alone;
};

/// Builds one policy from its expanded data (a map), after checking all of it. nullptr after problems were reported.
std::unique_ptr<Policy> build_policy(Value data, const PolicyBuild& build);

/// The listing's parameters of `query:`, a list of single-key maps: parameters by their own names, and EC2 filters by
/// theirs ({instance-state-name: running}, {"tag:Name": x}). A null document where there is no query.
Document read_query(Value query, const estate::Kind& kind, const Report& problem);

/// The policy's data as a plan holds it: JSON, with dates as {"$time": "2026-01-30T00:00:00Z"}; and back.
Document encode_data(Value data);
Result<Document> decode_data(Value encoded);

}  // namespace reeve::policy
