#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "aws/credentials.h"
#include "aws/settings.h"

namespace reeve::aws {

/// sts.AssumeRole's parameters, as far as profiles give them.
struct AssumeRoleRequest {
  std::string role_arn, session_name;
  std::string external_id;           ///< empty: none
  std::optional<Duration> duration;  ///< nullopt: STS's default, an hour
};

/// Calls sts.AssumeRole signed with `base`. The live stack gives it (its own Api over a fixed source).
/// Errors: as Api's.
using AssumeRole = std::function<Task<Result<Credentials>>(AssumeRoleRequest request, Credentials base)>;

struct CredentialOptions {
  /// Of sessions where the profile names none: "reeve-" and the run's id.
  std::string role_session_name = "reeve";
  /// Where it is empty, profiles with roles are an error.
  AssumeRole assume_role;
};

/// The chain: AWS_ACCESS_KEY_ID and its like (unless --profile was given), then the profile: keys, credential_process,
/// roles over source_profile or credential_source=Environment. The files are read again at each refresh, so that
/// rotated keys are found. Keeps `world` and the settings.
std::unique_ptr<CredentialSource> make_credentials(const World& world, Settings settings, CredentialOptions options);

/// Always the same keys: for tests, and as the base of AssumeRole. invalidate() makes get() fail.
std::unique_ptr<CredentialSource> fixed_credentials(Credentials credentials);

}  // namespace reeve::aws
