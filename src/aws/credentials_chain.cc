#include "aws/credentials_chain.h"

#include <fmt/format.h>

#include <algorithm>

namespace reeve::aws {
namespace {

std::unexpected<Error> error(const std::string& profile, std::string message) {
  return fail({.code = Code::credentials, .message = std::move(message), .resource = "profile " + profile});
}

std::string get(const Properties& properties, const std::string& name) {
  const auto found = properties.find(name);
  return found == properties.end() ? std::string() : found->second;
}

using Base = CredentialChain::Base;

/// Keys that stand in the profile itself.
Result<void> take_keys(CredentialChain& chain, const Properties& properties, const std::string& profile) {
  const std::string id = get(properties, "aws_access_key_id"), secret = get(properties, "aws_secret_access_key");
  if (id.empty() && secret.empty()) {
    return error(profile, fmt::format("profile `{}` did not contain credential information", profile));
  }
  if (id.empty()) return error(profile, "profile missing aws_access_key_id");
  if (secret.empty()) return error(profile, "profile missing aws_secret_access_key");
  chain.base = Base::keys;
  chain.profile = profile;
  chain.access_key_id = id;
  chain.secret_access_key = secret;
  chain.session_token = get(properties, "aws_session_token");
  chain.account_id = get(properties, "aws_account_id");
  return {};
}

/// Whatever of this profile gives credentials without another profile.
Result<void> take_base(CredentialChain& chain, const Properties& properties, const std::string& profile) {
  chain.profile = profile;
  chain.account_id = get(properties, "aws_account_id");
  if (properties.contains("web_identity_token_file")) {
    chain.base = Base::web_identity;
    chain.token_file = get(properties, "web_identity_token_file");
    chain.role_arn = get(properties, "role_arn");
    chain.role_session_name = get(properties, "role_session_name");
    if (chain.role_arn.empty()) {
      return error(profile, "`web_identity_token_file` was specified but `role_arn` was missing");
    }
    return {};
  }
  if (properties.contains("sso_session") || properties.contains("sso_account_id") ||
      properties.contains("sso_start_url")) {
    chain.base = Base::sso;
    return {};
  }
  if (properties.contains("credential_process")) {
    chain.base = Base::process;
    chain.command = get(properties, "credential_process");
    return {};
  }
  return take_keys(chain, properties, profile);
}

}  // namespace

Result<CredentialChain> resolve_chain(const Profiles& profiles, const std::string& profile) {
  if (profiles.profiles.empty()) return error(profile, "No profiles were defined");
  CredentialChain chain;
  std::vector<std::string> seen;
  std::string at = profile;
  while (true) {
    const auto section = profiles.profiles.find(at);
    if (section == profiles.profiles.end()) {
      return error(profile, seen.empty()
                                ? fmt::format("profile `{}` was not defined", at)
                                : fmt::format("could not find source profile {} referenced from {}", at, seen.back()));
    }
    const Properties& properties = section->second;
    if (std::ranges::find(seen, at) != seen.end()) {
      std::string way;
      for (const auto& name : seen) way += name + " -> ";
      return error(profile, fmt::format("profile formed an infinite loop: {}{}", way, at));
    }
    seen.push_back(at);
    const bool has_keys = properties.contains("aws_access_key_id") && properties.contains("aws_secret_access_key");
    const bool assumes = properties.contains("role_arn") && !properties.contains("web_identity_token_file");
    if (!assumes || (seen.size() > 1 && has_keys)) {
      TRY(seen.size() > 1 && has_keys ? take_keys(chain, properties, at) : take_base(chain, properties, at));
      break;
    }
    chain.roles.push_back({.profile = at,
                           .role_arn = get(properties, "role_arn"),
                           .external_id = get(properties, "external_id"),
                           .role_session_name = get(properties, "role_session_name"),
                           .duration_seconds = get(properties, "duration_seconds"),
                           .mfa_serial = get(properties, "mfa_serial")});
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
      TRY(take_base(chain, properties, at));
      break;
    }
    at = source;
  }
  std::ranges::reverse(chain.roles);
  return chain;
}

}  // namespace reeve::aws
