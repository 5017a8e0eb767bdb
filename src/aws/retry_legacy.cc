#include "aws/retry_legacy.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace reeve::aws {
namespace {

struct Policy {
  std::string_view service;  // empty: all
  std::string_view code;     // empty: any
  int status;
  RetryVerdict verdict = RetryVerdict::transient;
};

// botocore's _retry.json, a row for each policy that an answer can meet.
constexpr auto policies = std::to_array<Policy>({
    {"", "Throttling", 400, RetryVerdict::throttling},
    {"", "ThrottlingException", 400, RetryVerdict::throttling},
    {"", "ThrottledException", 400, RetryVerdict::throttling},
    {"", "RequestThrottledException", 400, RetryVerdict::throttling},
    {"", "ProvisionedThroughputExceededException", 400, RetryVerdict::throttling},
    {"", "", 429, RetryVerdict::throttling},
    {"ec2", "RequestLimitExceeded", 503, RetryVerdict::throttling},
    {"ec2", "EC2ThrottledException", 503, RetryVerdict::throttling},
    {"organizations", "TooManyRequestsException", 400, RetryVerdict::throttling},
    {"cloudsearch", "BandwidthLimitExceeded", 509, RetryVerdict::throttling},
    {"kinesis", "LimitExceededException", 400, RetryVerdict::throttling},
    {"sqs", "RequestThrottled", 403, RetryVerdict::throttling},
    {"", "", 500},
    {"", "", 502},
    {"", "", 503},
    {"", "", 504},
    {"", "", 509},
    {"dynamodb", "ReplicatedWriteConflictException", 409},
    {"dynamodb", "TransactionInProgressException", 400},
    {"s3", "RequestTimeout", 400},
    {"s3", "BadDigest", 400},
    {"glacier", "RequestTimeoutException", 408},
    {"route53", "PriorRequestNotComplete", 400},
    {"sts", "IDPCommunicationError", 400},
});

bool is_dynamodb(std::string_view service) { return service == "dynamodb"; }

}  // namespace

RetryVerdict judge_legacy(std::string_view service, const Error& error) {
  if (error.aws) {
    const auto met = std::ranges::find_if(policies, [&](const Policy& one) {
      return (one.service.empty() || one.service == service) && (one.code.empty() || one.code == error.aws->code) &&
             one.status == error.aws->status;
    });
    if (met != policies.end() && error.code != Code::unsupported) return met->verdict;
  }
  switch (error.code) {
    case Code::clock_skew:
    case Code::expired_credentials:
      return error.aws ? RetryVerdict::corrected : RetryVerdict::no;
    case Code::network:
    case Code::timed_out:
      return RetryVerdict::transient;
    case Code::malformed:  // an answer that is not what its CRC-32 says
      return is_dynamodb(service) ? RetryVerdict::transient : RetryVerdict::no;
    default:
      return RetryVerdict::no;
  }
}

Duration legacy_delay(std::string_view service, int attempt, double random) {
  constexpr double longest_s =
      60;  // of DynamoDB's ten attempts the last waits 12.8 s; a bound for numbers people choose
  const double base = is_dynamodb(service) ? 0.05 : random;
  const double doublings = static_cast<double>(std::int64_t{1} << std::clamp(attempt - 1, 0, 20));
  return Duration(static_cast<std::int64_t>(std::min(base * doublings, longest_s) * 1e6));
}

int legacy_attempts(std::string_view service, int attempts_most) {
  constexpr int usual = 5, dynamodb = 10;
  return attempts_most == usual && is_dynamodb(service) ? dynamodb : attempts_most;
}

}  // namespace reeve::aws
