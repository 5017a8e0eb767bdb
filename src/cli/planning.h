#pragma once
#include "cli/engine.h"
#include "cli/options.h"
#include "plan/plan.h"

namespace reeve::cli {

/// Reads policy files, judges them in the engine's scopes and stores the plan in the state folder: what `plan` and
/// `run` share. Errors: usage, invalid_input, not_found, io, those of connect(), journal.
Task<Result<plan::Plan>> make_stored_plan(Engine& engine, const Connected& connected, PlanOptions options);

/// The exit code of a plan that has a result.
int plan_exit(const plan::Plan& plan);

}  // namespace reeve::cli
