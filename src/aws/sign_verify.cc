// The service's side of a signature.
#include <fmt/format.h>

#include <charconv>

#include "aws/sign.h"
#include "aws/sign_parts.h"
#include "base/encoding.h"

namespace reeve::aws {

using namespace signing;

namespace {

/// How far a signed request's time may be from the service's ("Elements of an AWS API request signature").
constexpr Duration clock_window = std::chrono::minutes(5);

/// What a request says of its signature, in the Authorization header or in the query.
struct Authorization {
  SignatureScope scope;
  std::vector<std::string> signed_headers;
  std::string signature;
  std::string stamp;
  std::optional<std::chrono::seconds> expires = {};  // of a presigned URL
  bool signs(std::string_view name) const { return std::ranges::find(signed_headers, name) != signed_headers.end(); }
};

std::unexpected<Error> incomplete(std::string message) {
  return refuse("IncompleteSignature", 400, std::move(message));
}

/// "AKID/20150830/us-east-1/service/aws4_request"; the key id may not hold a slash.
Result<SignatureScope> read_credential(std::string_view credential) {
  const auto parts = split(credential, '/');
  if (parts.size() != 5 || parts[4] != "aws4_request" || parts[1].size() != 8) {
    return incomplete(
        fmt::format("Credential must have exactly 5 slash-delimited elements, e.g. "
                    "keyid/date/region/service/term, got '{}'",
                    credential));
  }
  return SignatureScope{.access_key_id = std::string(parts[0]),
                        .date = std::string(parts[1]),
                        .region = std::string(parts[2]),
                        .service = std::string(parts[3]),
                        .session_token = {}};
}

std::vector<std::string> names_of(std::string_view joined) {
  std::vector<std::string> out;
  for (const std::string_view name : split(joined, ';')) out.emplace_back(name);
  return out;
}

Result<Authorization> read_header(const HttpRequest& request, std::string_view header) {
  if (!header.starts_with(algorithm)) {
    return incomplete(fmt::format("Authorization header has an unknown algorithm; '{}' is expected.", algorithm));
  }
  header.remove_prefix(algorithm.size());
  std::string_view credential, headers, signature;
  for (const std::string_view raw : split(header, ',')) {
    const std::string_view part = trimmed(raw);
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = part.substr(0, equals), value = part.substr(equals + 1);
    if (name == "Credential") credential = value;
    if (name == "SignedHeaders") headers = value;
    if (name == "Signature") signature = value;
  }
  for (const auto& [name, value] : {std::pair<std::string_view, std::string_view>{"Credential", credential},
                                    {"Signature", signature},
                                    {"SignedHeaders", headers}}) {
    if (value.empty()) return incomplete(fmt::format("Authorization header requires '{}' parameter.", name));
  }
  Authorization out;
  TRY(out.scope, read_credential(credential));
  out.signed_headers = names_of(headers);
  out.signature = signature;
  if (const std::string* token = find_header(request, "x-amz-security-token")) out.scope.session_token = *token;
  const std::string* stamp = find_header(request, "x-amz-date");
  if (stamp == nullptr) stamp = find_header(request, "date");
  if (stamp != nullptr) out.stamp = *stamp;
  return out;
}

Result<Authorization> read_query(const HttpRequest& request) {
  auto value = [&request](std::string_view name) {
    const auto raw = find_query(request, name);
    return raw ? decode_percent(*raw) : std::string();
  };
  if (value("X-Amz-Algorithm") != algorithm) {
    return incomplete(fmt::format("X-Amz-Algorithm only supports \"{}\"", algorithm));
  }
  for (const std::string_view name :
       {"X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature"}) {
    if (value(name).empty()) return incomplete(fmt::format("AWS query-string parameters must include '{}'.", name));
  }
  Authorization out;
  TRY(out.scope, read_credential(value("X-Amz-Credential")));
  out.scope.session_token = value("X-Amz-Security-Token");
  out.signed_headers = names_of(value("X-Amz-SignedHeaders"));
  out.signature = value("X-Amz-Signature");
  out.stamp = value("X-Amz-Date");
  const std::string text = value("X-Amz-Expires");
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size() || seconds < 1 || seconds > longest_presigned.count()) {
    return incomplete(fmt::format("X-Amz-Expires must be a number of seconds from 1 to {}", longest_presigned.count()));
  }
  out.expires = std::chrono::seconds(seconds);
  return out;
}

Result<Authorization> read_authorization(const HttpRequest& request) {
  if (const std::string* header = find_header(request, "authorization")) return read_header(request, *header);
  if (find_query(request, "X-Amz-Algorithm")) return read_query(request);
  if (find_query(request, "AWSAccessKeyId")) {  // S3's older presigned URLs
    return refuse("InvalidRequest", 400,
                  "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.");
  }
  return refuse("MissingAuthenticationToken", 403, "Request is missing Authentication Token");
}

Result<void> check_time(const Authorization& given, Time now) {
  const auto time = read_stamp(given.stamp);
  if (!time) {
    return incomplete(given.expires ? "X-Amz-Date must be in the ISO8601 basic format yyyyMMdd'T'HHmmss'Z'."
                                    : "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' "
                                      "header.");
  }
  const Duration valid = given.expires ? Duration(*given.expires) : clock_window;
  if (*time + valid < now) {
    if (given.expires && is_s3(given.scope.service)) return refuse("AccessDenied", 403, "Request has expired");
    return refuse(
        "RequestExpired", 400,
        fmt::format("Signature expired: {} is now earlier than {} ({} - {})", given.stamp, stamp_of(now - valid),
                    stamp_of(now), given.expires ? fmt::format("{} sec.", given.expires->count()) : "5 min."));
  }
  if (now + clock_window < *time) {
    return refuse("RequestExpired", 400,
                  fmt::format("Signature not yet current: {} is still later than {} ({} + 5 min.)", given.stamp,
                              stamp_of(now + clock_window), stamp_of(now)));
  }
  if (std::string_view(given.stamp).substr(0, 8) != given.scope.date) {
    return refuse("SignatureDoesNotMatch", 403,
                  fmt::format("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
                              "HTTP: '{}' != '{}', from '{}'.",
                              given.scope.date, given.stamp.substr(0, 8), given.stamp));
  }
  return {};
}

}  // namespace

