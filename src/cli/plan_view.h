#pragma once
#include "cli/options.h"
#include "plan/plan_file.h"
#include "views/table.h"

namespace reeve::cli {

/// The columns of a plan's rows, and one row's cells. The policy is shown where there is more than one.
std::vector<views::Table::Column> plan_columns(const plan::Header& header);
views::Table::Row plan_cells(const plan::Row& row);
/// What keeps a plan from being the whole truth, on standard error.
void say_plan_errors(const plan::Plan& plan);
/// A plan: totals, the most valuable rows, what is kept by reason and how to carry it out; for spreadsheets and
/// machines all rows. They are read from the source as they are printed. Errors: the source's.
Result<void> print_plan(const Common& common, const plan::Plan& plan, const plan::RowSource& rows);
/// {"format", "plan", "rows", "kept", "errors", "calls"}.
Result<void> print_plan_json(const plan::Plan& plan, const plan::RowSource& rows);

}  // namespace reeve::cli
