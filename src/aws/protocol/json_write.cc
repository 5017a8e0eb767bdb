#include "aws/protocol/json_body.h"
#include "aws/protocol/scalar.h"
#include "base/encoding.h"
#include "base/json.h"

namespace reeve::aws {
namespace {

std::string_view wire_name(const Member& member) {
  return member.location_name.empty() ? member.name : member.location_name;
}

void append_real(std::string& out, Value value) {
  std::string text;
  append_number(text, value);
  const bool named = text == "NaN" || text == "Infinity" || text == "-Infinity";
  if (named) out += '"';
  out += text;
  if (named) out += '"';
}

void append_timestamp(std::string& out, Value value, TimestampFormat format) {
  if (format == TimestampFormat::unset) format = TimestampFormat::unix_timestamp;
  const bool quoted = format != TimestampFormat::unix_timestamp;
  if (quoted) out += '"';
  append_time(out, time_of(value).value_or(Time{}), format);
  if (quoted) out += '"';
}

}  // namespace

void append_json_members(std::string& out, Value value, const Shape& shape, const Keys* keys,
                         std::string_view idempotency_token) {
  out += '{';
  bool first = true;
  std::uint32_t hint = 0;
  auto name = [&](const Member& member) {
    if (!first) out += ',';
    first = false;
    append_json_string(out, wire_name(member));
    out += ':';
  };
  for (const Member& member : shape.members) {
    if (member.location != Location::body || member.shape == nullptr) continue;
    const Value item = member_of(value, member, keys, hint);
    if (!item.is_null()) {
      name(member);
      append_json(out, item, member, keys);
    } else if (member.idempotency_token && !idempotency_token.empty()) {
      name(member);
      append_json_string(out, idempotency_token);
    }
  }
  out += '}';
}

void append_json(std::string& out, Value value, const Member& member, const Keys* keys) {
  const Shape& shape = *member.shape;
  if (value.is_null()) {
    out += "null";
    return;
  }
  if (shape.document) {
    out += to_json(value);
    return;
  }
  switch (shape.type) {
    case ShapeType::structure:
      return append_json_members(out, value, shape, keys, {});
    case ShapeType::list: {
      out += '[';
      bool first = true;
      for (const Value item : value.items()) {
        if (!first) out += ',';
        first = false;
        append_json(out, item, shape.item, keys);
      }
      out += ']';
      return;
    }
    case ShapeType::map: {
      out += '{';
      bool first = true;
      for (const auto [key, item] : value.entries()) {
        if (!first) out += ',';
        first = false;
        append_json_string(out, key);
        out += ':';
        append_json(out, item, shape.map_value, keys);
      }
      out += '}';
      return;
    }
    case ShapeType::string:
      return append_json_string(out, value.as_text());
    case ShapeType::blob:
      return append_json_string(out, encode_base64(bytes_of(value)));
    case ShapeType::boolean:
      out += value.as_bool() ? "true" : "false";
      return;
    case ShapeType::timestamp:
      return append_timestamp(out, value, member.timestamp_format);
    default:
      return append_real(out, value);
  }
}

}  // namespace reeve::aws
