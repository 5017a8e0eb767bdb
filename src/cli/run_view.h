#pragma once
#include "apply/run.h"
#include "cli/options.h"

namespace reeve::cli {

/// A run for people: what was done, what was not and why, how to go on or back.
void print_run(const Common& common, const apply::RunResult& run);
/// Says on standard error how to go on with a run that did not come to its end; for results that machines read.
void say_how_to_go_on(const Common& common, const apply::RunResult& run);
/// The exit code of a run that has a result.
int run_exit(const apply::RunResult& run);

}  // namespace reeve::cli
