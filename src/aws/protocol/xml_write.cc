#include "aws/protocol/xml_write.h"

#include <fmt/format.h>

#include <utility>

#include "aws/protocol/scalar.h"
#include "base/encoding.h"

namespace reeve::aws {
namespace {

class Writer {
 public:
  Writer(std::string& out, const Keys* keys, std::string_view default_item, bool rest = false,
         std::string_view token = {})
      : out_(out), keys_(keys), default_item_(default_item), rest_(rest), token_(token) {}

  void members(Value value, const Shape& shape) {
    std::uint32_t hint = 0;
    const std::string_view token = std::exchange(token_, {});
    for (const Member& member : shape.members) {
      if (member.xml_attribute || member.shape == nullptr || member.location != Location::body) continue;
      const Value item = member_of(value, member, keys_, hint);
      if (!item.is_null()) {
        element(item, member, rest_ && member.flattened ? own_name(member) : member.xml_name);
      } else if (member.idempotency_token && !token.empty()) {
        append_xml_element(out_, member.xml_name, token);
      }
    }
  }

  void element(Value value, const Member& member, std::string_view name) {
    const Shape& shape = *member.shape;
    if (member.flattened && shape.type == ShapeType::list) {
      for (const Value item : value.items()) element(item, shape.item, name);
      return;
    }
    if (member.flattened && shape.type == ShapeType::map) return entries(value, shape, name);
    if (value.is_null()) {
      open(name, value, member);
      return close(name);
    }
    switch (shape.type) {
      case ShapeType::structure:
        open(name, value, member);
        members(value, shape);
        return close(name);
      case ShapeType::list: {
        if (value.empty()) return empty(name);
        open(name, value, member);
        const std::string_view item_name = shape.item.location_name.empty() ? default_item_ : shape.item.location_name;
        if (shape.item.shape != nullptr) {
          for (const Value item : value.items()) element(item, shape.item, item_name);
        }
        return close(name);
      }
      case ShapeType::map:
        if (value.empty()) return empty(name);
        open(name, value, member);
        entries(value, shape, "entry");
        return close(name);
      default: {
        open(name, value, member);
        scalar(value, member);
        return close(name);
      }
    }
  }

 private:
  static std::string_view own_name(const Member& member) {
    return member.location_name.empty() ? member.name : member.location_name;
  }

  void entries(Value value, const Shape& shape, std::string_view name) {
    const std::string_view key_name = shape.map_key.location_name.empty() ? "key" : shape.map_key.location_name;
    const std::string_view value_name = shape.map_value.location_name.empty() ? "value" : shape.map_value.location_name;
    for (const auto [key, item] : value.entries()) {
      out_ += '<';
      out_ += name;
      out_ += '>';
      open(key_name, {}, shape.map_key);
      append_xml_text(out_, key);
      close(key_name);
      if (shape.map_value.shape != nullptr && !item.is_null()) element(item, shape.map_value, value_name);
      close(name);
    }
  }

  void scalar(Value value, const Member& member) {
    switch (member.shape->type) {
      case ShapeType::string:
        return append_xml_text(out_, value.as_text());
      case ShapeType::blob:
        out_ += encode_base64(bytes_of(value));
        return;
      case ShapeType::boolean:
        out_ += value.as_bool() ? "true" : "false";
        return;
      case ShapeType::timestamp: {
        const auto format = member.timestamp_format;
        return append_time(out_, time_of(value).value_or(Time{}),
                           format == TimestampFormat::unset ? TimestampFormat::iso8601 : format);
      }
      default:
        return append_number(out_, value);
    }
  }

  void open(std::string_view name, Value value, const Member& member) {
    out_ += '<';
    out_ += name;
    if (!member.xml_uri.empty()) {
      out_ += member.xml_prefix.empty() ? " xmlns" : fmt::format(" xmlns:{}", member.xml_prefix);
      out_ += "=\"";
      append_xml_text(out_, member.xml_uri);
      out_ += '"';
    }
    if (member.shape != nullptr && member.shape->type == ShapeType::structure) {
      for (const Member& inner : member.shape->members) {
        if (!inner.xml_attribute || inner.shape == nullptr) continue;
        std::uint32_t hint = 0;
        const Value attribute = member_of(value, inner, keys_, hint);
        if (attribute.is_null()) continue;
        out_ += ' ';
        out_ += inner.xml_name;
        out_ += "=\"";
        scalar(attribute, inner);
        out_ += '"';
      }
    }
    out_ += '>';
  }
  void close(std::string_view name) {
    out_ += "</";
    out_ += name;
    out_ += '>';
  }
  void empty(std::string_view name) {
    out_ += '<';
    out_ += name;
    out_ += "/>";
  }

  std::string& out_;
  const Keys* keys_;
  std::string_view default_item_;
  bool rest_;  // flattened lists go by their own name there, elsewhere by their items'
  std::string_view token_;
};

}  // namespace

void append_xml_text(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\r':
        out += "&#13;";
        break;  // a bare one would be read as a line end
      default:
        out += c;
    }
  }
}

void append_xml_element(std::string& out, std::string_view name, std::string_view text) {
  out += '<';
  out += name;
  out += '>';
  append_xml_text(out, text);
  out += "</";
  out += name;
  out += '>';
}

void append_xml_value(std::string& out, Value value, const Member& member, std::string_view name, const Keys* keys,
                      std::string_view idempotency_token) {
  Writer(out, keys, "member", true, idempotency_token).element(value, member, name);
}

void append_xml_members(std::string& out, Value value, const Shape& shape, const Keys* keys,
                        std::string_view default_item) {
  Writer(out, keys, default_item).members(value, shape);
}

}  // namespace reeve::aws
