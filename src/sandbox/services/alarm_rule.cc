#include <fmt/format.h>

#include <cctype>

#include "sandbox/services/alarm.h"

/// AlarmRule of composite alarms: ALARM("name"), OK(…), INSUFFICIENT_DATA(…), TRUE, FALSE, AND, OR, NOT, parentheses
/// [API reference, PutCompositeAlarm].
namespace reeve::sandbox {

std::unexpected<Fault> alarm_validation(std::string message) { return fault("ValidationError", std::move(message)); }

std::string_view alarm_name_of(std::string_view name_or_arn) {
  if (!name_or_arn.starts_with("arn:")) return name_or_arn;
  const auto at = name_or_arn.find(":alarm:");
  return at == name_or_arn.npos ? name_or_arn : name_or_arn.substr(at + 7);
}

struct AlarmRule::Parser {
  std::string_view text;
  std::size_t at = 0;
  int depth = 0;
  std::vector<Part>& parts;
  static constexpr int most_depth = 100;

  using Index = std::expected<std::size_t, Fault>;

  void skip() {
    while (at < text.size() && std::isspace(static_cast<unsigned char>(text[at]))) ++at;
  }
  bool take(char c) {
    skip();
    if (at >= text.size() || text[at] != c) return false;
    ++at;
    return true;
  }
  std::string_view peek_word() {
    skip();
    std::size_t end = at;
    while (end < text.size() && (std::isalpha(static_cast<unsigned char>(text[end])) || text[end] == '_')) ++end;
    return text.substr(at, end - at);
  }
  bool take_word(std::string_view word) {
    if (peek_word() != word) return false;
    at += word.size();
    return true;
  }
  std::unexpected<Fault> wrong(std::string_view wanted) const {
    return alarm_validation(
        fmt::format("AlarmRule must be a valid expression: {} is wanted at character {}.", wanted, at + 1));
  }
  Index add(Part part) {
    parts.push_back(std::move(part));
    return parts.size() - 1;
  }

  Index either() {
    if (++depth > most_depth) return alarm_validation("AlarmRule is nested too deep.");
    TRY(std::size_t left, both());
    while (take_word("OR")) {
      TRY(const std::size_t right, both());
      TRY(left, add({.op = Op::either, .left = left, .right = right}));
    }
    --depth;
    return left;
  }
  Index both() {
    TRY(std::size_t left, negated());
    while (take_word("AND")) {
      TRY(const std::size_t right, negated());
      TRY(left, add({.op = Op::both, .left = left, .right = right}));
    }
    return left;
  }
  Index negated() {
    bool negate = false;
    while (take_word("NOT")) negate = !negate;
    TRY(const std::size_t inner, single());
    if (!negate) return inner;
    return add({.op = Op::negate, .left = inner});
  }
  Index single() {
    if (take('(')) {
      TRY(const std::size_t inner, either());
      if (!take(')')) return wrong(")");
      return inner;
    }
    const std::string word(peek_word());
    if (word == "TRUE" || word == "FALSE") {
      at += word.size();
      return add({.op = Op::constant, .value = word == "TRUE"});
    }
    if (word != "ALARM" && word != "OK" && word != "INSUFFICIENT_DATA") return wrong("ALARM, OK or INSUFFICIENT_DATA");
    at += word.size();
    if (!take('(')) return wrong("(");
    TRY(std::string name, alarm());
    if (!take(')')) return wrong(")");
    return add({.op = Op::state, .state = word, .alarm = std::string(alarm_name_of(name))});
  }
  std::expected<std::string, Fault> alarm() {
    skip();
    std::string name;
    if (at < text.size() && (text[at] == '"' || text[at] == '\'')) {
      const char quote = text[at++];
      while (at < text.size() && text[at] != quote) {
        if (text[at] == '\\' && at + 1 < text.size()) ++at;
        name += text[at++];
      }
      if (at >= text.size()) return wrong("the end of the quoted name");
      ++at;
    } else {
      while (at < text.size() && text[at] != ')') name += text[at++];
      while (!name.empty() && std::isspace(static_cast<unsigned char>(name.back()))) name.pop_back();
    }
    if (name.empty()) return wrong("the name of an alarm");
    return name;
  }
};

std::expected<AlarmRule, Fault> AlarmRule::parse(std::string_view text) {
  constexpr std::size_t longest = 10'240, most_alarms = 100;
  AlarmRule rule;
  if (text.size() > longest) return alarm_validation("AlarmRule must not be longer than 10240 characters.");
  Parser parser{.text = text, .parts = rule.parts_};
  TRY(const std::size_t root, parser.either());
  parser.skip();
  if (parser.at != text.size()) return parser.wrong("AND, OR or the end");
  if (rule.alarms().size() > most_alarms) return alarm_validation("AlarmRule must not name more than 100 alarms.");
  REEVE_ASSERT(root + 1 == rule.parts_.size());
  return rule;
}

std::vector<std::string> AlarmRule::alarms() const {
  std::vector<std::string> out;
  for (const Part& part : parts_) {
    if (part.op == Op::state && !has(out, part.alarm)) out.push_back(part.alarm);
  }
  return out;
}

}  // namespace reeve::sandbox
