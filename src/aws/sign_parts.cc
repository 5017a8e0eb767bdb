#include "aws/sign_parts.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <utility>

#include "base/encoding.h"

namespace reeve::aws::signing {
namespace {

char lower_char(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

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
    if (part.empty() || part.starts_with("X-Amz-Signature=")) continue;
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

struct Header {
  std::string name;
  std::size_t place;  // keeps values of one name in their order
  std::string_view value;
  auto operator<=>(const Header&) const = default;
};

std::vector<Header> sorted_headers(const HttpRequest& request, const Takes& takes) {
  std::vector<Header> headers;
  headers.reserve(request.headers.size());
  for (const auto& [name, value] : request.headers) {
    std::string key = lower(name);
    if (takes(key)) headers.push_back({std::move(key), headers.size(), value});
  }
  std::ranges::sort(headers);
  return headers;
}

std::string joined_names(const std::vector<Header>& headers) {
  std::string out;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    if (i > 0 && headers[i].name == headers[i - 1].name) continue;
    if (!out.empty()) out.push_back(';');
    out.append(headers[i].name);
  }
  return out;
}

}  // namespace

std::string hex(const Digest& digest) { return encode_hex(Hasher::view(digest)); }

bool same_name(std::string_view a, std::string_view b) { return std::ranges::equal(a, b, {}, lower_char, lower_char); }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower_char(c);
  return out;
}

bool white(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && white(text.front())) text.remove_prefix(1);
  while (!text.empty() && white(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> out;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find(at, from), text.size());
    out.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return out;
}

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

std::optional<std::string_view> find_query(const HttpRequest& request, std::string_view name) {
  const std::string_view target = request.target;
  const std::size_t question = target.find('?');
  if (question == std::string_view::npos) return std::nullopt;
  std::string_view rest = target.substr(question + 1);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t equals = part.find('=');
    if (equals != std::string_view::npos && part.substr(0, equals) == name) return part.substr(equals + 1);
  }
  return std::nullopt;
}

std::string host_of(const HttpRequest& request) {
  const bool standard = request.port == 0 || request.port == (request.scheme == "http" ? 80 : 443);
  return standard ? request.host : fmt::format("{}:{}", request.host, request.port);
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

bool is_s3(std::string_view service) {
  return service == "s3" || service == "s3express" || service == "s3-object-lambda" || service == "s3-outposts";
}

bool usually_signed(const std::string& lower_name) {
  constexpr std::string_view names[] = {"authorization",     "connection", "expect",
                                        "transfer-encoding", "user-agent", "x-amzn-trace-id"};
  return std::ranges::find(names, lower_name) == std::end(names);
}

std::string signed_headers_of(const HttpRequest& request, const Takes& takes) {
  return joined_names(sorted_headers(request, takes));
}

Canonical canonical_request(const HttpRequest& request, std::string_view payload_hash, bool double_encode,
                            bool normalize, const Takes& takes) {
  const std::vector<Header> headers = sorted_headers(request, takes);
  const std::string_view target = request.target;
  const std::size_t question = target.find('?');
  Canonical out{.text = {}, .signed_headers = joined_names(headers)};
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
    }
    append_value(out.text, headers[i].value);
    out.text.push_back('\n');
  }
  out.text.append("\n").append(out.signed_headers).append("\n").append(payload_hash);
  return out;
}

std::string credential_scope(const SignatureScope& scope) {
  return fmt::format("{}/{}/{}/aws4_request", scope.date, scope.region, scope.service);
}

Digest signing_key(Hasher& hasher, std::string_view secret, const SignatureScope& scope) {
  Digest key = hasher.hmac("AWS4" + std::string(secret), scope.date);
  key = hasher.hmac(key, scope.region);
  key = hasher.hmac(key, scope.service);
  return hasher.hmac(key, "aws4_request");
}

std::string signature_of(Hasher& hasher, std::string_view canonical, std::string_view secret, std::string_view stamp,
                         const SignatureScope& scope) {
  std::string text;
  text.reserve(192);
  text.append(algorithm).append("\n").append(stamp).append("\n").append(credential_scope(scope));
  text.append("\n").append(hex(hasher.sha256(canonical)));
  return hex(hasher.hmac(signing_key(hasher, secret, scope), text));
}

bool same_signature(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::unexpected<Error> refuse(std::string code, int status, std::string message) {
  Error error{.code = Code::access_denied, .message = std::move(message)};
  error.aws = std::make_shared<AwsError>(AwsError{.code = std::move(code), .status = status, .request_id = {}});
  return fail(std::move(error));
}

}  // namespace reeve::aws::signing
