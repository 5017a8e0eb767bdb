#pragma once
#include <compare>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/document.h"
#include "base/result.h"
#include "base/task.h"

namespace reeve::aws {

/// One cell of an estate: an account's region. A global service uses the partition's home region.
struct Scope {
  std::string partition = "aws";
  std::string account;  ///< twelve digits; empty where it is not known yet
  std::string region;
  friend auto operator<=>(const Scope&, const Scope&) = default;
};

/// One call of an operation of AWS.
struct Request {
  std::string service;    ///< botocore's folder name, such as "ec2"
  std::string operation;  ///< as in the model, such as "DescribeSnapshots"
  Document params = {};   ///< a map by the model's input shape, or null for none
  Scope scope = {};
  Steady deadline{INT64_MAX};  ///< of the whole call, retries included
  /// Nothing is sent after this, neither first nor again: for changes that rest on evidence of limited age. Then the
  /// error is `drift`, or, where an attempt may have had its effect, how that one ended.
  Steady start_by{INT64_MAX};
  Cancel cancel = {};
  /// Fills idempotency tokens that params leave out; the same over all attempts of a call, and over calls that repeat
  /// one (an executor writes it down before it calls). Empty: the retry layer makes one up.
  std::string invocation_id = {};
  /// False: not tried again where an attempt may have had its effect (time-out, broken connection, 5xx). For creations
  /// without an idempotency token. What AWS refused before doing anything (throttles, expired tokens) is tried again.
  bool repeatable = true;
  /// The streaming member of an input (S3's PutObject Body), in place of the one in `params`.
  std::shared_ptr<ByteSource> body = {};
  /// Whether the streaming member of the output, or its events, are wanted piece by piece, in Response::body.
  bool streams = false;
  int attempt = 1;        ///< set by the retry layer
  int attempts_most = 1;  ///< set by the retry layer
  std::string operation_name() const { return service + "." + operation; }
};

/// What is known of an answer beside its document.
struct Meta {
  int status = 0;
  std::string request_id;
  std::optional<Time> date;  ///< AWS's clock, from the Date header
  int attempts = 1;
};

struct Response {
  Document document;  ///< a map by the model's output shape
  /// The streaming member of the output where Request::streams was set: blobs as they are, events as they were framed.
  std::shared_ptr<ByteReader> body = {};
  Meta meta;
};

/// The door to AWS: every call of Reeve goes through one of these. What surrounds a call (retry, limiter, count,
/// record, replay, fault) is an Api around an Api.
///
/// Errors: access_denied, throttled, timed_out, cancelled, network, server_error, credentials, expired_credentials,
/// endpoint, clock_skew, not_found (any "….NotFound"), in_use ("….InUse"), unsupported (see is_unsupported),
/// request_refused (any other 4xx), malformed (an answer that does not parse), unknown_service, invalid_params.
/// `error.operation` is "service.Operation"; `error.aws` holds AWS's own code, status and request id.
class Api {
 public:
  virtual ~Api() = default;
  virtual Task<Result<Response>> call(Request request) = 0;
};

}  // namespace reeve::aws
