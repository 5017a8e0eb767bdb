#include "text/python_format.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "base/limits.h"
#include "text/dates.h"
#include "text/python_spec.h"
#include "text/python_text.h"

namespace reeve::text {
namespace {

std::unexpected<Error> bad(std::string_view text, std::string what) {
  return fail(Error{.code = Code::invalid_input,
                    .message = fmt::format("{} in '{}'", what, text.substr(0, 200)),
                    .hint = "A brace that stands for itself is written twice: {{ or }}"});
}

std::string str_of_time(Time time) {
  const std::string out = format_strftime(time, "%Y-%m-%d %H:%M:%S.%f");
  return out.ends_with(".000000") ? out.substr(0, out.size() - 7) : out;
}

/// "+5d%Y": increments are taken out wherever they stand, the rest is strftime's.
Result<std::string> format_time(Time time, std::string_view spec, std::string_view text) {
  constexpr Time last{253402300799LL * 1'000'000};  // the end of year 9999
  std::string rest;
  for (std::size_t i = 0; i < spec.size();) {
    std::size_t end = i + 1;
    while (spec[i] == '+' && end < spec.size() && spec[end] >= '0' && spec[end] <= '9') ++end;
    if (spec[i] == '+' && end > i + 1 && end < spec.size() && std::string_view("Mhd").contains(spec[end])) {
      std::int64_t amount = 0;
      const auto parsed = std::from_chars(spec.data() + i + 1, spec.data() + end, amount);
      const std::int64_t unit = spec[end] == 'M' ? 60 : spec[end] == 'h' ? 3600 : 86400;
      std::int64_t us = 0;
      if (parsed.ec != std::errc{} || __builtin_mul_overflow(amount, unit * 1'000'000, &us) ||
          __builtin_add_overflow(time.us, us, &us) || Time{us} > last) {
        return bad(text, "the increment leads past the year 9999");
      }
      time = Time{us};
      i = end + 1;
    } else {
      rest += spec[i++];
    }
  }
  return rest.empty() ? str_of_time(time) : format_strftime(time, rest);
}

/// One run over a text.
class Formatter {
 public:
  Formatter(std::string_view text, const Variables& variables, FormatOptions options)
      : text_(text), variables_(variables), options_(options) {}

  Result<Expanded> run() {
    auto out = expand_part(text_, 2);
    if (!out) return out;
    if (missing_.empty()) return out;
    if (!options_.keep_missing) return bad(text_, fmt::format("there is no '{}'", missing_));
    return Expanded{.text = std::string(text_), .missing = true};
  }

 private:
  Result<Expanded> expand_part(std::string_view in, int depth) {
    if (depth == 0) return bad(text_, "braces nest too deeply");
    Expanded out;
    bool any = false;  // anything written yet
    for (std::size_t at = 0; at < in.size();) {
      const char c = in[at];
      if (c != '{' && c != '}') {
        const std::size_t end = std::min(in.find_first_of("{}", at), in.size());
        write(out, any, in.substr(at, end - at));
        at = end;
      } else if (at + 1 < in.size() && in[at + 1] == c) {
        write(out, any, in.substr(at, 1));
        at += 2;
      } else if (c == '}') {
        return bad(text_, "a single '}'");
      } else {
        TRY(const std::string_view field, field_at(in, at));
        TRY(auto value, replace(field, depth));
        if (!missing_.empty()) return out;
        if (value.value && !any && at == in.size() && options_.keep_type) return value;
        write(out, any, value.value ? python_str(*value.value) : value.text);
      }
      if (out.text.size() > limits::text_file_bytes) return fail(Code::limit_exceeded, "a text expands to too much");
    }
    return out;
  }
  static void write(Expanded& out, bool& any, std::string_view text) {
    out.text += text;
    any = true;
  }

  /// What stands between the brace at `at` and its partner; moves past it.
  Result<std::string_view> field_at(std::string_view in, std::size_t& at) const {
    const std::size_t begin = ++at;
    if (at == in.size()) return bad(text_, "a single '{'");
    int open = 1;
    bool bracket = false, in_name = true;
    for (; at < in.size(); ++at) {
      const char c = in[at];
      if (bracket) {
        bracket = c != ']';
      } else if (c == '[' && in_name) {
        bracket = true;
      } else if (c == '{') {
        if (in_name) return bad(text_, "unexpected '{' in a field name");
        ++open;
      } else if (c == '}' && --open == 0) {
        return in.substr(begin, at++ - begin);
      } else if (c == ':' || c == '!') {
        in_name = false;
      }
    }
    return bad(text_, "a '{' without its '}'");
  }

