#include "aws/sign.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace reeve::aws {
namespace {

const Credentials credentials{.access_key_id = "AKIDEXAMPLE", .secret_access_key = "secret"};
const Time now = parse_iso8601("2026-01-19T00:36:26Z").value();

HttpRequest signed_request() {
  HttpRequest request{.method = "POST", .scheme = "http", .host = "127.0.0.1", .port = 4566, .body = "Action=X"};
  const SignOptions options{.region = "us-east-1", .signing_name = "ec2", .time = now};
  EXPECT_TRUE(sign(request, credentials, options));
  return request;
}

std::optional<std::string> secret_of(std::string_view id) {
  return id == credentials.access_key_id ? std::optional(credentials.secret_access_key) : std::nullopt;
}

std::string refusal(const HttpRequest& request, Time at = now) {
  const auto result = verify(request, secret_of, at);
  return result ? "" : result.error().aws->code;
}

void set(HttpRequest& request, std::string_view name, std::string value) {
  for (auto& [key, old] : request.headers) {
    if (key == name) old = value;
  }
}

std::string get(const HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return "";
}

TEST(Sign, WhatIsSignedVerifies) {
  const HttpRequest request = signed_request();
  EXPECT_EQ(get(request, "Host"), "127.0.0.1:4566");
  const auto scope = verify(request, secret_of, now);
  ASSERT_TRUE(scope) << scope.error().text();
  EXPECT_EQ(scope->access_key_id, "AKIDEXAMPLE");
  EXPECT_EQ(scope->service, "ec2");
  EXPECT_EQ(scope->region, "us-east-1");
  EXPECT_EQ(signature_scope(request)->date, "20260119");
}

TEST(Sign, SigningAgainReplacesTheFirstSignature) {
  HttpRequest request = signed_request();
  const SignOptions later{.region = "us-east-1", .signing_name = "ec2", .time = now + std::chrono::seconds(30)};
  ASSERT_TRUE(sign(request, credentials, later));
  EXPECT_EQ(refusal(request), "");
  EXPECT_EQ(std::ranges::count(request.headers, "Authorization", &std::pair<std::string, std::string>::first), 1);
}

TEST(Sign, WithoutKeysNothingIsSigned) {
  HttpRequest request;
  const auto result = sign(request, Credentials{}, SignOptions{});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::credentials);
}

TEST(Verify, AnyChangedPartIsRefused) {
  HttpRequest request = signed_request();
  request.body += "Y";
  EXPECT_EQ(refusal(request), "SignatureDoesNotMatch");
  request = signed_request();
  request.target = "/?a=b";
  EXPECT_EQ(refusal(request), "SignatureDoesNotMatch");
  request = signed_request();
  set(request, "Host", "elsewhere");
  EXPECT_EQ(refusal(request), "SignatureDoesNotMatch");
  request = signed_request();
  std::string header = get(request, "Authorization");
  header.back() = header.back() == '0' ? '1' : '0';
  set(request, "Authorization", header);
  EXPECT_EQ(refusal(request), "SignatureDoesNotMatch");
}

TEST(Verify, FiveMinutesEitherWay) {
  const HttpRequest request = signed_request();
  EXPECT_EQ(refusal(request, now + std::chrono::minutes(5)), "");
  EXPECT_EQ(refusal(request, now - std::chrono::minutes(5)), "");
  EXPECT_EQ(refusal(request, now + std::chrono::seconds(301)), "RequestExpired");
  EXPECT_EQ(refusal(request, now - std::chrono::seconds(301)), "RequestExpired");
  EXPECT_EQ(verify(request, secret_of, now + std::chrono::seconds(360)).error().message,
            "Signature expired: 20260119T003626Z is now earlier than 20260119T003726Z (20260119T004226Z - 5 min.)");
}

TEST(Verify, UnsignedUnknownAndBroken) {
  HttpRequest request;
  EXPECT_EQ(refusal(request), "MissingAuthenticationToken");
  request = signed_request();
  EXPECT_EQ(
      verify(request, [](std::string_view) { return std::nullopt; }, now).error().aws->code, "InvalidClientTokenId");
  for (const char* broken :
       {"Basic abc", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260119/us-east-1/ec2/aws4_request, SignedHeaders=host",
        "AWS4-HMAC-SHA256 ,,,=,=,"}) {
    set(request, "Authorization", broken);
    EXPECT_EQ(refusal(request), "IncompleteSignature") << broken;
    EXPECT_FALSE(signature_scope(request)) << broken;
  }
  request = signed_request();
  set(request, "X-Amz-Date", "yesterday");
  EXPECT_EQ(refusal(request), "IncompleteSignature");
}

