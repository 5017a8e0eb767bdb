#include "policy/filters/python_value.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "text/python_text.h"

namespace reeve::policy {
namespace {

bool is_numeric(Value v) { return v.is_number() || v.kind() == Kind::boolean; }
bool is_whole(Value v) { return v.kind() == Kind::integer || v.kind() == Kind::boolean; }
std::int64_t whole(Value v) { return v.kind() == Kind::boolean ? (v.as_bool() ? 1 : 0) : v.as_integer(); }
double real(Value v) { return is_whole(v) ? static_cast<double>(whole(v)) : v.as_real(); }

Truth truth(bool b) { return b ? Truth::yes : Truth::no; }

Truth equal_lists(Value a, Value b) {
  if (a.size() != b.size()) return Truth::no;
  Truth all = Truth::yes;
  for (std::size_t i = 0; i < a.size(); ++i) {
    all = std::min(all, equal(a[i], b[i]));
    if (all == Truth::no) return all;
  }
  return all;
}

Truth equal_maps(Value a, Value b) {
  if (a.size() != b.size()) return Truth::no;
  Truth all = Truth::yes;
  for (const auto [key, value] : a.entries()) {
    const auto other = b.find(key);
    all = std::min(all, other ? equal(value, *other) : Truth::no);
    if (all == Truth::no) return all;
  }
  return all;
}

Order order_of(auto a, auto b) {
  return a < b ? Order::less : a == b ? Order::same : a > b ? Order::more : Order::none;
}

/// One member of Python's set(v): a value, or a letter of a text.
struct Member {
  Value value;
  std::string_view letter;
};
Truth same(const Member& a, const Member& b) {
  const bool a_letter = !a.letter.empty(), b_letter = !b.letter.empty();
  if (a_letter && b_letter) return truth(a.letter == b.letter);
  if (a_letter) return truth(b.value.is_text() && b.value.as_text() == a.letter);
  if (b_letter) return truth(a.value.is_text() && a.value.as_text() == b.letter);
  return equal(a.value, b.value);
}

/// Members of set(v), with repetitions. nullopt where set() raises.
std::optional<std::vector<Member>> members(Value v) {
  std::vector<Member> out;
  switch (v.kind()) {
    case Kind::text: {
      const std::string_view text = v.as_text();
      for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = at;
        text::next_code_point(text, at);
        out.push_back({{}, text.substr(begin, at - begin)});
      }
      return out;
    }
    case Kind::list:
      for (const Value item : v.items()) {
        if (item.is_list() || item.is_map()) return std::nullopt;  // no hash
        out.push_back({item, {}});
      }
      return out;
    case Kind::map:
      for (const auto [key, value] : v.entries()) {
        out.push_back({{}, key});  // compares like a text of its own
      }
      return out;
    default:
      return std::nullopt;
  }
}

Truth contains(const std::vector<Member>& set, const Member& member) {
  Truth any = Truth::no;
  for (const Member& other : set) {
    any = std::max(any, same(member, other));
    if (any == Truth::yes) break;
  }
  return any;
}

}  // namespace

Truth equal(Value a, Value b) {
  if (a.is_unknown() || b.is_unknown()) return Truth::unknown;
  if (is_numeric(a) && is_numeric(b)) {
    return truth(is_whole(a) && is_whole(b) ? whole(a) == whole(b) : real(a) == real(b));
  }
  if (a.kind() != b.kind()) return Truth::no;
  if (a.is_list()) return equal_lists(a, b);
  if (a.is_map()) return equal_maps(a, b);
  return truth(a == b);
}

Order order(Value a, Value b) {
  if (a.is_unknown() || b.is_unknown()) return Order::unknown;
  if (is_numeric(a) && is_numeric(b)) {
    return is_whole(a) && is_whole(b) ? order_of(whole(a), whole(b)) : order_of(real(a), real(b));
  }
  if (a.kind() != b.kind()) return Order::none;
  switch (a.kind()) {
    case Kind::text:
    case Kind::blob:
      return order_of(a.as_text(), b.as_text());  // UTF-8's bytes are ordered as its code points
    case Kind::timestamp:
      return order_of(a.as_time(), b.as_time());
    case Kind::list:
      for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        const Truth same = equal(a[i], b[i]);
        if (same == Truth::unknown) return Order::unknown;
        if (same == Truth::no) return order(a[i], b[i]);
      }
      return order_of(a.size(), b.size());
    default:
      return Order::none;
  }
}

Truth truthy(Value a) {
  switch (a.kind()) {
    case Kind::unknown:
      return Truth::unknown;
    case Kind::null:
      return Truth::no;
    case Kind::boolean:
      return truth(a.as_bool());
    case Kind::integer:
      return truth(a.as_integer() != 0);
    case Kind::real:
      return truth(a.as_real() != 0);
    case Kind::timestamp:
      return Truth::yes;
    default:
      return truth(!a.empty());
  }
}

std::optional<Truth> is_in(Value item, Value container) {
  if (item.is_unknown() || container.is_unknown()) return Truth::unknown;
  switch (container.kind()) {
    case Kind::text:
      if (!item.is_text()) return std::nullopt;
      return truth(container.as_text().find(item.as_text()) != std::string_view::npos);
    case Kind::list: {
      Truth any = Truth::no;
      for (const Value other : container.items()) {
        any = std::max(any, equal(item, other));
        if (any == Truth::yes) break;
      }
      return any;
    }
    case Kind::map:
      if (item.is_list() || item.is_map()) return std::nullopt;
      return truth(item.is_text() && container.find(item.as_text()).has_value());
    default:
      return std::nullopt;
  }
}

std::optional<Truth> intersects(Value a, Value b) {
  if (a.is_unknown() || b.is_unknown()) return Truth::unknown;
  const auto left = members(a), right = members(b);
  if (!left || !right) return std::nullopt;
  Truth any = Truth::no;
  for (const Member& member : *left) any = std::max(any, contains(*right, member));
  return any;
}

std::optional<Truth> differs(Value a, Value b) {
  if (a.is_unknown() || b.is_unknown()) return Truth::unknown;
  const auto left = members(a), right = members(b);
  if (!left || !right) return std::nullopt;
  Truth any = Truth::no;
  for (const Member& member : *left) any = std::max(any, !contains(*right, member));
  return any;
}

std::optional<std::size_t> distinct_items(Value a) {
  const auto all = members(a);
  if (!all) return std::nullopt;
  std::vector<Member> seen;
  for (const Member& member : *all) {
    if (contains(seen, member) != Truth::yes) seen.push_back(member);
  }
  return seen.size();
}

std::optional<Truth> remainder(Value a, Value b) {
  if (a.is_unknown() || b.is_unknown()) return Truth::unknown;
  if (a.is_text()) {
    const bool mapping = b.is_list() || b.is_map();
    if (!mapping || a.as_text().contains('%')) return std::nullopt;
    return truth(!a.empty());
  }
  if (!is_numeric(a) || !is_numeric(b)) return std::nullopt;
  if (is_whole(a) && is_whole(b)) {
    if (whole(b) == 0) return std::nullopt;
    return truth(whole(b) != -1 && whole(a) % whole(b) != 0);
  }
  if (real(b) == 0) return std::nullopt;
  return truth(std::fmod(real(a), real(b)) != 0);
}

}  // namespace reeve::policy