  struct Field {
    std::string_view name, spec;
    char conversion = 0;
    bool has_spec = false;
  };
  Result<Field> cut(std::string_view field) const {
    Field out;
    std::size_t end = 0;
    for (bool bracket = false; end < field.size(); ++end) {
      if (field[end] == '[') bracket = true;
      if (field[end] == ']') bracket = false;
      if (!bracket && (field[end] == ':' || field[end] == '!')) break;
    }
    out.name = field.substr(0, end);
    std::string_view rest = field.substr(end);
    if (rest.starts_with('!')) {
      if (rest.size() < 2) return bad(text_, "a conversion is missing after '!'");
      out.conversion = rest[1];
      rest.remove_prefix(2);
      if (!rest.empty() && rest.front() != ':') return bad(text_, "':' is missing after a conversion");
    }
    if (rest.starts_with(':')) {
      out.spec = rest.substr(1);
      out.has_spec = !out.spec.empty();
    }
    return out;
  }

  /// A typed value, or a text.
  Result<Expanded> replace(std::string_view whole, int depth) {
    TRY(const Field field, cut(whole));
    TRY(const auto value, look_up(field.name));
    if (!value) return Expanded{};
    std::string spec(field.spec);
    if (spec.contains('{') || spec.contains('}')) {
      TRY(auto inner, expand_part(field.spec, depth - 1));
      if (!missing_.empty()) return Expanded{};
      if (inner.value && !inner.value->is_text()) return bad(text_, "a format that is no text");
      spec = inner.value ? inner.value->as_string() : inner.text;
    }
    if (field.conversion != 0) {
      if (field.conversion != 'r' && field.conversion != 's' && field.conversion != 'a') {
        return bad(text_, fmt::format("unknown conversion '!{}'", field.conversion));
      }
      const std::string text = field.conversion == 's' ? python_str(*value) : python_repr(*value);
      TRY(auto formatted, format_text(text, spec));
      return Expanded{.text = std::move(formatted)};
    }
    if (spec.empty()) return Expanded{.value = value};
    auto formatted =
        value->kind() == Kind::timestamp ? format_time(value->as_time(), spec, text_) : format_value(*value, spec);
    if (!formatted) return fail(std::move(formatted.error()));
    return Expanded{.text = std::move(*formatted)};
  }

  /// The value of `name`, `name[index]`, …; nullopt where something is missing.
  Result<std::optional<Value>> look_up(std::string_view path) {
    const std::size_t end = std::min(path.find_first_of(".["), path.size());
    const std::string_view name = path.substr(0, end);
    const bool positional = name.find_first_not_of("0123456789") == std::string_view::npos;
    auto value = positional ? std::nullopt : variables_(name);
    if (!value) {
      missing_ = name.empty() ? "{}" : name;
      return std::nullopt;
    }
    path.remove_prefix(end);
    while (!path.empty()) {
      if (path.front() == '.') {
        const std::size_t stop = std::min(path.find_first_of(".[", 1), path.size());
        return bad(text_, fmt::format("'{}' has no attribute '{}' (members are read as {}[{}])", name,
                                      path.substr(1, stop - 1), name, path.substr(1, stop - 1)));
      }
      const std::size_t stop = path.find(']');
      if (path.front() != '[') return bad(text_, "only '.' or '[' may follow ']'");
      if (stop == std::string_view::npos) return bad(text_, "a '[' without its ']'");
      const std::string_view index = path.substr(1, stop - 1);
      if (index.empty()) return bad(text_, "an empty index");
      path.remove_prefix(stop + 1);
      TRY(value, item(*value, index));
      if (!value) {
        missing_ = fmt::format("{}[{}]", name, index);
        return std::nullopt;
      }
    }
    return value;
  }

