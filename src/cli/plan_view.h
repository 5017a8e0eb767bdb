#pragma once
#include "cli/options.h"
#include "plan/plan.h"

namespace reeve::cli {

/// A plan for people: totals, the most valuable rows, kept records grouped by reason, what stopped it, how to go on.
void print_plan(const Common& common, const plan::Plan& plan);

}  // namespace reeve::cli
