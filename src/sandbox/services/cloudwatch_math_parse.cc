#include <fmt/format.h>

#include <array>
#include <cctype>
#include <charconv>

#include "sandbox/services/cloudwatch_math.h"

/// Reads expressions of metric math.
namespace reeve::sandbox::math {
namespace {

constexpr int most_depth = 60;
constexpr std::size_t longest = 2048;  // [API reference, MetricDataQuery: Expression is at most 2,048 characters]

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Maybe<Node> whole() {
    TRY(Node node, either());
    skip();
    if (at_ != text_.size()) return unexpected();
    return node;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;

  void skip() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  bool take(std::string_view what) {
    skip();
    if (!text_.substr(at_).starts_with(what)) return false;
    at_ += what.size();
    return true;
  }
  bool take_word(std::string_view word) {
    skip();
    if (!text_.substr(at_).starts_with(word)) return false;
    const std::size_t end = at_ + word.size();
    if (end < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[end])) || text_[end] == '_')) return false;
    at_ = end;
    return true;
  }
  std::unexpected<Wrong> unexpected() const {
    if (at_ >= text_.size()) return wrong("Unexpected end of the expression");
    return wrong(fmt::format("Unexpected token '{}' at position {}", text_[at_], at_));
  }
  static Node binary(std::string op, Node left, Node right) {
    Node node{.kind = Node::Kind::binary, .text = std::move(op)};
    node.parts.push_back(std::move(left));
    node.parts.push_back(std::move(right));
    return node;
  }

  Maybe<Node> either() {
    if (++depth_ > most_depth) return wrong("The expression is nested too deep");
    TRY(Node left, both());
    while (take("||") || take_word("OR")) {
      TRY(Node right, both());
      left = binary("OR", std::move(left), std::move(right));
    }
    --depth_;
    return left;
  }
  Maybe<Node> both() {
    TRY(Node left, comparison());
    while (take("&&") || take_word("AND")) {
      TRY(Node right, comparison());
      left = binary("AND", std::move(left), std::move(right));
    }
    return left;
  }
  Maybe<Node> comparison() {
    constexpr std::array<std::string_view, 6> ops{"==", "!=", "<=", ">=", "<", ">"};
    TRY(Node left, sum());
    for (std::size_t i = 0; i < ops.size();) {
      if (!take(ops[i])) {
        ++i;
        continue;
      }
      TRY(Node right, sum());
      left = binary(std::string(ops[i]), std::move(left), std::move(right));
      i = 0;
    }
    return left;
  }
  Maybe<Node> sum() {
    TRY(Node left, product());
    while (true) {
      const char op = take("+") ? '+' : take("-") ? '-' : '\0';
      if (op == '\0') return left;
      TRY(Node right, product());
      left = binary(std::string(1, op), std::move(left), std::move(right));
    }
  }
  Maybe<Node> product() {
    TRY(Node left, negated());
    while (true) {
      const char op = take("*") ? '*' : take("/") ? '/' : '\0';
      if (op == '\0') return left;
      TRY(Node right, negated());
      left = binary(std::string(1, op), std::move(left), std::move(right));
    }
  }
  Maybe<Node> negated() {
    bool negate = false;
    while (take("-")) negate = !negate;
    TRY(Node inner, power());
    if (!negate) return inner;
    Node node{.kind = Node::Kind::negate};
    node.parts.push_back(std::move(inner));
    return node;
  }
  Maybe<Node> power() {
    TRY(Node base, single());
    if (!take("^")) return base;
    if (++depth_ > most_depth) return wrong("The expression is nested too deep");
    TRY(Node exponent, negated());
    --depth_;
    return binary("^", std::move(base), std::move(exponent));
  }
  Maybe<std::vector<Node>> list(std::string_view end) {
    std::vector<Node> out;
    if (take(end)) return out;
    do {
      TRY(Node item, either());
      out.push_back(std::move(item));
    } while (take(","));
    if (!take(end)) return unexpected();
    return out;
  }
  Maybe<Node> single() {
    skip();
    if (take("(")) {
      TRY(Node inner, either());
      if (!take(")")) return unexpected();
      return inner;
    }
    if (take("[")) {
      Node node{.kind = Node::Kind::array};
      TRY(node.parts, list("]"));
      return node;
    }
    if (at_ >= text_.size()) return unexpected();
    const char c = text_[at_];
    if (std::isdigit(static_cast<unsigned char>(c)) || c == '.') return number();
    if (c == '\'' || c == '"') return quoted(c);
    if (std::isalpha(static_cast<unsigned char>(c))) return word();
    return unexpected();
  }
  Maybe<Node> number() {
    Node node;
    const char* from = text_.data() + at_;
    const auto [stop, error] = std::from_chars(from, text_.data() + text_.size(), node.number);
    if (error != std::errc()) return unexpected();
    at_ += static_cast<std::size_t>(stop - from);
    return node;
  }
  Maybe<Node> quoted(char quote) {
    const std::size_t from = ++at_;
    while (at_ < text_.size() && text_[at_] != quote) at_ += text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size()) return wrong("A text has no end");
    return Node{.kind = Node::Kind::text, .text = std::string(text_.substr(from, at_++ - from))};
  }
  Maybe<Node> word() {
    const std::size_t from = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_')) ++at_;
    Node node{.kind = Node::Kind::name, .text = std::string(text_.substr(from, at_ - from))};
    if (!take("(")) return node;
    node.kind = Node::Kind::call;
    TRY(node.parts, list(")"));
    return node;
  }
};

}  // namespace

Maybe<Node> parse(std::string_view text) {
  if (text.size() > longest) return wrong("The expression is longer than 2048 characters");
  return Parser(text).whole();
}

void each_name(const Node& node, const std::function<void(std::string_view)>& take) {
  if (node.kind == Node::Kind::name) take(node.text);
  for (const Node& part : node.parts) each_name(part, take);
}

bool calls(const Node& node, std::string_view function) {
  if (node.kind == Node::Kind::call && node.text == function) return true;
  for (const Node& part : node.parts) {
    if (calls(part, function)) return true;
  }
  return false;
}

}  // namespace reeve::sandbox::math
