#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/task.h"
#include "estate/prices.h"
#include "estate/reader.h"
#include "plan/limits.h"
#include "plan/plan.h"
#include "policy/judge.h"

namespace reeve::plan {

/// One scope to plan in, with the reader that this plan's evidence comes from.
struct PlanScope {
  aws::Scope scope;
  std::unique_ptr<estate::Reader> reader;
};

struct PlanRequest {
  std::vector<std::vector<std::unique_ptr<policy::Policy>>> policies;  ///< by scope: expanded for each scope
  std::vector<PlanScope> scopes;
  LimitSetting limit;
  bool oldest_first = false;
  std::string run;  ///< id of the plan
  Time now;
  /// Ids that came back (our journal deleted them and they are listed again), or that an open undo needs: protected.
  std::function<std::optional<std::string>(const aws::Scope&, std::string_view kind, std::string_view id)>
      protected_by_journal;
  const policy::Configuration* configuration = nullptr;  ///< null: there is none
  std::function<void(const std::string&)> progress;      ///< for people; may be null
};

/// A plan before it is written. Its rows are drafted once more, one at a time, as they are asked for: only what was
/// matched is held.
struct Drafted {
  Plan plan;
  RowSource rows;  ///< good as long as the request and the prices
};

/// Judges, guards, plans, keeps survivors and applies limits. The header's id, times, trigger and endpoints are the
/// caller's. Fails only on a fault of its own; what AWS refused stands in `errors`, `kept` and `complete`.
Task<Drafted> make_plan(PlanRequest& request, const estate::Prices& prices);

}  // namespace reeve::plan
