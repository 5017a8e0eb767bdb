#include "aws/credentials_login.h"

#include <fmt/format.h>

#include "aws/login_proof.h"
#include "base/encoding.h"
#include "base/json.h"

namespace reeve::aws {
namespace {

/// As botocore renews: sign-in's credentials are good for a quarter of an hour.
constexpr Duration login_window = std::chrono::minutes(5);

std::string login_hint(const CredentialChain& chain) {
  return fmt::format("log in: aws login --profile {}", chain.profile);
}

std::string cache_path(CredentialContext context, const CredentialChain& chain) {
  std::string folder = variable(context.world.environment, "AWS_LOGIN_CACHE_DIRECTORY");
  if (folder.empty()) folder = context.world.environment.home() + "/.aws/login/cache";
  return fmt::format("{}/{}.json", folder, sha256_hex(chain.login_session));
}

Result<Credentials> read_cached(Value token, const CredentialChain& chain, const std::string& who) {
  for (const char* key : {"accessToken", "refreshToken", "dpopKey", "clientId"}) {
    if (token[key].is_null()) return no_credentials(fmt::format("{}: {} is missing", who, key), login_hint(chain));
  }
  const Value access = token["accessToken"];
  const auto expires = parse_iso8601(access["expiresAt"].as_text());
  Credentials out{.access_key_id = access["accessKeyId"].as_string(),
                  .secret_access_key = access["secretAccessKey"].as_string(),
                  .session_token = access["sessionToken"].as_string(),
                  .account_id = access["accountId"].as_string(),
                  .source = fmt::format("profile {} (login {})", chain.profile, chain.login_session)};
  if (!expires || out.access_key_id.empty() || out.secret_access_key.empty()) {
    return no_credentials(who + ": it holds no credentials", login_hint(chain));
  }
  out.expiration = *expires;
  return out;
}

/// The cache with what sign-in gave; everything else stays.
Document renewed(Value token, Value given, Time expires) {
  Builder b;
  b.begin_map();
  for (const auto [key, value] : token.entries()) {
    if (key == "refreshToken" && given["refreshToken"].is_text()) {
      b.put(key, given["refreshToken"]);
    } else if (key == "accessToken") {
      b.begin_map(key);
      for (const char* part : {"accessKeyId", "secretAccessKey", "sessionToken"}) {
        b.put(part, given["accessToken"][part].as_text());
      }
      b.put_if("accountId", value["accountId"].as_text());
      b.put("expiresAt", format_iso8601(expires));
      b.end();
    } else {
      b.put(key, value);
    }
  }
  b.end();
  return b.finish();
}

Task<Result<Document>> create_token(CredentialContext context, const Document& token) {
  Builder params;
  params.begin_map();
  params.begin_map("tokenInput");
  params.put("clientId", token["clientId"].as_text());
  params.put("refreshToken", token["refreshToken"].as_text());
  params.put("grantType", "refresh_token");
  params.end();
  params.end();
  const std::string key = token["dpopKey"].as_string();
  const HttpRequest any;
  CO_TRY(
      login_proof(key, any, context.world.clock.wall(), ""));  // a key that cannot sign is said before anything is sent
  const std::string region = token["signInRegion"].as_string();
  DoorCall call{.service = "signin",
                .operation = "CreateOAuth2Token",
                .region = region.empty() ? context.settings.region : region,
                .params = params.finish(),
                .finish = [context, key](HttpRequest& request) {
                  auto proof = login_proof(key, request, context.world.clock.wall(), context.world.random.uuid());
                  if (proof) request.headers.emplace_back("DPoP", std::move(*proof));
                }};
  Task<Result<Document>> calling = call_door(context, std::move(call));
  co_return co_await std::move(calling);
}

}  // namespace

Task<Result<Credentials>> from_login(CredentialContext context, const CredentialChain& chain) {
  const std::string path = cache_path(context, chain);
  const std::string who = fmt::format("profile {}: {}", chain.profile, path);
  const auto text = context.world.disk.read_file(path, most_token_bytes);
  if (!text) {
    co_return no_credentials(fmt::format("profile {}: nobody is logged in as {}: {} cannot be read", chain.profile,
                                         chain.login_session, path),
                             login_hint(chain));
  }
  CO_TRY(const Document token, read_object(*text, who));
  CO_TRY(const Credentials held, read_cached(token, chain, who));
  const Time now = context.world.clock.wall();
  if (*held.expiration - now > login_window) co_return held;

  Task<Result<Document>> calling = create_token(context, token);
  auto answer = co_await std::move(calling);
  if (!answer) {
    if (*held.expiration > now) co_return held;
    co_return no_credentials(fmt::format("profile {}: the login has ended and could not be renewed", chain.profile),
                             std::move(answer).error(), login_hint(chain));
  }
  const Value given = (*answer)["tokenOutput"];
  const Time expires = now + std::chrono::seconds(given["expiresIn"].as_integer());
  const Document fresh = renewed(token, given, Time{expires.us / 1'000'000 * 1'000'000});
  CO_TRY(Credentials out, read_cached(fresh, chain, "the answer of sign-in"));
  if (auto written = context.world.disk.write_file(path, to_json(fresh, 2) + "\n"); !written) {
    co_return no_credentials(who + " could not be renewed", std::move(written).error());
  }
  co_return out;
}

}  // namespace reeve::aws
