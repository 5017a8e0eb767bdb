#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/json.h"
#include "sandbox/services/logs.h"

/// Filter patterns of CloudWatch Logs.
namespace reeve::sandbox {
namespace {

constexpr int most_depth = 30;

/// A member by "$.a.b[0]"; null where there is none.
Value at_path(Value root, std::string_view path) {
  Value at = root;
  path.remove_prefix(1);  // $
  while (!path.empty() && !at.is_null()) {
    if (path[0] == '[') {
      const auto end = path.find(']');
      std::size_t index = 0;
      std::from_chars(path.data() + 1, path.data() + std::min(end, path.size()), index);
      at = at[index];
      path.remove_prefix(end == path.npos ? path.size() : end + 1);
      continue;
    }
    path.remove_prefix(1);  // .
    const std::string_view member = path.substr(0, path.find_first_of(".["));
    at = at[member];
    path.remove_prefix(member.size());
  }
  return at;
}

bool has_path(Value root, std::string_view path) {
  const auto dot = path.rfind('.');
  if (dot == path.npos) return true;
  return at_path(root, path.substr(0, dot)).find(path.substr(dot + 1)).has_value();
}

}  // namespace

struct LogPattern::Parser {
  LogPattern& out;
  std::string_view text;
  std::size_t at = 0;
  int depth = 0;
  using Index = std::expected<std::size_t, std::string>;

  void skip() {
    while (at < text.size() && std::isspace(static_cast<unsigned char>(text[at]))) ++at;
  }
  bool take(std::string_view what) {
    skip();
    if (!text.substr(at).starts_with(what)) return false;
    at += what.size();
    return true;
  }
  static std::unexpected<std::string> wrong(std::string what) { return std::unexpected(std::move(what)); }
  Index add(Part part) {
    out.parts_.push_back(std::move(part));
    return out.parts_.size() - 1;
  }
  Index either() {
    if (++depth > most_depth) return wrong("it is nested too deep");
    TRY(std::size_t left, both());
    while (take("||")) {
      TRY(const std::size_t right, both());
      TRY(left, add({.op = Op::either, .left = left, .right = right}));
    }
    --depth;
    return left;
  }
  Index both() {
    TRY(std::size_t left, single());
    while (take("&&")) {
      TRY(const std::size_t right, single());
      TRY(left, add({.op = Op::both, .left = left, .right = right}));
    }
    return left;
  }
  Index single() {
    if (take("(")) {
      TRY(const std::size_t inner, either());
      if (!take(")")) return wrong("a parenthesis has no end");
      return inner;
    }
    skip();
    if (at >= text.size() || text[at] != '$') return wrong("a selector that begins with $ is wanted");
    Part part;
    while (at < text.size() &&
           (std::isalnum(static_cast<unsigned char>(text[at])) || std::string_view("$._-[]@/").contains(text[at]))) {
      part.path += text[at++];
    }
    if (part.path.size() > 1 && part.path[1] != '.' && part.path[1] != '[') return wrong("a selector is $.name");
    if (take("NOT EXISTS")) return part.op = Op::absent, add(std::move(part));
    if (take("EXISTS")) return part.op = Op::exists, add(std::move(part));
    if (take("IS NULL")) return part.op = Op::is_null, add(std::move(part));
    if (take("IS TRUE")) return part.op = Op::is_true, add(std::move(part));
    if (take("IS FALSE")) return part.op = Op::is_false, add(std::move(part));
    for (std::string_view relation : {"!=", ">=", "<=", "=", ">", "<"}) {
      if (!take(relation)) continue;
      part.relation = relation;
      return compared(std::move(part));
    }
    return wrong("an operator is wanted after " + part.path);
  }
  Index compared(Part part) {
    skip();
    const bool quoted = at < text.size() && text[at] == '"';
    if (quoted) {
      for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\' && at + 1 < text.size()) ++at;
        part.text += text[at];
      }
      if (at++ >= text.size()) return wrong("a quote has no end");
    } else {
      while (at < text.size() && !std::isspace(static_cast<unsigned char>(text[at])) &&
             !std::string_view("()&|").contains(text[at])) {
        part.text += text[at++];
      }
      double number = 0;
      const char* end = part.text.data() + part.text.size();
      const auto [stop, error] = std::from_chars(part.text.data(), end, number);
      if (error == std::errc() && stop == end) part.number = number;
    }
    if (part.text.empty() && !quoted) return wrong("a value is wanted after " + part.path);
    if (!part.number && part.relation != "=" && part.relation != "!=") {
      return wrong("a number is wanted after " + part.relation);
    }
    return add(std::move(part));
  }
};

