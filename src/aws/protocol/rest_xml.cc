// The rest-xml protocol (Smithy: "AWS restXml protocol"): members in URI, query string and headers, the rest as XML.
// S3 has ways of its own (S3 API reference): errors without a wrapper, errors in answers of status 200, one answer
// whose root element is the member itself.
#include <fmt/format.h>

#include "aws/customize.h"
#include "aws/protocol/common.h"
#include "aws/protocol/protocols.h"
#include "aws/protocol/rest.h"
#include "aws/protocol/scalar.h"
#include "aws/protocol/validate.h"
#include "aws/protocol/xml_read.h"
#include "aws/protocol/xml_write.h"

namespace reeve::aws {
namespace {

constexpr std::string_view xml_type = "application/xml";

bool is_s3(const ServiceModel& model) { return model.service() == "s3"; }

/// The member that an answer's root element is, where it is no wrapper; nullptr elsewhere.
const Member* unwrapped_member(const ServiceModel& model, const Operation& operation) {
  if (!is_s3(model) || operation.name != "GetBucketLocation" || operation.output == nullptr) return nullptr;
  return operation.output->find("LocationConstraint");
}

/// The element of a member that is the whole body. Models repeat a member's own name where it has no other, which says
/// nothing about the element unless it is written as an element's.
std::string_view payload_name(const Member& payload) {
  const bool repeated = payload.location_name == payload.name && !payload.name.empty() && payload.name[0] >= 'a' &&
                        payload.name[0] <= 'z';
  if (!repeated && !payload.location_name.empty()) return payload.location_name;
  return payload.shape->location_name.empty() ? payload.shape->name : payload.shape->location_name;
}

/// The body of a request whose members share it; empty if none of them is given.
std::string request_body(const Operation& operation, const Shape& shape, Value params, const Keys* keys,
                         std::string_view token) {
  Member root;
  root.shape = &shape;
  root.xml_prefix = shape.xml_prefix;
  root.xml_uri = operation.input_xml_uri.empty() ? shape.xml_uri : operation.input_xml_uri;
  std::string_view name = shape.location_name.empty() ? operation.input_location_name : shape.location_name;
  if (name.empty()) name = shape.name;
  std::uint32_t hint = 0;
  bool any = false;
  for (const Member& member : shape.members) {
    if (member.location != Location::body || member.shape == nullptr) continue;
    any = any || !member_of(params, member, keys, hint).is_null() || (member.idempotency_token && !token.empty());
  }
  std::string body;
  if (any) append_xml_value(body, params, root, name, keys, token);
  return body;
}

class RestXmlCodec final : public Codec {
 public:
  Result<EncodedRequest> encode_request(const ServiceModel& model, const Operation& operation, Value params,
                                        std::string_view idempotency_token) const override {
    TRY(validate_params(model, operation, params));
    const Document changed = customize_request(model, operation, params, Direction::encode);
    if (!changed.root().is_null()) params = changed;
    EncodedRequest request;
    request.method = operation.method;
    TRY(request.host_prefix, fill_host_prefix(model, operation, params));
    TRY(write_bindings(model, operation, params, idempotency_token, request));
    if (operation.input == nullptr) return request;
    const Shape& shape = *operation.input;
    const Keys* keys = model.keys().get();
    const Member* payload = payload_of(shape);
    if (payload == nullptr || payload->shape == nullptr) {
      request.body = request_body(operation, shape, params, keys, idempotency_token);
      if (!request.body.empty()) add_content_type(request.headers, xml_type);
    } else {
      std::uint32_t hint = 0;
      add_content_type(request.headers,
                       write_payload(member_of(params, *payload, keys, hint), *payload, keys, request.body));
    }
    return request;
  }

