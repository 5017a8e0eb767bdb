// The rpc-v2-cbor protocol (Smithy: "Smithy RPC v2 CBOR protocol"): every operation is a POST to
// /service/SERVICE/operation/OPERATION; all members stand in a body of CBOR. With awsQueryCompatible as in json_rpc.cc.
#include <fmt/format.h>

#include "aws/customize.h"
#include "aws/protocol/cbor_body.h"
#include "aws/protocol/common.h"
#include "aws/protocol/json_error.h"
#include "aws/protocol/protocols.h"
#include "aws/protocol/validate.h"

namespace reeve::aws {
namespace {

constexpr std::string_view cbor_type = "application/cbor";
constexpr std::string_view events_type = "application/vnd.amazon.eventstream";

class CborRpcCodec final : public Codec {
 public:
  Result<EncodedRequest> encode_request(const ServiceModel& model, const Operation& operation, Value params,
                                        std::string_view idempotency_token) const override {
    TRY(validate_params(model, operation, params));
    const Document changed = customize_request(model, operation, params, Direction::encode);
    if (!changed.root().is_null()) params = changed;
    EncodedRequest request;
    request.target = fmt::format("/service/{}/operation/{}", model.target_prefix, operation.name);
    TRY(request.host_prefix, fill_host_prefix(model, operation, params));
    request.headers.emplace_back("smithy-protocol", "rpc-v2-cbor");
    const bool events = operation.output != nullptr && event_stream_of(*operation.output) != nullptr;
    request.headers.emplace_back("Accept", events ? events_type : cbor_type);
    if (model.query_compatible) request.headers.emplace_back("x-amzn-query-mode", "true");
    if (operation.input == nullptr) return request;
    request.headers.emplace_back("Content-Type", cbor_type);
    append_cbor_members(request.body, params, *operation.input, model.keys().get(), idempotency_token);
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
    error.code = error_name(cbor_text_member(response.body, "__type"));
    for (const char* name : {"message", "Message"}) {
      if (error.message.empty()) error.message = cbor_text_member(response.body, name);
    }
    error.is_document = !error.code.empty();
    if (const Shape* shape = find_error(model, operation, error.code)) {
      if (auto detail = read(model, shape, response.body)) error.detail = *std::move(detail);
    }
    read_query_error(model, response, error);
    return error;
  }

  Result<const Operation*> route(const ServiceModel& model, const HttpRequest& request) const override {
    std::string_view name = path_of(request.target);
    name.remove_prefix(std::min(name.size(), name.rfind('/') + 1));
    if (const Operation* found = model.find_operation(name)) return found;
    return fail(no_such_operation(model, name));
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
    HttpResponse response = start(200, request_id);
    if (operation.output == nullptr || event_stream_of(*operation.output) != nullptr) return response;
    response.headers.emplace_back("Content-Type", cbor_type);
    append_cbor_members(response.body, result, *operation.output, model.keys().get(), {});
    return response;
  }

  HttpResponse encode_error(const ServiceModel& model, const WireError& error) const override {
    const Shape* shape = model.find_error(error.code);
    HttpResponse response = start(error.status, error.request_id);
    response.headers.emplace_back("Content-Type", cbor_type);
    add_query_error(model, error, response);
    std::vector<std::pair<const Member*, Value>> detail;
    for (const auto [name, value] : error.detail.root().entries()) {
      const Member* member = shape == nullptr ? nullptr : shape->find(name);
      if (member == nullptr || member->shape == nullptr || value.is_null() || same_name(name, "message")) continue;
      detail.emplace_back(member, value);
    }
    std::string& out = response.body;
    append_cbor_map(out, 2 + detail.size());
    append_cbor_text(out, "__type");
    append_cbor_text(out, shape == nullptr ? std::string_view(error.code) : shape->name);
    append_cbor_text(out, "message");
    append_cbor_text(out, error.message);
    for (const auto& [member, value] : detail) {
      append_cbor_text(out, member->name);
      append_cbor(out, value, *member, model.keys().get());
    }
    return response;
  }

 private:
  static HttpResponse start(int status, std::string_view request_id) {
    HttpResponse response;
    response.status = status;
    response.headers.emplace_back("x-amzn-RequestId", request_id);
    response.headers.emplace_back("smithy-protocol", "rpc-v2-cbor");
    return response;
  }

  static Result<Document> read(const ServiceModel& model, const Shape* shape, std::string_view body) {
    return read_rpc_body(model, shape, body, read_cbor_members, cbor_events);
  }
};

}  // namespace

const Codec& cbor_rpc_codec() {
  static const CborRpcCodec codec;
  return codec;
}

}  // namespace reeve::aws
