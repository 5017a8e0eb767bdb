// Documents as JSON that gives the same document back (docs/formats/recording.md).
#include <fmt/format.h>

#include <cmath>

#include "aws/recording.h"
#include "base/encoding.h"
#include "base/json.h"

namespace reeve::aws {

namespace {

void wrapped(std::string& out, std::string_view word, std::string_view text) {
  out += "{\"";
  out += word;
  out += "\": ";
  append_json_string(out, text);
  out += '}';
}

bool looks_wrapped(Value map) { return map.size() == 1 && (*map.entries().begin()).first.starts_with('$'); }

void write_map(std::string& out, Value map) {
  out += '{';
  bool first = true;
  for (const auto [key, value] : map.entries()) {
    if (!std::exchange(first, false)) out += ", ";
    append_json_string(out, key);
    out += ": ";
    out += write_typed_json(value);
  }
  out += '}';
}

}  // namespace

std::string write_typed_json(Value value) {
  std::string out;
  switch (value.kind()) {
    case Kind::timestamp:
      wrapped(out, "$time", format_iso8601(value.as_time()));
      break;
    case Kind::blob:
      wrapped(out, "$blob", encode_base64(value.as_text()));
      break;
    case Kind::unknown:
      wrapped(out, "$unknown", value.unknown_reason());
      break;
    case Kind::real:
      if (const double real = value.as_real(); std::isfinite(real) && real != std::floor(real)) {
        out = fmt::format("{}", real);
      } else {
        wrapped(out, "$real", fmt::format("{}", real));  // JSON would read 3.0 back as an integer, and has no NaN
      }
      break;
    case Kind::list: {
      out += '[';
      bool first = true;
      for (const Value item : value.items()) {
        if (!std::exchange(first, false)) out += ", ";
        out += write_typed_json(item);
      }
      out += ']';
      break;
    }
    case Kind::map:
      if (looks_wrapped(value)) {
        out += "{\"$map\": ";
        write_map(out, value);
        out += '}';
      } else {
        write_map(out, value);
      }
      break;
    default:
      out = to_json(value);
      break;
  }
  return out;
}

namespace {

Result<void> read_wrapped(Builder& out, std::string_view word, Value inside);

Result<void> read_value(Builder& out, Value value, bool plain_map = false) {
  if (value.is_list()) {
    out.begin_list();
    for (const Value item : value.items()) TRY(read_value(out, item));
    out.end();
    return {};
  }
  if (value.is_map()) {
    if (!plain_map && looks_wrapped(value)) {
      const auto [word, inside] = *value.entries().begin();
      return read_wrapped(out, word, inside);
    }
    out.begin_map();
    for (const auto [key, member] : value.entries()) {
      out.key(key);
      TRY(read_value(out, member));
    }
    out.end();
    return {};
  }
  out.add(value);
  return {};
}

Result<void> read_real(Builder& out, std::string_view text) {
  const std::string copy(text);
  char* end = nullptr;
  const double real = std::strtod(copy.c_str(), &end);
  if (copy.empty() || *end != '\0') return fail(Code::malformed, fmt::format("'{}' is no number", text));
  out.add(real);
  return {};
}

Result<void> read_wrapped(Builder& out, std::string_view word, Value inside) {
  if (word == "$map" && inside.is_map()) return read_value(out, inside, true);
  if (inside.is_text()) {
    const std::string_view text = inside.as_text();
    if (word == "$real") return read_real(out, text);
    if (word == "$unknown") {
      out.unknown(text);
      return {};
    }
    if (word == "$time") {
      TRY(const Time time, parse_iso8601(text));
      out.add(time);
      return {};
    }
    if (word == "$blob") {
      const auto bytes = decode_base64(text);
      if (!bytes) return fail(Code::malformed, "a $blob that is not base64");
      out.blob(*bytes);
      return {};
    }
  }
  return fail(Code::malformed, fmt::format("a map with the one key '{}', which means nothing here", word));
}

}  // namespace

Result<Document> from_typed(Value value, const std::shared_ptr<const Keys>& keys) {
  Builder out(keys);
  TRY(read_value(out, value));
  return out.finish();
}

Result<Document> read_typed_json(std::string_view text, const std::shared_ptr<const Keys>& keys) {
  TRY(const Document plain, parse_json(text));
  return from_typed(plain, keys);
}

}  // namespace reeve::aws
