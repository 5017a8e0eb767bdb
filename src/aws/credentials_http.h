#pragma once
#include "aws/credentials_parts.h"

/// Credentials that a service beside the machine gives without a signature: no models, no rule sets.
namespace reeve::aws {

/// How a metadata service is asked.
struct MetadataPatience {
  Duration timeout = std::chrono::seconds(1);       ///< of one attempt
  Duration pause = std::chrono::milliseconds(100);  ///< before the next one
  int connections = 1;                              ///< attempts that may end without an answer
  int attempts = 3;                                 ///< attempts that may be answered with 429 or 5xx
};

/// A GET (or what `request.method` says) with Reeve's patience. Any status but 429 and 5xx is an answer.
/// Errors: credentials (no answer, or no other), cancelled.
Task<Result<HttpResponse>> ask_metadata(CredentialContext context, HttpRequest request, MetadataPatience patience);

/// A URL of a metadata service as a request, its path and query as they stand. Errors: endpoint.
Result<HttpRequest> metadata_request(std::string_view url);

/// What an answer that is not 200 says, for a message: its status, and code and message where it is JSON.
std::string what_it_said(const HttpResponse& response);

/// The URL of the container's credentials: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI at 169.254.170.2, else
/// AWS_CONTAINER_CREDENTIALS_FULL_URI, which must be https, loopback, or one of ECS's and EKS's addresses.
/// Errors: not_found (neither is set), credentials.
Result<std::string> container_url(Environment& environment);
/// ECS and EKS Pod Identity, with the authorization of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE or …_TOKEN. Errors: as
/// above, cancelled.
Task<Result<Credentials>> from_container(CredentialContext context);

/// "http://169.254.169.254", its IPv6 form, or what the settings name; without a final slash.
/// Errors: credentials (no such mode, no URL).
Result<std::string> instance_metadata_url(const Settings& settings);
/// The instance's role by IMDSv2. A metadata service that does not know tokens (404, 405) is asked as in version 1,
/// unless the settings forbid it. Credentials that it gives after their end are used for ten minutes more, since it
/// then has trouble of its own. Errors: not_found (disabled, no answer, or no role), credentials, cancelled.
Task<Result<Credentials>> from_instance_metadata(CredentialContext context);

}  // namespace reeve::aws
