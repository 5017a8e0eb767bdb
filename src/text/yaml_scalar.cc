#include "text/yaml_scalar.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <vector>

#include "base/encoding.h"
#include "text/nodes.h"
#include "text/python_text.h"

namespace reeve::text {
namespace {

/// Eats a text from the left.
struct Cursor {
  std::string_view rest;
  bool done() const { return rest.empty(); }
  bool one(std::string_view set) {
    if (rest.empty() || !set.contains(rest.front())) return false;
    rest.remove_prefix(1);
    return true;
  }
  std::size_t many(std::string_view set, std::size_t most = SIZE_MAX) {
    std::size_t n = 0;
    while (n < most && one(set)) ++n;
    return n;
  }
  std::string_view digits(std::size_t most) {
    const auto all = rest;
    return all.substr(0, many("0123456789", most));
  }
};

constexpr std::string_view digits = "0123456789", digits_ = "0123456789_";

bool any_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
}

/// (:[0-5]?[0-9])+
bool sixties(Cursor& in) {
  int n = 0;
  for (; in.one(":"); ++n) {
    const auto part = in.digits(2);
    if (part.empty() || (part.size() == 2 && part[0] > '5')) return false;
  }
  return n > 0;
}

bool is_integer(std::string_view text) {
  Cursor in{text};
  in.one("+-");
  if (in.one("0")) {
    if (in.done()) return true;
    if (in.one("b")) return in.many("01_") > 0 && in.done();
    if (in.one("x")) return in.many("0123456789abcdefABCDEF_") > 0 && in.done();
    return in.many("01234567_") > 0 && in.done();
  }
  if (!in.one("123456789")) return false;
  in.many(digits_);
  return in.done() || (sixties(in) && in.done());
}

bool is_real(std::string_view text) {
  Cursor in{text};
  const bool sign = in.one("+-");
  if (any_of(in.rest, {".inf", ".Inf", ".INF"})) return true;
  if (!sign && any_of(text, {".nan", ".NaN", ".NAN"})) return true;
  const auto exponent = [](Cursor c) {
    return c.done() || (c.one("eE") && c.one("+-") && c.many(digits) > 0 && c.done());
  };
  if (in.one(digits)) {
    in.many(digits_);
    if (in.one(".")) return in.many(digits_), exponent(in);
    return sixties(in) && in.one(".") && (in.many(digits_), in.done());
  }
  return !sign && in.one(".") && in.one(digits) && (in.many(digits_), exponent(in));
}

struct Stamp {
  std::string_view year, month, day, hour, minute, second, fraction, zone;
};

std::optional<Stamp> cut_timestamp(std::string_view text) {
  Stamp s;
  Cursor in{text};
  s.year = in.digits(4);
  if (s.year.size() != 4 || !in.one("-")) return std::nullopt;
  s.month = in.digits(2);
  if (s.month.empty() || !in.one("-")) return std::nullopt;
  s.day = in.digits(2);
  if (s.day.empty()) return std::nullopt;
  if (in.done()) return s.month.size() == 2 && s.day.size() == 2 ? std::optional(s) : std::nullopt;
  if (!in.one("Tt") && in.many(" \t") == 0) return std::nullopt;
  s.hour = in.digits(2);
  if (s.hour.empty() || !in.one(":")) return std::nullopt;
  s.minute = in.digits(2);
  if (s.minute.size() != 2 || !in.one(":")) return std::nullopt;
  s.second = in.digits(2);
  if (s.second.size() != 2) return std::nullopt;
  if (in.one(".")) s.fraction = in.digits(SIZE_MAX);
  in.many(" \t");
  if (in.done()) return text.find_last_of(" \t") == text.size() - 1 ? std::nullopt : std::optional(s);
  s.zone = in.rest;
  if (in.one("Z")) return in.done() ? std::optional(s) : std::nullopt;
  if (!in.one("+-") || in.digits(2).empty()) return std::nullopt;
  if (in.one(":") && in.digits(2).size() != 2) return std::nullopt;
  return in.done() ? std::optional(s) : std::nullopt;
}

int number(std::string_view text) {
  int out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

std::unexpected<Error> bad(std::string_view text, std::string_view what) {
  return fail(Code::invalid_input, fmt::format("'{}' is not {}", text.substr(0, 100), what));
}

Result<Scalar> read_timestamp(std::string_view text) {
  const auto s = cut_timestamp(text);
  if (!s) return bad(text, "a date or a time");
  Calendar c;
  c.year = number(s->year);
  c.month = static_cast<unsigned>(number(s->month));
  c.day = static_cast<unsigned>(number(s->day));
  if (c.year < 1 || !valid_date(c.year, c.month, c.day)) return bad(text, "a date of the calendar");
  if (s->hour.empty()) return Scalar{time_node(from_calendar(c)), YamlForm::date};
  c.hour = number(s->hour);
  c.minute = number(s->minute);
  c.second = number(s->second);
  if (c.hour > 23 || c.minute > 59 || c.second > 59) return bad(text, "a time of the day");
  std::string micros(s->fraction.substr(0, 6));
  micros.resize(6, '0');
  c.microsecond = number(micros);
  Scalar out{time_node({}), s->zone.empty() ? YamlForm::naive : YamlForm::aware};
  if (s->zone.size() > 1) {
    const std::size_t colon = s->zone.find(':');
    const int hours = number(s->zone.substr(1, colon == std::string_view::npos ? colon : colon - 1));
    const int minutes = colon == std::string_view::npos ? 0 : number(s->zone.substr(colon + 1));
    const int offset = hours * 3600 + minutes * 60;
    if (offset >= 86400) return bad(text, "a time with an offset of less than a day");
    out.utc_offset_s = s->zone[0] == '-' ? -offset : offset;
  }
  out.cell.integer = (from_calendar(c) - std::chrono::seconds(out.utc_offset_s)).us;
  return out;
}

/// Whole numbers that 64 bits don't hold become reals.
Node whole(std::string_view digits_of, int base, bool negative) {
  std::int64_t value = 0;
  const std::string text = (negative ? "-" : "") + std::string(digits_of);
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error == std::errc{}) return integer_node(value);
  double real = 0;
  for (const char c : digits_of) {
    const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    real = real * base + digit;
  }
  if (base == 10) std::from_chars(digits_of.data(), digits_of.data() + digits_of.size(), real);
  return real_node(negative ? -real : real);
}

Result<Scalar> read_integer(std::string_view text) {
  if (!is_integer(text)) {  // an explicit !!int takes what int() takes; only plain digits are of use
    return bad(text, "an integer");
  }
  std::string plain;
  std::ranges::copy_if(text, std::back_inserter(plain), [](char c) { return c != '_'; });
  std::string_view rest = plain;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest == "0") return Scalar{integer_node(0)};
  if (rest.starts_with("0b") || rest.starts_with("0x")) {
    if (rest.size() == 2) return bad(text, "an integer");
    return Scalar{whole(rest.substr(2), rest[1] == 'b' ? 2 : 16, negative)};
  }
  if (rest.starts_with('0')) return Scalar{whole(rest.substr(1), 8, negative)};
  if (!rest.contains(':')) return Scalar{whole(rest, 10, negative)};
  double real = 0;
  std::int64_t value = 0;
  bool fits = true;
  for (;;) {
    const std::size_t colon = rest.find(':');
    const Node part = whole(rest.substr(0, colon), 10, false);
    const Value v(&part, nullptr);
    real = real * 60 + v.as_real();
    fits = fits && v.kind() == Kind::integer && !__builtin_mul_overflow(value, 60, &value) &&
           !__builtin_add_overflow(value, v.as_integer(), &value);
    if (colon == std::string_view::npos) break;
    rest.remove_prefix(colon + 1);
  }
  if (fits) return Scalar{integer_node(negative ? -value : value)};
  return Scalar{real_node(negative ? -real : real)};
}

