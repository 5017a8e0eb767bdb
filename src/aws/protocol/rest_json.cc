// The rest-json protocol (Smithy: "AWS restJson1 protocol"): members in URI, query string and headers, the rest as
// JSON.
#include <fmt/format.h>

#include "aws/protocol/common.h"
#include "aws/protocol/json_body.h"
#include "aws/protocol/json_error.h"
#include "aws/protocol/protocols.h"
#include "aws/protocol/rest.h"
#include "aws/protocol/scalar.h"
#include "aws/protocol/validate.h"

namespace reeve::aws {
namespace {

class RestJsonCodec final : public Codec {
 public:
  Result<EncodedRequest> encode_request(const ServiceModel& model, const Operation& operation, Value params,
                                        std::string_view idempotency_token) const override {
    TRY(validate_params(model, operation, params));
    EncodedRequest request;
    request.method = operation.method;
    TRY(request.host_prefix, fill_host_prefix(model, operation, params));
    TRY(write_bindings(model, operation, params, idempotency_token, request));
    if (operation.input == nullptr) return request;
    const Shape& shape = *operation.input;
    const Keys* keys = model.keys().get();
    std::string_view type;
    if (const Member* payload = payload_of(shape); payload != nullptr && payload->shape != nullptr) {
      std::uint32_t hint = 0;
      const Value value = member_of(params, *payload, keys, hint);
      type = write_payload(value, *payload, keys, request.body);
    } else if (has_body_members(shape)) {
      append_json_members(request.body, params, shape, keys, idempotency_token);
      type = "application/json";
    }
    add_content_type(request.headers, type);
    return request;
  }

  Result<Document> decode_response(const ServiceModel& model, const Operation& operation,
                                   std::shared_ptr<const HttpResponse> response) const override {
    return read(model, operation.output, *response);
  }

  WireError decode_error(const ServiceModel& model, const Operation& operation,
                         const HttpResponse& response) const override {
    WireError error;
    error.status = response.status;
    error.request_id = request_id_of(response);
    read_json_error(response, error);
    if (const Shape* shape = find_error(model, operation, error.code)) {
      if (auto detail = read(model, shape, response)) error.detail = *std::move(detail);
    }
    return error;
  }

  Result<const Operation*> route(const ServiceModel& model, const HttpRequest& request) const override {
    if (const Operation* found = route_by_target(model, request)) return found;
    return fail(no_such_operation(model, fmt::format("{} {}", request.method, path_of(request.target))));
  }

  Result<Document> decode_request(const ServiceModel& model, const Operation& operation,
                                  const HttpRequest& request) const override {
    std::string storage;
    const std::string_view body = padded(request.body, storage);
    Tape tape(body.size());
    if (operation.input != nullptr) {
      TRY(read_target_bindings(tape, operation, request.target));
      TRY(read_header_bindings(tape, *operation.input, request.headers, 0));
      TRY(read_body(tape, body, *operation.input));
    }
    tape.close(0, Kind::map, Keys::none);
    return tape.finish(model.keys());
  }

  HttpResponse encode_response(const ServiceModel& model, const Operation& operation, Value result,
                               std::string_view request_id) const override {
    HttpResponse response;
    response.status = operation.response_code;
    response.headers.emplace_back("x-amzn-RequestId", request_id);
    if (operation.output == nullptr) return response;
    const Shape& shape = *operation.output;
    const Keys* keys = model.keys().get();
    write_response_bindings(shape, result, keys, response);
    std::string_view type = "application/json";
    if (const Member* payload = payload_of(shape); payload != nullptr && payload->shape != nullptr) {
      std::uint32_t hint = 0;
      type = write_payload(member_of(result, *payload, keys, hint), *payload, keys, response.body);
    } else {
      append_json_members(response.body, result, shape, keys, {});
    }
    if (response.status == 204) {  // RFC 9110, 15.3.5: no content
      response.body.clear();
      return response;
    }
    add_content_type(response.headers, type);
    return response;
  }

  HttpResponse encode_error(const ServiceModel& model, const WireError& error) const override {
    HttpResponse response;
    response.status = error.status;
    response.headers.emplace_back("x-amzn-RequestId", error.request_id);
    response.headers.emplace_back("x-amzn-ErrorType", error.code);
    response.headers.emplace_back("Content-Type", "application/json");
    response.body = "{";
    append_json_error_members(response.body, model, model.find_error(error.code), error);
    response.body += '}';
    return response;
  }

 private:
  /// Writes the member that is the whole body; gives its content type, or nothing if there is no body.
  static std::string_view write_payload(Value value, const Member& payload, const Keys* keys, std::string& body) {
    if (payload.shape->event_stream) return {};
    if (is_raw(payload)) {
      if (value.is_null()) return {};
      body = bytes_of(value);
      return payload.shape->type == ShapeType::blob ? "application/octet-stream" : "text/plain";
    }
    if (!value.is_null()) {
      append_json(body, value, payload, keys);
    } else if (payload.shape->type == ShapeType::structure && !payload.shape->document && !payload.shape->union_type) {
      body = "{}";
    } else {
      return {};
    }
    return "application/json";
  }

  static Result<void> read_body(Tape& tape, std::string_view body, const Shape& shape) {
    const Member* payload = payload_of(shape);
    if (payload == nullptr || payload->shape == nullptr) return read_json_members(tape, body, shape);
    if (payload->shape->event_stream) return read_events(tape, body, *payload, shape, json_events);
    if (!is_raw(*payload)) return read_json_value(tape, body, *payload, payload->key);
    read_raw_payload(tape, body, *payload);
    return {};
  }

  static Result<Document> read(const ServiceModel& model, const Shape* shape, const HttpResponse& response) {
    std::string storage;
    const std::string_view body = padded(response.body, storage);
    Tape tape(body.size());
    if (shape != nullptr) {
      TRY(read_header_bindings(tape, *shape, response.headers, response.status));
      TRY(read_body(tape, body, *shape));
    }
    tape.close(0, Kind::map, Keys::none);
    return tape.finish(model.keys());
  }
};

}  // namespace

const Codec& rest_json_codec() {
  static const RestJsonCodec codec;
  return codec;
}

}  // namespace reeve::aws
