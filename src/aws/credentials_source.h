#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "aws/api.h"
#include "aws/credentials.h"
#include "aws/settings.h"

namespace reeve::aws {

/// Makes a door for the calls on the way to credentials (STS, IAM Identity Center, sign-in), which signs by
/// `credentials`. `finish` (may be empty) sees each request after it was signed.
using CredentialDoor =
    std::function<std::unique_ptr<Api>(CredentialSource& credentials, std::function<void(HttpRequest&)> finish)>;

struct CredentialOptions {
  /// Of sessions where the profile names none: "reeve-" and the run's id.
  std::string role_session_name = "reeve";
  /// See credential_door in live.h. Where it is empty, what needs a call is an error.
  CredentialDoor door;
  /// Asks the person at the terminal for the one-time code of a device; nullopt: there is no terminal. Where it is
  /// empty, there is none either.
  std::function<std::optional<std::string>(const std::string& mfa_serial)> ask_code;
};

/// The chain, in botocore's order: AWS_ACCESS_KEY_ID and its like (unless --profile was given); a profile with a role;
/// web identity of the environment (unless --profile was given); the profile's web identity, IAM Identity Center, keys,
/// `aws login` session or credential_process; a container's credentials; an instance's. A source that is set up and
/// fails ends the search. The files are read again at each refresh, so that rotated keys are found.
///
/// Credentials are renewed ten minutes before they end, by one caller while others use the old ones; where that fails
/// they are good until a minute before the end, and then everybody waits. Roles on the way are kept until they end.
/// Keeps `world` and the settings.
std::unique_ptr<CredentialSource> make_credentials(const World& world, Settings settings, CredentialOptions options);

/// Always the same keys: for tests, and as the base of AssumeRole. invalidate() makes get() fail.
std::unique_ptr<CredentialSource> fixed_credentials(Credentials credentials);

}  // namespace reeve::aws