std::expected<LogPattern, std::string> LogPattern::parse(std::string_view text) {
  constexpr std::size_t longest = 1024;
  LogPattern out;
  if (text.size() > longest) return std::unexpected(std::string("it is longer than 1024 characters"));
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  if (text.starts_with('{')) {
    if (!text.ends_with('}')) return std::unexpected(std::string("a } is missing"));
    Parser parser{.out = out, .text = text.substr(1, text.size() - 2)};
    TRY(parser.either());
    parser.skip();
    if (parser.at != parser.text.size()) return std::unexpected(std::string("something stands behind its end"));
    return out;
  }
  if (text.starts_with('[') || text.starts_with('%')) {
    return std::unexpected(
        std::string("the sandbox has no patterns of space-delimited fields and no regular expressions"));
  }
  while (!text.empty()) {
    if (std::isspace(static_cast<unsigned char>(text.front()))) {
      text.remove_prefix(1);
      continue;
    }
    std::vector<std::string>* into = &out.all_;
    if (text.front() == '?' || text.front() == '-') {
      into = text.front() == '?' ? &out.any_ : &out.none_;
      text.remove_prefix(1);
    }
    std::string term;
    if (text.starts_with('"')) {
      std::size_t end = 1;
      for (; end < text.size() && text[end] != '"'; ++end) {
        if (text[end] == '\\' && end + 1 < text.size()) ++end;
        term += text[end];
      }
      if (end >= text.size()) return std::unexpected(std::string("a quote has no end"));
      text.remove_prefix(end + 1);
    } else {
      while (!text.empty() && !std::isspace(static_cast<unsigned char>(text.front()))) {
        const char c = text.front();
        if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '.' && c != '-' && c != ':' && c != '/' &&
            c != '*') {
          return std::unexpected(fmt::format("terms with '{}' are wanted in quotes", c));
        }
        term += c;
        text.remove_prefix(1);
      }
    }
    if (term.empty()) return std::unexpected(std::string("a term is empty"));
    into->push_back(std::move(term));
  }
  return out;
}

bool LogPattern::holds(std::size_t index, Value json) const {
  const Part& part = parts_[index];
  if (part.op == Op::both) return holds(part.left, json) && holds(part.right, json);
  if (part.op == Op::either) return holds(part.left, json) || holds(part.right, json);
  if (part.op == Op::exists) return has_path(json, part.path);
  if (part.op == Op::absent) return !has_path(json, part.path);
  const Value value = at_path(json, part.path);
  if (part.op == Op::is_null) return has_path(json, part.path) && value.is_null();
  if (part.op == Op::is_true || part.op == Op::is_false) {
    return value.kind() == Kind::boolean && value.as_bool() == (part.op == Op::is_true);
  }
  const bool equality = part.relation == "=" || part.relation == "!=";
  if (part.number && value.is_number()) {
    const double there = value.as_real(), wanted = *part.number;
    if (equality) return (there == wanted) == (part.relation == "=");
    if (part.relation == ">") return there > wanted;
    if (part.relation == "<") return there < wanted;
    return part.relation == ">=" ? there >= wanted : there <= wanted;
  }
  if (!equality || !value.is_text()) return part.relation == "!=" && has_path(json, part.path);
  return matches_wildcard(part.text, value.as_text()) == (part.relation == "=");
}

bool LogPattern::matches(std::string_view message) const {
  if (!parts_.empty()) {
    const auto json = parse_json(message);
    return json && json->root().is_map() && holds(parts_.size() - 1, *json);
  }
  auto there = [&](const std::string& term) { return message.contains(term); };
  if (!std::ranges::all_of(all_, there) || std::ranges::any_of(none_, there)) return false;
  return any_.empty() || std::ranges::any_of(any_, there);
}

}  // namespace reeve::sandbox
