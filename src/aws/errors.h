#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "aws/model.h"
#include "aws/protocol/codec.h"
#include "base/result.h"

namespace reeve::aws {

/// Error codes by which AWS says that it was asked too often (AWS SDKs' standard retry mode).
bool is_throttling_code(std::string_view code);
/// Error codes that pass by themselves, whatever the status (standard retry mode).
bool is_transient_code(std::string_view code);
/// Statuses that pass by themselves: 500, 502, 503, 504.
bool is_transient_status(int status);
/// True if the host is one of AWS's own, in any partition.
bool is_aws_host(std::string_view host);

/// What is known beside the error document.
struct ErrorContext {
  std::string operation;         ///< "ec2.DeleteSnapshot"
  std::string host;              ///< where the answer came from
  std::string retry_after;       ///< x-amz-retry-after as sent; empty if it was not
  std::optional<Duration> skew;  ///< AWS's clock minus the one that the request was signed by, where Date was sent
  int attempt = 1;
  bool has_answered = false;  ///< the other side has carried out this operation before: it knows it
};

/// An answer of status >= 300 as an error, by the rules of Api. `operation` may be null; its modelled errors say what
/// may be tried again.
Error to_error(const WireError& wire, const Operation* operation, const ErrorContext& context);

/// The answer means that the other side does not know the operation: InvalidAction or UnknownOperation, or an endpoint
/// that is not AWS's answered without an AWS error document as something that lacks an operation does (400, 404, 405,
/// 500, 501) and never carried the operation out. Nothing else counts: a gateway's 502, 503 or 504 says nothing of what
/// is behind it.
bool is_unsupported(const WireError& wire, const ErrorContext& context);

}  // namespace reeve::aws
