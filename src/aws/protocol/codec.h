#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/model.h"
#include "base/document.h"
#include "base/result.h"
#include "base/seams.h"

namespace reeve::aws {

/// What a client's codec makes of a call: a request without host, credentials and signature.
struct EncodedRequest {
  std::string method = "POST";
  std::string target = "/";  ///< path and query
  std::string host_prefix;   ///< to put before the endpoint's host, labels filled in
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

/// An error as AWS sent it, or as the sandbox is to send it.
struct WireError {
  std::string code;  ///< "InvalidSnapshot.NotFound"
  std::string message;
  int status = 400;
  std::string request_id;
  Document detail;  ///< members of a modelled error shape, or null
  std::vector<std::pair<std::string, std::string>> elements =
      {};  ///< texts beside the message, where the protocol has room for them (rest-xml): no model has them
  bool is_document =
      true;  ///< false: the answer was not an AWS error document (an emulator's HTML page, an empty body)
};

/// One wire protocol, in both directions. A walk over the model's shapes; stateless, safe from any thread. The client
/// half and the server half are each other's inverse: what one writes the other reads back.
class Codec {
 public:
  virtual ~Codec() = default;

  // Client
  /// Errors: invalid_params (names the member's path, its expected type, and what may stand there).
  /// `idempotency_token` fills members with that trait that params leave out.
  virtual Result<EncodedRequest> encode_request(const ServiceModel& model, const Operation& operation, Value params,
                                                std::string_view idempotency_token) const = 0;
  /// Decodes an answer of status < 300 into a map by the output shape; keys are ids of the model's Keys. Lists that the
  /// answer lacks are absent. The body must be followed by 64 readable bytes (HttpResponse). Errors: malformed,
  /// limit_exceeded.
  virtual Result<Document> decode_response(const ServiceModel& model, const Operation& operation,
                                           std::shared_ptr<const HttpResponse> response) const = 0;
  /// Decodes an answer of status >= 300; never fails: what does not parse is `is_document = false`.
  virtual WireError decode_error(const ServiceModel& model, const Operation& operation,
                                 const HttpResponse& response) const = 0;

  /// Whether an answer is an error: by its status; with S3 also by an error document in an answer of status 200, as
  /// copies and completions give that failed after they began (S3 API reference: "CopyObject"). `decode_error` then
  /// gives it the status 500, so that it is tried again.
  virtual bool is_error(const ServiceModel&, const Operation&, const HttpResponse& response) const {
    return response.status >= 300;
  }

  // Server
  /// Which operation a request means. Errors: unknown_service (no such operation).
  virtual Result<const Operation*> route(const ServiceModel& model, const HttpRequest& request) const = 0;
  /// Errors: malformed, invalid_params.
  virtual Result<Document> decode_request(const ServiceModel& model, const Operation& operation,
                                          const HttpRequest& request) const = 0;
  /// `result` a map by the output shape; empty lists are sent where AWS sends them.
  virtual HttpResponse encode_response(const ServiceModel& model, const Operation& operation, Value result,
                                       std::string_view request_id) const = 0;
  virtual HttpResponse encode_error(const ServiceModel& model, const WireError& error) const = 0;
};

/// The codec of a protocol by its name in models ("ec2", "query", "rest-json", …); nullptr for one we do not speak.
const Codec* find_codec(std::string_view protocol);
/// The first of the model's protocols that we speak: what a client uses. Errors: unknown_service.
Result<const Codec*> codec_for(const ServiceModel& model);
/// The protocol that a request is in, among the model's: what a server uses. Told by Smithy-Protocol, X-Amz-Target and
/// Content-Type; codec_for's where these say nothing. Errors: unknown_service.
Result<const Codec*> codec_of(const ServiceModel& model, const HttpRequest& request);

}  // namespace reeve::aws
