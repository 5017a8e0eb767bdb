#include "aws/credentials_sso.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/json.h"

namespace reeve::aws {
namespace {

/// As botocore renews: a token is good for an hour.
constexpr Duration token_window = std::chrono::minutes(15);

std::string login_hint(const CredentialChain& chain) {
  return fmt::format("log in: aws sso login --profile {}", chain.profile);
}

/// ISO 8601; older releases of the AWS CLI wrote "UTC" where Z belongs.
Result<Time> time_of(Value value) {
  std::string text = value.as_string();
  if (text.ends_with("UTC")) text.replace(text.size() - 3, 3, "Z");
  return parse_iso8601(text);
}

std::string cache_path(CredentialContext context, const CredentialChain& chain) {
  const std::string& key = chain.sso_session.empty() ? chain.sso_start_url : chain.sso_session;
  return fmt::format("{}/.aws/sso/cache/{}.json", context.world.environment.home(), sha1_hex(key));
}

/// Whether the cache says how to get a new token without a person.
bool may_renew(Value cached, Time now) {
  for (const char* key : {"refreshToken", "clientId", "clientSecret"}) {
    if (cached[key].as_text().empty()) return false;
  }
  const auto until = time_of(cached["registrationExpiresAt"]);
  return until && *until > now;
}

Task<Result<SsoToken>> renew(CredentialContext context, const CredentialChain& chain, const Document& cached,
                             std::string path) {
  Builder params;
  params.begin_map();
  params.put("grantType", "refresh_token");
  for (const char* key : {"clientId", "clientSecret", "refreshToken"}) params.put(key, cached[key]);
  params.end();
  DoorCall call{
      .service = "sso-oidc", .operation = "CreateToken", .region = chain.sso_region, .params = params.finish()};
  Task<Result<Document>> calling = call_door(context, std::move(call));
  CO_TRY(const Document answer, co_await std::move(calling));
  SsoToken out{.access_token = answer["accessToken"].as_string(),
               .expires = context.world.clock.wall() + std::chrono::seconds(answer["expiresIn"].as_integer())};
  if (out.access_token.empty()) co_return fail(Code::malformed, "the answer holds no token");

  Builder b;  // what else the cache holds stays: other tools use it
  b.begin_map();
  for (const auto [key, value] : cached.root().entries()) {
    const bool replaced =
        key == "accessToken" || key == "expiresAt" || (key == "refreshToken" && answer["refreshToken"].is_text());
    if (!replaced) b.put(key, value);
  }
  b.put("accessToken", out.access_token);
  b.put("expiresAt", format_iso8601(Time{out.expires.us / 1'000'000 * 1'000'000}));
  b.put_if("refreshToken", answer["refreshToken"].as_text());
  b.end();
  CO_TRY(context.world.disk.write_file(path, to_json(b.finish(), 2) + "\n"));
  co_return out;
}

}  // namespace

Task<Result<SsoToken>> sso_token(CredentialContext context, const CredentialChain& chain) {
  const std::string who = "profile " + chain.profile;
  const std::string path = cache_path(context, chain);
  const auto text = context.world.disk.read_file(path, most_token_bytes);
  if (!text) {
    co_return no_credentials(
        fmt::format("{}: nobody is logged in to {}: {} cannot be read", who, chain.sso_start_url, path),
        login_hint(chain));
  }
  CO_TRY(const Document cached, read_object(*text, fmt::format("{}: {}", who, path)));
  const auto expires = time_of(cached["expiresAt"]);
  SsoToken out{.access_token = cached["accessToken"].as_string(), .expires = expires.value_or(Time{})};
  if (out.access_token.empty() || !expires) {
    co_return no_credentials(fmt::format("{}: {} holds no token", who, path), login_hint(chain));
  }
  const Time now = context.world.clock.wall();
  const bool good = out.expires > now;
  if (!chain.sso_session.empty() && out.expires - now < token_window && may_renew(cached, now)) {
    Task<Result<SsoToken>> renewing = renew(context, chain, cached, path);
    auto fresh = co_await std::move(renewing);
    if (fresh) co_return fresh;
    if (!good) {
      co_return no_credentials(
          fmt::format("{}: the login to {} has ended and could not be renewed", who, chain.sso_start_url),
          std::move(fresh).error(), login_hint(chain));
    }
  }
  if (good) co_return out;
  co_return no_credentials(
      fmt::format("{}: the login to {} ended at {}", who, chain.sso_start_url, format_iso8601(out.expires)),
      login_hint(chain));
}

Task<Result<Credentials>> from_sso(CredentialContext context, const CredentialChain& chain) {
  const std::string who = "profile " + chain.profile;
  if (chain.sso_account_id.empty()) {
    co_return no_credentials(who + ": selected profile will resolve an access token instead of credentials",
                             "sso_account_id and sso_role_name say whose credentials are meant");
  }
  Task<Result<SsoToken>> loading = sso_token(context, chain);
  CO_TRY(const SsoToken token, co_await std::move(loading));
  Builder params;
  params.begin_map();
  params.put("roleName", chain.sso_role_name);
  params.put("accountId", chain.sso_account_id);
  params.put("accessToken", token.access_token);
  params.end();
  DoorCall call{
      .service = "sso", .operation = "GetRoleCredentials", .region = chain.sso_region, .params = params.finish()};
  Task<Result<Document>> calling = call_door(context, std::move(call));
  auto answer = co_await std::move(calling);
  if (!answer) {
    const bool ended = answer.error().aws && answer.error().aws->code == "UnauthorizedException";
    co_return no_credentials(
        fmt::format("{}: no credentials for the role {} of account {}", who, chain.sso_role_name, chain.sso_account_id),
        std::move(answer).error(), ended ? login_hint(chain) : "");
  }
  const Value given = (*answer)["roleCredentials"];
  Credentials out{.access_key_id = given["accessKeyId"].as_string(),
                  .secret_access_key = given["secretAccessKey"].as_string(),
                  .session_token = given["sessionToken"].as_string(),
                  .account_id = chain.sso_account_id,
                  .source = fmt::format("{} (SSO role {})", who, chain.sso_role_name)};
  if (out.access_key_id.empty() || out.secret_access_key.empty()) {
    co_return no_credentials(who + ": the answer of IAM Identity Center holds no keys");
  }
  if (const auto ms = given["expiration"].as_integer(); ms > 0) out.expiration = Time{} + std::chrono::milliseconds(ms);
  co_return out;
}

}  // namespace reeve::aws
