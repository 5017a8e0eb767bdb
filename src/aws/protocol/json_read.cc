#include <fmt/format.h>
#include <simdjson.h>

#include <cmath>

#include "aws/protocol/json_body.h"
#include "aws/protocol/scalar.h"
#include "base/encoding.h"
#include "base/limits.h"

namespace reeve::aws {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

/// Most members have short names: their first letters tell them apart without a call.
bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && !a.empty() && a.front() == b.front() &&
         __builtin_memcmp(a.data(), b.data(), a.size()) == 0;
}

class Reader {
 public:
  explicit Reader(Tape& tape) : tape_(tape) {}

  bool members(object from, const Shape& shape, std::size_t depth) {
    std::size_t next = 0;
    const std::size_t count = shape.members.size();
    const std::size_t mark = tape_.mark();
    for (const auto [name, value] : from) {
      for (std::size_t tried = 0; tried < count; ++tried, ++next) {
        if (next >= count) next = 0;
        const Member& member = shape.members[next];
        if (!same(name, member.location_name.empty() ? member.name : member.location_name)) continue;
        if (member.location == Location::body && member.shape != nullptr && !value.is_null() &&
            !tape_.has_key(mark, member.key)) {
          if (!read(value, member, member.key, depth)) return false;
        }
        ++next;
        break;
      }
    }
    return true;
  }

  bool read(element from, const Member& member, Keys::Id key, std::size_t depth) {
    if (depth > limits::document_depth) return too_deeply();
    if (from.is_null()) return tape_.push(Kind::null, key), true;
    const Shape& shape = *member.shape;
    if (shape.document) return any(from, key, depth);
    const std::size_t mark = tape_.mark();
    switch (shape.type) {
      case ShapeType::structure:
        if (!from.is_object()) return wrong(member, "an object");
        if (!members(object(from), shape, depth + 1)) return false;
        tape_.close(mark, Kind::map, key, shape.union_type && tape_.mark() == mark && unknown_member(object(from)));
        return true;
      case ShapeType::list:
        if (!from.is_array()) return wrong(member, "an array");
        for (const element item : array(from)) {
          if (shape.item.shape != nullptr && !read(item, shape.item, Keys::none, depth + 1)) return false;
        }
        tape_.close(mark, Kind::list, key);
        return true;
      case ShapeType::map:
        if (!from.is_object()) return wrong(member, "an object");
        for (const auto [name, item] : object(from)) {
          // Dense maps have no nulls, and models do not say which are sparse; a reader sees null either way.
          if (shape.map_value.shape == nullptr || item.is_null()) continue;
          tape_.text(Keys::none, name);
          if (!read(item, shape.map_value, Keys::none, depth + 1)) return false;
        }
        tape_.close(mark, Kind::map, key, true);
        return true;
      default:
        return scalar(from, member, key, depth);
    }
  }

  Error error() && { return std::move(error_); }

 private:
  bool wrong(const Member& member, std::string_view expected) {
    error_ = {Code::malformed, fmt::format("malformed JSON: {} is not {}", member.name, expected)};
    return false;
  }
  bool too_deeply() {
    error_ = {Code::limit_exceeded, "JSON nests too deeply"};
    return false;
  }

  /// Whether a union without a member that the shape knows has another; then it is put on the tape by its name alone.
  bool unknown_member(object from) {
    for (const auto [name, value] : from) {
      if (name == "__type" || value.is_null()) continue;
      put_unknown_union_member(tape_, name);
      return true;
    }
    return false;
  }

