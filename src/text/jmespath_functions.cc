#include "text/jmespath_functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/json.h"
#include "text/jmespath_evaluator.h"
#include "text/python_format.h"
#include "text/python_text.h"

namespace reeve::text::jmespath {
namespace {

std::uint16_t type_of(Value v) {
  switch (v.kind()) {
    case Kind::null:
      return null;
    case Kind::boolean:
      return boolean;
    case Kind::integer:
    case Kind::real:
      return number;
    case Kind::text:
      return string;
    case Kind::timestamp:
      return timestamp;
    case Kind::blob:
      return blob;
    case Kind::list:
      return array;
    case Kind::map:
      return object;
    case Kind::unknown:
      break;
  }
  return 0;
}

std::string_view type_name(std::uint16_t type) {
  switch (type) {
    case number:
      return "number";
    case string:
      return "string";
    case boolean:
      return "boolean";
    case array:
      return "array";
    case object:
      return "object";
    case null:
      return "null";
    case reference:
      return "expression reference";
    case array_of_number:
      return "array of numbers";
    case array_of_string:
      return "array of strings";
    case timestamp:
      return "timestamp";
    case blob:
      return "blob";
    default:
      return "value";
  }
}

std::string type_names(std::uint16_t types) {
  std::string out;
  for (unsigned bit = 1; bit <= blob; bit <<= 1) {
    if ((types & bit) == 0) continue;
    if (!out.empty()) out += " or ";
    out += type_name(static_cast<std::uint16_t>(bit));
  }
  return out;
}

bool less(Value a, Value b) {
  if (a.is_text()) return a.as_text() < b.as_text();
  if (a.kind() == Kind::integer && b.kind() == Kind::integer) return a.as_integer() < b.as_integer();
  return a.as_real() < b.as_real();
}

/// A whole number as an integer where it fits one.
Node whole(double x) { return std::abs(x) < 9.2e18 ? integer_node(static_cast<std::int64_t>(x)) : real_node(x); }

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || (s.front() >= '\t' && s.front() <= '\r'))) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || (s.back() >= '\t' && s.back() <= '\r'))) s.remove_suffix(1);
  return s;
}

}  // namespace

/// Whether the argument is of a type that the function takes. An unknown one is noted, not refused.
bool Calls::check(std::size_t i, Value v) {
  const Signature& f = functions[e_.function];
  const std::uint16_t wants = f.wants[std::min<std::size_t>(i, f.more ? f.count - 1U : 1U)];
  const auto refuse = [&](std::string_view got) {
    run_.set_error(JmespathError::invalid_type, e_,
                   fmt::format("{}() takes {} as argument {}, but got {}", f.name, type_names(wants), i + 1, got));
    return false;
  };
  if (v.is_unknown()) {
    if (!unknown_) unknown_ = v;
    return true;
  }
  const std::uint16_t type = type_of(v);
  if ((wants & type) != 0) return true;
  if (type != array || (wants & (array_of_number | array_of_string)) == 0) return refuse(type_name(type));
  std::uint16_t seen = 0;
  for (const Value one : v.items()) {
    if (one.is_unknown()) {
      if (!unknown_) unknown_ = one;
      continue;
    }
    const std::uint16_t t = type_of(one);
    const bool fits =
        (t == number && (wants & array_of_number) != 0) || (t == string && (wants & array_of_string) != 0);
    if (!fits || (seen != 0 && seen != t)) return refuse(fmt::format("an array with a {}", type_name(t)));
    seen = t;
  }
  return run_.work(v.size());
}

