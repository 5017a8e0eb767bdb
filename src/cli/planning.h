#pragma once
#include "cli/engine.h"
#include "cli/options.h"
#include "plan/plan_file.h"

namespace reeve::cli {

/// A plan and the file that holds its rows.
struct StoredPlan {
  plan::Plan plan;
  plan::PlanFile file;
};

/// Reads policy files, judges them in the engine's scopes and stores the plan in the state folder: what `plan` and
/// `run` share. Errors: usage, invalid_input, not_found, io, those of connect(), journal.
Task<Result<StoredPlan>> make_stored_plan(Engine& engine, const Connected& connected, PlanOptions options);

/// The exit code of a plan that has a result.
int plan_exit(const plan::Plan& plan);

}  // namespace reeve::cli
