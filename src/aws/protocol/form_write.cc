#include <fmt/format.h>

#include "aws/protocol/form.h"
#include "aws/protocol/scalar.h"
#include "base/encoding.h"

namespace reeve::aws {
namespace {

class Writer {
 public:
  Writer(FormDialect dialect, const Keys* keys) : ec2_(dialect == FormDialect::ec2), keys_(keys) {}

  void parameter(std::string_view name, std::string_view value) {
    if (!out_.empty()) out_ += '&';
    out_ += encode_percent(name);
    out_ += '=';
    out_ += encode_percent(value);
  }

  void structure(Value value, const Shape& shape, const std::string& prefix) {
    std::uint32_t hint = 0;
    for (const Member& member : shape.members) {
      const Value item = member_of(value, member, keys_, hint);
      if (!item.is_null()) write(item, member, joined(prefix, name_of(member)));
    }
  }

  std::string joined(const std::string& prefix, std::string_view name) const {
    return prefix.empty() ? std::string(name) : fmt::format("{}.{}", prefix, name);
  }

  std::string name_of(const Member& member) const {
    if (ec2_ && !member.query_name.empty()) return std::string(member.query_name);
    std::string name(member.location_name.empty() ? member.name : member.location_name);
    if (ec2_ && name[0] >= 'a' && name[0] <= 'z') {
      name[0] = static_cast<char>(name[0] - ('a' - 'A'));
    }
    return name;
  }

  void write(Value value, const Member& member, const std::string& prefix) {
    if (member.shape == nullptr) return;
    const Shape& shape = *member.shape;
    switch (shape.type) {
      case ShapeType::structure:
        return structure(value, shape, prefix);
      case ShapeType::list:
        return list(value, member, prefix);
      case ShapeType::map:
        return map(value, member, prefix);
      default: {
        std::string text;
        scalar(value, member, text);
        parameter(prefix, text);
      }
    }
  }

  static void scalar(Value value, const Member& member, std::string& text) {
    switch (member.shape->type) {
      case ShapeType::blob:
        text = encode_base64(bytes_of(value));
        return;
      case ShapeType::boolean:
        text = value.as_bool() ? "true" : "false";
        return;
      case ShapeType::timestamp: {
        const auto format = member.timestamp_format;
        append_time(text, time_of(value).value_or(Time{}),
                    format == TimestampFormat::unset ? TimestampFormat::iso8601 : format);
        return;
      }
      case ShapeType::string:
        text = value.as_text();
        return;
      default:
        append_number(text, value);
        return;
    }
  }

  void list(Value value, const Member& member, std::string prefix) {
    if (value.empty()) {
      if (!ec2_) parameter(prefix, "");  // the query protocol sends empty lists
      return;
    }
    const Member& item = member.shape->item;
    if (!ec2_) {
      if (!member.flattened) {
        prefix = joined(prefix, item.location_name.empty() ? "member" : item.location_name);
      } else {
        const std::size_t dot = prefix.rfind('.');
        prefix = joined(dot == std::string::npos ? "" : prefix.substr(0, dot), member.xml_name);
      }
    }
    std::size_t number = 0;
    for (const Value one : value.items()) {
      ++number;
      if (!one.is_null()) write(one, item, fmt::format("{}.{}", prefix, number));
    }
  }

  void map(Value value, const Member& member, std::string prefix) {
    const Shape& shape = *member.shape;
    if (!member.flattened) prefix += ".entry";
    const std::string_view key_name = shape.map_key.location_name.empty() ? "key" : shape.map_key.location_name;
    const std::string_view value_name = shape.map_value.location_name.empty() ? "value" : shape.map_value.location_name;
    std::size_t number = 0;
    for (const auto [key, one] : value.entries()) {
      if (one.is_null()) continue;
      ++number;
      parameter(fmt::format("{}.{}.{}", prefix, number, key_name), key);
      write(one, shape.map_value, fmt::format("{}.{}.{}", prefix, number, value_name));
    }
  }

  std::string take() { return std::move(out_); }

 private:
  bool ec2_;
  const Keys* keys_;
  std::string out_;
};

}  // namespace

std::string write_form(const ServiceModel& model, const Operation& operation, Value params, FormDialect dialect,
                       std::string_view idempotency_token) {
  Writer writer(dialect, model.keys().get());
  writer.parameter("Action", operation.name);
  writer.parameter("Version", model.api_version);
  if (operation.input == nullptr) return writer.take();
  std::uint32_t hint = 0;
  for (const Member& member : operation.input->members) {
    const Value value = member_of(params, member, model.keys().get(), hint);
    if (!value.is_null()) {
      writer.write(value, member, writer.name_of(member));
    } else if (member.idempotency_token && !idempotency_token.empty()) {
      writer.parameter(writer.name_of(member), idempotency_token);
    }
  }
  return writer.take();
}

}  // namespace reeve::aws
