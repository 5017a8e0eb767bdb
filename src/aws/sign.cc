#include "aws/sign.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/encoding.h"

namespace reeve::aws {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";
/// How far a signed request's time may be from the service's ("Elements of an AWS API request signature").
constexpr Duration clock_window = std::chrono::minutes(5);

using Digest = std::array<unsigned char, 32>;

/// SHA-256 and HMAC over one context: OpenSSL's one-shot functions look the algorithm up on every call.
class Hasher {
 public:
  Hasher() : context_(EVP_MD_CTX_new()) { REEVE_ASSERT(context_ != nullptr && method() != nullptr); }
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;
  ~Hasher() { EVP_MD_CTX_free(context_); }

  Digest sha256(std::string_view bytes) { return two({}, bytes); }

  Digest hmac(std::string_view key, std::string_view message) {
    std::array<char, 64> inner{}, outer{};
    Digest hashed_key;
    if (key.size() > inner.size()) {
      hashed_key = sha256(key);
      key = view(hashed_key);
    }
    std::ranges::copy(key, inner.begin());
    outer = inner;
    for (char& c : inner) c ^= 0x36;
    for (char& c : outer) c ^= 0x5c;
    const Digest first = two({inner.data(), inner.size()}, message);
    return two({outer.data(), outer.size()}, view(first));
  }
  Digest hmac(const Digest& key, std::string_view message) { return hmac(view(key), message); }

  static std::string_view view(const Digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
  }

 private:
  static const EVP_MD* method() {
    static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);  // immutable
    return fetched;
  }
  Digest two(std::string_view a, std::string_view b) {
    Digest out;
    EVP_DigestInit_ex2(context_, method(), nullptr);
    EVP_DigestUpdate(context_, a.data(), a.size());
    EVP_DigestUpdate(context_, b.data(), b.size());
    EVP_DigestFinal_ex(context_, out.data(), nullptr);
    return out;
  }
  EVP_MD_CTX* context_;
};

std::string hex(const Digest& digest) { return encode_hex(Hasher::view(digest)); }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool same_name(std::string_view a, std::string_view b) { return std::ranges::equal(a, b, {}, lower, lower); }
std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}
bool white(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

const std::string* find_header(const HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (same_name(key, name)) return &value;
  }
  return nullptr;
}

void set_header(HttpRequest& request, std::string_view name, std::string value) {
  std::erase_if(request.headers, [&](const auto& header) { return same_name(header.first, name); });
  request.headers.emplace_back(name, std::move(value));
}

/// Headers that proxies and libraries change on the way, so that nobody signs them.
bool never_signed(std::string_view lower_name) {
  constexpr std::string_view names[] = {"authorization",     "connection", "expect",
                                        "transfer-encoding", "user-agent", "x-amzn-trace-id"};
  return std::ranges::find(names, lower_name) != std::end(names);
}

/// RFC 3986, 5.2.4, and runs of slashes as one.
std::string normalize_path(std::string_view path) {
  std::vector<std::string_view> kept;
  bool folder = path.empty() || path.back() == '/';
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    at = end + 1;
    if (part.empty()) continue;
    const bool last = at > path.size();
    if (part == "." || part == "..") {
      if (part == ".." && !kept.empty()) kept.pop_back();
      if (last) folder = true;
      continue;
    }
    kept.push_back(part);
  }
  std::string out;
  for (const auto part : kept) out.append("/").append(part);
  if (folder || out.empty()) out.push_back('/');
  return out;
}

std::string canonical_path(std::string_view path, bool double_encode, bool normalize) {
  if (path.empty()) return "/";
  const std::string clean = normalize ? normalize_path(path) : std::string(path);
  return double_encode ? encode_percent(clean, true) : encode_percent(decode_percent(clean), true);
}

std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (std::size_t at = 0; at < query.size();) {
    const std::size_t end = std::min(query.find('&', at), query.size());
    const std::string_view part = query.substr(at, end - at);
    at = end + 1;
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    const std::string_view value = equals == std::string_view::npos ? std::string_view{} : part.substr(equals + 1);
    pairs.emplace_back(encode_percent(decode_percent(part.substr(0, equals))), encode_percent(decode_percent(value)));
  }
  std::ranges::sort(pairs);
  std::string out;
  for (const auto& [key, value] : pairs) {
    if (!out.empty()) out.push_back('&');
    out.append(key).append("=").append(value);
  }
  return out;
}

/// Appends a header's value: trimmed, runs of white space as one space.
void append_value(std::string& out, std::string_view value) {
  const std::size_t first = out.size();
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (!white(value[i])) {
      out.push_back(value[i]);
    } else if (out.size() > first && out.back() != ' ') {
      out.push_back(' ');
    }
  }
  if (out.size() > first && out.back() == ' ') out.pop_back();
}

struct Canonical {
  std::string text, signed_headers;
};