std::optional<SignatureScope> signature_scope(const HttpRequest& request) {
  auto read = read_authorization(request);
  return read ? std::optional(std::move(read->scope)) : std::nullopt;
}

Result<SignatureScope> verify(const HttpRequest& request, const SecretOf& secret_of, Time now) {
  TRY(auto given, read_authorization(request));
  if (!given.signs("host")) {
    return refuse("SignatureDoesNotMatch", 403,
                  "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  }
  const auto secret = secret_of(given.scope.access_key_id);
  if (!secret) {
    return refuse("InvalidClientTokenId", 403, "The security token included in the request is invalid.");
  }
  TRY(check_time(given, now));

  Hasher hasher;
  const bool s3 = is_s3(given.scope.service);
  std::string payload_hash;
  if (const std::string* declared = find_header(request, "x-amz-content-sha256")) {
    const bool is_hash = declared->size() == 64;
    if (is_hash && !request.stream && *declared != hex(hasher.sha256(request.body))) {
      return refuse(s3 ? "XAmzContentSHA256Mismatch" : "SignatureDoesNotMatch", 400,
                    "The provided 'x-amz-content-sha256' header does not match what was computed.");
    }
    payload_hash = *declared;
  } else if (s3 && !given.expires) {
    return refuse("InvalidRequest", 400, "Missing required header for this request: x-amz-content-sha256");
  } else {
    // Who makes a presigned URL of S3 does not know the body yet.
    payload_hash = given.expires && s3 ? std::string(unsigned_payload) : hex(hasher.sha256(request.body));
  }
  const Canonical canonical =
      canonical_request(request, payload_hash, !s3, !s3, [&](const std::string& name) { return given.signs(name); });
  if (!same_signature(signature_of(hasher, canonical.text, *secret, given.stamp, given.scope), given.signature)) {
    return refuse("SignatureDoesNotMatch", 403,
                  "The request signature we calculated does not match the signature you provided. Check your AWS "
                  "Secret Access Key and signing method. Consult the service documentation for details.");
  }
  return std::move(given.scope);
}

Refusal refusal_of(std::string_view service, const Error& error) {
  Refusal out{.code = error.aws ? error.aws->code : "AccessDenied",
              .status = error.aws ? error.aws->status : 403,
              .message = error.message};
  if (service == "ec2") {
    if (out.code == "SignatureDoesNotMatch" || out.code == "InvalidClientTokenId") {
      return {"AuthFailure", 401, "AWS was not able to validate the provided access credentials"};
    }
    if (out.code == "RequestExpired") return {"RequestExpired", 400, "Request has expired."};
  } else if (is_s3(service)) {
    if (out.code == "MissingAuthenticationToken") return {"AccessDenied", 403, "Access Denied"};
    if (out.code == "InvalidClientTokenId") {
      return {"InvalidAccessKeyId", 403, "The AWS Access Key Id you provided does not exist in our records."};
    }
    if (out.code == "RequestExpired") {
      return {"RequestTimeTooSkewed", 403,
              "The difference between the request time and the current time is too large."};
    }
  } else if (out.code == "RequestExpired") {
    out.code = "SignatureDoesNotMatch", out.status = 403;
  }
  return out;
}

}  // namespace reeve::aws
