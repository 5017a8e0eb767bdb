#include "aws/credentials_sts.h"

#include <fmt/format.h>

#include <charconv>
#include <vector>

#include "base/json.h"

namespace reeve::aws {
namespace {

/// sts.AssumeRole's bounds of DurationSeconds.
constexpr int least_session_s = 900, most_session_s = 43'200;

/// nullopt: the profile says nothing.
Result<std::optional<std::int64_t>> seconds_of(const std::string& text, const std::string& profile) {
  if (text.empty()) return std::nullopt;
  int seconds = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, seconds);
  if (read.ec != std::errc() || read.ptr != end || seconds < least_session_s || seconds > most_session_s) {
    return no_credentials(fmt::format("profile {}: duration_seconds is \"{}\", not a number from {} to {}", profile,
                                      text, least_session_s, most_session_s));
  }
  return std::int64_t{seconds};
}

/// "a, b" → a and b.
std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    if (std::string word = trimmed(text.substr(0, comma)); !word.empty()) out.push_back(std::move(word));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return out;
}

/// The session's policy, a JSON text or file://PATH.
Result<std::string> policy_of(CredentialContext context, const ChainRole& role) {
  constexpr std::string_view file = "file://";
  std::string text = role.session_policy;
  if (text.starts_with(file)) {
    auto read = context.world.disk.read_file(text.substr(file.size()), most_token_bytes);
    if (!read) return no_credentials(fmt::format("profile {}: session_policy", role.profile), read.error());
    text = *read;
  }
  if (!text.empty() && !parse_json(text)) {
    return no_credentials(fmt::format("profile {}: session_policy is no JSON", role.profile));
  }
  return text;
}

Result<std::string> code_of(CredentialContext context, const ChainRole& role) {
  std::optional<std::string> code;
  if (context.options.ask_code) code = context.options.ask_code(role.mfa_serial);
  if (!code) {
    return no_credentials(
        fmt::format("profile {}: mfa_serial {} asks for a one-time code, and there is no terminal to ask on",
                    role.profile, role.mfa_serial),
        "run it on a terminal, or use temporary keys that were made with the code");
  }
  std::string text = trimmed(*code);
  if (text.size() != 6 || text.find_first_not_of("0123456789") != std::string::npos) {
    return no_credentials(fmt::format("profile {}: a one-time code has six digits", role.profile));
  }
  return text;
}

Result<Document> params_of(CredentialContext context, const ChainRole& role) {
  TRY(const auto seconds, seconds_of(role.duration_seconds, role.profile));
  TRY(const std::string policy, policy_of(context, role));
  Builder b;
  b.begin_map();
  b.put("RoleArn", role.role_arn);
  b.put("RoleSessionName", role.role_session_name.empty() ? context.options.role_session_name : role.role_session_name);
  b.put_if("ExternalId", role.external_id);
  b.put_if("SourceIdentity", role.source_identity);
  b.put_if("Policy", policy);
  if (const auto arns = words(role.session_policy_arns); !arns.empty()) {
    b.begin_list("PolicyArns");
    for (const auto& arn : arns) {
      b.begin_map();
      b.put("arn", arn);
      b.end();
    }
    b.end();
  }
  if (const auto tags = words(role.session_tags); !tags.empty()) {
    b.begin_list("Tags");
    for (const auto& tag : tags) {
      const auto equals = tag.find('=');
      if (equals == std::string::npos || equals == 0) {
        return no_credentials(
            fmt::format("profile {}: session_tags has \"{}\", which is not name=value", role.profile, tag));
      }
      b.begin_map();
      b.put("Key", trimmed(tag.substr(0, equals)));
      b.put("Value", trimmed(tag.substr(equals + 1)));
      b.end();
    }
    b.end();
  }
  if (seconds) b.put("DurationSeconds", *seconds);
  if (!role.mfa_serial.empty()) {  // last: nobody types a code for what is refused anyway
    TRY(const std::string code, code_of(context, role));
    b.put("SerialNumber", role.mfa_serial);
    b.put("TokenCode", code);
  }
  b.end();
  return b.finish();
}

Result<Credentials> read_answer(const Document& answer, const std::string& source) {
  const Value given = answer["Credentials"];
  Credentials out{.access_key_id = given["AccessKeyId"].as_string(),
                  .secret_access_key = given["SecretAccessKey"].as_string(),
                  .session_token = given["SessionToken"].as_string(),
                  .account_id = account_of_arn(answer["AssumedRoleUser"]["Arn"].as_text()),
                  .source = source};
  if (out.access_key_id.empty() || out.secret_access_key.empty()) {
    return no_credentials(source + ": the answer of STS holds no keys");
  }
  if (given["Expiration"].kind() == Kind::timestamp) out.expiration = given["Expiration"].as_time();
  return out;
}

}  // namespace

Task<Result<Credentials>> assume_role(CredentialContext context, const ChainRole& role, Credentials base) {
  CO_TRY(Document params, params_of(context, role));
  DoorCall call{.service = "sts",
                .operation = "AssumeRole",
                .region = context.settings.region,
                .params = std::move(params),
                .base = std::move(base)};
  Task<Result<Document>> calling = call_door(context, std::move(call));
  auto answer = co_await std::move(calling);
  if (!answer) {
    co_return no_credentials(fmt::format("profile {}: the role {} could not be assumed", role.profile, role.role_arn),
                             std::move(answer).error());
  }
  co_return read_answer(*answer, fmt::format("profile {} (role {})", role.profile, role.role_arn));
}

Task<Result<Credentials>> from_web_identity(CredentialContext context, const CredentialChain& chain, std::string from) {
  CO_TRY(const auto seconds, seconds_of(chain.duration_seconds, chain.profile));
  auto token = context.world.disk.read_file(chain.token_file, most_token_bytes);
  if (!token) {
    co_return no_credentials(fmt::format("{}: the web identity token cannot be read", from), std::move(token).error());
  }
  Builder b;
  b.begin_map();
  b.put("RoleArn", chain.role_arn);
  b.put("RoleSessionName",
        chain.role_session_name.empty() ? context.options.role_session_name : chain.role_session_name);
  b.put("WebIdentityToken", trimmed(*token));
  if (seconds) b.put("DurationSeconds", *seconds);
  b.end();
  DoorCall call{.service = "sts",
                .operation = "AssumeRoleWithWebIdentity",
                .region = context.settings.region,
                .params = b.finish()};
  Task<Result<Document>> calling = call_door(context, std::move(call));
  auto answer = co_await std::move(calling);
  if (!answer) {
    co_return no_credentials(fmt::format("{}: the role {} could not be assumed with the token of {}", from,
                                         chain.role_arn, chain.token_file),
                             std::move(answer).error());
  }
  co_return read_answer(*answer, fmt::format("{} (role {})", from, chain.role_arn));
}

}  // namespace reeve::aws
