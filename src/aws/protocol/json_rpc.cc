// The json protocol, versions 1.0 and 1.1 (Smithy: "AWS JSON 1.0 protocol", "AWS JSON 1.1 protocol"): every operation
// is a POST to /, named by X-Amz-Target; all members stand in a JSON body. With awsQueryCompatible (Smithy: "AWS Query
// compatible trait"), errors carry the code that they had under the query protocol in a header.
#include <fmt/format.h>

#include "aws/customize.h"
#include "aws/protocol/common.h"
#include "aws/protocol/json_body.h"
#include "aws/protocol/json_error.h"
#include "aws/protocol/protocols.h"
#include "aws/protocol/validate.h"
#include "base/json.h"

namespace reeve::aws {
namespace {

std::string content_type(const ServiceModel& model) {
  return fmt::format("application/x-amz-json-{}", model.json_version.empty() ? "1.0" : model.json_version);
}

class JsonRpcCodec final : public Codec {
 public:
  Result<EncodedRequest> encode_request(const ServiceModel& model, const Operation& operation, Value params,
                                        std::string_view idempotency_token) const override {
    TRY(validate_params(model, operation, params));
    const Document changed = customize_request(model, operation, params, Direction::encode);
    if (!changed.root().is_null()) params = changed;
    EncodedRequest request;
    TRY(request.host_prefix, fill_host_prefix(model, operation, params));
    request.headers.emplace_back("Content-Type", content_type(model));
    request.headers.emplace_back("X-Amz-Target", fmt::format("{}.{}", model.target_prefix, operation.name));
    if (model.query_compatible) request.headers.emplace_back("x-amzn-query-mode", "true");
    if (operation.input == nullptr) {
      request.body = "{}";
    } else {
      append_json_members(request.body, params, *operation.input, model.keys().get(), idempotency_token);
    }
    return request;
  }

  Result<Document> decode_response(const ServiceModel& model, const Operation& operation,
                                   std::shared_ptr<const HttpResponse> response) const override {
    TRY(Document document, read(model, operation.output, response->body));
    Document changed = customize_response(model, operation, document, Direction::decode);
    return changed.root().is_null() ? document : changed;
  }

  WireError decode_error(const ServiceModel& model, const Operation& operation,
                         const HttpResponse& response) const override {
    WireError error;
    error.status = response.status;
    error.request_id = request_id_of(response);
    read_json_error(response, error);
    if (const Shape* shape = find_error(model, operation, error.code)) {
      if (auto detail = read(model, shape, response.body)) error.detail = *std::move(detail);
    }
    read_query_error(model, response, error);
    return error;
  }

  Result<const Operation*> route(const ServiceModel& model, const HttpRequest& request) const override {
    std::string_view target = header_of(request, "x-amz-target");
    target.remove_prefix(std::min(target.size(), target.rfind('.') + 1));
    if (const Operation* found = model.find_operation(target)) return found;
    return fail(no_such_operation(model, target));
  }

  Result<Document> decode_request(const ServiceModel& model, const Operation& operation,
                                  const HttpRequest& request) const override {
    TRY(Document params, read(model, operation.input, request.body));
    Document changed = customize_request(model, operation, params, Direction::decode);
    return changed.root().is_null() ? params : changed;
  }

  HttpResponse encode_response(const ServiceModel& model, const Operation& operation, Value result,
                               std::string_view request_id) const override {
    const Document changed = customize_response(model, operation, result, Direction::encode);
    if (!changed.root().is_null()) result = changed;
    HttpResponse response;
    response.status = 200;
    response.headers.emplace_back("x-amzn-RequestId", request_id);
    response.headers.emplace_back("Content-Type", content_type(model));
    if (operation.output == nullptr || event_stream_of(*operation.output) != nullptr) return response;
    append_json_members(response.body, result, *operation.output, model.keys().get(), {});
    return response;
  }

  HttpResponse encode_error(const ServiceModel& model, const WireError& error) const override {
    const Shape* shape = model.find_error(error.code);
    HttpResponse response;
    response.status = error.status;
    response.headers.emplace_back("x-amzn-RequestId", error.request_id);
    response.headers.emplace_back("Content-Type", content_type(model));
    add_query_error(model, error, response);
    response.body = "{\"__type\":";
    append_json_string(response.body, shape == nullptr ? std::string_view(error.code) : shape->name);
    response.body += ',';
    append_json_error_members(response.body, model, shape, error);
    response.body += '}';
    return response;
  }

 private:
  static Result<Document> read(const ServiceModel& model, const Shape* shape, const std::string& text) {
    std::string storage;
    return read_rpc_body(model, shape, padded(text, storage), read_json_members, json_events);
  }
};

}  // namespace

const Codec& json_rpc_codec() {
  static const JsonRpcCodec codec;
  return codec;
}

}  // namespace reeve::aws