  Result<Document> decode_response(const ServiceModel& model, const Operation& operation,
                                   std::shared_ptr<const HttpResponse> response) const override {
    std::string storage;
    const std::string_view body = padded(response->body, storage);
    Tape tape(body.size());
    if (operation.output != nullptr) {
      TRY(read_header_bindings(tape, *operation.output, response->headers, response->status));
      if (const Member* root = unwrapped_member(model, operation)) {
        TRY(read_unwrapped(tape, body, *root));
      } else {
        TRY(read_body(tape, body, *operation.output, {}));
      }
    }
    tape.close(0, Kind::map, Keys::none);
    const Document document = tape.finish(model.keys());
    Document changed = customize_response(model, operation, document, Direction::decode);
    return changed.root().is_null() ? document : changed;
  }

  WireError decode_error(const ServiceModel& model, const Operation& operation,
                         const HttpResponse& response) const override {
    WireError error;
    error.status = response.status < 300 ? 500 : response.status;
    std::string storage;
    const std::string_view body = padded(response.body, storage);
    read_xml_error(body, error);
    if (error.request_id.empty()) error.request_id = request_id_of(response);
    // HEAD has no body to say more in (RFC 9110, 9.3.2): the status is all there is.
    if (operation.method == "HEAD" && body.empty()) error.is_document = true;
    if (!error.is_document) return error;
    if (const Shape* shape = find_error(model, operation, error.code)) {
      if (auto detail = read_detail(model, *shape, response, body)) error.detail = *std::move(detail);
    }
    return error;
  }

  bool is_error(const ServiceModel& model, const Operation& operation, const HttpResponse& response) const override {
    if (response.status >= 300) return true;
    if (!is_s3(model) || response.body.empty() || operation.output == nullptr) return false;
    const Member* payload = payload_of(*operation.output);
    if (payload != nullptr && (is_raw(*payload) || payload->shape == nullptr || payload->shape->event_stream))
      return false;
    std::string storage;
    return xml_root_name(padded(response.body, storage)) == "Error";
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
      TRY(read_body(tape, body, *operation.input, {}));
    }
    tape.close(0, Kind::map, Keys::none);
    const Document params = tape.finish(model.keys());
    Document changed = customize_request(model, operation, params, Direction::decode);
    return changed.root().is_null() ? params : changed;
  }

  HttpResponse encode_response(const ServiceModel& model, const Operation& operation, Value result,
                               std::string_view request_id) const override {
    const Document changed = customize_response(model, operation, result, Direction::encode);
    if (!changed.root().is_null()) result = changed;
    HttpResponse response;
    response.status = operation.response_code;
    add_request_id(model, request_id, response);
    if (operation.output == nullptr) return response;
    const Shape& shape = *operation.output;
    const Keys* keys = model.keys().get();
    write_response_bindings(shape, result, keys, response);
    const Member* payload = payload_of(shape);
    const Member* unwrapped = unwrapped_member(model, operation);
    std::string_view type = xml_type;
    std::uint32_t hint = 0;
    if (payload != nullptr && payload->shape != nullptr) {
      type = write_payload(member_of(result, *payload, keys, hint), *payload, keys, response.body);
    } else if (unwrapped != nullptr) {
      append_root(model, member_of(result, *unwrapped, keys, hint), *unwrapped, unwrapped->name, response.body);
    } else if (has_body_members(shape)) {
      Member root;
      root.shape = &shape;
      append_root(model, result, root, shape.location_name.empty() ? shape.name : shape.location_name, response.body);
    } else {
      return response;
    }
    if (response.status == 204) response.body.clear();  // RFC 9110, 15.3.5: no content
    if (!response.body.empty()) add_content_type(response.headers, type);
    return response;
  }

