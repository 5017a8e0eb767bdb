#include "text/jmespath_lexer.h"

#include <fmt/format.h>

#include <charconv>

#include "base/json.h"
#include "text/python_text.h"

namespace reeve::text::jmespath {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

void replace_all(std::string& in, std::string_view what, std::string_view with) {
  for (std::size_t at = 0; (at = in.find(what, at)) != std::string::npos; at += with.size()) {
    in.replace(at, what.size(), with);
  }
}

class Lexer {
 public:
  explicit Lexer(std::string_view in) : in_(in) {}

  Result<std::vector<Token>> run() {
    while (at_ < in_.size()) {
      const char c = in_[at_];
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        ++at_;
      } else {
        TRY(token(c));
      }
    }
    add(TokenType::end, 0);
    return std::move(out_);
  }

 private:
  Token& add(TokenType type, std::size_t length) {
    Token& t = out_.emplace_back();
    t.type = type;
    t.at = at_;
    at_ += length;
    return t;
  }
  bool next_is(char c) const { return at_ + 1 < in_.size() && in_[at_ + 1] == c; }
  std::unexpected<Error> bad(std::string message) const {
    return error_at(JmespathError::syntax, in_, at_, std::move(message));
  }

  Result<void> token(char c) {
    using enum TokenType;
    const auto one_or_two = [&](char second, TokenType two, TokenType one) {
      next_is(second) ? add(two, 2) : add(one, 1);
    };
    switch (c) {
      case '.':
        add(dot, 1);
        return {};
      case '*':
        add(star, 1);
        return {};
      case ',':
        add(comma, 1);
        return {};
      case ':':
        add(colon, 1);
        return {};
      case '@':
        add(at, 1);
        return {};
      case '(':
        add(left_paren, 1);
        return {};
      case ')':
        add(right_paren, 1);
        return {};
      case '{':
        add(left_brace, 1);
        return {};
      case '}':
        add(right_brace, 1);
        return {};
      case ']':
        add(right_bracket, 1);
        return {};
      case '[':
        if (next_is(']')) {
          add(flatten, 2);
        } else {
          one_or_two('?', filter, left_bracket);
        }
        return {};
      case '|':
        one_or_two('|', either, pipe);
        return {};
      case '&':
        one_or_two('&', both, amp);
        return {};
      case '!':
        one_or_two('=', not_equal, negate);
        return {};
      case '<':
        one_or_two('=', less_equal, less);
        return {};
      case '>':
        one_or_two('=', greater_equal, greater);
        return {};
      case '=':
        if (!next_is('=')) return bad("'=' is no operator; equality is '=='");
        add(equal, 2);
        return {};
      case '"':
        return quoted_identifier();
      case '\'':
        return raw_text();
      case '`':
        return json_literal();
      default:
        break;
    }
    if (is_letter(c)) return identifier();
    if (is_digit(c) || c == '-') return integer();
    return bad(fmt::format("unexpected character '{}'", std::string(one_character())));
  }

  std::string_view one_character() const {
    std::size_t end = at_;
    next_code_point(in_, end);
    return in_.substr(at_, end - at_);
  }

  Result<void> identifier() {
    std::size_t end = at_;
    while (end < in_.size() && (is_letter(in_[end]) || is_digit(in_[end]))) ++end;
    const auto text = in_.substr(at_, end - at_);
    add(TokenType::unquoted, text.size()).text = text;
    return {};
  }

  Result<void> integer() {
    std::size_t end = at_ + 1;
    while (end < in_.size() && is_digit(in_[end])) ++end;
    std::int64_t value = 0;
    const auto [stop, error] = std::from_chars(in_.data() + at_, in_.data() + end, value);
    if (error != std::errc{} || stop != in_.data() + end) return bad("expected a number");
    add(TokenType::number, end - at_).number = value;
    return {};
  }

  /// What stands between the delimiter here and the next one that no backslash precedes.
  Result<std::string_view> delimited(char delimiter) {
    for (std::size_t end = at_ + 1; end < in_.size(); ++end) {
      if (in_[end] == delimiter) return in_.substr(at_ + 1, end - at_ - 1);
      if (in_[end] == '\\') ++end;
    }
    return bad(fmt::format("{} has no end", delimiter));
  }

  Result<void> quoted_identifier() {
    TRY(const auto body, delimited('"'));
    auto parsed = parse_json(in_.substr(at_, body.size() + 2));
    if (!parsed) return bad("the quoted name is no valid JSON text");
    add(TokenType::quoted, body.size() + 2).text = parsed->root().as_text();
    return {};
  }

  Result<void> raw_text() {
    TRY(const auto body, delimited('\''));
    std::string text(body);
    replace_all(text, "\\'", "'");
    Builder b;
    b.add(text);
    add(TokenType::literal, body.size() + 2).literal = b.finish();
    return {};
  }

  Result<void> json_literal() {
    TRY(const auto body, delimited('`'));
    std::string text(body);
    replace_all(text, "\\`", "`");
    auto parsed = parse_json(text);
    if (!parsed) {  // JEP 12: what is no JSON is a text without its quotes
      text.erase(0, std::min(text.find_first_not_of(" \t\r\n"), text.size()));
      parsed = parse_json("\"" + text + "\"");
    }
    if (!parsed) return bad("the literal between ` and ` is no valid JSON");
    add(TokenType::literal, body.size() + 2).literal = std::move(*parsed);
    return {};
  }

  std::string_view in_;
  std::size_t at_ = 0;
  std::vector<Token> out_;
};

}  // namespace

std::unexpected<Error> error_at(JmespathError error, std::string_view expression, std::size_t at, std::string message) {
  std::string operation = "jmespath.";
  for (const char c : name(error)) operation += c == '-' ? '_' : c;
  const auto column = length(expression.substr(0, at)) + 1;
  return fail(Error{.code = Code::invalid_input,
                    .message = fmt::format("{} in the expression {}", message, expression.substr(0, 200)),
                    .operation = std::move(operation),
                    .resource = fmt::format("column {}", column)});
}

Result<std::vector<Token>> tokenize(std::string_view expression) { return Lexer(expression).run(); }

}  // namespace reeve::text::jmespath
