#include "aws/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "aws/clock_skew.h"

namespace reeve::aws {

namespace {

using std::string_view_literals::operator""sv;

// Sorted, for binary search.
constexpr auto throttling_codes = std::to_array({
    "BandwidthLimitExceeded"sv,
    "EC2ThrottledException"sv,
    "LimitExceededException"sv,
    "PriorRequestNotComplete"sv,
    "ProvisionedThroughputExceededException"sv,
    "RequestLimitExceeded"sv,
    "RequestThrottled"sv,
    "RequestThrottledException"sv,
    "SlowDown"sv,
    "ThrottledException"sv,
    "Throttling"sv,
    "ThrottlingException"sv,
    "TooManyRequestsException"sv,
    "TransactionInProgressException"sv,
});
static_assert(std::ranges::is_sorted(throttling_codes));

constexpr auto denied_codes = std::to_array({
    "AccessDenied"sv,
    "AccessDeniedException"sv,
    "AuthFailure"sv,
    "AuthorizationError"sv,
    "AuthorizationErrorException"sv,
    "Blocked"sv,
    "Forbidden"sv,
    "ForbiddenException"sv,
    "NotAuthorized"sv,
    "NotAuthorizedException"sv,
    "OptInRequired"sv,
    "PendingVerification"sv,
    "UnauthorizedAccess"sv,
    "UnauthorizedException"sv,
    "UnauthorizedOperation"sv,
});
static_assert(std::ranges::is_sorted(denied_codes));

constexpr auto expired_codes = std::to_array({
    "ExpiredToken"sv,
    "ExpiredTokenException"sv,
    "InvalidAccessKeyId"sv,
    "InvalidClientTokenId"sv,
    "InvalidSignatureException"sv,
    "InvalidToken"sv,
    "RequestExpired"sv,
    "SignatureDoesNotMatch"sv,
    "TokenRefreshRequired"sv,
    "UnrecognizedClientException"sv,
});
static_assert(std::ranges::is_sorted(expired_codes));

// Refusals that a wrong clock explains, if the clock is indeed wrong.
constexpr auto clock_codes = std::to_array({
    "AuthFailure"sv,
    "InvalidSignatureException"sv,
    "RequestExpired"sv,
    "SignatureDoesNotMatch"sv,
});
static_assert(std::ranges::is_sorted(clock_codes));

constexpr auto missing_codes = std::to_array({
    "NoSuchBucket"sv,
    "NoSuchEntity"sv,
    "NoSuchKey"sv,
    "NotFoundException"sv,
    "ResourceNotFoundException"sv,
    "ResourceNotFoundFault"sv,
});
static_assert(std::ranges::is_sorted(missing_codes));

constexpr auto in_use_codes = std::to_array({
    "DeleteConflict"sv,
    "DependencyViolation"sv,
    "ResourceInUseException"sv,
    "ResourceInUseFault"sv,
});
static_assert(std::ranges::is_sorted(in_use_codes));

template <class Table>
bool is_in(const Table& table, std::string_view code) {
  return std::ranges::binary_search(table, code);
}

// A message of AWS may repeat what we sent; nobody reads more than this.
constexpr std::size_t message_bytes_most = 4096;

const Shape* modelled_error(const Operation* operation, std::string_view code) {
  if (operation == nullptr) return nullptr;
  for (const Shape* shape : operation->errors) {
    if ((shape->error_code.empty() ? shape->name : shape->error_code) == code) return shape;
  }
  return nullptr;
}

bool says_clock(const WireError& wire, const ErrorContext& context) {
  if (wire.code == "RequestTimeTooSkewed" || wire.code == "RequestInTheFuture") return true;
  const bool far = context.skew && std::chrono::abs(*context.skew) > ClockSkew::tolerance;
  if (far && is_in(clock_codes, wire.code)) return true;
  return wire.code.starts_with("Signature") || wire.code.starts_with("InvalidSignature")
             ? wire.message.starts_with("Signature expired") || wire.message.starts_with("Signature not yet current")
             : false;
}

bool says_expired(const WireError& wire) {
  if (is_in(expired_codes, wire.code)) return true;
  return wire.code == "AuthFailure" &&
         wire.message.find("validate the provided access credentials") != std::string::npos;
}

Code code_of(const WireError& wire, const Shape* modelled, const ErrorContext& context) {
  const std::string_view code = wire.code;
  if (is_unsupported(wire, context)) return Code::unsupported;
  if (says_clock(wire, context)) return Code::clock_skew;
  if (is_throttling_code(code) || wire.status == 429 || (modelled != nullptr && modelled->throttling)) {
    return Code::throttled;
  }
  if (says_expired(wire)) return Code::expired_credentials;
  if (is_in(denied_codes, code) || (code.empty() && (wire.status == 401 || wire.status == 403))) {
    return Code::access_denied;
  }
  const bool says_missing = code.empty() && wire.status == 404 && wire.is_document;
  if (code.ends_with(".NotFound") || is_in(missing_codes, code) || says_missing) return Code::not_found;
  if (code.ends_with(".InUse") || code == "VolumeInUse" || is_in(in_use_codes, code)) return Code::in_use;
  if (wire.status >= 500) return Code::server_error;
  return Code::request_refused;
}

/// The IAM action of "ec2.DescribeSnapshots", where it has the operation's name; else nothing.
std::string iam_action(std::string_view operation) {
  constexpr std::string_view same[] = {"autoscaling", "ec2", "iam", "rbin", "sts"};
  const std::size_t dot = operation.find('.');
  if (dot == std::string_view::npos || !is_in(same, operation.substr(0, dot))) return {};
  return std::string(operation.substr(0, dot)) + ":" + std::string(operation.substr(dot + 1));
}

std::string hint_of(Code code, const WireError& wire, std::string_view operation) {
  switch (code) {
    case Code::access_denied: {
      if (wire.code == "OptInRequired") return "This account has not signed up for the service or the region";
      const std::string action = iam_action(operation);
      return action.empty() ? "The caller's policies, boundaries or organization do not allow it"
                            : "Allow " + action + " to the caller (policies, boundaries, organization)";
    }
    case Code::expired_credentials:
      return "sign in again, or check the access key";
    case Code::clock_skew:
      return "set the local clock";
    case Code::throttled:
      return "others use this account's request rate too; try later";
    case Code::unsupported:
      return "the other side does not know this operation";
    default:
      return {};
  }
}

int milliseconds(std::string_view text) {
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && value >= 0 ? value : -1;
}

}  // namespace

bool is_throttling_code(std::string_view code) { return is_in(throttling_codes, code); }

bool is_transient_code(std::string_view code) { return code == "RequestTimeout" || code == "RequestTimeoutException"; }

bool is_transient_status(int status) { return status == 500 || (status >= 502 && status <= 504); }

bool is_aws_host(std::string_view host) {
  // The partitions' DNS suffixes, as in botocore's partitions.json.
  static constexpr auto suffixes = std::to_array({
      "amazonaws.com"sv,
      "amazonaws.com.cn"sv,
      "amazonaws.eu"sv,
      "api.amazonwebservices.com.cn"sv,
      "api.amazonwebservices.eu"sv,
      "api.aws"sv,
      "api.aws.hci.ic.gov"sv,
      "api.aws.ic.gov"sv,
      "api.aws.scloud"sv,
      "api.cloud-aws.adc-e.uk"sv,
      "c2s.ic.gov"sv,
      "cloud.adc-e.uk"sv,
      "csp.hci.ic.gov"sv,
      "on.aws"sv,
      "sc2s.sgov.gov"sv,
  });
  std::string lower(host);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return std::ranges::any_of(suffixes, [&](std::string_view suffix) {
    return lower.ends_with(suffix) && (lower.size() == suffix.size() || lower[lower.size() - suffix.size() - 1] == '.');
  });
}

bool is_unsupported(const WireError& wire, const ErrorContext& context) {
  if (wire.code == "InvalidAction" || wire.code == "UnknownOperation" || wire.code == "UnknownOperationException") {
    return true;
  }
  if (wire.is_document || context.has_answered || is_aws_host(context.host)) return false;
  static constexpr auto lacking = std::to_array({400, 404, 405, 500, 501});
  return std::ranges::binary_search(lacking, wire.status);
}

Error to_error(const WireError& wire, const Operation* operation, const ErrorContext& context) {
  const Shape* modelled = modelled_error(operation, wire.code);
  const Code code = code_of(wire, modelled, context);
  std::string message = wire.message.substr(0, message_bytes_most);
  if (!wire.is_document) {
    message = fmt::format("{} answered with status {} and no AWS error document",
                          context.host.empty() ? "the endpoint" : context.host, wire.status);
  } else if (message.empty()) {
    message = wire.code.empty() ? fmt::format("AWS answered with status {} and no reason", wire.status)
                                : fmt::format("AWS answered {}", wire.code);
  }
  const bool passes = is_transient_status(wire.status) || is_transient_code(wire.code) ||
                      (modelled != nullptr && modelled->retryable && !modelled->throttling);
  auto aws = std::make_shared<AwsError>(AwsError{.code = wire.code,
                                                 .status = wire.status,
                                                 .request_id = wire.request_id,
                                                 .attempts = context.attempt,
                                                 .retry_after_ms = milliseconds(context.retry_after),
                                                 .retryable = passes});
  return {.code = code,
          .message = std::move(message),
          .operation = context.operation,
          .hint = hint_of(code, wire, context.operation),
          .aws = std::move(aws)};
}

}  // namespace reeve::aws
