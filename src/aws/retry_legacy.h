#pragma once
#include <string_view>

#include "aws/retry.h"

namespace reeve::aws {

/// The SDKs' legacy retry mode, as botocore's table of services has it: what is tried again goes by the service, the
/// code and the status together; there is no quota.

/// What an error means for trying again. Throttles are told apart from what passes by itself only so that listings can
/// wait them out; corrected clocks and credentials are Reeve's own addition in every mode.
RetryVerdict judge_legacy(std::string_view service, const Error& error);

/// How long to wait before the next attempt: `random` in [0, 1); `attempt` counts from 1 (the one that failed).
Duration legacy_delay(std::string_view service, int attempt, double random);

/// Attempts at most: where nobody chose another number than the mode's, DynamoDB has ten.
int legacy_attempts(std::string_view service, int attempts_most);

}  // namespace reeve::aws
