#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "aws/api.h"
#include "base/document.h"
#include "base/result.h"
#include "policy/action.h"
#include "policy/filter.h"

namespace reeve::plan {

/// One action on its records: what would be done, why, what it saves, and how it is taken back.
struct Row {
  std::string row;                 ///< hash of policy, kind, scope, records and action: the same when planned again
  std::vector<std::string> after;  ///< rows that must have ended first
  std::string policy, kind;
  std::vector<std::string> records;  ///< ids
  aws::Scope scope;
  std::string action;
  std::size_t action_index = 0;  ///< position in the policy's actions
  std::vector<policy::Finding> why;
  std::vector<policy::Step> steps;
  policy::Undo undo;
  policy::Saving saves;
  policy::RiskLevel risk = policy::RiskLevel::low;
  std::vector<std::string> risk_reasons;
  bool needs_consent = false;  ///< beside undo class none: a last copy
  Document pre_image;          ///< what undo needs; a map or null
  std::string title;           ///< a name that people know the record by; may be empty
  bool consent_needed() const { return needs_consent || undo.undo_class == policy::UndoClass::none; }
};

/// A record that stays although a policy looked at it, and why.
struct Kept {
  std::string policy, kind, id;
  aws::Scope scope;
  std::string code, message;
  std::string row = {};  ///< of an undo: the row that cannot be taken back
};

/// How the default limit, or --limit, stood for one policy in one scope.
struct Limit {
  std::optional<std::size_t> allowed;  ///< nullopt = none
  std::size_t counted = 0;
  bool exceeded = false;
};

/// One policy in one scope of a plan. `data` is the expanded policy, from which apply rebuilds it.
struct PlannedPolicy {
  std::string name, kind, hash;
  aws::Scope scope;
  std::size_t seen = 0, matched = 0, planned = 0;
  Limit limit;
  std::string skipped;  ///< why its conditions kept it from being judged here; else empty
  Document data;
};

struct PlannedScope {
  std::string partition, account;
  std::vector<std::string> regions;
};

struct Header {
  std::string id;
  std::vector<PlannedScope> scopes;
  std::string trigger_type = "manual", trigger_id;
  Time created, expires;
  Time now;                           ///< the policy's now that ages were counted from
  bool pinned_now = false;            ///< made with --now: cannot be applied on AWS's own endpoints
  bool loopback = false;              ///< made against the sandbox or a loopback endpoint
  bool irreversible_allowed = false;  ///< --allow-irreversible was given when planning
  bool complete = true;
  std::string digest;  ///< SHA-256 over the file's lines before its last; empty until written
  std::vector<PlannedPolicy> policies;
};

/// Each account and region that a plan is for.
std::vector<aws::Scope> scopes_of(const Header& header);

/// All of a plan but its rows, which are handed over one at a time.
struct Plan {
  Header header;
  std::vector<Kept> kept;
  std::vector<Error> errors;
  std::map<std::string, std::uint64_t> calls;  ///< "ec2.DescribeSnapshots" → answered requests
};

using RowSink = std::function<Result<void>(const Row&)>;
/// Hands rows over one at a time, so that nobody needs to hold them all. Errors: its own, and those of the sink.
using RowSource = std::function<Result<void>(const RowSink&)>;

/// Everything that a plan's savings come to: rows that have a figure, summed. USD a month.
struct Totals {
  std::optional<double> likely, at_most;
  std::size_t rows = 0, consent_needed = 0;
  std::string price_date;
  void add(const Row& row);
};

/// Hash of what makes a row the same row: 16 hex digits.
std::string row_id(const std::string& policy, const std::string& kind, const aws::Scope& scope,
                   const std::vector<std::string>& records, const std::string& action);

}  // namespace reeve::plan
