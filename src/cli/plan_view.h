#pragma once
#include "cli/options.h"
#include "plan/plan_file.h"

namespace reeve::cli {

/// A plan: totals, the most valuable rows, what is kept by reason and how to carry it out; for spreadsheets and
/// machines all rows. They are read from the source as they are printed. Errors: the source's.
Result<void> print_plan(const Common& common, const plan::Plan& plan, const plan::RowSource& rows);
/// {"format", "plan", "rows", "kept", "errors", "calls"}.
Result<void> print_plan_json(const plan::Plan& plan, const plan::RowSource& rows);

}  // namespace reeve::cli
