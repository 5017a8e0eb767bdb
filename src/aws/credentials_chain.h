#pragma once
#include <string>
#include <vector>

#include "aws/config_file.h"
#include "base/result.h"

namespace reeve::aws {

/// A role on the way to a profile's credentials, as the profile says it.
struct ChainRole {
  std::string profile;  ///< whose section this is
  std::string role_arn, external_id, role_session_name, duration_seconds, mfa_serial;
  /// Our own: other tools pass over them. See docs/guide/credentials.md.
  std::string source_identity, session_policy, session_policy_arns, session_tags;
};

/// How a profile's credentials come about: a base, then roles assumed one after another, the last one's count.
struct CredentialChain {
  enum class Base { keys, process, named, web_identity, sso, login };
  Base base = Base::keys;
  std::string profile;  ///< whose section the base is
  /// keys: access_key_id, secret_access_key, session_token; process: the command; named: credential_source's value;
  /// web_identity: the token file, role_arn, role_session_name and duration_seconds; login: the session's ARN.
  std::string access_key_id, secret_access_key, session_token, account_id;
  std::string command, source, token_file, role_arn, role_session_name, duration_seconds, login_session;
  /// sso: the session's name is empty in the older form; account and role are empty where only a token is meant.
  std::string sso_session, sso_start_url, sso_region, sso_account_id, sso_role_name;
  std::vector<ChainRole> roles;
};

/// Follows source_profile from a profile to its base. A profile with keys ends the chain unless it is the first one
/// and has a role; a profile may name itself as its source. Errors: not_found (there is no such profile, or nothing in
/// it that gives credentials), credentials (a loop, half a key pair, both or neither of source_profile and
/// credential_source, a source that is set up by half).
Result<CredentialChain> resolve_chain(const Profiles& profiles, const std::string& profile);

}  // namespace reeve::aws
