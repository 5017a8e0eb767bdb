#include "text/python_spec.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "text/python_format.h"
#include "text/python_text.h"

namespace reeve::text {
namespace {

constexpr int largest_width = 10'000;  // of people's texts; more is a slip

struct Spec {
  std::string fill = " ";
  char align = 0;
  char sign = '-';
  bool alternate = false;
  int width = 0;
  char grouping = 0;
  int precision = -1;
  char type = 0;
};

std::unexpected<Error> bad(std::string_view spec, std::string_view what) {
  return fail(Code::invalid_input, fmt::format("the format '{}' is wrong: {}", spec.substr(0, 100), what));
}

bool is_align(char c) { return c == '<' || c == '>' || c == '=' || c == '^'; }

Result<Spec> parse(std::string_view all) {
  Spec out;
  std::size_t at = 0;
  const auto digits = [&](int& into) {
    const auto [stop, error] = std::from_chars(all.data() + at, all.data() + all.size(), into);
    at = static_cast<std::size_t>(stop - all.data());
    return error == std::errc{} && into <= largest_width;
  };
  const auto take = [&](std::string_view set) { return at < all.size() && set.contains(all[at]) ? all[at++] : '\0'; };
  std::size_t after = 0;
  if (!all.empty()) next_code_point(all, after);
  if (after > 0 && after < all.size() && is_align(all[after])) {
    out.fill = all.substr(0, after);
    out.align = all[after];
    at = after + 1;
  } else if (!all.empty() && is_align(all[0])) {
    out.align = take("<>=^");
  }
  if (const char sign = take("+- ")) out.sign = sign;
  out.alternate = take("#") != 0;
  if (take("0") != 0 && out.align == 0) {
    out.fill = "0";
    out.align = '=';
  }
  if (at < all.size() && all[at] >= '0' && all[at] <= '9' && !digits(out.width))
    return bad(all, "the width is too large");
  out.grouping = take(",_");
  if (take(".") != 0 && (at == all.size() || all[at] < '0' || all[at] > '9' || !digits(out.precision))) {
    return bad(all, "a precision is missing or too large");
  }
  if (at < all.size()) out.type = all[at++];
  if (at != all.size()) return bad(all, "it goes on after the type");
  return out;
}

std::string padded(const Spec& s, std::string_view sign, std::string_view body, char align) {
  const auto used = static_cast<int>(length(sign) + length(body));
  const int missing = std::max(0, s.width - used);
  const int left = align == '>' || align == '=' ? missing : align == '^' ? missing / 2 : 0;
  std::string out;
  const auto fill = [&](int n) {
    for (; n > 0; --n) out += s.fill;
  };
  if (align == '=') {
    out += sign;
    fill(missing);
  } else {
    fill(left);
    out += sign;
  }
  out += body;
  if (align != '=') fill(missing - left);
  return out;
}

/// Puts separators into the digits before the point.
std::string grouped(std::string digits, char separator, std::size_t every) {
  std::size_t end = 0;
  while (end < digits.size() && std::isxdigit(static_cast<unsigned char>(digits[end]))) ++end;
  for (std::size_t at = end; at > every;) digits.insert(at -= every, 1, separator);
  return digits;
}

std::string_view sign_of(const Spec& s, bool negative) {
  return negative ? "-" : s.sign == '+' ? "+" : s.sign == ' ' ? " " : "";
}

Result<std::string> format_real(double value, const Spec& s, std::string_view all) {
  const double x = std::abs(value);
  const int precision = s.precision < 0 ? 6 : s.precision;
  std::string body;
  if (!std::isfinite(x)) {
    body = std::isnan(x) ? "nan" : "inf";
    if (s.type == 'F' || s.type == 'E' || s.type == 'G') body = upper(body);
    if (s.type == '%') body += '%';
  } else {
    switch (s.type) {
      case 0:
        if (s.precision < 0) {
          body = python_float(x);
        } else {
          body = fmt::format("{:.{}g}", x, s.precision);
          if (body.find_first_of(".e") == std::string::npos) body += ".0";
        }
        break;
      case 'f':
      case 'F':
        body = fmt::format("{:.{}f}", x, precision);
        break;
      case 'e':
        body = fmt::format("{:.{}e}", x, precision);
        break;
      case 'E':
        body = fmt::format("{:.{}E}", x, precision);
        break;
      case 'g':
      case 'n':
        body = fmt::format("{:.{}g}", x, precision);
        break;
      case 'G':
        body = fmt::format("{:.{}G}", x, precision);
        break;
      case '%':
        body = fmt::format("{:.{}f}%", x * 100, precision);
        break;
      default:
        return bad(all, fmt::format("a float has no type '{}'", s.type));
    }
    if (s.grouping != 0) body = grouped(std::move(body), s.grouping, 3);
  }
  return padded(s, sign_of(s, std::signbit(value) && !std::isnan(value)), body, s.align != 0 ? s.align : '>');
}

Result<std::string> format_integer(std::int64_t value, const Spec& s, std::string_view all) {
  if (s.type != 0 && std::string_view("eEfFgG%").contains(s.type))
    return format_real(static_cast<double>(value), s, all);
  if (s.precision >= 0) return bad(all, "an integer has no precision");
  const std::uint64_t x = value < 0 ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value);
  std::string body, prefix;
  switch (s.type) {
    case 0:
    case 'd':
    case 'n':
      body = fmt::format("{}", x);
      break;
    case 'b':
      body = fmt::format("{:b}", x), prefix = "0b";
      break;
    case 'o':
      body = fmt::format("{:o}", x), prefix = "0o";
      break;
    case 'x':
      body = fmt::format("{:x}", x), prefix = "0x";
      break;
    case 'X':
      body = fmt::format("{:X}", x), prefix = "0X";
      break;
    case 'c':
      if (value < 0 || value > 0x10FFFF) return bad(all, "no such character");
      append_utf8(body, static_cast<char32_t>(value));
      return padded(s, "", body, s.align != 0 ? s.align : '<');
    default:
      return bad(all, fmt::format("an integer has no type '{}'", s.type));
  }
  if (s.grouping != 0) body = grouped(std::move(body), s.grouping, prefix.empty() ? 3 : 4);
  const std::string sign = std::string(sign_of(s, value < 0)) + (s.alternate ? prefix : "");
  return padded(s, sign, body, s.align != 0 ? s.align : '>');
}

}  // namespace