Result<Scalar> read_real(std::string_view text) {
  std::string plain;
  std::ranges::copy_if(text, std::back_inserter(plain), [](char c) { return c != '_'; });
  plain = lower(plain);
  std::string_view rest = plain;
  const double sign = rest.starts_with('-') ? -1 : 1;
  if (rest.starts_with('-') || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest == ".inf") return Scalar{real_node(sign * std::numeric_limits<double>::infinity())};
  if (rest == ".nan") return Scalar{real_node(std::numeric_limits<double>::quiet_NaN())};
  // Sixties are added up from the last one, as the loader does: other orders round differently.
  std::vector<double> parts;
  for (;;) {
    const std::size_t colon = rest.find(':');
    const auto part = rest.substr(0, colon);
    double value = 0;
    const auto [stop, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (stop != part.data() + part.size() || part.empty()) return bad(text, "a number");
    if (error == std::errc::result_out_of_range)
      value = part.contains("e-") ? 0 : std::numeric_limits<double>::infinity();
    parts.push_back(value);
    if (colon == std::string_view::npos) break;
    rest.remove_prefix(colon + 1);
  }
  double value = 0, unit = 1;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part, unit *= 60) value += *part * unit;
  return Scalar{real_node(sign * value)};
}

Result<Scalar> read_bool(std::string_view text) {
  const std::string word = lower(text);
  if (any_of(word, {"yes", "true", "on"})) return Scalar{bool_node(true)};
  if (any_of(word, {"no", "false", "off"})) return Scalar{bool_node(false)};
  return bad(text, "a boolean");
}

