#include "aws/credentials_chain.h"

#include <fmt/format.h>

#include <algorithm>

namespace reeve::aws {
namespace {

std::unexpected<Error> error(const std::string& profile, std::string message, Code code = Code::credentials) {
  return fail({.code = code, .message = std::move(message), .resource = "profile " + profile});
}

std::string get(const Properties& properties, const std::string& name) {
  const auto found = properties.find(name);
  return found == properties.end() ? std::string() : found->second;
}

using Base = CredentialChain::Base;

/// Keys that stand in the profile itself.
Result<void> take_keys(CredentialChain& chain, const Properties& properties, const std::string& profile) {
  const std::string id = get(properties, "aws_access_key_id"), secret = get(properties, "aws_secret_access_key");
  if (id.empty()) return error(profile, "profile missing aws_access_key_id");
  if (secret.empty()) return error(profile, "profile missing aws_secret_access_key");
  chain.base = Base::keys;
  chain.access_key_id = id;
  chain.secret_access_key = secret;
  chain.session_token = get(properties, "aws_session_token");
  return {};
}

/// An account and a role of IAM Identity Center, by its session or in the older form.
Result<void> take_sso(CredentialChain& chain, const Properties& properties, const Profiles& profiles) {
  const std::string& profile = chain.profile;
  chain.base = Base::sso;
  chain.sso_session = get(properties, "sso_session");
  chain.sso_account_id = get(properties, "sso_account_id");
  chain.sso_role_name = get(properties, "sso_role_name");
  const bool older = chain.sso_session.empty();
  const bool account = !chain.sso_account_id.empty(), role = !chain.sso_role_name.empty();
  if (role && !account) return error(profile, "if `sso_role_name` is set, then `sso_account_id` must also be set");
  if (account && !role) return error(profile, "if `sso_account_id` is set, then `sso_role_name` must also be set");
  if (older && !account) return error(profile, "`sso_account_id` and `sso_role_name` are missing in the profile");
  const Properties* from = &properties;
  if (!older) {
    const auto session = profiles.sso_sessions.find(chain.sso_session);
    if (session == profiles.sso_sessions.end()) {
      return error(profile, fmt::format("sso-session named `{}` (referenced by profile `{}`) was not found",
                                        chain.sso_session, profile));
    }
    for (const char* key : {"sso_region", "sso_start_url"}) {
      if (const std::string own = get(properties, key); !own.empty() && own != get(session->second, key)) {
        return error(
            profile,
            fmt::format("`{}` can only be specified in the [sso-session] config when a session name is given", key));
      }
    }
    from = &session->second;
  }
  chain.sso_region = get(*from, "sso_region");
  chain.sso_start_url = get(*from, "sso_start_url");
  for (const auto& [key, value] :
       {std::pair("sso_region", &chain.sso_region), {"sso_start_url", &chain.sso_start_url}}) {
    if (!value->empty()) continue;
    return error(profile, fmt::format("`{}` is missing in {}", key,
                                      older ? "the profile" : fmt::format("[sso-session {}]", chain.sso_session)));
  }
  return {};
}

/// Whatever of this profile gives credentials without another profile, in botocore's order.
Result<void> take_base(CredentialChain& chain, const Profiles& profiles, const Properties& properties,
                       const std::string& profile) {
  chain.profile = profile;
  chain.account_id = get(properties, "aws_account_id");
  if (properties.contains("web_identity_token_file")) {
    chain.base = Base::web_identity;
    chain.token_file = get(properties, "web_identity_token_file");
    chain.role_arn = get(properties, "role_arn");
    chain.role_session_name = get(properties, "role_session_name");
    chain.duration_seconds = get(properties, "duration_seconds");
    if (chain.role_arn.empty()) {
      return error(profile, "`web_identity_token_file` was specified but `role_arn` was missing");
    }
    return {};
  }
  if (properties.contains("sso_account_id") || properties.contains("sso_role_name")) {
    return take_sso(chain, properties, profiles);
  }
  const bool has_keys = properties.contains("aws_access_key_id") || properties.contains("aws_secret_access_key");
  if (has_keys && profiles.keys_in_credentials_file.contains(profile)) return take_keys(chain, properties, profile);
  if (properties.contains("login_session")) {
    chain.base = Base::login;
    chain.login_session = get(properties, "login_session");
    return {};
  }
  if (properties.contains("credential_process")) {
    chain.base = Base::process;
    chain.command = get(properties, "credential_process");
    return {};
  }
  if (has_keys) return take_keys(chain, properties, profile);
  // Without an account and a role a session gives tokens only: what else is there comes first.
  if (properties.contains("sso_session") || properties.contains("sso_start_url")) {
    return take_sso(chain, properties, profiles);
  }
  return error(profile, fmt::format("profile `{}` did not contain credential information", profile), Code::not_found);
}

ChainRole role_of(const Properties& properties, const std::string& profile) {
  return {.profile = profile,
          .role_arn = get(properties, "role_arn"),
          .external_id = get(properties, "external_id"),
          .role_session_name = get(properties, "role_session_name"),
          .duration_seconds = get(properties, "duration_seconds"),
          .mfa_serial = get(properties, "mfa_serial"),
          .source_identity = get(properties, "source_identity"),
          .session_policy = get(properties, "session_policy"),
          .session_policy_arns = get(properties, "session_policy_arns"),
          .session_tags = get(properties, "session_tags")};
}

}  // namespace

Result<CredentialChain> resolve_chain(const Profiles& profiles, const std::string& profile) {
  if (profiles.profiles.empty()) return error(profile, "No profiles were defined", Code::not_found);
  CredentialChain chain;
  std::vector<std::string> seen;
  std::string at = profile;
  while (true) {
    const auto section = profiles.profiles.find(at);
    if (section == profiles.profiles.end()) {
      if (seen.empty()) return error(profile, fmt::format("profile `{}` was not defined", at), Code::not_found);
      return error(profile, fmt::format("could not find source profile {} referenced from {}", at, seen.back()));
    }
    const Properties& properties = section->second;
    if (std::ranges::find(seen, at) != seen.end()) {
      std::string way;
      for (const auto& name : seen) way += name + " -> ";
      return error(profile, fmt::format("profile formed an infinite loop: {}{}", way, at));
    }
    seen.push_back(at);
    auto base = [&](bool keys) -> Result<void> {
      chain.profile = at;
      chain.account_id = get(properties, "aws_account_id");
      auto taken = keys ? take_keys(chain, properties, at) : take_base(chain, profiles, properties, at);
      // A source that was named and has nothing is a mistake; the selected profile may leave it to others.
      if (!taken && !chain.roles.empty()) taken.error().code = Code::credentials;
      return taken;
    };
    const bool has_keys = properties.contains("aws_access_key_id") && properties.contains("aws_secret_access_key");
    const bool assumes = properties.contains("role_arn") && !properties.contains("web_identity_token_file");
    if (!assumes || (seen.size() > 1 && has_keys)) {
      TRY(base(seen.size() > 1 && has_keys));
      break;
    }
    chain.roles.push_back(role_of(properties, at));
    const std::string source = get(properties, "source_profile"), named = get(properties, "credential_source");
    if (!source.empty() && !named.empty()) {
      return error(at, "profile contained both source_profile and credential_source");
    }
    if (!named.empty()) {
      chain.base = Base::named;
      chain.profile = at;
      chain.source = named;
      break;
    }
    if (source.empty()) {
      return error(at, "profile must contain `source_profile` or `credential_source` beside `role_arn`");
    }
    if (source == at) {  // its own keys are the base
      TRY(base(false));
      break;
    }
    at = source;
  }
  std::ranges::reverse(chain.roles);
  return chain;
}

}  // namespace reeve::aws
