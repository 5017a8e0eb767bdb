#pragma once
#include "apply/execute.h"
#include "apply/operations.h"
#include "base/contains.h"

/// What beginning a run and going on with one share.
namespace reeve::apply {

/// A plan is good where it was made. Errors: plan_refused.
Result<void> check_here(const plan::Header& header, const Here& here);
/// A plan is good once. Errors: plan_used, journal.
Result<void> check_unused(Journal& journal, const plan::Header& header);

/// Which of a plan's rows a run takes: --rows and --except.
struct Chosen {
  std::vector<std::string> only, except;
  bool takes(const plan::Row& row) const;
};
/// Looks through a plan's rows once, before any is judged: how many are chosen, that each name given is one of the
/// plan's, and `each_chosen`. Errors: usage, plan_damaged, io.
Result<std::size_t> survey(const plan::PlanFile& file, const Chosen& chosen,
                           const std::function<void(const plan::Row&)>& each_chosen);
/// The chosen rows, one at a time.
Result<NextRow> rows_of(const plan::PlanFile& file, Chosen chosen);

/// Begins a run: locks, the journal's first entry, execution.
Task<Result<RunResult>> begin(Hands hands, StateFolder state, RunTerms terms, const plan::Header& header, NextRow next,
                              const RowJudge& judge, Cancel stop, Progress progress);
/// The id of the run that is begun now.
std::string new_run_id(Hands& hands);

}  // namespace reeve::apply
