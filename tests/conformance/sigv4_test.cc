// Signature version 4 against the outside suites of REEVE_SHARED/conformance/sigv4: signing gives the header that the
// suite has, byte for byte, and what was signed passes our own check.
#include <gtest/gtest.h>

#include <iostream>
#include <map>
#include <sstream>

#include "aws/sign.h"
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

TEST(Sigv4, SignsTheRuntimesCasesInTheHeader) {
  const auto document = suite_file("sigv4/crt-v4.json");
  if (document.root().is_null()) return;
  const auto skipped = suite_skips("sigv4_skips.tsv");
  int run = 0;
  for (const Value c : document["cases"].items()) {
    SCOPED_TRACE(c["name"].as_string());
    // The half that signs in the query is another way of signing, which is not there yet.
    EXPECT_TRUE(skipped.contains("crt-v4:" + c["name"].as_string() + ":query")) << "listed among the skipped ones";
    const Value context = c["context"];
    HttpRequest request = parse_request(c["request"].as_text());
    Credentials credentials{.access_key_id = context["credentials"]["access_key_id"].as_string(),
                            .secret_access_key = context["credentials"]["secret_access_key"].as_string()};
    // A token that is left out of the signature is added to the request after it was signed.
    if (!context["omit_session_token"].as_bool()) {
      credentials.session_token = context["credentials"]["token"].as_string();
    }
    const SignOptions options{.region = context["region"].as_string(),
                              .signing_name = context["service"].as_string(),
                              .time = stamp(context["timestamp"].as_text()),
                              .normalize_path = context["normalize"].as_bool(),
                              .content_sha256_header = context["sign_body"].as_bool()};
    ASSERT_TRUE(sign(request, credentials, options));
    const std::string authorization = header(request, "Authorization");
    EXPECT_TRUE(authorization.ends_with("Signature=" + c["header"]["signature"].as_string())) << authorization;
    EXPECT_NE(c["header"]["signed_request"].as_text().find(authorization), std::string_view::npos) << authorization;
    if (options.normalize_path) check_verifies(request, credentials, options.time);
    ++run;
  }
  EXPECT_EQ(run, 38);
}

TEST(Sigv4, SignsRealRequestsAsBotocoreDoes) {
  const auto document = suite_file("sigv4/clients.json");
  if (document.root().is_null()) return;
  const auto skipped = suite_skips("sigv4_skips.tsv");
  int run = 0;
  for (const Value c : document["cases"].items()) {
    const std::string name = c["name"].as_string();
    SCOPED_TRACE(name);
    if (c["how"].as_text() != "header") {
      EXPECT_TRUE(skipped.contains("clients:" + name)) << "not signed in the header and not listed as skipped";
      continue;
    }
    EXPECT_FALSE(skipped.contains("clients:" + name)) << "listed as skipped, but it can be run";
    const std::string url = c["request"]["url"].as_string();
    const auto host_at = url.find("://") + 3, path_at = url.find('/', host_at);
    HttpRequest request{.method = c["request"]["method"].as_string(),
                        .host = url.substr(host_at, path_at - host_at),
                        .target = path_at == std::string::npos ? "/" : url.substr(path_at),
                        .body = c["request"]["body"].as_string()};
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
    const auto scope_at = expected.find("Credential=") + 11;
    std::istringstream scope(expected.substr(scope_at, expected.find(',') - scope_at));
    std::string key_id, date, region, service;
    std::getline(scope, key_id, '/'), std::getline(scope, date, '/');
    std::getline(scope, region, '/'), std::getline(scope, service, '/');
    const bool s3 = c["service"].as_text() == "s3";
    const Credentials credentials{.access_key_id = document["credentials"]["access_key_id"].as_string(),
                                  .secret_access_key = document["credentials"]["secret_access_key"].as_string(),
                                  .session_token = c["session_token"].as_string()};
    const SignOptions options{.region = region,
                              .signing_name = service,
                              .time = stamp(document["time"].as_text()),
                              .double_encode_path = !s3,
                              .normalize_path = !s3,
                              .content_sha256_header = hash_header};
    ASSERT_TRUE(sign(request, credentials, options));
    EXPECT_EQ(header(request, "Authorization"), expected);
    // s3control signs as "s3", but its paths are written like the other services'.
    check_verifies(request, credentials, options.time);
    ++run;
  }
  EXPECT_EQ(run, 46);
}

}  // namespace
}  // namespace reeve::aws