/// The canonical request. `takes(name in lower case)` says which headers count.
template <class Takes>
Canonical canonical_request(const HttpRequest& request, std::string_view payload_hash, bool double_encode,
                            bool normalize, Takes takes) {
  struct Header {
    std::string name;
    std::size_t place;  // keeps values of one name in their order
    std::string_view value;
    auto operator<=>(const Header&) const = default;
  };
  std::vector<Header> headers;
  headers.reserve(request.headers.size());
  for (const auto& [name, value] : request.headers) {
    std::string key = lower(name);
    if (takes(key)) headers.push_back({std::move(key), headers.size(), value});
  }
  std::ranges::sort(headers);

  const std::string_view target = request.target;
  const std::size_t question = target.find('?');
  Canonical out;
  out.text.reserve(512);
  out.text.append(request.method).append("\n");
  out.text.append(canonical_path(target.substr(0, question), double_encode, normalize)).append("\n");
  if (question != std::string_view::npos) out.text.append(canonical_query(target.substr(question + 1)));
  out.text.push_back('\n');
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const bool again = i > 0 && headers[i].name == headers[i - 1].name;
    if (again) {
      out.text.back() = ',';  // in place of the line's end
    } else {
      out.text.append(headers[i].name).append(":");
      if (!out.signed_headers.empty()) out.signed_headers.push_back(';');
      out.signed_headers.append(headers[i].name);
    }
    append_value(out.text, headers[i].value);
    out.text.push_back('\n');
  }
  out.text.append("\n").append(out.signed_headers).append("\n").append(payload_hash);
  return out;
}

std::string signature_of(Hasher& hasher, std::string_view canonical, std::string_view secret, std::string_view stamp,
                         const SignatureScope& scope) {
  std::string text;
  text.reserve(192);
  text.append(algorithm).append("\n").append(stamp).append("\n");
  text.append(scope.date).append("/").append(scope.region).append("/").append(scope.service);
  text.append("/aws4_request\n").append(hex(hasher.sha256(canonical)));
  Digest key = hasher.hmac("AWS4" + std::string(secret), scope.date);
  key = hasher.hmac(key, scope.region);
  key = hasher.hmac(key, scope.service);
  key = hasher.hmac(key, "aws4_request");
  return hex(hasher.hmac(key, text));
}

std::string stamp_of(Time time) {
  const Calendar c = to_calendar(time);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", c.year, c.month, c.day, c.hour, c.minute, c.second);
}

std::optional<Time> read_stamp(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  const auto iso = fmt::format("{}-{}-{}T{}:{}:{}Z", text.substr(0, 4), text.substr(4, 2), text.substr(6, 2),
                               text.substr(9, 2), text.substr(11, 2), text.substr(13, 2));
  const auto time = parse_iso8601(iso);
  return time ? std::optional(*time) : std::nullopt;
}

std::string host_of(const HttpRequest& request) {
  const bool standard = request.port == 0 || request.port == (request.scheme == "http" ? 80 : 443);
  return standard ? request.host : fmt::format("{}:{}", request.host, request.port);
}

/// The Authorization header, taken apart.
struct Authorization {
  SignatureScope scope;
  std::vector<std::string_view> signed_headers;
  std::string_view signature;
};

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> out;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find(at, from), text.size());
    out.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return out;
}

Result<Authorization> read_authorization(std::string_view header) {
  auto refuse = [&](std::string message) -> Result<Authorization> {
    Error error{.code = Code::access_denied, .message = std::move(message)};
    error.aws = std::make_shared<AwsError>(AwsError{.code = "IncompleteSignature", .status = 400, .request_id = {}});
    return fail(std::move(error));
  };
  if (!header.starts_with(algorithm)) {
    return refuse(fmt::format("Authorization header has an unknown algorithm; '{}' is expected.", algorithm));
  }
  header.remove_prefix(algorithm.size());
  Authorization out;
  std::string_view credential, headers;
  for (std::string_view part : split(header, ',')) {
    while (!part.empty() && white(part.front())) part.remove_prefix(1);
    while (!part.empty() && white(part.back())) part.remove_suffix(1);
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = part.substr(0, equals), value = part.substr(equals + 1);
    if (name == "Credential") credential = value;
    if (name == "SignedHeaders") headers = value;
    if (name == "Signature") out.signature = value;
  }
  for (const auto& [name, value] : {std::pair<std::string_view, std::string_view>{"Credential", credential},
                                    {"Signature", out.signature},
                                    {"SignedHeaders", headers}}) {
    if (value.empty()) return refuse(fmt::format("Authorization header requires '{}' parameter.", name));
  }
  auto parts = split(credential, '/');  // the key id may not hold a slash
  if (parts.size() != 5 || parts[4] != "aws4_request" || parts[1].size() != 8) {
    return refuse(
        fmt::format("Credential must have exactly 5 slash-delimited elements, e.g. "
                    "keyid/date/region/service/term, got '{}'",
                    credential));
  }
  out.scope = {.access_key_id = std::string(parts[0]),
               .date = std::string(parts[1]),
               .region = std::string(parts[2]),
               .service = std::string(parts[3])};
  out.signed_headers = split(headers, ';');
  return out;
}

