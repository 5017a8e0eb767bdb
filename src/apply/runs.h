#pragma once
#include <functional>
#include <string>
#include <vector>

#include "apply/hands.h"
#include "apply/run.h"
#include "apply/state.h"

namespace reeve::apply {

/// All runs, newest last. A run whose process still holds its lock is "running". Errors: journal.
Result<std::vector<RunResult>> list_runs(Hands hands, const StateFolder& state);
/// One run, as its journal tells it. Errors: not_found, journal.
Result<RunResult> read_run(Hands hands, const StateFolder& state, const std::string& run);

/// The rows of a run that ended, one at a time, in the order of their ends; memory does not grow with them.
/// Errors: journal, and what `visit` returns.
Result<void> each_row_outcome(Journal& journal, const std::string& run,
                              const std::function<Result<void>(const RowOutcome&)>& visit);
/// How one row ended; nullopt if it has not. Errors: journal.
Result<std::optional<RowOutcome>> find_row_outcome(Journal& journal, std::string_view run, std::string_view row);

}  // namespace reeve::apply
