#pragma once
#include "aws/credentials_chain.h"
#include "aws/credentials_parts.h"

namespace reeve::aws {

/// Credentials of `aws login`: what stands in its cache (AWS_LOGIN_CACHE_DIRECTORY, else ~/.aws/login/cache), renewed
/// five minutes before their end by signin.CreateOAuth2Token with a proof of the cache's key; the cache is written.
/// Errors: credentials (no login, it has ended, the cache lacks something: the hint says how to log in), cancelled.
Task<Result<Credentials>> from_login(CredentialContext context, const CredentialChain& chain);

}  // namespace reeve::aws