  bool scalar(element from, const Member& member, Keys::Id key, std::size_t depth) {
    const bool is_text = from.is_string();
    const std::string_view text = is_text ? std::string_view(from) : std::string_view{};
    switch (member.shape->type) {
      case ShapeType::string:
        if (!is_text) return any(from, key, depth);  // models err; what AWS sent is still of use
        tape_.text(key, text);
        return true;
      case ShapeType::blob: {
        const auto bytes = is_text ? decode_base64(text) : std::nullopt;
        if (!bytes) return wrong(member, "base64");
        tape_.text(key, *bytes, Kind::blob);
        return true;
      }
      case ShapeType::boolean:
        if (!from.is_bool()) return wrong(member, "true or false");
        tape_.push(Kind::boolean, key).boolean = bool(from);
        return true;
      case ShapeType::timestamp: {
        std::optional<Time> time;
        if (is_text) time = parse_time(text);
        if (from.is_number()) time = of_seconds(from);
        if (!time && is_text) return tape_.unreadable_time(key, text), true;
        if (!time) return wrong(member, "a time");
        tape_.push(Kind::timestamp, key).integer = time->us;
        return true;
      }
      case ShapeType::float_number:
      case ShapeType::double_number: {
        std::optional<double> number;
        if (from.is_number()) number = double(from);
        if (is_text) number = parse_real(text);
        if (!number) return wrong(member, "a number");
        tape_.push(Kind::real, key).real = *number;
        return true;
      }
      default: {
        std::optional<std::int64_t> number;
        if (from.is_int64()) number = std::int64_t(from);
        if (from.is_double() && std::abs(double(from)) < 9e15 && double(from) == std::floor(double(from))) {
          number = static_cast<std::int64_t>(double(from));
        }
        if (!number) return wrong(member, "an integer");
        tape_.push(Kind::integer, key).integer = *number;
        return true;
      }
    }
  }

  static std::optional<Time> of_seconds(element from) {
    constexpr double last_second = 9.2e12;
    if (!(std::abs(double(from)) < last_second)) return std::nullopt;
    if (from.is_int64()) return Time{std::int64_t(from) * 1'000'000};
    return Time{std::llround(double(from) * 1e6)};
  }

  /// A value without a model, for members of document type.
  bool any(element from, Keys::Id key, std::size_t depth) {
    if (depth > limits::document_depth) return too_deeply();
    const std::size_t mark = tape_.mark();
    switch (from.type()) {
      case element_type::ARRAY:
        for (const element item : array(from)) {
          if (!any(item, Keys::none, depth + 1)) return false;
        }
        tape_.close(mark, Kind::list, key);
        return true;
      case element_type::OBJECT:
        for (const auto [name, item] : object(from)) {
          tape_.text(Keys::none, name);
          if (!any(item, Keys::none, depth + 1)) return false;
        }
        tape_.close(mark, Kind::map, key, true);
        return true;
      case element_type::STRING:
        tape_.text(key, std::string_view(from));
        return true;
      case element_type::BOOL:
        tape_.push(Kind::boolean, key).boolean = bool(from);
        return true;
      case element_type::INT64:
        tape_.push(Kind::integer, key).integer = std::int64_t(from);
        return true;
      case element_type::NULL_VALUE:
        tape_.push(Kind::null, key);
        return true;
      default:
        tape_.push(Kind::real, key).real = double(from);
        return true;
    }
  }

  Tape& tape_;
  Error error_{Code::malformed, {}};
};

Result<element> parse(simdjson::dom::parser& parser, std::string_view text) {
  if (text.size() > limits::response_body_bytes) return fail(Code::limit_exceeded, "the JSON is too large");
  element root;
  if (const auto error = parser.parse(text.data(), text.size(), false).get(root); error != simdjson::SUCCESS) {
    return fail(error == simdjson::DEPTH_ERROR ? Code::limit_exceeded : Code::malformed,
                fmt::format("malformed JSON: {}", simdjson::error_message(error)));
  }
  return root;
}

}  // namespace

Result<void> read_json_members(Tape& tape, std::string_view text, const Shape& shape) {
  if (trimmed(text).empty()) return {};
  simdjson::dom::parser parser;
  TRY(const element root, parse(parser, text));
  if (root.is_null()) return {};
  if (!root.is_object()) return fail(Code::malformed, "malformed JSON: an object was expected");
  Reader reader(tape);
  if (!reader.members(object(root), shape, 0)) return fail(std::move(reader).error());
  return {};
}

const EventPayloadReader json_events = {.members = read_json_members,
                                        .value = [](Tape& tape, std::string_view text, const Member& member) {
                                          return read_json_value(tape, text, member, member.key);
                                        }};

Result<void> read_json_value(Tape& tape, std::string_view text, const Member& member, Keys::Id key) {
  if (trimmed(text).empty()) return {};
  simdjson::dom::parser parser;
  TRY(const element root, parse(parser, text));
  if (root.is_null()) return {};
  Reader reader(tape);
  if (!reader.read(root, member, key, 0)) return fail(std::move(reader).error());
  return {};
}

}  // namespace reeve::aws
