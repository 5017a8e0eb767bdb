#include <fmt/format.h>

#include <algorithm>

#include "aws/protocol/common.h"
#include "aws/protocol/rest.h"
#include "aws/protocol/scalar.h"
#include "base/encoding.h"
#include "base/json.h"

namespace reeve::aws {
namespace {

std::string_view wire_name(const Member& member) {
  return member.location_name.empty() ? member.name : member.location_name;
}

/// A scalar as text. `time_format` where the model names none.
std::string scalar_text(Value value, const Member& member, TimestampFormat time_format) {
  std::string text;
  switch (member.shape->type) {
    case ShapeType::boolean:
      return value.as_bool() ? "true" : "false";
    case ShapeType::blob:
      return encode_base64(bytes_of(value));
    case ShapeType::timestamp:
      append_time(text, time_of(value).value_or(Time{}),
                  member.timestamp_format == TimestampFormat::unset ? time_format : member.timestamp_format);
      return text;
    case ShapeType::string:
      return value.as_string();
    default:
      append_number(text, value);
      return text;
  }
}

/// One item of a header that is a list: in quotes where it has a comma or a quote (RFC 9110, 5.6.4).
std::string header_item(const std::string& text, ShapeType type) {
  if (type != ShapeType::string || text.find_first_of(",\"") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

/// A value as JSON; a text that is JSON already stays as it is.
std::string json_text(Value value) {
  return value.is_text() && parse_json(value.as_text()) ? value.as_string() : to_json(value);
}

std::string header_text(Value value, const Member& member) {
  if (member.json_value) return encode_base64(json_text(value));
  if (member.shape->type != ShapeType::list) return scalar_text(value, member, TimestampFormat::rfc822);
  std::string joined;
  for (const Value item : value.items()) {
    if (item.is_null()) continue;
    if (!joined.empty()) joined += ", ";
    const Member& part = member.shape->item;
    joined += header_item(scalar_text(item, part, TimestampFormat::rfc822), part.shape->type);
  }
  return joined;
}

void write_headers(const Shape& shape, Value value, const Keys* keys, Headers& headers,
                   std::string_view idempotency_token) {
  std::uint32_t hint = 0;
  for (const Member& member : shape.members) {
    if (member.shape == nullptr) continue;
    if (member.location != Location::header && member.location != Location::headers) continue;
    const Value item = member_of(value, member, keys, hint);
    if (item.is_null()) {
      if (member.location == Location::header && member.idempotency_token && !idempotency_token.empty()) {
        headers.emplace_back(wire_name(member), idempotency_token);
      }
    } else if (member.location == Location::header) {
      // An empty list says nothing, as no header does; an empty text is a header of its own.
      if (!item.is_list() || !item.empty()) headers.emplace_back(wire_name(member), header_text(item, member));
    } else {
      for (const auto [key, part] : item.entries()) {
        std::string name(member.location_name);
        name += key;
        const bool bound = std::ranges::any_of(headers, [&](const auto& h) { return same_name(h.first, name); });
        if (!part.is_null() && !bound) headers.emplace_back(name, part.as_string());
      }
    }
  }
}

class Query {
 public:
  void add(std::string_view name, std::string_view value) {
    if (!text_.empty()) text_ += '&';
    text_ += encode_percent(name);
    text_ += '=';
    text_ += encode_percent(value);
    names_.emplace_back(name);
  }
  void add_value(std::string_view name, Value value, const Member& member) {
    if (member.shape->type == ShapeType::list) {
      for (const Value item : value.items()) {
        if (!item.is_null()) add(name, scalar_text(item, member.shape->item, TimestampFormat::iso8601));
      }
    } else {
      add(name, scalar_text(value, member, TimestampFormat::iso8601));
    }
  }
  bool has(std::string_view name) const { return std::ranges::find(names_, name) != names_.end(); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::vector<std::string> names_;
};

}  // namespace

Result<void> write_bindings(const ServiceModel& model, const Operation& operation, Value params,
                            std::string_view idempotency_token, EncodedRequest& request) {
  const Keys* keys = model.keys().get();
  static const Shape nothing{};
  const Shape& shape = operation.input == nullptr ? nothing : *operation.input;

  std::string target;
  std::string_view rest = path_of(operation.request_uri);
  while (!rest.empty()) {
    const std::size_t open = std::min(rest.find('{'), rest.size());
    target += rest.substr(0, open);
    rest.remove_prefix(open);
    const std::size_t close = rest.find('}');
    if (close == std::string_view::npos) break;
    std::string_view label = rest.substr(1, close - 1);
    rest.remove_prefix(close + 1);
    const bool greedy = label.ends_with('+');
    if (greedy) label.remove_suffix(1);
    std::string text;
    std::string_view name = label;
    for (const Member& member : shape.members) {
      if (member.location != Location::uri || wire_name(member) != label || member.shape == nullptr) continue;
      std::uint32_t hint = 0;
      name = member.name;
      const Value value = member_of(params, member, keys, hint);
      if (!value.is_null()) {
        text = scalar_text(value, member, TimestampFormat::iso8601);
      } else if (member.idempotency_token) {
        text = idempotency_token;
      }
    }
    if (text.empty()) {
      Error error{Code::invalid_params, fmt::format("{} must not be empty: it is a part of the path", name)};
      error.operation = fmt::format("{}.{}", model.service(), operation.name);
      return fail(std::move(error));
    }
    target += encode_percent(text, greedy);
  }

  Query query;
  std::uint32_t hint = 0;
  for (const int pass : {0, 1}) {  // members of their own name win over entries of maps
    for (const Member& member : shape.members) {
      if (member.location != Location::querystring || member.shape == nullptr) continue;
      const bool map = member.shape->type == ShapeType::map;
      if (map != (pass == 1)) continue;
      const Value value = member_of(params, member, keys, hint);
      if (value.is_null()) {
        if (member.idempotency_token && !idempotency_token.empty()) query.add(wire_name(member), idempotency_token);
      } else if (!map) {
        query.add_value(wire_name(member), value, member);
      } else {
        for (const auto [key, item] : value.entries()) {
          const std::string name(key);
          if (!item.is_null() && !query.has(name)) query.add_value(name, item, member.shape->map_value);
        }
      }
    }
  }
  std::string fixed(query_of(operation.request_uri));
  if (!fixed.empty() && !query.text().empty()) fixed += '&';
  fixed += query.text();
  if (!fixed.empty()) target += "?" + fixed;
  request.target = target.empty() || target[0] != '/' ? "/" + target : target;
  write_headers(shape, params, keys, request.headers, idempotency_token);
  return {};
}

void add_content_type(Headers& headers, std::string_view type) {
  if (type.empty()) return;
  if (std::ranges::any_of(headers, [](const auto& h) { return same_name(h.first, "Content-Type"); })) return;
  headers.emplace_back("Content-Type", type);
}

void write_response_bindings(const Shape& shape, Value result, const Keys* keys, HttpResponse& response) {
  write_headers(shape, result, keys, response.headers, {});
  std::uint32_t hint = 0;
  for (const Member& member : shape.members) {
    if (member.location != Location::status_code) continue;
    const Value value = member_of(result, member, keys, hint);
    if (value.kind() == Kind::integer) response.status = static_cast<int>(value.as_integer());
  }
}

}  // namespace reeve::aws
