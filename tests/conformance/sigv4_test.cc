// Signature version 4 against the outside suites of REEVE_SHARED/conformance/sigv4: signing gives the header, the URL
// and the chunks that the suite has, byte for byte, and what was signed passes our own check.
#include <gtest/gtest.h>

#include <iostream>
#include <map>
#include <sstream>

#include "aws/sign.h"
#include "aws/sign_chunks.h"
#include "aws/sign_post.h"
#include "base/encoding.h"
#include "base/json.h"
#include "suite_files.h"

namespace reeve::aws {
namespace {

/// A request as the suites write it: lines that begin with white space go on with the header before.
HttpRequest parse_request(std::string_view text) {
  HttpRequest out;
  const auto line_end = text.find('\n');
  const std::string_view first = text.substr(0, line_end);
  const auto space = first.find(' '), last = first.rfind(' ');
  out.method = first.substr(0, space);
  out.target = first.substr(space + 1, last - space - 1);
  text.remove_prefix(line_end == std::string_view::npos ? text.size() : line_end + 1);
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) {
      out.body = text;
      break;
    }
    if (line[0] == ' ' || line[0] == '\t') {
      out.headers.back().second.append("\n").append(line);
      continue;
    }
    const auto colon = line.find(':');
    out.headers.emplace_back(line.substr(0, colon), line.substr(colon + 1));
  }
  return out;
}

std::string header(const HttpRequest& request, std::string_view name) {
  HttpResponse lookup;
  lookup.headers = request.headers;
  return std::string(lookup.header(name));
}

Time stamp(std::string_view text) {
  if (text.find('-') != std::string_view::npos) return parse_iso8601(text).value();
  std::string iso;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == 4 || i == 6) iso.push_back('-');
    if (i == 11 || i == 13) iso.push_back(':');
    iso.push_back(text[i]);
  }
  return parse_iso8601(iso).value();
}

void check_verifies(const HttpRequest& request, const Credentials& credentials, Time time) {
  auto secret = [&](std::string_view) { return std::optional(credentials.secret_access_key); };
  const auto good = verify(request, secret, time);
  EXPECT_TRUE(good) << good.error().text();
  HttpRequest changed = request;
  changed.method = changed.method == "GET" ? "POST" : "GET";
  const auto bad = verify(changed, secret, time);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().aws->code, "SignatureDoesNotMatch");
}

TEST(Sigv4, SignsBotocoresCases) {
  const auto document = suite_file("sigv4/botocore.json");
  if (document.root().is_null()) return;
  int run = 0;
  for (const Value c : document["cases"].items()) {
    SCOPED_TRACE(c["name"].as_string());
    HttpRequest request = parse_request(c["request"].as_text());
    Credentials credentials{.access_key_id = document["credentials"]["access_key_id"].as_string(),
                            .secret_access_key = document["credentials"]["secret_access_key"].as_string()};
    const std::string canonical = c["canonical"].as_string(), token = "x-amz-security-token:";
    if (const auto at = canonical.find(token); at != std::string::npos) {
      const auto from = at + token.size();
      credentials.session_token = canonical.substr(from, canonical.find('\n', from) - from);
    }
    const SignOptions options{.region = "us-east-1", .signing_name = "service", .time = stamp("20150830T123600Z")};
    ASSERT_TRUE(sign(request, credentials, options));
    EXPECT_EQ(header(request, "Authorization"), c["authorization"].as_text());
    check_verifies(request, credentials, options.time);
    ++run;
  }
  EXPECT_EQ(run, 34);
}

/// A case of the runtime's suite, ready to be signed.
struct RuntimeCase {
  explicit RuntimeCase(Value c) {
    const Value context = c["context"];
    request = parse_request(c["request"].as_text());
    credentials = {.access_key_id = context["credentials"]["access_key_id"].as_string(),
                   .secret_access_key = context["credentials"]["secret_access_key"].as_string()};
    // A token that is left out of the signature is added to the request after it was signed.
    if (!context["omit_session_token"].as_bool()) {
      credentials.session_token = context["credentials"]["token"].as_string();
    }
    options = {.region = context["region"].as_string(),
               .signing_name = context["service"].as_string(),
               .time = stamp(context["timestamp"].as_text()),
               .normalize_path = context["normalize"].as_bool(),
               .content_sha256_header = context["sign_body"].as_bool()};
  }
  HttpRequest request;
  Credentials credentials;
  SignOptions options;
};

