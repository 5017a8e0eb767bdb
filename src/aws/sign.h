#pragma once
#include <chrono>
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

/// The longest time that a presigned URL may be valid (S3 API reference: "Authenticating Requests: Using Query
/// Parameters").
constexpr std::chrono::seconds longest_presigned = std::chrono::days(7);

/// Signs in the query: the request's target becomes one that anybody may send, with the same method and headers, until
/// `expires` has passed ("Create a signed AWS API request", X-Amz-… parameters). S3's bodies are not known then:
/// `unsigned_body`. The session token is part of it. Errors: credentials, invalid_params (not 1 s to 7 days).
Result<void> presign(HttpRequest& request, const Credentials& credentials, const SignOptions& options,
                     std::chrono::seconds expires);

/// What a signed request says about itself.
struct SignatureScope {
  std::string access_key_id, date, region, service;
  std::string session_token = {};  ///< as sent; empty if none was
};
/// Reads the credential scope of the Authorization header or of a presigned URL without checking it; nullopt if the
/// request is not signed.
std::optional<SignatureScope> signature_scope(const HttpRequest& request);

/// The secret of an access key, or nullopt if there is none.
using SecretOf = std::function<std::optional<std::string>(std::string_view access_key_id)>;

/// Checks a signed or presigned request as AWS does (the sandbox's side). Of a body in signed chunks this checks only
/// the seed; ChunkReader the rest. Of a body that is a stream it takes the hash that the request declares: who reads it
/// compares. Errors: access_denied, with AWS's own code in `error.aws`
/// (MissingAuthenticationToken, InvalidClientTokenId, SignatureDoesNotMatch, RequestExpired, IncompleteSignature).
Result<SignatureScope> verify(const HttpRequest& request, const SecretOf& secret_of, Time now);

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
