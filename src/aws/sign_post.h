#pragma once
#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "aws/credentials.h"
#include "aws/sign.h"
#include "base/document.h"
#include "base/result.h"

namespace reeve::aws {

/// What a form in a browser may upload to S3 (S3 API reference: "Browser-Based Uploads Using POST").
struct PostPolicy {
  std::string bucket;
  std::string key;  ///< a final "${filename}" lets the browser choose what follows
  /// Further conditions: maps {"acl": "private"} and lists ["content-length-range", 1, 1024]; null for none.
  Document conditions = {};
  std::chrono::seconds expires = std::chrono::hours(1);
};

/// Fields of a form, in the order in which they are sent.
using FormFields = std::vector<std::pair<std::string, std::string>>;

/// The fields that such a form needs, signed by version 4: key, policy, x-amz-algorithm, x-amz-credential, x-amz-date,
/// x-amz-security-token where there is one, x-amz-signature. `given` are fields of the caller, which the conditions
/// must name. Errors: credentials, invalid_params (not 1 s to 7 days).
Result<FormFields> presign_post(const PostPolicy& policy, const FormFields& given, const Credentials& credentials,
                                const SignOptions& options);

/// Checks a form as S3 does (the sandbox's side): signature, expiry, each condition against the fields, and that each
/// field is named by a condition. `bucket` is the one that it was sent to, `file_size_bytes` the file's. Errors:
/// access_denied, with AWS's code in `error.aws` (AccessDenied, InvalidAccessKeyId, SignatureDoesNotMatch,
/// InvalidPolicyDocument, EntityTooSmall, EntityTooLarge, InvalidArgument).
Result<SignatureScope> verify_post(const FormFields& fields, const std::string& bucket, std::uint64_t file_size_bytes,
                                   const SecretOf& secret_of, Time now);

}  // namespace reeve::aws
