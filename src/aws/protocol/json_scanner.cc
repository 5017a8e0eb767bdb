#include "aws/protocol/json_scanner.h"

#include <fmt/format.h>

#include <charconv>

namespace reeve::aws {
namespace {

/// Eight digits at once: pairs, then fours, then all are put together by multiplications whose upper halves add up.
/// False, and `value` as it was, if the eight bytes are not all digits.
bool eight_digits(const char* at, std::uint64_t& value) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, at, sizeof(bytes));
  constexpr std::uint64_t zeros = 0x3030303030303030, high = 0xF0F0F0F0F0F0F0F0, to_high = 0x0606060606060606;
  if ((bytes & high) != zeros || ((bytes + to_high) & high) != zeros) return false;
  bytes -= zeros;
  bytes = (bytes * 10 + (bytes >> 8)) & 0x00FF00FF00FF00FF;
  bytes = (bytes * 100 + (bytes >> 16)) & 0x0000FFFF0000FFFF;
  bytes = (bytes * 10'000 + (bytes >> 32)) & 0xFFFFFFFF;
  value = value * 100'000'000 + bytes;
  return true;
}

bool digit(char c) { return c >= '0' && c <= '9'; }

void append_utf8(std::string& out, std::uint32_t c) {
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) return put(c);
  if (c < 0x800) return put(0xC0 | c >> 6), put(0x80 | (c & 0x3F));
  if (c < 0x10000) return put(0xE0 | c >> 12), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  put(0xF0 | c >> 18), put(0x80 | (c >> 12 & 0x3F)), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
}

/// Four hexadecimal digits; false if they are none.
bool hex4(const char* at, const char* end, std::uint32_t& value) {
  if (end - at < 4) return false;
  const auto [stop, error] = std::from_chars(at, at + 4, value, 16);
  return error == std::errc() && stop == at + 4;
}

}  // namespace

bool JsonScanner::escaped_text(const char* from, std::string_view& text) {
  buffer_.clear();
  for (const char* at = from;;) {
    const char* const stop = plain_end(at);
    if (stop >= end_) return fail("a string does not end");
    buffer_.append(at, stop);
    at = stop;
    at_ = at;  // where it is wrong, if it is
    if (*at == '"') break;
    if (*at != '\\') return fail("a control character stands in a string");
    if (!escape(at)) return fail("an escape in a string is wrong");
  }
  ++at_;
  text = buffer_;
  return true;
}

/// RFC 8259, 7. `at` is at the backslash, and then behind the escape.
bool JsonScanner::escape(const char*& at) {
  if (end_ - at < 2) return false;
  const char c = at[1];
  at += 2;
  constexpr std::string_view letters = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
  if (const auto which = letters.find(c); which != std::string_view::npos) return buffer_.push_back(meant[which]), true;
  std::uint32_t code = 0;
  if (c != 'u' || !hex4(at, end_, code)) return false;
  at += 4;
  if (code >= 0xD800 && code < 0xDC00) {
    std::uint32_t low = 0;
    if (end_ - at < 6 || at[0] != '\\' || at[1] != 'u' || !hex4(at + 2, end_, low) || low < 0xDC00 || low > 0xDFFF) {
      return false;
    }
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    at += 6;
  } else if (code >= 0xDC00 && code <= 0xDFFF) {
    return false;  // half of a pair
  }
  append_utf8(buffer_, code);
  return true;
}

bool JsonScanner::word(std::string_view word) {
  if (peek() != word.front() || static_cast<std::size_t>(end_ - at_) < word.size() ||
      std::memcmp(at_, word.data(), word.size()) != 0) {
    return fail("a value was expected");
  }
  at_ += word.size();
  return true;
}

bool JsonScanner::boolean(bool& value) {
  value = peek() == 't';
  return word(value ? "true" : "false");
}

bool JsonScanner::number(Number& number) {
  const char c = peek();
  const bool negative = c == '-';
  const char* at = at_ + (negative ? 1 : 0);
  const char* const first = at;
  std::uint64_t value = 0;
  if (end_ - at >= 8 && eight_digits(at, value)) at += 8;
  for (; at < end_ && digit(*at); ++at) value = value * 10 + static_cast<std::uint64_t>(*at - '0');
  const auto digits = at - first;
  if (digits == 0 || (digits > 1 && *first == '0')) return fail("a number was expected");
  constexpr int surely_fitting = 18;
  const bool more = at < end_ && (*at == '.' || *at == 'e' || *at == 'E');
  if (more || digits > surely_fitting) return real(at, number);
  number.whole = true;
  number.integer = negative ? -static_cast<std::int64_t>(value) : static_cast<std::int64_t>(value);
  number.real = negative && value == 0 ? -0.0 : static_cast<double>(number.integer);
  at_ = at;
  return true;
}

/// A number whose whole part ends at `from`: with a fraction, an exponent, or many digits.
bool JsonScanner::real(const char* from, Number& number) {
  const char* at = from;
  const auto digits = [&] {
    const char* const begin = at;
    while (at < end_ && digit(*at)) ++at;
    return at > begin;
  };
  if (at < end_ && *at == '.') {
    ++at;
    if (!digits()) return fail("a number was expected");
  }
  bool small = false;
  if (at < end_ && (*at == 'e' || *at == 'E')) {
    ++at;
    if (at < end_ && (*at == '+' || *at == '-')) small = *at++ == '-';
    if (!digits()) return fail("a number was expected");
  }
  number.whole = at == from && std::from_chars(at_, at, number.integer).ec == std::errc();
  if (const auto read = std::from_chars(at_, at, number.real); read.ec != std::errc()) {
    if (!small) return fail("a number is too large");
    number.real = 0;
  }
  at_ = at;
  return true;
}

bool JsonScanner::skip(std::size_t depth) {
  if (depth > limits::document_depth) return fail(nests_too_deeply);
  std::string_view passed;
  switch (peek()) {
    case '{':
      ++at_;
      for (bool more = first('}'); more; more = next('}')) {
        if (!key(passed) || !skip(depth + 1)) return false;
      }
      return !failed();
    case '[':
      ++at_;
      for (bool more = first(']'); more; more = next(']')) {
        if (!skip(depth + 1)) return false;
      }
      return !failed();
    case '"':
      return text(passed);
    case 't':
    case 'f': {
      bool value = false;
      return boolean(value);
    }
    case 'n':
      return null();
    default: {
      Number value;
      return number(value);
    }
  }
}

std::string JsonScanner::error() const { return fmt::format("{} at byte {}", what_, failed_at_); }

}  // namespace reeve::aws
