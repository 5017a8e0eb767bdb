#pragma once
#include "base/result.h"

namespace reeve::cli {

/// Exit codes (design, section 4). When several apply, the first of usage, failed, interrupted, stopped, unjudged wins:
/// rows that wait for `resume` are not hidden by others that wait for consent.
enum Exit : int { ok = 0, usage = 1, failed = 2, stopped = 3, unjudged = 4, interrupted = 130 };

/// The exit code of an error that left a verb without a result.
int exit_code(const Error& error);
/// Of two exit codes the one that wins.
int worse(int a, int b);

}  // namespace reeve::cli