Value Calls::call(Value current) {
  const Signature& f = functions[e_.function];
  for (std::size_t i = 0; i < e_.children.size(); ++i) {
    const Expression& argument = run_.at(e_.children[i]);
    const std::uint16_t wants = f.wants[std::min<std::size_t>(i, f.more ? f.count - 1U : 1U)];
    if ((wants & reference) != 0 || argument.op == Op::reference) {
      if ((wants & reference) == 0 || argument.op != Op::reference) {
        run_.set_error(JmespathError::invalid_type, e_,
                       fmt::format("{}() takes {} as argument {}, but got {}", f.name, type_names(wants), i + 1,
                                   argument.op == Op::reference ? "an expression reference" : "a value"));
        return {};
      }
      arguments_.emplace_back();
      continue;
    }
    const Value v = run_.eval(e_.children[i], current);
    if (f.function == Function::not_null && (v.is_unknown() || !v.is_null())) return v;
    if (run_.failed() || !check(i, v)) return {};
    arguments_.push_back(v);
  }
  if (unknown_) return *unknown_;
  const auto& a = arguments_;
  const auto child = [&](std::size_t i) { return run_.at(e_.children[i]).left; };
  switch (f.function) {
    case Function::abs:
      if (a[0].kind() == Kind::integer && a[0].as_integer() != INT64_MIN) {
        return run_.node(integer_node(std::abs(a[0].as_integer())));
      }
      return run_.node(real_node(std::abs(a[0].as_real())));
    case Function::avg:
      return do_sum(a[0], true);
    case Function::sum:
      return do_sum(a[0], false);
    case Function::ceil:
      return a[0].kind() == Kind::integer ? a[0] : run_.node(whole(std::ceil(a[0].as_real())));
    case Function::floor:
      return a[0].kind() == Kind::integer ? a[0] : run_.node(whole(std::floor(a[0].as_real())));
    case Function::contains:
      return do_contains(a[0], a[1]);
    case Function::starts_with:
      return run_.node(bool_node(a[0].as_text().starts_with(a[1].as_text())));
    case Function::ends_with:
      return run_.node(bool_node(a[0].as_text().ends_with(a[1].as_text())));
    case Function::from_json:
      return do_from_json(a[0]);
    case Function::join:
      return do_join(a[0], a[1]);
    case Function::split:
      return do_split(a[0], a[1]);
    case Function::keys:
    case Function::values: {
      const std::size_t first = run_.scratch_.stack().size();
      for (const auto [key, value] : a[0].entries()) {
        if (!run_.work()) break;
        if (f.function == Function::values) {
          run_.push(value);
        } else {
          run_.scratch_.stack().push_back(borrowed_text_node(key));
        }
      }
      return run_.list(first);
    }
    case Function::length:
      return run_.node(integer_node(static_cast<std::int64_t>(a[0].is_text() ? length(a[0].as_text()) : a[0].size())));
    case Function::map:
      return do_map(child(0), a[1]);
    case Function::max:
      return do_extreme(a[0], true);
    case Function::min:
      return do_extreme(a[0], false);
    case Function::max_by:
    case Function::min_by:
    case Function::sort_by:
      return do_by(a[0], child(1));
    case Function::merge:
      return do_merge();
    case Function::not_null:
      return {};
    case Function::reverse:
      return do_reverse(a[0]);
    case Function::sort:
      return do_sort(a[0]);
    case Function::to_array: {
      if (a[0].is_list()) return a[0];
      const std::size_t first = run_.scratch_.stack().size();
      run_.push(a[0]);
      return run_.list(first);
    }
    case Function::to_number:
      return do_to_number(a[0]);
    case Function::to_string:
      return do_to_string(a[0]);
    case Function::type:
      return run_.text(type_name(type_of(a[0])));
  }
  return {};
}

Value Calls::do_contains(Value in, Value what) {
  if (in.is_text()) {
    const bool found = what.is_text() && in.as_text().find(what.as_text()) != std::string_view::npos;
    return run_.node(bool_node(found));
  }
  for (const Value one : in.items()) {
    const Truth t = run_.equal(one, what);
    if (t == Truth::yes) return run_.node(bool_node(true));
    if (t == Truth::unknown && !unknown_) unknown_ = one;
  }
  if (!unknown_) return run_.node(bool_node(false));
  if (unknown_->is_unknown()) return *unknown_;
  return run_.node(text_node(run_.scratch_.arena(), "a part of what contains() looks at is unknown", Kind::unknown));
}

