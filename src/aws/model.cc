#include "aws/model.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <deque>
#include <mutex>
#include <unordered_map>

#include "base/json.h"

namespace reeve::aws {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

const Member* Shape::find(std::string_view member) const {
  for (const Member& m : members) {
    if (m.name == member) return &m;
  }
  return nullptr;
}

/// The model's JSON as simdjson read it, and the shapes and operations made of it so far. Texts are views into it.
struct ServiceModel::Impl {
  struct ShapeEntry {
    element json;
    Shape* shape = nullptr;
  };
  struct OperationEntry {
    element json;
    Operation* operation = nullptr;
  };

  simdjson::dom::document document;
  std::shared_ptr<Keys> keys;
  std::vector<std::string_view> operation_order;
  // What follows is filled in as it is asked for.
  std::mutex mutex;
  std::unordered_map<std::string_view, ShapeEntry> shapes;
  std::unordered_map<std::string_view, OperationEntry> operations;
  std::deque<Shape> made_shapes;
  std::deque<Operation> made_operations;
  std::deque<std::vector<std::string_view>> texts;
  std::vector<ShapeEntry*> waiting;                                    // shapes that exist and have yet to be filled in
  std::unordered_map<std::string_view, std::string_view> error_codes;  // code → shape, for codes that are no names
  bool has_error_codes = false;
  std::uint32_t ordinals = 0;

