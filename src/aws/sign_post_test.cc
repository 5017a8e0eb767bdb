#include "aws/sign_post.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/encoding.h"
#include "base/json.h"

namespace reeve::aws {
namespace {

// Keys and date of the example in the S3 API reference ("Example: Browser-Based Upload using HTTP POST").
const Credentials credentials{.access_key_id = "AKIAIOSFODNN7EXAMPLE",
                              .secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                              .session_token = "token"};
const Time now = parse_iso8601("2015-12-29T00:00:00Z").value();
const SignOptions options{.region = "us-east-1", .signing_name = "s3", .time = now};

std::optional<std::string> secret_of(std::string_view id) {
  return id == credentials.access_key_id ? std::optional(credentials.secret_access_key) : std::nullopt;
}

std::string& value(FormFields& fields, std::string_view name) {
  return std::ranges::find(fields, name, &FormFields::value_type::first)->second;
}

FormFields form(std::string key = "up/${filename}") {
  const PostPolicy policy{
      .bucket = "amzn-s3-demo-bucket",
      .key = std::move(key),
      .conditions = parse_json(R"([{"acl": "private"}, ["content-length-range", 1, 1024]])").value()};
  const auto fields = presign_post(policy, {{"acl", "private"}}, credentials, options);
  EXPECT_TRUE(fields);
  return fields.value_or(FormFields{});
}

std::string refusal(const FormFields& fields, std::uint64_t size = 100, Time at = now,
                    const std::string& bucket = "amzn-s3-demo-bucket") {
  const auto result = verify_post(fields, bucket, size, secret_of, at);
  return result ? "" : result.error().aws->code;
}

TEST(SignPost, WhatIsSignedVerifies) {
  EXPECT_EQ(refusal(form()), "");
  EXPECT_EQ(refusal(form("exact")), "");
  FormFields chosen = form();
  value(chosen, "key") = "up/mine.txt";
  EXPECT_EQ(refusal(chosen), "");
  const auto scope = verify_post(chosen, "amzn-s3-demo-bucket", 1, secret_of, now);
  ASSERT_TRUE(scope);
  EXPECT_EQ(scope->session_token, "token");
}

// The policy of the reference's example, whose signature is printed there.
TEST(SignPost, TheReferencesSignature) {
  const std::string policy =
      "{ \"expiration\": \"2015-12-30T12:00:00.000Z\",\r\n  \"conditions\": [\r\n"
      "    {\"bucket\": \"sigv4examplebucket\"},\r\n    [\"starts-with\", \"$key\", \"user/user1/\"],\r\n"
      "    {\"acl\": \"public-read\"},\r\n"
      "    {\"success_action_redirect\": \"http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html\"},\r\n"
      "    [\"starts-with\", \"$Content-Type\", \"image/\"],\r\n    {\"x-amz-meta-uuid\": \"14365123651274\"},\r\n"
      "    {\"x-amz-server-side-encryption\": \"AES256\"},\r\n    [\"starts-with\", \"$x-amz-meta-tag\", \"\"],\r\n\r\n"
      "    {\"x-amz-credential\": \"AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request\"},\r\n"
      "    {\"x-amz-algorithm\": \"AWS4-HMAC-SHA256\"},\r\n    {\"x-amz-date\": \"20151229T000000Z\" }\r\n  ]\r\n}";
  const FormFields fields = {
      {"key", "user/user1/${filename}"},
      {"acl", "public-read"},
      {"success_action_redirect", "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html"},
      {"Content-Type", "image/jpeg"},
      {"x-amz-meta-uuid", "14365123651274"},
      {"x-amz-server-side-encryption", "AES256"},
      {"X-Amz-Credential", "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"},
      {"X-Amz-Algorithm", "AWS4-HMAC-SHA256"},
      {"X-Amz-Date", "20151229T000000Z"},
      {"x-amz-meta-tag", ""},
      {"Policy", encode_base64(policy)},
      {"X-Amz-Signature", "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e"}};
  EXPECT_EQ(refusal(fields, 100, now, "sigv4examplebucket"), "");
}

TEST(SignPost, EachConditionBinds) {
  EXPECT_EQ(refusal(form(), 0), "EntityTooSmall");
  EXPECT_EQ(refusal(form(), 1025), "EntityTooLarge");
  EXPECT_EQ(refusal(form(), 1, now, "other-bucket"), "AccessDenied");
  EXPECT_EQ(refusal(form(), 1, now + std::chrono::hours(2)), "AccessDenied");
  FormFields changed = form();
  value(changed, "key") = "elsewhere";
  EXPECT_EQ(refusal(changed), "AccessDenied");
  changed = form();
  value(changed, "acl") = "public-read";
  EXPECT_EQ(refusal(changed), "AccessDenied");
  changed = form();
  changed.emplace_back("x-amz-meta-more", "1");
  EXPECT_EQ(refusal(changed), "AccessDenied");
  changed = form();
  value(changed, "policy") += "AAAA";
  EXPECT_EQ(refusal(changed), "SignatureDoesNotMatch");
  changed = form();
  value(changed, "x-amz-credential") = "AKIDOTHER/20151229/us-east-1/s3/aws4_request";
  EXPECT_EQ(refusal(changed), "InvalidAccessKeyId");
  EXPECT_EQ(refusal({}), "InvalidArgument");
}

TEST(SignPost, AFormIsNotValidForEver) {
  const PostPolicy policy{.bucket = "b", .key = "k", .expires = std::chrono::days(8)};
  const auto refused = presign_post(policy, {}, credentials, options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::invalid_params);
}

}  // namespace
}  // namespace reeve::aws
