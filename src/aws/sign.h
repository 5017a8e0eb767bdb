#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "aws/credentials.h"
#include "base/result.h"
#include "base/seams.h"

namespace reeve::aws {

/// How AWS's signature version 4 is made for one request (docs: "Create a signed AWS API request").
struct SignOptions {
  std::string region;
  std::string signing_name;
  Time time;
  bool double_encode_path = true;  ///< false for S3, which also never normalises the path
  bool normalize_path = true;
  bool unsigned_body = false;
  bool content_sha256_header = false;  ///< S3 wants x-amz-content-sha256
};

/// Adds Host (if missing), X-Amz-Date, X-Amz-Security-Token and Authorization to the request. Errors: credentials.
Result<void> sign(HttpRequest& request, const Credentials& credentials, const SignOptions& options);

/// What a signed request says about itself.
struct SignatureScope {
  std::string access_key_id, date, region, service;
};
/// Reads the Authorization header's credential scope without checking it; nullopt if the request is not signed.
std::optional<SignatureScope> signature_scope(const HttpRequest& request);

/// Checks a signed request as AWS does (the sandbox's side). `secret_of` gives the secret of an access key, or nullopt
/// if there is none. Errors: access_denied, with AWS's own code in `error.aws` (MissingAuthenticationToken,
/// InvalidClientTokenId, SignatureDoesNotMatch, RequestExpired, IncompleteSignature).
Result<SignatureScope> verify(const HttpRequest& request,
                              const std::function<std::optional<std::string>(std::string_view)>& secret_of, Time now);

/// A failed check in the words of one service: what it answers instead of the general code.
struct Refusal {
  std::string code;
  int status = 403;
  std::string message;
};
/// `error` is what verify() gave; `service` the signing name. EC2 says AuthFailure (401) and RequestExpired, S3
/// InvalidAccessKeyId and RequestTimeTooSkewed, the others SignatureDoesNotMatch for a wrong time too
/// ("Common errors" of the services' API references).
Refusal refusal_of(std::string_view service, const Error& error);

}  // namespace reeve::aws
