#include "aws/protocol/json_error.h"

#include "aws/protocol/common.h"
#include "aws/protocol/json_body.h"
#include "aws/protocol/scalar.h"
#include "base/json.h"

namespace reeve::aws {

std::string_view error_name(std::string_view text) {
  text = text.substr(0, text.find(':'));
  if (const std::size_t hash = text.rfind('#'); hash != std::string_view::npos) text.remove_prefix(hash + 1);
  return trimmed(text);
}

void read_json_error(const HttpResponse& response, WireError& error) {
  std::string_view code = response.header("x-amzn-errortype");
  std::string storage;
  const auto body = parse_json(padded(response.body, storage));
  if (body && body->root().is_map()) {
    for (const char* name : {"__type", "code", "Code"}) {
      if (code.empty()) code = (*body)[name].as_text();
    }
    for (const char* name : {"message", "Message", "errorMessage"}) {
      if (error.message.empty()) error.message = (*body)[name].as_text();
    }
  }
  error.code = error_name(code);
  error.is_document = !error.code.empty();
}

void append_json_error_members(std::string& out, const ServiceModel& model, const Shape* shape,
                               const WireError& error) {
  out += "\"message\":";
  append_json_string(out, error.message);
  for (const auto [name, value] : error.detail.root().entries()) {
    const Member* member = shape == nullptr ? nullptr : shape->find(name);
    if (same_name(name, "message") || value.is_null()) continue;
    out += ',';
    append_json_string(out, member == nullptr || member->location_name.empty() ? name : member->location_name);
    out += ':';
    if (member == nullptr || member->shape == nullptr) {
      out += to_json(value);
    } else {
      append_json(out, value, *member, model.keys().get());
    }
  }
}

}  // namespace reeve::aws
