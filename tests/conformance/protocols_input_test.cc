// AWS's wire protocols, params -> requests (../shared/conformance/protocols/input and legacy/input).
#include <algorithm>

#include "aws/protocol/compress.h"
#include "base/encoding.h"
#include "protocols_suite.h"

namespace reeve::aws {
namespace {

/// What the suites take for a fresh token.
constexpr std::string_view token = "00000000-0000-4000-8000-000000000000";

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  std::stringstream stream{std::string(text)};
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

/// Parameters in any order; a space may be "+" or "%20".
std::vector<std::string> parameters(std::string_view form) {
  auto parts = split(form, '&');
  for (std::string& part : parts) {
    for (std::size_t at = 0; (at = part.find('+', at)) != std::string::npos;) part.replace(at, 1, "%20");
    if (part.find('=') == std::string::npos) part += '=';
  }
  std::ranges::sort(parts);
  return parts;
}

bool same_target(std::string_view expected, std::string_view got) {
  const auto e = expected.find('?'), g = got.find('?');
  return expected.substr(0, e) == got.substr(0, g) &&
         parameters(e == std::string_view::npos ? "" : expected.substr(e + 1)) ==
             parameters(g == std::string_view::npos ? "" : got.substr(g + 1));
}

std::string without_spaces_after_commas(std::string text) {
  for (std::size_t at = 0; (at = text.find(", ", at)) != std::string::npos;) text.erase(at + 1, 1);
  return text;
}

std::string check(const suite::Case& c) {
  const auto protocol = c.suite["metadata"]["protocol"].as_text();
  const Codec* codec = find_codec(protocol);
  if (codec == nullptr) return "no codec";
  auto request = codec->encode_request(*c.model, *c.operation, c.json["params"], token);
  if (request) compress_body(*c.operation, *request);
  if (!request) return request.error().text();
  const Value expected = c.json["serialized"];
  const bool form = protocol == "ec2" || protocol == "query";

  // The endpoint's own path goes before the target, as the client joins them.
  std::string endpoint = c.suite["clientEndpoint"].as_string();
  if (const auto at = endpoint.find("://"); at != std::string::npos) endpoint.erase(0, at + 3);
  const std::string endpoint_path = endpoint.find('/') == std::string::npos ? "" : endpoint.substr(endpoint.find('/'));

  if (const auto method = expected.find("method"); method && method->as_text() != request->method) {
    return fmt::format("method {}", request->method);
  }
  if (const auto uri = expected.find("uri"); uri && !same_target(uri->as_text(), endpoint_path + request->target)) {
    return fmt::format("target {}, not {}", request->target, uri->as_text());
  }
  const auto body = expected["body"].as_text();
  const bool gzipped = request->body.starts_with("\x1f\x8b");
  if (gzipped) {  // the suites say only the header
  } else if (form) {
    if (parameters(body) != parameters(request->body)) return fmt::format("body {}, not {}", request->body, body);
  } else if (protocol == "smithy-rpc-v2-cbor") {
    // By value, as the encoding leaves choices; both through our own reader, which the output suite checks.
    const std::string want = decode_base64(body).value_or("");
    HttpRequest mine{.body = request->body}, theirs{.body = want};
    const auto a = codec->decode_request(*c.model, *c.operation, mine);
    const auto b = codec->decode_request(*c.model, *c.operation, theirs);
    if (!a || !b || !(suite::equal(a->root(), b->root())) || request->body.empty() != want.empty()) {
      return fmt::format("body {}, not {}", encode_hex(request->body), encode_hex(want));
    }
  } else if (protocol == "rest-xml" && trimmed(body).starts_with("<")) {
    if (suite::canonical_xml(std::string(body)) != suite::canonical_xml(request->body)) {
      return fmt::format("body {}, not {}", request->body, body);
    }
  } else if (body != request->body && !(body.empty() && request->body == "{}")) {  // an empty structure
    const auto want = parse_json(body), got = parse_json(request->body);
    if (!want || !got || !(want->root() == got->root())) {
      return fmt::format("body '{}', not '{}'", request->body, body);
    }
  }
  std::map<std::string, std::string> headers;
  for (const auto& [name, value] : request->headers) headers[lower(name)] = value;
  for (const auto [name, value] : expected["headers"].entries()) {
    const std::string key = lower(name);
    if (key == "content-type") {
      const bool json = value.as_text() == "application/json";
      if (form || !json || protocol == "rest-xml") continue;  // as botocore compares
    }
    if (!headers.contains(key)) return fmt::format("no header {}", name);
    if (without_spaces_after_commas(headers[key]) != without_spaces_after_commas(value.as_string())) {
      return fmt::format("header {}: {}, not {}", name, headers[key], value.as_text());
    }
  }
  for (const Value name : expected["forbidHeaders"].items()) {
    if (headers.contains(lower(name.as_text()))) return fmt::format("header {} must not be there", name.as_text());
  }
  for (const Value name : expected["requireHeaders"].items()) {
    // The transport counts the body's length itself.
    if (lower(name.as_text()) == "content-length" ? request->body.empty() : !headers.contains(lower(name.as_text()))) {
      return fmt::format("no header {}", name.as_text());
    }
  }
  if (const auto host = expected.find("host")) {
    if (host->as_text() != request->host_prefix + endpoint) return fmt::format("host prefix {}", request->host_prefix);
  }
  return "";
}

TEST(ProtocolInput, Ec2) { suite::run("input", "ec2", check); }
TEST(ProtocolInput, Query) { suite::run("input", "query", check); }
TEST(ProtocolInput, RestJson) { suite::run("input", "rest-json", check); }
TEST(ProtocolInput, Cbor) { suite::run("input", "smithy-rpc-v2-cbor", check); }
TEST(ProtocolInput, CborQueryCompatible) { suite::run("input", "smithy-rpc-v2-cbor-query-compatible", check); }
TEST(ProtocolInput, CborNotQueryCompatible) { suite::run("input", "smithy-rpc-v2-cbor-non-query-compatible", check); }
TEST(ProtocolInput, Json) { suite::run("input", "json", check); }
TEST(ProtocolInput, Json10) { suite::run("input", "json_1_0", check); }
TEST(ProtocolInput, Json10QueryCompatible) { suite::run("input", "json_1_0-query-compatible", check); }
TEST(ProtocolInput, LegacyJson) { suite::run("legacy/input", "json", check); }
TEST(ProtocolInput, RestXml) { suite::run("input", "rest-xml", check); }
TEST(ProtocolInput, LegacyRestXml) { suite::run("legacy/input", "rest-xml", check); }
TEST(ProtocolInput, LegacyEc2) { suite::run("legacy/input", "ec2", check); }
TEST(ProtocolInput, LegacyQuery) { suite::run("legacy/input", "query", check); }
TEST(ProtocolInput, LegacyRestJson) { suite::run("legacy/input", "rest-json", check); }

}  // namespace
}  // namespace reeve::aws
