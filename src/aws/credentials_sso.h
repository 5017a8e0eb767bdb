#pragma once
#include "aws/credentials_chain.h"
#include "aws/credentials_parts.h"

/// IAM Identity Center, by the token that `aws sso login` left in ~/.aws/sso/cache.
namespace reeve::aws {

struct SsoToken {
  std::string access_token;
  Time expires;
};

/// The token of a chain whose base is sso; one of an [sso-session] is renewed fifteen minutes before its end where the
/// cache says how, and the cache is written. Errors: credentials (no login, or it has ended: the hint says how to log
/// in), cancelled.
Task<Result<SsoToken>> sso_token(CredentialContext context, const CredentialChain& chain);

/// The role's credentials: sso.GetRoleCredentials. Errors: as above, and where the profile names no account and role.
Task<Result<Credentials>> from_sso(CredentialContext context, const CredentialChain& chain);

}  // namespace reeve::aws
