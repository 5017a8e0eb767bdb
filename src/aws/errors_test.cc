#include "aws/errors.h"

#include <gtest/gtest.h>

#include "aws/retry.h"

namespace reeve::aws {
namespace {

constexpr const char* aws_host = "ec2.us-east-1.amazonaws.com";

Error error_of(std::string code, int status = 400, std::string message = "m", std::optional<Duration> skew = {}) {
  const WireError wire{.code = std::move(code), .message = std::move(message), .status = status, .request_id = "r-1"};
  ErrorContext context{.operation = "ec2.Op", .host = aws_host, .skew = skew};
  return to_error(wire, nullptr, context);
}

TEST(Errors, CodesOfAwsBecomeOurs) {
  EXPECT_EQ(error_of("UnauthorizedOperation", 403).code, Code::access_denied);
  EXPECT_EQ(error_of("AccessDeniedException", 400).code, Code::access_denied);
  EXPECT_EQ(error_of("AuthFailure", 401).code, Code::access_denied);
  EXPECT_EQ(error_of("", 403).code, Code::access_denied);
  EXPECT_EQ(error_of("RequestLimitExceeded", 503).code, Code::throttled);
  EXPECT_EQ(error_of("", 429).code, Code::throttled);
  EXPECT_EQ(error_of("InvalidSnapshot.NotFound").code, Code::not_found);
  EXPECT_EQ(error_of("NoSuchEntity", 404).code, Code::not_found);
  EXPECT_EQ(error_of("InvalidSnapshot.InUse").code, Code::in_use);
  EXPECT_EQ(error_of("VolumeInUse").code, Code::in_use);
  EXPECT_EQ(error_of("InternalError", 500).code, Code::server_error);
  EXPECT_EQ(error_of("InvalidParameterValue").code, Code::request_refused);
  EXPECT_EQ(error_of("ExpiredToken", 403).code, Code::expired_credentials);
  EXPECT_EQ(error_of("InvalidClientTokenId", 403).code, Code::expired_credentials);
  EXPECT_EQ(error_of("AuthFailure", 401, "AWS was not able to validate the provided access credentials").code,
            Code::expired_credentials);
}

TEST(Errors, DryRunStaysVisible) {
  const Error error = error_of("DryRunOperation", 412);
  EXPECT_EQ(error.code, Code::request_refused);
  ASSERT_TRUE(error.aws);
  EXPECT_EQ(error.aws->code, "DryRunOperation");
  EXPECT_EQ(error.aws->status, 412);
  EXPECT_EQ(error.aws->request_id, "r-1");
  EXPECT_EQ(error.operation, "ec2.Op");
}

TEST(Errors, ClockOnlyWhereTheClockIsWrong) {
  EXPECT_EQ(error_of("RequestTimeTooSkewed", 403).code, Code::clock_skew);
  EXPECT_EQ(error_of("RequestExpired", 400).code, Code::expired_credentials);
  EXPECT_EQ(error_of("RequestExpired", 400, "m", std::chrono::minutes(1)).code, Code::expired_credentials);
  EXPECT_EQ(error_of("RequestExpired", 400, "m", std::chrono::minutes(-11)).code, Code::clock_skew);
  EXPECT_EQ(error_of("AuthFailure", 401, "m", std::chrono::minutes(11)).code, Code::clock_skew);
  EXPECT_EQ(error_of("SignatureDoesNotMatch", 403, "Signature expired: 2026… is now earlier than …").code,
            Code::clock_skew);
  EXPECT_EQ(error_of("SignatureDoesNotMatch", 403, "Signature not yet current: …").code, Code::clock_skew);
  EXPECT_EQ(error_of("SignatureDoesNotMatch", 403).code, Code::expired_credentials);
}

// Section 2, idea 4 of the design: nothing else counts as unsupported.
TEST(Errors, Unsupported) {
  const auto judged = [](WireError wire, std::string_view host) {
    return is_unsupported(wire, {.host = std::string(host)});
  };
  EXPECT_TRUE(judged({.code = "InvalidAction"}, aws_host));
  EXPECT_TRUE(judged({.code = "UnknownOperationException"}, aws_host));
  EXPECT_TRUE(judged({.status = 500, .is_document = false}, "localhost"));
  EXPECT_TRUE(judged({.status = 404, .is_document = false}, "127.0.0.1"));
  for (const int gateway : {302, 403, 429, 502, 503, 504}) {
    EXPECT_FALSE(judged({.status = gateway, .is_document = false}, "localhost")) << gateway;
  }
  EXPECT_FALSE(is_unsupported({.status = 500, .is_document = false}, {.host = "localhost", .has_answered = true}));
  EXPECT_FALSE(judged({.status = 500, .is_document = false}, aws_host));
  EXPECT_FALSE(judged({.code = "InternalError", .status = 500}, "localhost"));
  EXPECT_FALSE(judged({.code = "NotImplemented", .status = 501}, "localhost"));
  EXPECT_FALSE(judged({.code = "AccessDenied", .status = 403}, "localhost"));
}

TEST(Errors, AnEmulatorsPageIsNotTriedAgain) {
  const WireError wire{.status = 500, .is_document = false};
  const ErrorContext context{.operation = "rbin.ListRules", .host = "localhost"};
  const Error error = to_error(wire, nullptr, context);
  EXPECT_EQ(error.code, Code::unsupported);
  EXPECT_EQ(judge_retry(error), RetryVerdict::no);
}

TEST(Errors, HostsOfAws) {
  EXPECT_TRUE(is_aws_host("ec2.us-east-1.amazonaws.com"));
  EXPECT_TRUE(is_aws_host("EC2.cn-north-1.amazonaws.com.cn"));
  EXPECT_TRUE(is_aws_host("ec2.us-east-1.api.aws"));
  EXPECT_FALSE(is_aws_host("localhost"));
  EXPECT_FALSE(is_aws_host("notamazonaws.com"));
  EXPECT_FALSE(is_aws_host("amazonaws.com.example.org"));
}

TEST(Errors, LongMessagesAreCut) { EXPECT_EQ(error_of("X", 400, std::string(100'000, 'x')).message.size(), 4096U); }

}  // namespace
}  // namespace reeve::aws