Result<Scalar> read_binary(std::string_view text, Arena& arena) {
  std::string plain;
  std::ranges::copy_if(text, std::back_inserter(plain),
                       [](char c) { return !std::string_view(" \t\r\n").contains(c); });
  const auto bytes = decode_base64(plain);
  if (!bytes) return bad(text, "base64");
  return Scalar{text_node(arena, *bytes, Kind::blob)};
}

}  // namespace

ScalarTag resolve_plain(std::string_view text) {
  if (any_of(text, {"", "~", "null", "Null", "NULL"})) return ScalarTag::null;
  if (any_of(text, {"yes", "Yes", "YES", "no", "No", "NO", "true", "True", "TRUE", "false", "False", "FALSE", "on",
                    "On", "ON", "off", "Off", "OFF"})) {
    return ScalarTag::boolean;
  }
  if (text == "<<") return ScalarTag::merge;
  if (text == "=") return ScalarTag::value;
  if (!std::string_view("+-.0123456789").contains(text.front())) return ScalarTag::text;
  if (is_integer(text)) return ScalarTag::integer;
  if (is_real(text)) return ScalarTag::real;
  return cut_timestamp(text) ? ScalarTag::timestamp : ScalarTag::text;
}

Result<Scalar> read_scalar(ScalarTag tag, std::string_view text, Arena& arena) {
  switch (tag) {
    case ScalarTag::null:
      return Scalar{plain_node(Kind::null)};
    case ScalarTag::boolean:
      return read_bool(text);
    case ScalarTag::integer:
      return read_integer(text);
    case ScalarTag::real:
      return read_real(text);
    case ScalarTag::timestamp:
      return read_timestamp(text);
    case ScalarTag::binary:
      return read_binary(text, arena);
    case ScalarTag::merge:
      return bad(text, "a value; it is the key that merges mappings");
    case ScalarTag::value:
      return bad(text, "a value; write it in quotes");
    case ScalarTag::text:
      return Scalar{text_node(arena, text)};
  }
  return Scalar{text_node(arena, text)};
}

Result<Scalar> read_json_scalar(std::string_view text) {
  if (text == "null") return Scalar{plain_node(Kind::null)};
  if (text == "true" || text == "false") return Scalar{bool_node(text == "true")};
  const bool negative = text.starts_with('-');
  if (text.find_first_not_of("0123456789", negative ? 1 : 0) == std::string_view::npos) {
    return Scalar{whole(text.substr(negative ? 1 : 0), 10, negative)};
  }
  double value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || stop != text.data() + text.size()) return bad(text, "a number");
  return Scalar{real_node(value)};
}

}  // namespace reeve::text
