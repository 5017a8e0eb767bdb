#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "aws/credentials_source.h"
#include "base/document.h"

/// What the sources of credentials share. Inside the room only.
namespace reeve::aws {

/// What a source may use. Kept alive by the chain.
struct CredentialContext {
  const World& world;
  const Settings& settings;
  const CredentialOptions& options;
};

/// What a source holds against a file's size: tokens and caches have a few kilobytes.
constexpr std::size_t most_token_bytes = std::size_t{1} << 20;

std::unexpected<Error> no_credentials(std::string message, std::string hint = {});
/// The same because of another error; an interrupt stays one, and what AWS said is kept.
std::unexpected<Error> no_credentials(std::string message, Error why, std::string hint = {});

std::string trimmed(std::string_view text);
/// A variable without white space around it; empty: not set.
std::string variable(Environment& environment, std::string_view name);
/// A section's property; empty: there is none.
std::string property_of(const Properties& properties, const std::string& name);
/// The account of "arn:aws:sts::123456789012:assumed-role/…", or an empty text.
std::string account_of_arn(std::string_view arn);

/// A JSON object. `who` is for messages, which never repeat the text: it may hold a secret. Errors: credentials.
Result<Document> read_object(std::string_view json, const std::string& who);
/// Credentials as metadata services and programs write them: AccessKeyId, SecretAccessKey, Token or SessionToken,
/// Expiration, AccountId. Errors: credentials.
Result<Credentials> read_credentials(Value object, const std::string& who);

/// A call on the way to credentials.
struct DoorCall {
  std::string service, operation, region;
  Document params = {};
  Credentials base = {};                          ///< what signs it; none where the operation is anonymous
  std::function<void(HttpRequest&)> finish = {};  ///< see CredentialDoor
};
/// Errors: as Api's; credentials where there is no door.
Task<Result<Document>> call_door(CredentialContext context, DoorCall what);

}  // namespace reeve::aws