  Shape* shape(std::string_view name);
  void index_error_codes();
  void fill_waiting();
  void fill(Shape& shape, element json);
  Member member(std::string_view name, element json);
  void fill(Operation& operation, element json);
  std::span<const std::string_view> text_list(element json);
};

namespace {

std::string_view text(element e) { return e.is_string() ? std::string_view(e) : std::string_view{}; }
bool truth(element e) { return e.is_bool() && bool(e); }

ShapeType shape_type(std::string_view type) {
  if (type == "structure") return ShapeType::structure;
  if (type == "string" || type == "character") return ShapeType::string;
  if (type == "list") return ShapeType::list;
  if (type == "map") return ShapeType::map;
  if (type == "boolean") return ShapeType::boolean;
  if (type == "integer" || type == "short" || type == "byte") return ShapeType::integer;
  if (type == "long" || type == "bigInteger") return ShapeType::long_integer;
  if (type == "float") return ShapeType::float_number;
  if (type == "double" || type == "bigDecimal") return ShapeType::double_number;
  if (type == "timestamp") return ShapeType::timestamp;
  if (type == "blob") return ShapeType::blob;
  return ShapeType::string;
}

TimestampFormat timestamp_format(std::string_view format) {
  if (format == "iso8601") return TimestampFormat::iso8601;
  if (format == "rfc822") return TimestampFormat::rfc822;
  if (format == "unixTimestamp") return TimestampFormat::unix_timestamp;
  return TimestampFormat::unset;
}

Location location(std::string_view where) {
  if (where == "uri") return Location::uri;
  if (where == "querystring") return Location::querystring;
  if (where == "header") return Location::header;
  if (where == "headers") return Location::headers;
  if (where == "statusCode") return Location::status_code;
  return Location::body;
}

void read_xml_namespace(element json, std::string_view& prefix, std::string_view& uri) {
  if (!json.is_object()) {
    uri = text(json);
    return;
  }
  for (const auto field : object(json)) {
    if (field.key == "prefix") prefix = text(field.value);
    if (field.key == "uri") uri = text(field.value);
  }
}

}  // namespace

Shape* ServiceModel::Impl::shape(std::string_view name) {
  const auto found = shapes.find(name);
  if (found == shapes.end()) return nullptr;
  ShapeEntry& entry = found->second;
  if (entry.shape == nullptr) {
    entry.shape = &made_shapes.emplace_back();
    entry.shape->name = found->first;
    waiting.push_back(&entry);
  }
  return entry.shape;
}

void ServiceModel::Impl::index_error_codes() {
  if (std::exchange(has_error_codes, true)) return;
  for (const auto& [name, entry] : shapes) {
    element code;
    if (entry.json.is_object() && entry.json.at_pointer("/error/code").get(code) == simdjson::SUCCESS) {
      error_codes.emplace(text(code), name);
    }
  }
}

std::span<const std::string_view> ServiceModel::Impl::text_list(element json) {
  if (!json.is_array()) return {};
  std::vector<std::string_view>& list = texts.emplace_back();
  for (const element item : array(json)) list.push_back(text(item));
  return list;
}

Member ServiceModel::Impl::member(std::string_view name, element json) {
  Member m;
  if (!name.empty()) {
    m.key = keys->intern(name);
    m.name = keys->name(m.key);
  }
  if (!json.is_object()) return m;
  for (const auto [key, value] : object(json)) {
    if (key == "shape") {
      m.shape = shape(text(value));
    } else if (key == "locationName" || key == "LocationName") {
      m.location_name = text(value);
    } else if (key == "queryName") {
      m.query_name = text(value);
    } else if (key == "location") {
      m.location = location(text(value));
    } else if (key == "timestampFormat") {
      m.timestamp_format = timestamp_format(text(value));
    } else if (key == "flattened") {
      m.flattened = truth(value);
    } else if (key == "xmlAttribute") {
      m.xml_attribute = truth(value);
    } else if (key == "streaming") {
      m.streaming = truth(value);
    } else if (key == "eventpayload") {
      m.event_payload = truth(value);
    } else if (key == "eventheader") {
      m.event_header = truth(value);
    } else if (key == "hostLabel") {
      m.host_label = truth(value);
    } else if (key == "contextParam" && value.is_object()) {
      for (const auto [part, what] : object(value)) {
        if (part == "name") m.context_parameter = text(what);
      }
    } else if (key == "idempotencyToken") {
      m.idempotency_token = truth(value);
    } else if (key == "jsonvalue") {
      m.json_value = truth(value);
    } else if (key == "sensitive") {
      m.sensitive = truth(value);
    } else if (key == "xmlNamespace") {
      read_xml_namespace(value, m.xml_prefix, m.xml_uri);
    }
  }
  m.json_value = m.json_value && m.location == Location::header;  // elsewhere the trait is only said, not done
  return m;
}

void ServiceModel::Impl::fill(Shape& s, element json) {
  std::span<const std::string_view> required;
  for (const auto [key, value] : object(json)) {
    if (key == "type") {
      s.type = shape_type(text(value));
    } else if (key == "members" && value.is_object()) {
      const object members(value);
      s.members.reserve(members.size());
      for (const auto [name, reference] : members) s.members.push_back(member(name, reference));
      s.ordinal = ordinals;
      ordinals += static_cast<std::uint32_t>(s.members.size()) + 1;
    } else if (key == "member") {
      s.item = member({}, value);
    } else if (key == "key") {
      s.map_key = member({}, value);
    } else if (key == "value") {
      s.map_value = member({}, value);
    } else if (key == "required") {
      required = text_list(value);
    } else if (key == "flattened") {
      s.flattened = truth(value);
    } else if (key == "streaming") {
      s.streaming = truth(value);
    } else if (key == "sensitive") {
      s.sensitive = truth(value);
    } else if (key == "union") {
      s.union_type = truth(value);
    } else if (key == "eventstream") {
      s.event_stream = truth(value);
    } else if (key == "document") {
      s.document = truth(value);
    } else if (key == "exception") {
      s.exception = truth(value);
    } else if (key == "box") {
      s.boxed = truth(value);
    } else if (key == "timestampFormat") {
      s.timestamp_format = timestamp_format(text(value));
    } else if (key == "locationName") {
      s.location_name = text(value);
    } else if (key == "xmlNamespace") {
      read_xml_namespace(value, s.xml_prefix, s.xml_uri);
    } else if (key == "location") {
      s.location = location(text(value));
    } else if (key == "payload") {
      s.payload = text(value);
    } else if (key == "enum") {
      s.enum_values = text_list(value);
    } else if (key == "retryable") {
      s.retryable = true;
      element throttling;
      s.throttling = value.is_object() && value["throttling"].get(throttling) == simdjson::SUCCESS && truth(throttling);
    } else if (key == "error" && value.is_object()) {
      s.exception = true;
      for (const auto [name, what] : object(value)) {
        if (name == "code") s.error_code = text(what);
        if (name == "httpStatusCode" && what.is_int64()) s.error_status = static_cast<int>(std::int64_t(what));
        if (name == "senderFault") s.sender_fault = truth(what);
      }
    }
  }
  for (const std::string_view name : required) {
    for (Member& m : s.members) m.required = m.required || m.name == name;
  }
}

void ServiceModel::Impl::fill_waiting() {
  std::vector<Shape*> filled;
  while (!waiting.empty()) {
    ShapeEntry* entry = waiting.back();
    waiting.pop_back();
    if (entry->json.is_object()) fill(*entry->shape, entry->json);
    filled.push_back(entry->shape);
  }
  // Traits of a shape go on to the references that say nothing themselves.
  auto inherit = [](Member& m) {
    if (m.shape == nullptr) return;
    const Shape& s = *m.shape;
    const bool own_name = !m.location_name.empty();
    // A structure's own is the name of its root element, where it is the whole body.
    if (m.location_name.empty() && s.type != ShapeType::structure) m.location_name = s.location_name;
    if (m.timestamp_format == TimestampFormat::unset) m.timestamp_format = s.timestamp_format;
    if (m.location == Location::body) m.location = s.location;
    m.flattened = m.flattened || s.flattened;
    m.streaming = m.streaming || s.streaming;
    m.sensitive = m.sensitive || s.sensitive;
    if (m.xml_uri.empty()) m.xml_prefix = s.xml_prefix, m.xml_uri = s.xml_uri;
    m.xml_name = m.location_name.empty() ? m.name : m.location_name;
    if (s.type == ShapeType::list && m.flattened && !own_name) {
      if (!s.item.location_name.empty()) {
        m.xml_name = s.item.location_name;
      } else if (s.item.shape != nullptr && !s.item.shape->location_name.empty()) {
        m.xml_name = s.item.shape->location_name;
      }
    }
  };
  for (Shape* s : filled) {
    for (Member& m : s->members) inherit(m);
    inherit(s->item);
    inherit(s->map_key);
    inherit(s->map_value);
  }
}

void ServiceModel::Impl::fill(Operation& o, element json) {
  for (const auto [key, value] : object(json)) {
    if (key == "http" && value.is_object()) {
      for (const auto [name, what] : object(value)) {
        if (name == "method") o.method = text(what);
        if (name == "requestUri") o.request_uri = text(what);
        if (name == "responseCode" && what.is_int64()) o.response_code = static_cast<int>(std::int64_t(what));
      }
    } else if (key == "input" && value.is_object()) {
      Shape* input = nullptr;
      std::string_view payload;  // older models name it here
      for (const auto [name, what] : object(value)) {
        if (name == "shape") o.input = input = shape(text(what));
        if (name == "payload") payload = text(what);
        if (name == "locationName") o.input_location_name = text(what);
        std::string_view prefix;
        if (name == "xmlNamespace") read_xml_namespace(what, prefix, o.input_xml_uri);
      }
      if (input != nullptr && !payload.empty()) input->payload = payload;
    } else if (key == "output" && value.is_object()) {
      for (const auto [name, what] : object(value)) {
        if (name == "shape") o.output = shape(text(what));
        if (name == "resultWrapper") o.result_wrapper = text(what);
      }
    } else if (key == "errors" && value.is_array()) {
      for (const element error : array(value)) {
        element name;
        if (!error.is_object() || error["shape"].get(name) != simdjson::SUCCESS) continue;
        if (const Shape* s = shape(text(name))) o.errors.push_back(s);
      }
    } else if (key == "deprecated") {
      o.deprecated = truth(value);
    } else if (key == "authtype") {
      o.auth_type = text(value);
    } else if (key == "endpoint" && value.is_object()) {
      for (const auto [name, what] : object(value)) {
        if (name == "hostPrefix") o.host_prefix = text(what);
      }
    } else if ((key == "staticContextParams" || key == "operationContextParams") && value.is_object()) {
      for (const auto [name, what] : object(value)) {
        if (!what.is_object()) continue;
        ContextParameter& parameter = o.context_parameters.emplace_back(name);
        for (const auto [part, given] : object(what)) {
          if (part == "path") parameter.path = text(given);
          if (part == "value" && given.is_string()) parameter.text = text(given);
          if (part == "value" && given.is_bool()) parameter.truth = truth(given);
        }
      }
    } else if (key == "httpChecksumRequired") {
      o.checksum_required = truth(value);
    } else if (key == "httpChecksum" && value.is_object()) {
      for (const auto [name, what] : object(value)) {
        if (name == "requestAlgorithmMember") o.checksum_algorithm_member = text(what);
        if (name == "requestValidationModeMember") o.checksum_mode_member = text(what);
        if (name == "responseAlgorithms") o.response_checksums = text_list(what);
        if (name == "requestChecksumRequired" && truth(what)) o.checksum_required = true;
      }
    } else if (key == "requestcompression" && value.is_object()) {
      for (const auto [name, what] : object(value)) {
        if (name == "encodings") o.request_compression = text_list(what);
      }
    }
  }
  fill_waiting();
}

ServiceModel::ServiceModel(std::string service, std::shared_ptr<Keys> keys)
    : service_(std::move(service)), keys_(std::move(keys)), impl_(std::make_unique<Impl>()) {
  impl_->keys = keys_;
}
ServiceModel::~ServiceModel() = default;

Result<std::shared_ptr<const ServiceModel>> ServiceModel::parse(std::string_view service, std::string_view service_json,
                                                                std::string_view paginators, std::string_view waiters,
                                                                std::string_view endpoint_rules,
                                                                std::shared_ptr<Keys> keys) {
  struct Made : ServiceModel {
    Made(std::string name, std::shared_ptr<Keys> k) : ServiceModel(std::move(name), std::move(k)) {}
  };
  auto model = std::make_shared<Made>(std::string(service), std::move(keys));
  Impl& impl = *model->impl_;
  auto malformed = [&](std::string_view why) {
    return fail(Code::malformed, fmt::format("cannot read the service model of {}: {}", service, why));
  };

  simdjson::dom::parser parser;
  element root;
  if (const auto error = parser.parse_into_document(impl.document, service_json.data(), service_json.size()).get(root);
      error != simdjson::SUCCESS) {
    return malformed(simdjson::error_message(error));
  }
  if (!root.is_object()) return malformed("it is not a JSON object");
  bool shapes = false;
  for (const auto [key, value] : object(root)) {
    if (!value.is_object()) continue;
    const object fields(value);
    if (key == "metadata") {
      for (const auto [name, what] : fields) {
        if (name == "protocol") model->protocol = text(what);
        if (name == "apiVersion") model->api_version = text(what);
        if (name == "endpointPrefix") model->endpoint_prefix = text(what);
        if (name == "signingName") model->signing_name = text(what);
        if (name == "serviceId") model->service_id = text(what);
        if (name == "jsonVersion") model->json_version = text(what);
        if (name == "targetPrefix") model->target_prefix = text(what);
        if (name == "globalEndpoint") model->global_endpoint = text(what);
        if (name == "signatureVersion") model->signature_version = text(what);
        if (name == "awsQueryCompatible") model->query_compatible = true;
        if (name == "xmlNamespace") {
          std::string_view prefix, uri;
          read_xml_namespace(what, prefix, uri);
          model->xml_uri = uri;
        }
        if (name == "protocols" && what.is_array()) {
          for (const element one : array(what)) model->protocols.emplace_back(text(one));
        }
      }
    } else if (key == "operations") {
      impl.operations.reserve(fields.size());
      impl.operation_order.reserve(fields.size());
      for (const auto [name, what] : fields) {
        if (!what.is_object()) return malformed(fmt::format("operation {} is not an object", name));
        impl.operations.emplace(name, Impl::OperationEntry{what});
        impl.operation_order.push_back(name);
      }
    } else if (key == "shapes") {
      shapes = true;
      impl.shapes.reserve(fields.size());
      for (const auto [name, what] : fields) impl.shapes.emplace(name, Impl::ShapeEntry{what});
    }
  }
  if (!shapes) return malformed("it has no shapes");
  if (model->signing_name.empty()) model->signing_name = model->endpoint_prefix;
  if (model->protocols.empty() && !model->protocol.empty()) model->protocols.push_back(model->protocol);
  if (!paginators.empty()) {
    TRY(model->paginators, parse_json(paginators));
  }
  if (!waiters.empty()) {
    TRY(model->waiters, parse_json(waiters));
  }
  model->endpoint_rules = endpoint_rules;
  return model;
}

const Operation* ServiceModel::find_operation(std::string_view name) const {
  const std::lock_guard lock(impl_->mutex);
  const auto found = impl_->operations.find(name);
  if (found == impl_->operations.end()) return nullptr;
  Impl::OperationEntry& entry = found->second;
  if (entry.operation == nullptr) {
    entry.operation = &impl_->made_operations.emplace_back();
    entry.operation->name = found->first;
    impl_->fill(*entry.operation, entry.json);
  }
  return entry.operation;
}

std::vector<std::string_view> ServiceModel::operation_names() const { return impl_->operation_order; }

const Shape* ServiceModel::find_error(std::string_view code) const {
  const std::lock_guard lock(impl_->mutex);
  std::string_view name = code;
  if (!impl_->shapes.contains(code)) {
    impl_->index_error_codes();
    const auto found = impl_->error_codes.find(code);
    if (found == impl_->error_codes.end()) return nullptr;
    name = found->second;
  }
  const Shape* shape = impl_->shape(name);
  impl_->fill_waiting();
  return shape->exception ? shape : nullptr;
}

const Shape* ServiceModel::find_shape(std::string_view name) const {
  const std::lock_guard lock(impl_->mutex);
  const Shape* shape = impl_->shape(name);
  impl_->fill_waiting();
  return shape;
}

}  // namespace reeve::aws