Result<std::string> format_text(std::string_view text, std::string_view all) {
  if (all.empty()) return std::string(text);
  TRY(const Spec s, parse(all));
  if (s.type != 0 && s.type != 's') return bad(all, fmt::format("a text has no type '{}'", s.type));
  if (s.sign != '-' || s.alternate || s.grouping != 0 || (s.align == '=' && s.fill != "0")) {
    return bad(all, "a text takes only alignment, width and precision");
  }
  if (s.precision >= 0) {
    std::size_t end = 0;
    for (int n = 0; n < s.precision && end < text.size(); ++n) next_code_point(text, end);
    text = text.substr(0, end);
  }
  return padded(s, "", text, s.align != 0 && s.align != '=' ? s.align : '<');
}

Result<std::string> format_value(Value value, std::string_view all) {
  if (all.empty()) return python_str(value);
  if (value.is_text()) return format_text(value.as_text(), all);
  TRY(const Spec s, parse(all));
  switch (value.kind()) {
    case Kind::boolean:
      return format_integer(value.as_bool() ? 1 : 0, s, all);
    case Kind::integer:
      return format_integer(value.as_integer(), s, all);
    case Kind::real:
      return format_real(value.as_real(), s, all);
    default:
      return bad(all, fmt::format("a value of type {} takes no format", name(value.kind())));
  }
}

}  // namespace reeve::text
