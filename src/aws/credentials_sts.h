#pragma once
#include "aws/credentials_chain.h"
#include "aws/credentials_parts.h"

/// Credentials of STS.
namespace reeve::aws {

/// sts.AssumeRole with `base`. Asks for the one-time code where the profile has mfa_serial.
/// Errors: credentials (the profile says what STS does not take; refused; nobody to ask for the code), cancelled.
Task<Result<Credentials>> assume_role(CredentialContext context, const ChainRole& role, Credentials base);

/// sts.AssumeRoleWithWebIdentity with the token in `chain.token_file`, which needs no credentials. `from` says who
/// asks for it, for messages. Errors: as above.
Task<Result<Credentials>> from_web_identity(CredentialContext context, const CredentialChain& chain, std::string from);

}  // namespace reeve::aws