HttpRequest presigned(std::string service, std::chrono::seconds expires = std::chrono::minutes(10)) {
  HttpRequest request{.host = "example.amazonaws.com", .target = "/k?a=b"};
  Credentials with_token = credentials;
  with_token.session_token = "to/ken";
  const bool s3 = service == "s3";
  const SignOptions options{.region = "us-east-1",
                            .signing_name = std::move(service),
                            .time = now,
                            .double_encode_path = !s3,
                            .normalize_path = !s3,
                            .unsigned_body = s3};
  EXPECT_TRUE(presign(request, with_token, options, expires));
  return request;
}

TEST(Presign, WhatIsSignedVerifiesUntilItExpires) {
  for (const char* service : {"s3", "sts"}) {
    SCOPED_TRACE(service);
    const HttpRequest request = presigned(service);
    const auto scope = verify(request, secret_of, now + std::chrono::minutes(10));
    ASSERT_TRUE(scope) << scope.error().text();
    EXPECT_EQ(scope->session_token, "to/ken");
    EXPECT_EQ(signature_scope(request)->service, service);
    const std::string expired = service == std::string("s3") ? "AccessDenied" : "RequestExpired";
    EXPECT_EQ(refusal(request, now + std::chrono::seconds(601)), expired);
    EXPECT_EQ(refusal(request, now - std::chrono::seconds(301)), "RequestExpired");
  }
}

TEST(Presign, AnyChangedPartIsRefused) {
  const HttpRequest good = presigned("sts");
  auto changed = [&good](std::string_view what, std::string_view with) {
    HttpRequest out = good;
    out.target.replace(out.target.find(what), what.size(), with);
    return refusal(out);
  };
  EXPECT_EQ(changed("a=b", "a=c"), "SignatureDoesNotMatch");
  EXPECT_EQ(changed("Expires=600", "Expires=900"), "SignatureDoesNotMatch");
  EXPECT_EQ(changed("to%2Fken", "other"), "SignatureDoesNotMatch");
  EXPECT_EQ(changed("X-Amz-Signature=", "X-Amz-Signature=0"), "SignatureDoesNotMatch");
  EXPECT_EQ(changed("&X-Amz-Date=", "&X-Amz-Dote="), "IncompleteSignature");
  EXPECT_EQ(changed("Expires=600", "Expires=604801"), "IncompleteSignature");
  EXPECT_EQ(changed("HMAC-SHA256", "HMAC-SHA512"), "IncompleteSignature");
  HttpRequest other = good;
  other.method = "DELETE";
  EXPECT_EQ(refusal(other), "SignatureDoesNotMatch");
}

TEST(Presign, OneSecondToSevenDays) {
  HttpRequest request;
  for (const auto expires : {std::chrono::seconds(0), std::chrono::seconds(604801)}) {
    const auto result = presign(request, credentials, {.region = "us-east-1", .signing_name = "s3"}, expires);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Code::invalid_params);
  }
}

TEST(Refusal, EachServiceSaysItInItsOwnWords) {
  HttpRequest request = signed_request();
  const Error expired = verify(request, secret_of, now + std::chrono::hours(1)).error();
  EXPECT_EQ(refusal_of("ec2", expired).code, "RequestExpired");
  EXPECT_EQ(refusal_of("s3", expired).code, "RequestTimeTooSkewed");
  EXPECT_EQ(refusal_of("sts", expired).code, "SignatureDoesNotMatch");
  EXPECT_TRUE(refusal_of("sts", expired).message.starts_with("Signature expired: "));
  request.body += "Y";
  const Error wrong = verify(request, secret_of, now).error();
  EXPECT_EQ(refusal_of("ec2", wrong).code, "AuthFailure");
  EXPECT_EQ(refusal_of("ec2", wrong).status, 401);
  EXPECT_EQ(refusal_of("iam", wrong).code, "SignatureDoesNotMatch");
}

}  // namespace
}  // namespace reeve::aws