TEST(Sigv4, SignsTheRuntimesCasesInTheHeader) {
  const auto document = suite_file("sigv4/crt-v4.json");
  if (document.root().is_null()) return;
  int run = 0;
  for (const Value c : document["cases"].items()) {
    SCOPED_TRACE(c["name"].as_string());
    RuntimeCase one(c);
    ASSERT_TRUE(sign(one.request, one.credentials, one.options));
    const std::string authorization = header(one.request, "Authorization");
    EXPECT_TRUE(authorization.ends_with("Signature=" + c["header"]["signature"].as_string())) << authorization;
    EXPECT_NE(c["header"]["signed_request"].as_text().find(authorization), std::string_view::npos) << authorization;
    if (one.options.normalize_path) check_verifies(one.request, one.credentials, one.options.time);
    ++run;
  }
  EXPECT_EQ(run, 38);
}

TEST(Sigv4, SignsTheRuntimesCasesInTheQuery) {
  const auto document = suite_file("sigv4/crt-v4.json");
  if (document.root().is_null()) return;
  int run = 0;
  for (const Value c : document["cases"].items()) {
    SCOPED_TRACE(c["name"].as_string());
    RuntimeCase one(c);
    const auto expires = std::chrono::seconds(c["context"]["expiration_in_seconds"].as_integer());
    ASSERT_TRUE(presign(one.request, one.credentials, one.options, expires));
    EXPECT_TRUE(one.request.target.ends_with("&X-Amz-Signature=" + c["query"]["signature"].as_string()))
        << one.request.target;
    if (one.options.normalize_path) check_verifies(one.request, one.credentials, one.options.time + expires);
    ++run;
  }
  EXPECT_EQ(run, 38);
}

/// The credential scope of a text that holds "…KEY/date/region/service/aws4_request", with '/' as `slash`.
SignOptions options_of(const Document& document, Value c, std::string_view text, std::string_view slash) {
  std::vector<std::string> parts;
  auto rest = text.substr(text.find("Credential=") + 11);
  while (parts.size() < 4) {
    const auto end = rest.find(slash);
    parts.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end + slash.size());
  }
  const bool s3 = c["service"].as_text() == "s3";
  return {.region = parts[2],
          .signing_name = parts[3],
          .time = stamp(document["time"].as_text()),
          .double_encode_path = !s3,
          .normalize_path = !s3};
}

HttpRequest request_to(const std::string& method, const std::string& url, std::string body) {
  const auto host_at = url.find("://") + 3, path_at = url.find('/', host_at);
  return {.method = method,
          .host = url.substr(host_at, path_at - host_at),
          .target = path_at == std::string::npos ? "/" : url.substr(path_at),
          .body = std::move(body)};
}

Credentials credentials_of(const Document& document, Value c) {
  return {.access_key_id = document["credentials"]["access_key_id"].as_string(),
          .secret_access_key = document["credentials"]["secret_access_key"].as_string(),
          .session_token = c["session_token"].as_string()};
}

TEST(Sigv4, SignsRealRequestsAsBotocoreDoes) {
  const auto document = suite_file("sigv4/clients.json");
  if (document.root().is_null()) return;
  int run = 0, chunked = 0;
  for (const Value c : document["cases"].items()) {
    if (c["how"].as_text() != "header") continue;
    SCOPED_TRACE(c["name"].as_string());
    HttpRequest request = request_to(c["request"]["method"].as_string(), c["request"]["url"].as_string(),
                                     c["request"]["body"].as_string());
    bool hash_header = false;
    for (const auto [key, value] : c["request"]["headers"].entries()) {
      // What signing itself adds; Content-Length is added by the library that sends.
      if (key == "Authorization" || key == "X-Amz-Date" || key == "X-Amz-Security-Token" || key == "Content-Length") {
        continue;
      }
      if (key == "X-Amz-Content-SHA256" && value.size() == 64) {
        hash_header = true;
        continue;
      }
      request.headers.emplace_back(key, value.as_string());
    }
    const std::string expected = c["authorization"].as_string();
    const Credentials credentials = credentials_of(document, c);
    SignOptions options = options_of(document, c, expected, "/");
    options.content_sha256_header = hash_header;
    ASSERT_TRUE(sign(request, credentials, options));
    EXPECT_EQ(header(request, "Authorization"), expected);
    // s3control signs as "s3", but its paths are written like the other services'.
    check_verifies(request, credentials, options.time);
    ++run;

    const auto whole =
        without_chunks(request, [&](std::string_view) { return std::optional(credentials.secret_access_key); });
    ASSERT_TRUE(whole) << whole.error().text();
    if (!*whole) continue;
    ++chunked;
    // The same body, framed by us.
    HttpRequest again = request;
    std::erase_if(again.headers, [](const auto& one) { return one.first == "Content-Encoding"; });
    StreamedBody body{.size_bytes = (*whole)->body.size(), .trailer_names = {header(request, "X-Amz-Trailer")}};
    auto signer = sign_streamed(again, credentials, options, body);
    ASSERT_TRUE(signer);
    EXPECT_EQ(header(again, "Authorization"), expected);
    const std::string checksum = header(**whole, body.trailer_names.front());
    EXPECT_EQ(signer->chunk((*whole)->body) + signer->end({{body.trailer_names.front(), checksum}}), request.body);
  }
  EXPECT_EQ(run, 46);
  EXPECT_EQ(chunked, 4);
}

