#pragma once
#include "apply/effects.h"
#include "apply/hands.h"

namespace reeve::apply {

/// Errors after which nobody knows whether AWS did what was asked.
bool leaves_doubt(const Error& error);

/// Looks whether a step whose answer never came took effect, a few times: EC2's reads lag behind by seconds.
/// "No effect" is what the last look said. Errors: in_doubt, with its cause: it could not be found out.
Task<Result<Observed>> look(Hands hands, aws::Scope scope, policy::Step step, Document before);

}  // namespace reeve::apply