Value Calls::do_join(Value separator, Value items) {
  std::string out;
  bool first = true;
  for (const Value one : items.items()) {
    if (!run_.work(1 + (one.size() + separator.size()) / 16)) return {};
    if (!first) out += separator.as_text();
    out += one.as_text();
    first = false;
  }
  return run_.text(out);
}

Value Calls::do_split(Value separator, Value text) {
  const std::string_view by = separator.as_text();
  std::string_view rest = text.as_text();
  if (by.empty()) {
    run_.set_error(JmespathError::invalid_value, e_, "split() takes a separator that is not empty");
    return {};
  }
  const std::size_t first = run_.scratch_.stack().size();
  for (;;) {
    const std::size_t end = rest.find(by);
    if (!run_.work()) break;
    run_.scratch_.stack().push_back(text_node(run_.scratch_.arena(), rest.substr(0, end)));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + by.size());
  }
  return run_.list(first);
}

Value Calls::do_merge() {
  std::vector<std::pair<std::string_view, Value>> all;
  for (const Value map : arguments_) {
    for (const auto [key, value] : map.entries()) {
      if (!run_.work(1 + all.size())) return {};
      const auto old = std::ranges::find(all, key, [](const auto& e) { return e.first; });
      if (old != all.end()) {
        old->second = value;
      } else {
        all.emplace_back(key, value);
      }
    }
  }
  auto& stack = run_.scratch_.stack();
  const std::size_t first = stack.size();
  for (const auto& [key, value] : all) {
    stack.push_back(borrowed_text_node(key));
    run_.push(value);
  }
  const Node made = map_node(run_.scratch_.arena(), std::span(stack).subspan(first));
  stack.resize(first);
  return run_.node(made);
}

Value Calls::do_reverse(Value v) {
  if (v.is_list()) {
    const std::size_t first = run_.scratch_.stack().size();
    for (std::size_t i = v.size(); i > 0 && run_.work(); --i) run_.push(v[i - 1]);
    return run_.list(first);
  }
  const std::string_view in = v.as_text();
  if (!run_.work(in.size() / 16)) return {};
  std::vector<std::string_view> characters;
  for (std::size_t at = 0; at < in.size();) {
    const std::size_t begin = at;
    next_code_point(in, at);
    characters.push_back(in.substr(begin, at - begin));
  }
  std::string out;
  for (auto c = characters.rbegin(); c != characters.rend(); ++c) out += *c;
  return run_.text(out);
}

Value Calls::do_sort(Value v) {
  std::vector<Value> sorted;
  for (const Value one : v.items()) sorted.push_back(one);
  if (!run_.work(sorted.size() * 8)) return {};
  // Of equals the one that stands first comes first: items of a list stand side by side in memory.
  std::ranges::sort(sorted, [](Value a, Value b) { return less(a, b) || (!less(b, a) && a.node() < b.node()); });
  const std::size_t first = run_.scratch_.stack().size();
  for (const Value one : sorted) run_.push(one);
  return run_.list(first);
}

Value Calls::do_sum(Value v, bool average) {
  if (average && v.empty()) return {};
  std::int64_t whole_sum = 0;
  double sum = 0;
  bool integers = true;
  for (const Value one : v.items()) {
    sum += one.as_real();
    integers =
        integers && one.kind() == Kind::integer && !__builtin_add_overflow(whole_sum, one.as_integer(), &whole_sum);
  }
  if (average) return run_.node(real_node(sum / static_cast<double>(v.size())));
  return run_.node(integers ? integer_node(whole_sum) : real_node(sum));
}

Value Calls::do_extreme(Value v, bool greatest) {
  Value best;
  for (const Value one : v.items()) {
    if (best.is_null() || (greatest ? less(best, one) : less(one, best))) best = one;
  }
  return best;
}

