#pragma once
#include "aws/model.h"
#include "base/document.h"
#include "base/result.h"

namespace reeve::aws {

/// Checks params against the operation's input shape. Null members count as left out. Where a timestamp is expected,
/// timestamps, numbers (seconds since 1970) and texts pass; where a blob is expected, texts count as their bytes.
/// Errors: invalid_params, one for all faults: each with its path ("Filters[0].Nam"), what may stand there, and the
/// nearest name of a misspelled one; at most ten are listed.
Result<void> validate_params(const ServiceModel& model, const Operation& operation, Value params);

}  // namespace reeve::aws