TEST(Sigv4, PresignsAsBotocoreDoes) {
  const auto document = suite_file("sigv4/clients.json");
  if (document.root().is_null()) return;
  int run = 0;
  for (const Value c : document["cases"].items()) {
    if (c["how"].as_text() != "query") continue;
    SCOPED_TRACE(c["name"].as_string());
    const std::string expected = c["url"].as_string(), canonical = c["canonical"].as_string();
    // The URL before it was signed.
    std::string url = expected.substr(0, expected.find("X-Amz-Algorithm"));
    url.pop_back();
    HttpRequest request = request_to(canonical.substr(0, canonical.find('\n')), url, "");
    const std::string type = "\ncontent-type:";
    if (const auto at = canonical.find(type); at != std::string::npos) {
      const auto from = at + type.size();
      request.headers.emplace_back("Content-Type", canonical.substr(from, canonical.find('\n', from) - from));
    }
    const Credentials credentials = credentials_of(document, c);
    SignOptions options = options_of(document, c, expected, "%2F");
    options.unsigned_body = options.signing_name == "s3";
    ASSERT_TRUE(presign(request, credentials, options, std::chrono::seconds(c["expires"].as_integer())));
    EXPECT_EQ("https://" + request.host + request.target, expected);
    check_verifies(request, credentials, options.time);
    ++run;
  }
  EXPECT_EQ(run, 20);
}

// The policy of a form: what it says is the oracle's, without the names that only version 4 of the signature has. The
// oracle's own signature is of version 2 (HMAC-SHA1), which is the one case that is left out.
TEST(Sigv4, PostPoliciesSayWhatBotocoresSay) {
  const auto document = suite_file("sigv4/clients.json");
  if (document.root().is_null()) return;
  const auto skipped = suite_skips("sigv4_skips.tsv");
  for (const Value c : document["cases"].items()) {
    if (c["how"].as_text() != "post") continue;
    EXPECT_TRUE(skipped.contains("clients:" + c["name"].as_string()));
    Builder conditions;
    conditions.add(c["args"]["Conditions"]);
    const PostPolicy policy{.bucket = c["bucket"].as_string(),
                            .key = c["key"].as_string(),
                            .conditions = conditions.finish(),
                            .expires = std::chrono::seconds(c["args"]["ExpiresIn"].as_integer())};
    const SignOptions options{
        .region = c["region"].as_string(), .signing_name = "s3", .time = stamp(document["time"].as_text())};
    const auto fields = presign_post(policy, {{"acl", "private"}}, credentials_of(document, c), options);
    ASSERT_TRUE(fields);
    auto policy_in = [](const std::string& base64) { return parse_json(decode_base64(base64).value()).value(); };
    Document ours;
    for (const auto& [name, value] : *fields) {
      if (name == "policy") ours = policy_in(value);
    }
    const Document theirs = policy_in(c["result"]["fields"]["policy"].as_string());
    EXPECT_EQ(ours["expiration"].as_text(), theirs["expiration"].as_text());
    std::vector<std::string> got, wanted;
    for (const Value one : theirs["conditions"].items()) wanted.push_back(to_json(one));
    for (const Value one : ours["conditions"].items()) {
      if (!one.find("x-amz-algorithm") && !one.find("x-amz-credential") && !one.find("x-amz-date")) {
        got.push_back(to_json(one));
      }
    }
    EXPECT_EQ(got, wanted);
  }
}

}  // namespace
}  // namespace reeve::aws
