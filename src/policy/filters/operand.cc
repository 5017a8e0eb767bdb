#include "policy/filters/operand.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "policy/filters/lookup.h"
#include "policy/filters/python_value.h"
#include "text/python_format.h"
#include "text/python_text.h"
#include "text/version_compare.h"

namespace reeve::policy {
namespace {

constexpr std::pair<std::string_view, Op> ops[] = {
    {"eq", Op::equal},
    {"equal", Op::equal},
    {"ne", Op::not_equal},
    {"not-equal", Op::not_equal},
    {"gt", Op::greater},
    {"greater-than", Op::greater},
    {"ge", Op::at_least},
    {"gte", Op::at_least},
    {"lt", Op::less},
    {"less-than", Op::less},
    {"le", Op::at_most},
    {"lte", Op::at_most},
    {"in", Op::in},
    {"ni", Op::not_in},
    {"not-in", Op::not_in},
    {"contains", Op::contains},
    {"intersect", Op::intersect},
    {"difference", Op::difference},
    {"mod", Op::mod},
    {"glob", Op::glob},
    {"regex", Op::regex},
    {"regex-case", Op::regex_case},
};
constexpr std::pair<std::string_view, ValueType> value_types[] = {
    {"age", ValueType::age},
    {"expiration", ValueType::expiration},
    {"date", ValueType::date},
    {"integer", ValueType::integer},
    {"float", ValueType::real},
    {"normalize", ValueType::normalize},
    {"size", ValueType::size},
    {"unique_size", ValueType::unique_size},
    {"swap", ValueType::swap},
    {"cidr", ValueType::cidr},
    {"cidr_size", ValueType::cidr_size},
    {"version", ValueType::version},
    {"expr", ValueType::expr},
    {"string", ValueType::none},  // converts nothing
};

template <class T, std::size_t n>
constexpr auto names_of(const std::pair<std::string_view, T> (&table)[n]) {
  std::array<std::string_view, n> names{};
  for (std::size_t i = 0; i < n; ++i) names[i] = table[i].first;
  return names;
}
constexpr auto op_name_list = names_of(ops);
constexpr auto value_type_list = names_of(value_types);

Truth truth(bool b) { return b ? Truth::yes : Truth::no; }

/// What an order says of an ordering op: types that have no order are no match.
Truth ordered(Op op, Order order) {
  if (order == Order::unknown) return Truth::unknown;
  switch (op) {
    case Op::greater:
      return truth(order == Order::more);
    case Op::at_least:
      return truth(order == Order::more || order == Order::same);
    case Op::less:
      return truth(order == Order::less);
    default:
      return truth(order == Order::less || order == Order::same);
  }
}

bool is_ordering(Op op) { return op == Op::greater || op == Op::at_least || op == Op::less || op == Op::at_most; }

Truth match_pattern(Op op, Value resource, Value value, const text::Pattern* pattern) {
  if (resource.is_unknown() || value.is_unknown()) return Truth::unknown;
  if (!resource.is_text()) return Truth::no;
  Result<bool> matched = false;
  if (pattern != nullptr) {
    matched = pattern->matches(resource.as_text());
  } else {
    if (!value.is_text()) return Truth::unknown;  // Python raises
    const auto made = text::Pattern::compile(value.as_text(), {.ignore_case = op == Op::regex});
    if (!made) return Truth::unknown;
    matched = made->matches(resource.as_text());
  }
  return matched ? truth(*matched) : Truth::unknown;
}

/// `element in container` for sides of form cidr. nullopt = TypeError.
std::optional<Truth> cidr_in(const Operand& element, const Operand& container) {
  const auto inside = [](const std::optional<text::Cidr>& inner, const std::optional<text::Cidr>& outer) {
    return inner && outer && outer->contains(*inner);
  };
  if (container.form == Operand::Form::cidrs) {
    return truth(std::ranges::any_of(container.networks, [&](const auto& one) { return inside(element.cidr, one); }));
  }
  if (!container.cidr || !container.cidr->network) return std::nullopt;
  if (element.form == Operand::Form::cidrs) return Truth::unknown;  // Python raises
  return truth(inside(element.cidr, container.cidr));
}

Truth apply_cidr(Op op, const Operand& resource, const Operand& value) {
  const bool lists = resource.form == Operand::Form::cidrs || value.form == Operand::Form::cidrs;
  const auto none = [](std::optional<Truth> t) { return t.value_or(Truth::no); };
  switch (op) {
    case Op::equal:
      return truth(!lists && resource.cidr == value.cidr);
    case Op::not_equal:
      return truth(lists || resource.cidr != value.cidr);
    case Op::in:
      return none(cidr_in(resource, value));
    case Op::not_in: {
      const auto in = cidr_in(resource, value);
      return in ? !*in : Truth::no;
    }
    case Op::contains:
      return none(cidr_in(value, resource));
    default:
      break;
  }
  if (!is_ordering(op) || lists || !resource.cidr || !value.cidr) return Truth::no;
  const text::Cidr &a = *resource.cidr, &b = *value.cidr;
  if (a.v6 != b.v6 || a.network != b.network) return Truth::no;
  const auto key = [](const text::Cidr& c) { return std::pair(c.address, c.prefix); };
  return ordered(op, key(a) < key(b) ? Order::less : key(a) == key(b) ? Order::same : Order::more);
}

Truth apply_version(Op op, const Operand& resource, const Operand& value) {
  const auto compared = text::compare_versions(resource.value.as_text(), value.value.as_text());
  if (op == Op::equal) return truth(compared == std::strong_ordering::equal);
  if (op == Op::not_equal) return truth(compared != std::strong_ordering::equal);
  if (!compared || !is_ordering(op)) return Truth::no;
  return ordered(op, *compared < 0 ? Order::less : *compared == 0 ? Order::same : Order::more);
}

/// An empty tuple among plain values: in no list, equal to nothing that a record or a policy holds.
Truth apply_tuple(Op op, const Operand& resource, const Operand& value) {
  const bool left = resource.form == Operand::Form::tuple, right = value.form == Operand::Form::tuple;
  if (left && right) return truth(op == Op::equal || op == Op::at_least || op == Op::at_most);
  if (right) return op == Op::in ? Truth::no : truth(op == Op::not_in || op == Op::not_equal);
  const bool container = value.value.is_list() || value.value.is_map();
  if (value.value.is_unknown()) return Truth::unknown;
  return truth((op == Op::not_in && container) || op == Op::not_equal);
}

}  // namespace

std::optional<Op> find_op(std::string_view name) {
  for (const auto& [known, op] : ops) {
    if (known == name) return op;
  }
  return std::nullopt;
}
std::span<const std::string_view> op_names() { return op_name_list; }

std::optional<ValueType> find_value_type(std::string_view name) {
  for (const auto& [known, type] : value_types) {
    if (known == name) return type;
  }
  return std::nullopt;
}
std::span<const std::string_view> value_type_names() { return value_type_list; }

void Operand::set(std::int64_t integer) { value = integer_value(node, integer); }
void Operand::set(double number) { value = real_value(node, number); }
void Operand::set(Time time) { value = time_value(node, time); }
void Operand::set(std::string text) {
  buffer = std::move(text);
  value = text_value(node, buffer);
}

void Operand::set_cidr(Value from, bool from_tuple) {
  form = Form::cidr;
  cidr = std::nullopt;
  if (from_tuple || from.is_map()) return;
  if (from.is_text()) {
    cidr = text::parse_cidr(from.as_text());
  } else if (from.is_list()) {
    form = Form::cidrs;
    for (const Value item : from.items()) networks.push_back(text::parse_cidr(item.as_text_or({})));
  } else {
    form = Form::raises;
  }
}

Truth apply(Op op, const Operand& resource, const Operand& value, const text::Pattern* pattern) {
  using Form = Operand::Form;
  if (resource.form == Form::raises || value.form == Form::raises) return Truth::unknown;
  const bool is_cidr = resource.form == Form::cidr || resource.form == Form::cidrs;
  if (is_cidr) return apply_cidr(op, resource, value);
  if (resource.form == Form::version) return apply_version(op, resource, value);
  if (resource.form == Form::tuple || value.form == Form::tuple) return apply_tuple(op, resource, value);

  const Value r = resource.value, v = value.value;
  const auto no_match = [](std::optional<Truth> t) { return t.value_or(Truth::no); };
  switch (op) {
    case Op::equal:
      return equal(r, v);
    case Op::not_equal:
      return !equal(r, v);
    case Op::greater:
    case Op::at_least:
    case Op::less:
    case Op::at_most:
      return ordered(op, order(r, v));
    case Op::in:
      return no_match(is_in(r, v));
    case Op::not_in: {
      const auto in = is_in(r, v);
      return in ? !*in : Truth::no;
    }
    case Op::contains:
      return no_match(is_in(v, r));
    case Op::intersect:
      return no_match(intersects(r, v));
    case Op::difference:
      return no_match(differs(r, v));
    case Op::mod: {
      const bool by_zero = (r.is_number() || r.kind() == Kind::boolean) && truthy(v) == Truth::no &&
                           (v.is_number() || v.kind() == Kind::boolean);
      return by_zero ? Truth::unknown : no_match(remainder(r, v));
    }
    case Op::glob:
      if (r.is_unknown() || v.is_unknown()) return Truth::unknown;
      return truth(r.is_text() && v.is_text() && text::glob_match(v.as_text(), r.as_text()));
    case Op::regex:
    case Op::regex_case:
      return match_pattern(op, r, v, pattern);
  }
  return Truth::unknown;
}

namespace {

/// A number's text for Python: without white space around it, and without single underscores between digits.
/// nullopt where an underscore stands elsewhere.
std::optional<std::string> number_text(std::string_view text) {
  text = text::strip(text);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
    if (text[i] != '_') {
      out += text[i];
    } else if (i == 0 || !digit(i - 1) || !digit(i + 1)) {
      return std::nullopt;
    }
  }
  if (out.starts_with('+') && !out.starts_with("+-")) out.erase(0, 1);
  return out;
}

}  // namespace

std::int64_t python_int(Value value) {
  if (value.kind() == Kind::integer) return value.as_integer();
  if (!value.is_text()) return 0;  // str() of anything else is no integer: "1.9", "True", "[]"
  const auto digits = number_text(value.as_text());
  std::int64_t number = 0;
  if (!digits) return 0;
  const auto [end, error] = std::from_chars(digits->data(), digits->data() + digits->size(), number);
  return error == std::errc() && end == digits->data() + digits->size() ? number : 0;
}

double python_real(Value value) {
  if (value.is_number()) return value.as_real();
  if (!value.is_text()) return 0;
  const auto text = number_text(value.as_text());
  double number = 0;
  if (!text) return 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (end != text->data() + text->size() || text->empty()) return 0;
  if (error == std::errc::result_out_of_range) return std::numeric_limits<double>::infinity();
  return error == std::errc() ? number : 0;
}

}  // namespace reeve::policy