  HttpResponse encode_error(const ServiceModel& model, const WireError& error) const override {
    HttpResponse response;
    response.status = error.status;
    add_request_id(model, error.request_id, response);
    response.headers.emplace_back("Content-Type", xml_type);
    std::string& out = response.body;
    out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    if (!is_s3(model)) {
      out.append("<ErrorResponse xmlns=\"").append(xml_namespace(model)).append("\">");
    }
    out += "<Error>";
    if (!is_s3(model)) append_xml_element(out, "Type", error.status < 500 ? "Sender" : "Receiver");
    append_xml_element(out, "Code", error.code);
    append_xml_element(out, "Message", error.message);
    for (const auto& [element, text] : error.elements) append_xml_element(out, element, text);
    if (const Shape* shape = model.find_error(error.code); shape != nullptr && error.detail.root().is_map()) {
      write_response_bindings(*shape, error.detail, model.keys().get(), response);
      append_detail(out, *shape, error.detail, model.keys().get());
    }
    if (is_s3(model)) append_xml_element(out, "RequestId", error.request_id);
    out += "</Error>";
    if (!is_s3(model)) {
      append_xml_element(out, "RequestId", error.request_id);
      out += "</ErrorResponse>";
    }
    return response;
  }

 private:
  static void add_request_id(const ServiceModel& model, std::string_view id, HttpResponse& response) {
    response.headers.emplace_back(is_s3(model) ? "x-amz-request-id" : "x-amzn-RequestId", id);
  }

  /// An answer's root element, in the service's namespace. A value that is null is an empty element.
  static void append_root(const ServiceModel& model, Value value, Member member, std::string_view name,
                          std::string& out) {
    const std::string space = xml_namespace(model);
    member.xml_uri = space;
    out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    append_xml_value(out, value, member, name, model.keys().get(), {});
  }

  /// The members of an error beside its message.
  static void append_detail(std::string& out, const Shape& shape, Value detail, const Keys* keys) {
    std::uint32_t hint = 0;
    for (const Member& member : shape.members) {
      if (member.location != Location::body || member.shape == nullptr || same_name(member.name, "message")) continue;
      const Value value = member_of(detail, member, keys, hint);
      if (!value.is_null()) append_xml_value(out, value, member, member.xml_name, keys, {});
    }
  }

  /// Writes the member that is the whole body; gives its content type, or nothing if there is no body or S3 is to keep
  /// the type that the caller says.
  static std::string_view write_payload(Value value, const Member& payload, const Keys* keys, std::string& body) {
    if (value.is_null() || payload.shape->event_stream) return {};
    if (is_raw(payload)) {
      body = bytes_of(value);
      return payload.shape->type == ShapeType::blob ? std::string_view{} : "text/plain";
    }
    append_xml_value(body, value, payload, payload_name(payload), keys, {});
    return xml_type;
  }

  static Result<void> read_body(Tape& tape, std::string_view body, const Shape& shape, XmlPlace place) {
    const Member* payload = payload_of(shape);
    if (payload == nullptr || payload->shape == nullptr) {
      return shape.members.empty() ? Result<void>{} : read_xml_members(tape, body, shape, place);
    }
    if (payload->shape->event_stream) return read_events(tape, body, *payload, shape, xml_events);
    if (!is_raw(*payload)) return read_xml_value(tape, body, *payload);
    read_raw_payload(tape, body, *payload);
    return {};
  }

  static Result<void> read_unwrapped(Tape& tape, std::string_view body, const Member& root) {
    const std::size_t mark = tape.mark();
    TRY(read_xml_value(tape, body, root));
    if (tape.mark() > mark && tape.top().size == 0) tape.truncate(mark);  // us-east-1 has no constraint
    return {};
  }

  static Result<Document> read_detail(const ServiceModel& model, const Shape& shape, const HttpResponse& response,
                                      std::string_view body) {
    Tape tape(body.size());
    TRY(read_header_bindings(tape, shape, response.headers, response.status));
    TRY(read_xml_members(tape, body, shape, {.first = "Error", .optional = true}));
    tape.close(0, Kind::map, Keys::none);
    return tape.finish(model.keys());
  }
};

}  // namespace

const Codec& rest_xml_codec() {
  static const RestXmlCodec codec;
  return codec;
}

}  // namespace reeve::aws
