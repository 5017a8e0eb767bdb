#pragma once
#include "apply/hands.h"
#include "apply/rejudge.h"
#include "apply/run.h"

namespace reeve::apply {

/// Hands over the rows of a run, one at a time, in the plan's order; nullopt at the end.
using NextRow = std::function<Result<std::optional<plan::Row>>()>;

/// Carries out a run's rows, a window of them at a time: judge again, intent, call, outcome. Memory does not grow with
/// the rows: how they ended stands in the journal (runs.h). `stop` ends it after the calls in flight.
/// Errors: journal (the run cannot go on without it), and those of `next`.
Task<Result<RunResult>> execute(Hands hands, RunTerms terms, const plan::Header& header, NextRow next,
                                const RowJudge& judge, Cancel stop, Progress progress);

}  // namespace reeve::apply
