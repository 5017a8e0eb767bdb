#include <bit>
#include <cmath>

#include "aws/protocol/cbor.h"
#include "aws/protocol/cbor_body.h"
#include "aws/protocol/scalar.h"

namespace reeve::aws {
namespace {

using cbor::Major;

void append_bytes(std::string& out, std::uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

void append_head(std::string& out, Major major, std::uint64_t value) {
  const auto first = static_cast<unsigned>(major) << 5;
  if (value < cbor::one_byte) {
    out += static_cast<char>(first | value);
    return;
  }
  const int power = value <= 0xFF ? 0 : value <= 0xFFFF ? 1 : value <= 0xFFFFFFFF ? 2 : 3;
  out += static_cast<char>(first | (cbor::one_byte + static_cast<unsigned>(power)));
  append_bytes(out, value, 1 << power);
}

void append_integer(std::string& out, std::int64_t value) {
  if (value >= 0) return append_head(out, Major::positive, static_cast<std::uint64_t>(value));
  append_head(out, Major::negative, static_cast<std::uint64_t>(-1 - value));
}

void append_real(std::string& out, double value) {
  const auto narrow = static_cast<float>(value);
  if (static_cast<double>(narrow) == value || std::isnan(value)) {
    out += static_cast<char>(cbor::float32);
    return append_bytes(out, std::bit_cast<std::uint32_t>(narrow), 4);
  }
  out += static_cast<char>(cbor::float64);
  append_bytes(out, std::bit_cast<std::uint64_t>(value), 8);
}

void append_number(std::string& out, Value value, ShapeType type) {
  const bool integer = type == ShapeType::integer || type == ShapeType::long_integer;
  if (integer && value.kind() == Kind::integer) return append_integer(out, value.as_integer());
  append_real(out, value.is_text() ? parse_real(value.as_text()).value_or(0) : value.as_real());
}

void append_time(std::string& out, Time time) {
  append_head(out, Major::tag, cbor::epoch_time);
  if (time.us % 1'000'000 == 0) return append_integer(out, time.us / 1'000'000);
  out += static_cast<char>(cbor::float64);
  append_bytes(out, std::bit_cast<std::uint64_t>(static_cast<double>(time.us) / 1e6), 8);
}

/// A value of document type, without a model.
void append_any(std::string& out, Value value) {
  switch (value.kind()) {
    case Kind::boolean:
      out += static_cast<char>(value.as_bool() ? cbor::yes : cbor::no);
      return;
    case Kind::integer:
      return append_integer(out, value.as_integer());
    case Kind::real:
      return append_real(out, value.as_real());
    case Kind::text:
      return append_cbor_text(out, value.as_text());
    case Kind::blob:
      append_head(out, Major::bytes, value.size());
      out += value.as_text();
      return;
    case Kind::timestamp:
      return append_time(out, value.as_time());
    case Kind::list:
      append_head(out, Major::array, value.size());
      for (const Value item : value.items()) append_any(out, item);
      return;
    case Kind::map:
      append_head(out, Major::map, value.size());
      for (const auto [key, item] : value.entries()) {
        append_cbor_text(out, key);
        append_any(out, item);
      }
      return;
    default:
      out += static_cast<char>(cbor::null);
  }
}

}  // namespace

void append_cbor_map(std::string& out, std::size_t entries) { append_head(out, Major::map, entries); }

void append_cbor_text(std::string& out, std::string_view text) {
  append_head(out, Major::text, text.size());
  out += text;
}

void append_cbor_members(std::string& out, Value value, const Shape& shape, const Keys* keys,
                         std::string_view idempotency_token) {
  std::vector<std::pair<const Member*, Value>> given;
  std::uint32_t hint = 0;
  for (const Member& member : shape.members) {
    if (member.shape == nullptr || member.shape->event_stream) continue;
    const Value item = member_of(value, member, keys, hint);
    if (!item.is_null() || (member.idempotency_token && !idempotency_token.empty())) given.emplace_back(&member, item);
  }
  append_head(out, Major::map, given.size());
  for (const auto& [member, item] : given) {
    append_cbor_text(out, member->name);
    if (item.is_null()) {
      append_cbor_text(out, idempotency_token);
    } else {
      append_cbor(out, item, *member, keys);
    }
  }
}

void append_cbor(std::string& out, Value value, const Member& member, const Keys* keys) {
  const Shape& shape = *member.shape;
  if (value.is_null() || shape.document) return append_any(out, value);
  switch (shape.type) {
    case ShapeType::structure:
      return append_cbor_members(out, value, shape, keys, {});
    case ShapeType::list:
      append_head(out, Major::array, value.size());
      for (const Value item : value.items()) append_cbor(out, item, shape.item, keys);
      return;
    case ShapeType::map:
      append_head(out, Major::map, value.size());
      for (const auto [key, item] : value.entries()) {
        append_cbor_text(out, key);
        append_cbor(out, item, shape.map_value, keys);
      }
      return;
    case ShapeType::string:
      return append_cbor_text(out, value.as_text());
    case ShapeType::blob:
      append_head(out, Major::bytes, bytes_of(value).size());
      out += bytes_of(value);
      return;
    case ShapeType::boolean:
      out += static_cast<char>(value.as_bool() ? cbor::yes : cbor::no);
      return;
    case ShapeType::timestamp:
      return append_time(out, time_of(value).value_or(Time{}));
    default:
      return append_number(out, value, shape.type);
  }
}

}  // namespace reeve::aws
