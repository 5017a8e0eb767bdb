#pragma once
#include <string>

#include "base/result.h"
#include "base/seams.h"

namespace reeve::aws {

/// The proof of possession that goes with a sign-in request as its header DPoP (RFC 9449): a JWT of method, URL, time
/// and a random id, signed with ES256. `key_pem` is a P-256 key as the AWS CLI's login cache holds it.
/// Errors: credentials (the key cannot be read); no message repeats it.
Result<std::string> login_proof(const std::string& key_pem, const HttpRequest& request, Time now,
                                const std::string& random_id);

}  // namespace reeve::aws
