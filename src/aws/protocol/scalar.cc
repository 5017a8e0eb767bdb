#include "aws/protocol/scalar.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

namespace reeve::aws {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool two(const char* at, int& value) {
  value = (at[0] - '0') * 10 + (at[1] - '0');
  return is_digit(at[0]) && is_digit(at[1]);
}

/// Days from 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil).
std::int64_t days_of(int year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const int era = year / 400;
  const int of_era = year - era * 400;
  const int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return std::int64_t{era} * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/// The two forms that nearly all of AWS's times have: "2026-01-19T00:36:26Z" and "2026-01-19T00:36:26.000Z".
std::optional<Time> parse_usual_time(std::string_view text) {
  if ((text.size() != 20 && text.size() != 24) || text.back() != 'Z') return std::nullopt;
  const char* t = text.data();
  int century = 0, year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, milliseconds = 0;
  if (!two(t, century) || !two(t + 2, year) || t[4] != '-' || !two(t + 5, month) || t[7] != '-' || !two(t + 8, day) ||
      t[10] != 'T' || !two(t + 11, hour) || t[13] != ':' || !two(t + 14, minute) || t[16] != ':' ||
      !two(t + 17, second)) {
    return std::nullopt;
  }
  if (text.size() == 24) {
    int low = 0;
    if (t[19] != '.' || !is_digit(t[20]) || !two(t + 21, low)) return std::nullopt;
    milliseconds = (t[20] - '0') * 100 + low;
  }
  year += century * 100;
  if (year < 1 || hour > 23 || minute > 59 || second > 59 || month < 1 || month > 12 || day < 1) return std::nullopt;
  if (day > 28 && !valid_date(year, static_cast<unsigned>(month), static_cast<unsigned>(day))) return std::nullopt;
  const std::int64_t seconds = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
  return Time{seconds * 1'000'000 + milliseconds * 1000};
}

constexpr double last_second = 9.2e12;  // microseconds of an int64 end there

}  // namespace

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<Time> parse_time(std::string_view text) {
  if (const auto usual = parse_usual_time(text)) return usual;
  text = trimmed(text);
  if (text.empty()) return std::nullopt;
  if (text.size() >= 10 && text[4] == '-') {
    if (const auto time = parse_iso8601(text)) return *time;
    return std::nullopt;
  }
  if (is_digit(text[0]) || text[0] == '-') {
    if (const auto whole = parse_integer(text)) {
      if (std::abs(static_cast<double>(*whole)) > last_second) return std::nullopt;
      return Time{*whole * 1'000'000};
    }
    const auto seconds = parse_real(text);
    if (!seconds || !(std::abs(*seconds) < last_second)) return std::nullopt;
    return Time{std::llround(*seconds * 1e6)};
  }
  if (const auto time = parse_http_date(text)) return *time;
  return std::nullopt;
}

std::optional<Time> time_of(Value value) {
  switch (value.kind()) {
    case Kind::timestamp:
      return value.as_time();
    case Kind::integer:
      if (std::abs(value.as_real()) > last_second) return std::nullopt;
      return Time{value.as_integer() * 1'000'000};
    case Kind::real:
      if (!(std::abs(value.as_real()) < last_second)) return std::nullopt;
      return Time{std::llround(value.as_real() * 1e6)};
    case Kind::text:
      return parse_time(value.as_text());
    default:
      return std::nullopt;
  }
}

void append_time(std::string& out, Time time, TimestampFormat format) {
  switch (format) {
    case TimestampFormat::rfc822:
      out += format_http_date(time);
      return;
    case TimestampFormat::unix_timestamp: {
      std::int64_t seconds = time.us / 1'000'000, rest = time.us % 1'000'000;
      if (time.us < 0 && seconds == 0) out += '-';
      fmt::format_to(std::back_inserter(out), "{}", seconds);
      rest = std::abs(rest);
      if (rest != 0) {
        std::string fraction = fmt::format(".{:06}", rest);
        fraction.erase(fraction.find_last_not_of('0') + 1);
        out += fraction;
      }
      return;
    }
    default:
      out += format_iso8601(time);
      return;
  }
}

void append_number(std::string& out, Value value) {
  if (value.kind() == Kind::integer) {
    fmt::format_to(std::back_inserter(out), "{}", value.as_integer());
    return;
  }
  const double number = value.kind() == Kind::text ? parse_real(value.as_text()).value_or(0) : value.as_real();
  if (std::isnan(number)) {
    out += "NaN";
  } else if (std::isinf(number)) {
    out += number < 0 ? "-Infinity" : "Infinity";
  } else {
    fmt::format_to(std::back_inserter(out), "{}", number);
  }
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  auto [at, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc{} && at == end) [[likely]]
    return value;
  const std::string_view tight = trimmed(text);
  if (tight.empty()) return std::nullopt;
  end = tight.data() + tight.size();
  const char* begin = tight.data() + (tight.front() == '+' && tight.size() > 1 && tight[1] != '-' ? 1 : 0);
  auto [again, second_error] = std::from_chars(begin, end, value);
  if (second_error == std::errc{} && again == end) return value;
  return std::nullopt;
}

std::optional<double> parse_real(std::string_view text) {
  text = trimmed(text);
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  if (text.empty()) return std::nullopt;
  if (text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || at != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<bool> parse_boolean(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  text = trimmed(text);
  std::string low;
  for (const char c : text.substr(0, 8)) low += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (low == "true" || low == "1") return true;
  if (low == "false" || low == "0") return false;
  return std::nullopt;
}

Value member_of(Value map, const Member& member, const Keys* keys, std::uint32_t& hint) {
  if (!map.is_map()) return {};
  if (map.keys() == keys && !map.node()->spelled()) {
    if (const Node* found = map.find(member.key, hint)) {
      ++hint;  // members mostly come in the model's order
      return {found, keys};
    }
    return {};
  }
  return map.find(member.name).value_or(Value{});
}

}  // namespace reeve::aws
