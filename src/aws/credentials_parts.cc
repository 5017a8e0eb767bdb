#include "aws/credentials_parts.h"

#include "base/json.h"

namespace reeve::aws {

std::unexpected<Error> no_credentials(std::string message, std::string hint) {
  return fail({.code = Code::credentials, .message = std::move(message), .hint = std::move(hint)});
}

std::unexpected<Error> no_credentials(std::string message, Error why, std::string hint) {
  Error out{.code = why.code == Code::cancelled ? Code::cancelled : Code::credentials,
            .message = std::move(message) + ": " + why.message,
            .hint = hint.empty() ? why.hint : std::move(hint),
            .aws = why.aws};
  out.cause = why.cause;
  return fail(std::move(out));
}

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

std::string variable(Environment& environment, std::string_view name) {
  return trimmed(environment.get(name).value_or(""));
}

std::string property_of(const Properties& properties, const std::string& name) {
  const auto found = properties.find(name);
  return found == properties.end() ? std::string() : found->second;
}

std::string account_of_arn(std::string_view arn) {
  for (int colons = 0; colons < 4; ++colons) {
    const auto at = arn.find(':');
    if (at == std::string_view::npos) return {};
    arn.remove_prefix(at + 1);
  }
  return std::string(arn.substr(0, arn.find(':')));
}

Result<Document> read_object(std::string_view json, const std::string& who) {
  auto document = parse_json(trimmed(json));
  if (!document || !document->root().is_map()) return no_credentials(who + ": no JSON object was given");
  return document;
}

Result<Credentials> read_credentials(Value object, const std::string& who) {
  const Value token = object["Token"].is_text() ? object["Token"] : object["SessionToken"];
  Credentials out{.access_key_id = object["AccessKeyId"].as_string(),
                  .secret_access_key = object["SecretAccessKey"].as_string(),
                  .session_token = token.as_string(),
                  .account_id = object["AccountId"].is_text() ? object["AccountId"].as_string() : std::string(),
                  .source = who};
  if (out.access_key_id.empty() || out.secret_access_key.empty()) {
    return no_credentials(who + ": AccessKeyId or SecretAccessKey is missing");
  }
  if (object["Expiration"].is_text()) {
    const auto time = parse_iso8601(object["Expiration"].as_text());
    if (!time) return no_credentials(who + ": Expiration is no ISO 8601 time");
    out.expiration = *time;
  }
  return out;
}

Task<Result<Document>> call_door(CredentialContext context, DoorCall what) {
  if (!context.options.door) {
    co_return no_credentials("nothing can be called to get credentials from here");
  }
  const auto base = fixed_credentials(std::move(what.base));
  const auto door = context.options.door(*base, std::move(what.finish));
  Request request{.service = std::move(what.service),
                  .operation = std::move(what.operation),
                  .params = std::move(what.params),
                  .scope = {.region = std::move(what.region)}};
  Task<Result<Response>> calling = door->call(std::move(request));
  CO_TRY(Response answer, co_await std::move(calling));
  co_return std::move(answer.document);
}

}  // namespace reeve::aws
