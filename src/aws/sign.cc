#include "aws/sign.h"

#include <fmt/format.h>

#include "aws/sign_parts.h"
#include "base/encoding.h"

namespace reeve::aws {

using namespace signing;

namespace {

Result<void> check(const Credentials& credentials) {
  if (!credentials.access_key_id.empty() && !credentials.secret_access_key.empty()) return {};
  return fail({.code = Code::credentials,
               .message = "cannot sign the request: the credentials have no access key id or no secret key"});
}

SignatureScope scope_of(const Credentials& credentials, const SignOptions& options, std::string_view stamp) {
  return {.access_key_id = credentials.access_key_id,
          .date = std::string(stamp.substr(0, 8)),
          .region = options.region,
          .service = options.signing_name,
          .session_token = credentials.session_token};
}

}  // namespace

Result<void> sign(HttpRequest& request, const Credentials& credentials, const SignOptions& options) {
  TRY(check(credentials));
  if (find_header(request, "host") == nullptr) request.headers.emplace_back("Host", host_of(request));
  const std::string stamp = stamp_of(options.time);
  set_header(request, "X-Amz-Date", stamp);
  if (!credentials.session_token.empty()) set_header(request, "X-Amz-Security-Token", credentials.session_token);

  Hasher hasher;
  std::string payload_hash;
  if (const std::string* given = find_header(request, "x-amz-content-sha256")) {
    payload_hash = *given;  // the caller knows: a streamed body, a hash made before
  } else {
    payload_hash = options.unsigned_body ? std::string(unsigned_payload) : hex(hasher.sha256(request.body));
    if (options.content_sha256_header) request.headers.emplace_back("X-Amz-Content-SHA256", payload_hash);
  }
  const SignatureScope scope = scope_of(credentials, options, stamp);
  const Canonical canonical =
      canonical_request(request, payload_hash, options.double_encode_path, options.normalize_path, usually_signed);
  set_header(request, "Authorization",
             fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", algorithm, scope.access_key_id,
                         credential_scope(scope), canonical.signed_headers,
                         signature_of(hasher, canonical.text, credentials.secret_access_key, stamp, scope)));
  return {};
}

Result<void> presign(HttpRequest& request, const Credentials& credentials, const SignOptions& options,
                     std::chrono::seconds expires) {
  TRY(check(credentials));
  if (expires < std::chrono::seconds(1) || expires > longest_presigned) {
    return fail({.code = Code::invalid_params,
                 .message = fmt::format("a presigned URL is valid for 1 to {} seconds, not for {}",
                                        longest_presigned.count(), expires.count())});
  }
  if (find_header(request, "host") == nullptr) request.headers.emplace_back("Host", host_of(request));
  const std::string stamp = stamp_of(options.time);
  const SignatureScope scope = scope_of(credentials, options, stamp);
  std::string& target = request.target;
  const std::size_t question = target.find('?');
  if (question == std::string::npos) {
    target.push_back('?');
  } else if (question + 1 < target.size()) {
    target.push_back('&');
  }
  target += fmt::format("X-Amz-Algorithm={}&X-Amz-Credential={}&X-Amz-Date={}&X-Amz-Expires={}&X-Amz-SignedHeaders={}",
                        algorithm, encode_percent(scope.access_key_id + "/" + credential_scope(scope)), stamp,
                        expires.count(), encode_percent(signed_headers_of(request, usually_signed)));
  if (!credentials.session_token.empty()) {
    target += "&X-Amz-Security-Token=" + encode_percent(credentials.session_token);
  }
  Hasher hasher;
  const std::string* given = find_header(request, "x-amz-content-sha256");
  const std::string payload_hash = given != nullptr        ? *given
                                   : options.unsigned_body ? std::string(unsigned_payload)
                                                           : hex(hasher.sha256(request.body));
  const Canonical canonical =
      canonical_request(request, payload_hash, options.double_encode_path, options.normalize_path, usually_signed);
  target += "&X-Amz-Signature=" + signature_of(hasher, canonical.text, credentials.secret_access_key, stamp, scope);
  return {};
}

}  // namespace reeve::aws
