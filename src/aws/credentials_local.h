#pragma once
#include <optional>

#include "aws/credentials_chain.h"
#include "aws/credentials_parts.h"

/// Credentials that are on this machine.
namespace reeve::aws {

/// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_CREDENTIAL_EXPIRATION, AWS_ACCOUNT_ID.
/// nullopt: the environment has no keys at all. Errors: credentials (half of them).
Result<std::optional<Credentials>> from_environment(Environment& environment);

/// What a credential_process prints ("Sourcing credentials with an external process"). Errors: credentials.
Task<Result<Credentials>> from_process(CredentialContext context, const CredentialChain& chain);

}  // namespace reeve::aws
