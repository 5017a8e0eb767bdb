#pragma once
#include "apply/runs.h"
#include "cli/options.h"
#include "plan/plan.h"
#include "views/table.h"

namespace reeve::cli {

/// The columns of how a row ended, and one row's cells.
std::vector<views::Table::Column> outcome_columns();
views::Table::Row outcome_cells(const apply::RowOutcome& row);
/// A run: for people what was done, what was not and why, how to go on or back; for machines all rows. They are read
/// from the journal as they are printed. `kept` are rows that an undo left out. Errors: journal.
Result<void> print_run(const Common& common, apply::Journal& journal, const apply::RunResult& run,
                       const std::vector<plan::Kept>& kept = {});
/// A run with all its rows, for people too. Errors: journal.
Result<void> print_all_rows(const Common& common, apply::Journal& journal, const apply::RunResult& run);
/// The result of a verb that had nothing to do, and what it says to people.
void print_no_run(const Common& common, std::string_view text, const std::vector<plan::Kept>& kept = {});
/// Says on standard error how to go on with a run that did not come to its end; for results that machines read.
void say_how_to_go_on(const Common& common, const apply::RunResult& run);
/// The exit code of a run that has a result.
int run_exit(const apply::RunResult& run);

}  // namespace reeve::cli