  Result<std::optional<Value>> item(Value in, std::string_view index) const {
    const bool number = index.find_first_not_of("0123456789") == std::string_view::npos;
    if (in.is_unknown()) return in;
    if (in.is_map()) return in.find(index);
    if (!in.is_list() || !number) {
      return bad(text_, fmt::format("a value of type {} has no [{}]", name_of(in), index));
    }
    std::size_t at = 0;
    const auto parsed = std::from_chars(index.data(), index.data() + index.size(), at);
    if (parsed.ec != std::errc{} || at >= in.size()) return std::nullopt;
    return in[at];
  }
  static std::string_view name_of(Value v) { return reeve::name(v.kind()); }

  std::string_view text_;
  const Variables& variables_;
  FormatOptions options_;
  std::string missing_;
};

Result<void> copy_expanded(Builder& out, Value value, const Variables& variables, FormatOptions options) {
  switch (value.kind()) {
    case Kind::text: {
      TRY(const auto expanded, expand(value.as_text(), variables, options));
      if (expanded.value) {
        out.add(*expanded.value);
      } else {
        out.add(expanded.text);
      }
      return {};
    }
    case Kind::list:
      out.begin_list();
      for (const Value item : value.items()) TRY(copy_expanded(out, item, variables, options));
      out.end();
      return {};
    case Kind::map:
      out.begin_map();
      for (const auto [key, member] : value.entries()) {
        out.key(key);
        TRY(copy_expanded(out, member, variables, options));
      }
      out.end();
      return {};
    default:
      out.add(value);
      return {};
  }
}

void append_repr_text(std::string& out, std::string_view text) {
  const char quote = text.contains('\'') && !text.contains('"') ? '"' : '\'';
  out += quote;
  for (const char c : text) {
    if (c == quote || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  out += quote;
}

void append_repr(std::string& out, Value value) {
  switch (value.kind()) {
    case Kind::null:
      out += "None";
      break;
    case Kind::boolean:
      out += value.as_bool() ? "True" : "False";
      break;
    case Kind::integer:
      fmt::format_to(std::back_inserter(out), "{}", value.as_integer());
      break;
    case Kind::real:
      out += python_float(value.as_real());
      break;
    case Kind::text:
      append_repr_text(out, value.as_text());
      break;
    case Kind::timestamp:
      out += str_of_time(value.as_time());
      break;
    case Kind::blob:
      out += 'b';
      append_repr_text(out, value.as_text());
      break;
    case Kind::unknown:
      out += fmt::format("<unknown: {}>", value.as_text());
      break;
    case Kind::list: {
      out += '[';
      for (std::size_t i = 0; i < value.size(); ++i) {
        if (i > 0) out += ", ";
        append_repr(out, value[i]);
      }
      out += ']';
      break;
    }
    case Kind::map: {
      out += '{';
      bool first = true;
      for (const auto [key, member] : value.entries()) {
        if (!first) out += ", ";
        first = false;
        append_repr_text(out, key);
        out += ": ";
        append_repr(out, member);
      }
      out += '}';
      break;
    }
  }
}

}  // namespace

Result<Expanded> expand(std::string_view text, const Variables& variables, FormatOptions options) {
  auto out = Formatter(text, variables, options).run();
  if (out && out->value && !options.keep_type) return Expanded{.text = python_str(*out->value)};
  return out;
}

Result<Document> expand_all(Value value, const Variables& variables, FormatOptions options) {
  Builder b;
  TRY(copy_expanded(b, value, variables, options));
  return b.finish();
}

std::string python_str(Value value) { return value.is_text() ? value.as_string() : python_repr(value); }

std::string python_repr(Value value) {
  std::string out;
  append_repr(out, value);
  return out;
}

std::string python_float(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char buffer[64];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific);
  const std::string_view shortest(buffer, static_cast<std::size_t>(end - buffer));
  const std::size_t e = shortest.find('e');
  int exponent = 0;
  const std::size_t sign = shortest[e + 1] == '+' ? 1 : 0;
  std::from_chars(shortest.data() + e + 1 + sign, shortest.data() + shortest.size(), exponent);
  if (exponent < -4 || exponent >= 16) return std::string(shortest);
  const auto fixed = std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::fixed);
  std::string out(buffer, fixed.ptr);
  if (!out.contains('.')) out += ".0";
  return out;
}

}  // namespace reeve::text
