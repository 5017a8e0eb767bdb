#include "aws/protocol/common.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/protocol/nearest.h"
#include "aws/protocol/scalar.h"
#include "aws/protocol/xml_read.h"

namespace reeve::aws {
namespace {

constexpr std::size_t padding = 64;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool is_host_label(std::string_view text) {
  return !text.empty() && text.size() <= 63 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

}  // namespace

std::string_view padded(const std::string& body, std::string& storage) {
  if (body.capacity() >= body.size() + padding) {
    const char* behind = body.data() + body.size();
    if (std::all_of(behind, behind + padding, [](char c) { return c == 0; })) return body;
  }
  storage.clear();
  storage.reserve(body.size() + padding);
  storage = body;
  storage.append(padding, '\0');
  return {storage.data(), body.size()};
}

Result<std::string> fill_host_prefix(const ServiceModel& model, const Operation& operation, Value params) {
  std::string prefix;
  std::string_view rest = operation.host_prefix;
  while (!rest.empty()) {
    const std::size_t open = std::min(rest.find('{'), rest.size());
    prefix += rest.substr(0, open);
    rest.remove_prefix(open);
    if (rest.empty()) break;
    const std::size_t close = rest.find('}');
    if (close == std::string_view::npos) break;
    const std::string_view label = rest.substr(1, close - 1);
    rest.remove_prefix(close + 1);
    const std::string_view value = params[label].as_text();
    if (!is_host_label(value)) {
      Error error{Code::invalid_params, fmt::format("{} must be a host label: letters, digits, '-' and '.'", label)};
      error.operation = fmt::format("{}.{}", model.service(), operation.name);
      return fail(std::move(error));
    }
    prefix += value;
  }
  return prefix;
}

const Shape* find_error(const ServiceModel& model, const Operation& operation, std::string_view code) {
  for (const Shape* error : operation.errors) {
    if ((!error->error_code.empty() && error->error_code == code) || error->name == code) return error;
  }
  return model.find_error(code);
}

void read_query_error(const ServiceModel& model, const HttpResponse& response, WireError& error) {
  if (!model.query_compatible) return;
  const std::string_view header = response.header("x-amzn-query-error");
  const std::string_view code = trimmed(header.substr(0, header.find(';')));
  if (code.empty()) return;
  error.code = code;
  error.is_document = true;
}

void add_query_error(const ServiceModel& model, const WireError& error, HttpResponse& response) {
  if (!model.query_compatible) return;
  const Shape* shape = model.find_error(error.code);
  const std::string_view code =
      shape == nullptr || shape->error_code.empty() ? std::string_view(error.code) : shape->error_code;
  response.headers.emplace_back("x-amzn-query-error",
                                fmt::format("{};{}", code, error.status < 500 ? "Sender" : "Receiver"));
}

const Member* event_stream_of(const Shape& shape) {
  for (const Member& member : shape.members) {
    if (member.shape != nullptr && member.shape->event_stream) return &member;
  }
  return nullptr;
}

void read_xml_error(std::string_view body, WireError& error) {
  error.is_document = false;
  const auto tree = read_xml_tree(body);
  if (!tree) return;
  const auto root = tree->root().entries().begin();
  const Value document = (*root).second;
  const std::string_view root_name = (*root).first;
  Value found = document["Errors"]["Error"];
  if (!found.is_map()) found = document["Error"];
  if (!found.is_map() && (root_name == "Error" || root_name == "Errors")) found = document;
  const Value code = found["Code"];
  if (!code.is_text() || code.empty()) return;
  error.is_document = true;
  error.code = trimmed(code.as_text());
  error.message = found["Message"].as_text();
  if (error.message.empty()) error.message = found["message"].as_text();
  for (const char* name : {"RequestId", "RequestID", "requestId"}) {
    if (document[name].is_text()) error.request_id = document[name].as_text();
  }
}

std::string_view request_id_of(const HttpResponse& response) {
  for (const char* name : {"x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id", "x-amz-requestid"}) {
    if (const auto id = response.header(name); !id.empty()) return id;
  }
  return {};
}

std::string xml_namespace(const ServiceModel& model) {
  if (!model.xml_uri.empty()) return model.xml_uri;
  return fmt::format("http://{}.amazonaws.com/doc/{}/", model.endpoint_prefix, model.api_version);
}

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

std::string_view query_of(std::string_view target) {
  const std::size_t mark = target.find('?');
  return mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
}

Error no_such_operation(const ServiceModel& model, std::string_view wanted) {
  Error error{Code::unknown_service, fmt::format("{} has no operation '{}'", model.service(), wanted)};
  error.operation = fmt::format("{}.{}", model.service(), wanted);
  if (const auto nearest = nearest_name(wanted, model.operation_names()); !nearest.empty()) {
    error.hint = fmt::format("Did you mean '{}'?", nearest);
  }
  return error;
}

std::string_view header_of(const HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (same_name(key, name)) return value;
  }
  return {};
}

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace reeve::aws
