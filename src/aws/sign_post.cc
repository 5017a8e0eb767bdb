#include "aws/sign_post.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "aws/sign_parts.h"
#include "base/encoding.h"
#include "base/json.h"

namespace reeve::aws {

using namespace signing;

namespace {

constexpr std::string_view filename = "${filename}";

/// The signature of a policy: HMAC over its base64 text.
std::string policy_signature(std::string_view secret, const SignatureScope& scope, std::string_view policy) {
  Hasher hasher;
  return hex(hasher.hmac(signing_key(hasher, secret, scope), policy));
}

std::string_view field(const FormFields& fields, std::string_view name) {
  for (const auto& [key, value] : fields) {
    if (same_name(key, name)) return value;
  }
  return {};
}

/// Fields that no condition needs to name.
bool free_field(std::string_view name) {
  return same_name(name, "x-amz-signature") || same_name(name, "file") || same_name(name, "policy") ||
         lower(name).starts_with("x-ignore-");
}

std::unexpected<Error> failed(const std::string& condition) {
  return refuse("AccessDenied", 403,
                fmt::format("Invalid according to Policy: Policy Condition failed: {}", condition));
}

std::unexpected<Error> bad_policy(std::string_view why) {
  return refuse("InvalidPolicyDocument", 400, fmt::format("Invalid Policy: {}", why));
}

/// One condition of a policy against the fields; the names that it covers are added to `named`, in lower case.
Result<void> check_condition(Value condition, const FormFields& fields, std::string_view bucket,
                             std::uint64_t file_size_bytes, std::vector<std::string>& named) {
  auto value_of = [&](std::string_view name) { return name == "bucket" ? bucket : field(fields, name); };
  if (condition.is_map()) {
    for (const auto [raw, wanted] : condition.entries()) {
      const std::string name = lower(raw);
      named.push_back(name);
      if (value_of(name) != wanted.as_text()) return failed(to_json(condition));
    }
    return {};
  }
  if (!condition.is_list() || condition.size() != 3) return bad_policy("a condition is a map or a list of three");
  const std::string how = lower(condition[0].as_text());
  if (how == "content-length-range") {
    if (!condition[1].is_number() || !condition[2].is_number()) return bad_policy("content-length-range wants numbers");
    const auto least = condition[1].as_integer(), most = condition[2].as_integer();
    if (std::cmp_less(file_size_bytes, least)) {
      return refuse("EntityTooSmall", 400, "Your proposed upload is smaller than the minimum allowed size");
    }
    if (std::cmp_greater(file_size_bytes, most)) {
      return refuse("EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size");
    }
    return {};
  }
  const std::string_view what = condition[1].as_text();
  if ((how != "eq" && how != "starts-with") || !what.starts_with('$')) return bad_policy("a condition is not known");
  named.push_back(lower(what.substr(1)));
  const std::string_view got = value_of(named.back()), wanted = condition[2].as_text();
  const bool holds = how == "eq" ? got == wanted : got.starts_with(wanted);
  return holds ? Result<void>() : failed(to_json(condition));
}

}  // namespace

Result<FormFields> presign_post(const PostPolicy& policy, const FormFields& given, const Credentials& credentials,
                                const SignOptions& options) {
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    return fail({.code = Code::credentials,
                 .message = "cannot sign the form: the credentials have no access key id or no secret key"});
  }
  if (policy.expires < std::chrono::seconds(1) || policy.expires > longest_presigned) {
    return fail({.code = Code::invalid_params,
                 .message = fmt::format("a form may be valid for 1 to {} seconds, not for {}",
                                        longest_presigned.count(), policy.expires.count())});
  }
  const std::string stamp = stamp_of(options.time);
  const SignatureScope scope{.access_key_id = credentials.access_key_id,
                             .date = stamp.substr(0, 8),
                             .region = options.region,
                             .service = options.signing_name};
  const std::string credential = scope.access_key_id + "/" + credential_scope(scope);
  FormFields out = given;
  out.emplace_back("key", policy.key);
  FormFields ours = {
      {"x-amz-algorithm", std::string(algorithm)}, {"x-amz-credential", credential}, {"x-amz-date", stamp}};
  if (!credentials.session_token.empty()) ours.emplace_back("x-amz-security-token", credentials.session_token);

  Builder text;
  text.begin_map();
  text.put("expiration", format_iso8601(options.time + policy.expires));
  text.begin_list("conditions");
  for (const Value condition : policy.conditions.root().items()) text.add(condition);
  auto equal = [&text](std::string_view name, std::string_view value) {
    text.begin_map();
    text.put(name, value);
    text.end();
  };
  equal("bucket", policy.bucket);
  if (policy.key.ends_with(filename)) {
    text.begin_list();
    text.add("starts-with"), text.add("$key");
    text.add(std::string_view(policy.key).substr(0, policy.key.size() - filename.size()));
    text.end();
  } else {
    equal("key", policy.key);
  }
  for (const auto& [name, value] : ours) equal(name, value);
  text.end();
  text.end();
  const std::string encoded = encode_base64(to_json(text.finish()));
  std::ranges::move(ours, std::back_inserter(out));
  out.emplace_back("policy", encoded);
  out.emplace_back("x-amz-signature", policy_signature(credentials.secret_access_key, scope, encoded));
  return out;
}

Result<SignatureScope> verify_post(const FormFields& fields, const std::string& bucket, std::uint64_t file_size_bytes,
                                   const SecretOf& secret_of, Time now) {
  const std::string_view encoded = field(fields, "policy");
  const auto credential = split(field(fields, "x-amz-credential"), '/');
  if (encoded.empty() || field(fields, "x-amz-algorithm") != algorithm || credential.size() != 5) {
    return refuse("InvalidArgument", 400,
                  "POST authentication needs the fields policy, x-amz-algorithm (AWS4-HMAC-SHA256), x-amz-credential "
                  "and x-amz-signature.");
  }
  SignatureScope scope{.access_key_id = std::string(credential[0]),
                       .date = std::string(credential[1]),
                       .region = std::string(credential[2]),
                       .service = std::string(credential[3]),
                       .session_token = std::string(field(fields, "x-amz-security-token"))};
  const auto secret = secret_of(scope.access_key_id);
  if (!secret) {
    return refuse("InvalidAccessKeyId", 403, "The AWS Access Key Id you provided does not exist in our records.");
  }
  if (!same_signature(policy_signature(*secret, scope, encoded), field(fields, "x-amz-signature"))) {
    return refuse("SignatureDoesNotMatch", 403,
                  "The request signature we calculated does not match the signature you provided. Check your key and "
                  "signing method.");
  }
  const auto text = decode_base64(encoded);
  if (!text) return bad_policy("it is not base64");
  const auto policy = parse_json(*text);
  if (!policy || !policy->root().is_map()) return bad_policy("it is not JSON");
  const auto expires = parse_iso8601((*policy)["expiration"].as_text());
  if (!expires) return bad_policy("it has no expiration");
  if (*expires < now) return refuse("AccessDenied", 403, "Invalid according to Policy: Policy expired.");
  std::vector<std::string> named;
  for (const Value condition : (*policy)["conditions"].items()) {
    TRY(check_condition(condition, fields, bucket, file_size_bytes, named));
  }
  for (const auto& [name, value] : fields) {
    if (free_field(name) || std::ranges::find(named, lower(name)) != named.end()) continue;
    return refuse("AccessDenied", 403, fmt::format("Invalid according to Policy: Extra input fields: {}", name));
  }
  return scope;
}

}  // namespace reeve::aws
