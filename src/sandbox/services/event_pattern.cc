#include "sandbox/services/event_pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "text/cidr.h"

namespace reeve::sandbox {
namespace {

constexpr int deepest = 100;  // both sides come from outside

bool same_text(std::string_view a, std::string_view b) {
  auto low = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, low, low);
}

/// "*" is any text, "\*" the character.
bool matches_star(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = pattern.npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
      continue;
    }
    const bool escaped = p + 1 < pattern.size() && pattern[p] == '\\';
    if (p < pattern.size() && pattern[p + (escaped ? 1 : 0)] == text[t]) {
      p += escaped ? 2 : 1;
      ++t;
      continue;
    }
    if (star == pattern.npos) return false;
    p = star + 1;
    t = ++mark;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

/// Whether one of a text, or of a list of texts, passes the test.
template <class Test>
bool any_text(Value one_or_many, Test test) {
  if (!one_or_many.is_list()) return one_or_many.is_text() && test(one_or_many.as_text());
  for (Value item : one_or_many.items()) {
    if (item.is_text() && test(item.as_text())) return true;
  }
  return false;
}

bool matches_affix(Value operand, std::string_view text, bool at_end) {
  auto fits = [&](std::string_view affix, bool ignore_case) {
    if (affix.size() > text.size()) return false;
    const std::string_view part = at_end ? text.substr(text.size() - affix.size()) : text.substr(0, affix.size());
    return ignore_case ? same_text(part, affix) : part == affix;
  };
  if (operand.is_map()) {
    return any_text(operand["equals-ignore-case"], [&](std::string_view affix) { return fits(affix, true); });
  }
  return any_text(operand, [&](std::string_view affix) { return fits(affix, false); });
}

bool matches_numeric(Value terms, Value given) {
  if (!given.is_number()) return false;
  const double number = given.as_real();
  for (std::size_t i = 0; i + 1 < terms.size(); i += 2) {
    const std::string_view sign = terms[i].as_text();
    const double bound = terms[i + 1].as_real();
    const bool holds = sign == "="    ? number == bound
                       : sign == "<"  ? number < bound
                       : sign == "<=" ? number <= bound
                       : sign == ">"  ? number > bound
                                      : number >= bound;
    if (!holds) return false;
  }
  return true;
}

bool matches_text_rule(std::string_view rule, Value operand, std::string_view text) {
  if (rule == "prefix") return matches_affix(operand, text, false);
  if (rule == "suffix") return matches_affix(operand, text, true);
  if (rule == "equals-ignore-case") return any_text(operand, [&](std::string_view t) { return same_text(t, text); });
  if (rule == "wildcard") return any_text(operand, [&](std::string_view t) { return matches_star(t, text); });
  if (rule == "cidr") {
    const auto network = text::parse_network(operand.as_text()), address = text::parse_network(text);
    return network && address && network->contains(*address);
  }
  return false;
}

bool matches_anything_but(Value operand, Value given) {
  if (operand.is_map()) {
    for (auto [rule, inner] : operand.entries()) {
      if (given.is_text() && matches_text_rule(rule, inner, given.as_text())) return false;
    }
    return given.is_text();
  }
  if (!operand.is_list()) return !(operand == given);
  for (Value item : operand.items()) {
    if (item == given) return false;
  }
  return true;
}

/// One value of a field's list against one value of the event.
bool matches_one(Value wanted, Value given) {
  if (!wanted.is_map()) return wanted.is_null() ? given.is_null() : wanted == given;
  for (auto [rule, operand] : wanted.entries()) {
    if (rule == "exists") {
      if (!operand.as_bool()) return false;
    } else if (rule == "numeric") {
      if (!matches_numeric(operand, given)) return false;
    } else if (rule == "anything-but") {
      if (!matches_anything_but(operand, given)) return false;
    } else if (!given.is_text() || !matches_text_rule(rule, operand, given.as_text())) {
      return false;
    }
  }
  return true;
}

bool wants_absence(Value wanted) {
  const auto exists = wanted.find("exists");
  return exists && exists->kind() == Kind::boolean && !exists->as_bool();
}

bool matches_leaf(Value wanted, std::optional<Value> given) {
  const bool there = given && !given->is_map();
  for (Value one : wanted.items()) {
    if (one.is_map() && wants_absence(one)) {
      if (!given) return true;
      continue;
    }
    if (!there) continue;
    if (!given->is_list()) {
      if (matches_one(one, *given)) return true;
      continue;
    }
    for (Value item : given->items()) {
      if (matches_one(one, item)) return true;
    }
  }
  return false;
}

bool matches_map(Value pattern, Value event, int depth);

bool matches_field(Value wanted, std::optional<Value> given, int depth) {
  if (wanted.is_list()) return matches_leaf(wanted, given);
  if (!given || !given->is_list()) return matches_map(wanted, given.value_or(Value()), depth);
  for (Value item : given->items()) {
    if (matches_map(wanted, item, depth)) return true;
  }
  return false;
}

/// A member of a map by its name; null members are there.
std::optional<Value> member(Value map, std::string_view name) { return map.is_map() ? map.find(name) : std::nullopt; }

bool matches_map(Value pattern, Value event, int depth) {
  if (depth > deepest) return false;
  for (auto [name, wanted] : pattern.entries()) {
    if (name == "$or" && wanted.is_list()) {
      bool any = false;
      for (Value alternative : wanted.items()) any = any || matches_map(alternative, event, depth + 1);
      if (!any) return false;
    } else if (!matches_field(wanted, member(event, name), depth + 1)) {
      return false;
    }
  }
  return true;
}

// --- Checking ---

using Problem = std::optional<std::string>;

constexpr std::array<std::string_view, 8> rules{"prefix",  "suffix", "equals-ignore-case", "wildcard", "cidr",
                                                "numeric", "exists", "anything-but"};

Problem check_numeric(Value terms) {
  if (!terms.is_list() || terms.size() == 0 || terms.size() % 2 != 0 || terms.size() > 4) {
    return "Bad value of numeric: wanted are pairs of a comparison and a number";
  }
  constexpr std::array<std::string_view, 5> signs{"=", "<", "<=", ">", ">="};
  for (std::size_t i = 0; i < terms.size(); i += 2) {
    if (std::ranges::find(signs, terms[i].as_text()) == signs.end()) {
      return fmt::format("Unrecognized numeric range operator: {}", terms[i].as_text());
    }
    if (!terms[i + 1].is_number()) return "Value of numeric must be a number";
  }
  return std::nullopt;
}

bool is_text_or_texts(Value value) {
  if (!value.is_list()) return value.is_text();
  return !value.empty() && any_text(value, [](std::string_view) { return true; });
}

Problem check_rule(std::string_view rule, Value operand) {
  if (std::ranges::find(rules, rule) == rules.end()) return fmt::format("Unrecognized match type {}", rule);
  if (rule == "numeric") return check_numeric(operand);
  if (rule == "exists") {
    if (operand.kind() != Kind::boolean) return "exists match pattern must be either true or false.";
    return std::nullopt;
  }
  if (rule == "cidr") {
    if (!text::parse_network(operand.as_text())) return fmt::format("Malformed CIDR, one '/' required");
    return std::nullopt;
  }
  if (rule == "anything-but") {
    if (operand.is_map()) {
      if (operand.size() != 1) return "Inside Anything-But object must be one rule";
      for (auto [inner, of] : operand.entries()) {
        if (inner == "anything-but" || inner == "exists" || inner == "numeric" || inner == "cidr") {
          return fmt::format("Unsupported anything-but pattern: {}", inner);
        }
        return check_rule(inner, of);
      }
    }
    if (operand.is_null() || (operand.is_list() && operand.empty())) return "Empty arrays are not allowed";
    return std::nullopt;
  }
  const bool nested = (rule == "prefix" || rule == "suffix") && operand.is_map() && operand.size() == 1 &&
                      operand["equals-ignore-case"].is_text();
  const bool only_one = rule == "equals-ignore-case" || rule == "wildcard" || rule == "prefix" || rule == "suffix";
  if (!nested && !(only_one && is_text_or_texts(operand)))
    return fmt::format("{} match pattern must be a string", rule);
  if (rule == "wildcard" && operand.as_text().find("**") != std::string_view::npos) {
    return "Consecutive wildcard characters";
  }
  return std::nullopt;
}

Problem check_map(Value pattern, int depth, bool top);

Problem check_leaf(std::string_view name, Value wanted) {
  if (wanted.empty()) return "Empty arrays are not allowed";
  for (Value one : wanted.items()) {
    if (one.is_list()) return fmt::format("Match value must be String, number, true, false, or null (\"{}\")", name);
    if (!one.is_map()) continue;
    if (one.size() != 1) return "Only one key allowed in match expression";
    for (auto [rule, operand] : one.entries()) {
      if (auto problem = check_rule(rule, operand)) return problem;
    }
  }
  return std::nullopt;
}

Problem check_map(Value pattern, int depth, bool top) {
  if (depth > deepest) return "The pattern nests too deeply";
  if (pattern.empty()) return top ? "Event pattern is empty" : "Empty objects are not allowed";
  for (auto [name, wanted] : pattern.entries()) {
    if (name == "$or" && wanted.is_list()) {
      if (wanted.size() < 2) return "There must have at least 2 Objects in $or relationship.";
      for (Value alternative : wanted.items()) {
        if (!alternative.is_map()) return "Only JSON object is allowed in array of $or relationship.";
        if (auto problem = check_map(alternative, depth + 1, false)) return problem;
      }
    } else if (wanted.is_map()) {
      if (auto problem = check_map(wanted, depth + 1, false)) return problem;
    } else if (!wanted.is_list()) {
      return fmt::format("\"{}\" must be an object or an array", name);
    } else if (auto problem = check_leaf(name, wanted)) {
      return problem;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> check_event_pattern(Value pattern) {
  if (!pattern.is_map()) return "Filter is not an object";
  return check_map(pattern, 0, true);
}

bool matches_event_pattern(Value pattern, Value event) { return matches_map(pattern, event, 0); }

}  // namespace reeve::sandbox