std::unexpected<Error> refuse(std::string code, int status, std::string message) {
  Error error{.code = Code::access_denied, .message = std::move(message)};
  error.aws = std::make_shared<AwsError>(AwsError{.code = std::move(code), .status = status, .request_id = {}});
  return fail(std::move(error));
}

bool is_s3(std::string_view service) {
  return service == "s3" || service == "s3express" || service == "s3-object-lambda" || service == "s3-outposts";
}

}  // namespace

Result<void> sign(HttpRequest& request, const Credentials& credentials, const SignOptions& options) {
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    return fail({.code = Code::credentials,
                 .message = "cannot sign the request: the credentials have no access key id or no secret key"});
  }
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
  const SignatureScope scope{.access_key_id = credentials.access_key_id,
                             .date = stamp.substr(0, 8),
                             .region = options.region,
                             .service = options.signing_name};
  const Canonical canonical =
      canonical_request(request, payload_hash, options.double_encode_path, options.normalize_path,
                        [](const std::string& name) { return !never_signed(name); });
  set_header(request, "Authorization",
             fmt::format("{} Credential={}/{}/{}/{}/aws4_request, SignedHeaders={}, Signature={}", algorithm,
                         scope.access_key_id, scope.date, scope.region, scope.service, canonical.signed_headers,
                         signature_of(hasher, canonical.text, credentials.secret_access_key, stamp, scope)));
  return {};
}

std::optional<SignatureScope> signature_scope(const HttpRequest& request) {
  const std::string* header = find_header(request, "authorization");
  if (header == nullptr) return std::nullopt;
  auto read = read_authorization(*header);
  return read ? std::optional(std::move(read->scope)) : std::nullopt;
}

Result<SignatureScope> verify(const HttpRequest& request,
                              const std::function<std::optional<std::string>(std::string_view)>& secret_of, Time now) {
  const std::string* header = find_header(request, "authorization");
  if (header == nullptr) {
    return refuse("MissingAuthenticationToken", 403, "Request is missing Authentication Token");
  }
  TRY(auto given, read_authorization(*header));
  const std::string* stamp = find_header(request, "x-amz-date");
  if (stamp == nullptr) stamp = find_header(request, "date");
  const auto time = stamp != nullptr ? read_stamp(*stamp) : std::nullopt;
  if (!time) {
    return refuse("IncompleteSignature", 400,
                  "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
  }
  auto missing = [&](std::string_view name) {
    return std::ranges::find(given.signed_headers, name) == given.signed_headers.end();
  };
  if (missing("host")) {
    return refuse("SignatureDoesNotMatch", 403,
                  "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  }
  const auto secret = secret_of(given.scope.access_key_id);
  if (!secret) {
    return refuse("InvalidClientTokenId", 403, "The security token included in the request is invalid.");
  }
  if (*time + clock_window < now) {
    return refuse("RequestExpired", 400,
                  fmt::format("Signature expired: {} is now earlier than {} ({} - 5 min.)", *stamp,
                              stamp_of(now - clock_window), stamp_of(now)));
  }
  if (now + clock_window < *time) {
    return refuse("RequestExpired", 400,
                  fmt::format("Signature not yet current: {} is still later than {} ({} + 5 min.)", *stamp,
                              stamp_of(now + clock_window), stamp_of(now)));
  }
  if (stamp->substr(0, 8) != given.scope.date) {
    return refuse("SignatureDoesNotMatch", 403,
                  fmt::format("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
                              "HTTP: '{}' != '{}', from '{}'.",
                              given.scope.date, stamp->substr(0, 8), *stamp));
  }

  Hasher hasher;
  const std::string body_hash = hex(hasher.sha256(request.body));
  std::string payload_hash = body_hash;
  if (const std::string* declared = find_header(request, "x-amz-content-sha256")) {
    const bool is_hash = declared->size() == 64;
    if (is_hash && *declared != body_hash) {
      return refuse("SignatureDoesNotMatch", 400,
                    "The provided 'x-amz-content-sha256' header does not match what was computed.");
    }
    payload_hash = *declared;
  }
  const bool s3 = is_s3(given.scope.service);
  const Canonical canonical =
      canonical_request(request, payload_hash, !s3, !s3, [&](std::string_view name) { return !missing(name); });
  const std::string expected = signature_of(hasher, canonical.text, *secret, *stamp, given.scope);
  if (expected.size() != given.signature.size() ||
      CRYPTO_memcmp(expected.data(), given.signature.data(), expected.size()) != 0) {
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