Value Calls::do_map(Index what, Value list) {
  const std::size_t first = run_.scratch_.stack().size();
  for (const Value one : list.items()) {
    if (!run_.work()) break;
    const Value given = run_.eval(what, one);
    run_.push(given);
  }
  return run_.list(first);
}

/// sort_by, max_by, min_by: what the reference gives must be all numbers or all texts.
Value Calls::do_by(Value list, Index what) {
  std::vector<std::pair<Value, Value>> keyed;
  std::uint16_t type = 0;
  for (const Value one : list.items()) {
    if (!run_.work(8)) return {};
    const Value key = run_.eval(what, one);
    if (run_.failed()) return {};
    if (key.is_unknown()) {
      if (!unknown_) unknown_ = key;
      continue;
    }
    const std::uint16_t t = type_of(key);
    if ((t != number && t != string) || (type != 0 && t != type)) {
      run_.set_error(JmespathError::invalid_type, e_,
                     fmt::format("{}() needs keys that are all numbers or all texts, but one is a {}",
                                 functions[e_.function].name, type_name(t)));
      return {};
    }
    type = t;
    keyed.emplace_back(key, one);
  }
  if (unknown_) return *unknown_;
  const auto before = [](const auto& a, const auto& b) { return less(a.first, b.first); };
  const Function f = functions[e_.function].function;
  if (f == Function::sort_by) {
    std::ranges::sort(keyed, [&](const auto& a, const auto& b) {
      return before(a, b) || (!before(b, a) && a.second.node() < b.second.node());
    });
    const std::size_t first = run_.scratch_.stack().size();
    for (const auto& [key, one] : keyed) run_.push(one);
    return run_.list(first);
  }
  if (keyed.empty()) return {};
  return f == Function::max_by ? std::ranges::max_element(keyed, before)->second
                               : std::ranges::min_element(keyed, before)->second;
}

Value Calls::do_to_number(Value v) {
  if (v.is_number()) return v;
  if (!v.is_text()) return {};
  std::string_view text = trimmed(v.as_text());
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  const char* end = text.data() + text.size();
  std::int64_t integer = 0;
  if (const auto [stop, error] = std::from_chars(text.data(), end, integer); error == std::errc{} && stop == end) {
    return run_.node(integer_node(integer));
  }
  double real = 0;
  const auto [stop, error] = std::from_chars(text.data(), end, real);
  return error == std::errc{} && stop == end && !text.empty() ? run_.node(real_node(real)) : Value{};
}

void Calls::write(std::string& out, Value v) {
  if (!run_.work(1 + v.size() / 16)) return;
  switch (v.kind()) {
    case Kind::real:
      out += python_float(v.as_real());
      break;
    case Kind::unknown:
      if (!unknown_) unknown_ = v;
      break;
    case Kind::list: {
      out += '[';
      bool first = true;
      for (const Value one : v.items()) {
        if (!first) out += ',';
        first = false;
        write(out, one);
      }
      out += ']';
      break;
    }
    case Kind::map: {
      out += '{';
      bool first = true;
      for (const auto [key, value] : v.entries()) {
        if (!first) out += ',';
        first = false;
        append_json_string(out, key);
        out += ':';
        write(out, value);
      }
      out += '}';
      break;
    }
    default:
      out += to_json(v);
  }
}

Value Calls::do_to_string(Value v) {
  if (v.is_text()) return v;
  if (v.kind() == Kind::timestamp) return run_.text(format_iso8601(v.as_time()));
  std::string out;
  write(out, v);
  return unknown_ ? *unknown_ : run_.text(out);
}

Value Calls::do_from_json(Value v) {
  if (!run_.work(v.size() / 16)) return {};
  const auto parsed = parse_json(v.as_text());
  if (!parsed) return {};
  run_.scratch_.arena().keep(parsed->arena());
  return parsed->root();
}

}  // namespace reeve::text::jmespath
