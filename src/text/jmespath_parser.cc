#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "text/edit_distance.h"
#include "text/jmespath_functions.h"
#include "text/jmespath_lexer.h"
#include "text/jmespath_program.h"

namespace reeve::text::jmespath {
namespace {

/// How strongly a token binds what stands left of it (JMESPath's grammar, as a Pratt parser's powers).
int power(TokenType type) {
  switch (type) {
    case TokenType::pipe:
      return 1;
    case TokenType::either:
      return 2;
    case TokenType::both:
      return 3;
    case TokenType::equal:
    case TokenType::not_equal:
    case TokenType::less:
    case TokenType::less_equal:
    case TokenType::greater:
    case TokenType::greater_equal:
      return 5;
    case TokenType::flatten:
      return 9;
    case TokenType::star:
      return 20;
    case TokenType::filter:
      return 21;
    case TokenType::dot:
      return 40;
    case TokenType::negate:
      return 45;
    case TokenType::left_brace:
      return 50;
    case TokenType::left_bracket:
      return 55;
    case TokenType::left_paren:
      return 60;
    default:
      return 0;
  }
}
constexpr int projection_stop = 10;

class Parser {
 public:
  Parser(std::string_view text, std::vector<Token> tokens, JmespathOptions options)
      : tokens_(std::move(tokens)), options_(options) {
    tree_.text = text;
  }

  Result<Tree> run() {
    TRY(tree_.root, expression(0));
    if (type() != TokenType::end) return unexpected();
    return std::move(tree_);
  }

 private:
  const Token& token() const { return tokens_[at_]; }
  TokenType type(std::size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)].type; }
  void advance() {
    if (at_ + 1 < tokens_.size()) ++at_;
  }
  std::unexpected<Error> bad(JmespathError error, std::size_t at, std::string message) const {
    return error_at(error, tree_.text, at, std::move(message));
  }
  std::unexpected<Error> unexpected() const {
    if (type() == TokenType::end) return bad(JmespathError::syntax, token().at, "something is missing at the end");
    const std::size_t end = at_ + 1 < tokens_.size() ? tokens_[at_ + 1].at : tree_.text.size();
    std::string_view what = std::string_view(tree_.text).substr(token().at, end - token().at);
    while (what.size() > 1 && (what.back() == ' ' || what.back() == '\n' || what.back() == '\t')) what.remove_suffix(1);
    return bad(JmespathError::syntax, token().at, fmt::format("unexpected {}", what));
  }
  Result<void> expect(TokenType wanted) {
    if (type() != wanted) return unexpected();
    advance();
    return {};
  }

  Expression& at(Index i) { return tree_.expressions[static_cast<std::size_t>(i)]; }

  /// Adds an expression; its height is one more than its highest part's.
  Result<Index> add(Expression e) {
    std::uint16_t below = 0;
    const auto look = [&](Index i) {
      if (i != nothing) below = std::max(below, at(i).height);
    };
    look(e.left), look(e.right), look(e.condition);
    for (const Index child : e.children) look(child);
    e.height = static_cast<std::uint16_t>(below + 1);
    if (e.height > limits::jmespath_depth) return too_deep();
    if (e.op == Op::multi_list || e.op == Op::multi_map) ++makers_;
    if (makers_ > limits::jmespath_depth) return too_deep();
    tree_.expressions.push_back(std::move(e));
    return static_cast<Index>(tree_.expressions.size() - 1);
  }
  static std::unexpected<Error> too_deep() {
    return fail(Code::limit_exceeded, "the JMESPath expression nests too deeply or has too many parts");
  }

  Result<Index> add(Op op, std::size_t where, Index left = nothing, Index right = nothing) {
    Expression e;
    e.op = op, e.at = where, e.left = left, e.right = right;
    return add(std::move(e));
  }
  Result<Index> add_step(std::size_t where, Step step) {
    Expression e;
    e.op = Op::path, e.at = where;
    e.steps.push_back(std::move(step));
    return add(std::move(e));
  }
  bool is_current(Index i) { return at(i).op == Op::current; }

  /// `right` on what `left` gives; steps of paths are joined.
  Result<Index> then(Index left, Index right) {
    if (is_current(right)) return left;
    if (at(right).op == Op::path && at(right).left == nothing) {
      if (at(left).op == Op::path) {
        std::ranges::move(at(right).steps, std::back_inserter(at(left).steps));
        return left;
      }
      Expression e;
      e.op = Op::path, e.at = at(right).at, e.left = is_current(left) ? nothing : left;
      e.steps = std::move(at(right).steps);
      return add(std::move(e));
    }
    if (is_current(left)) return right;
    return join(Op::chain, left, right);
  }
  /// Chains, and, or: as one expression with many children instead of a deep tree.
  Result<Index> join(Op op, Index left, Index right) {
    Expression e;
    e.op = op, e.at = at(right).at;
    if (at(left).op == op) {
      e.children = std::move(at(left).children);
      at(left).children.clear();
    } else {
      e.children.push_back(left);
    }
    e.children.push_back(right);
    return add(std::move(e));
  }

  Result<Index> expression(int binding) {
    if (++depth_ > limits::jmespath_depth) return too_deep();
    TRY(Index left, prefix());
    while (binding < power(type())) {
      TRY(left, infix(left));
    }
    --depth_;
    return left;
  }

  Result<Index> prefix() {
    const Token& t = token();
    const std::size_t where = t.at;
    switch (t.type) {
      case TokenType::literal: {
        Expression e;
        e.op = Op::literal, e.at = where, e.literal = t.literal;
        advance();
        return add(std::move(e));
      }
      case TokenType::unquoted:
        if (type(1) == TokenType::left_paren) return call();
        [[fallthrough]];
      case TokenType::quoted: {
        const std::string key = t.text;
        const bool quoted = t.type == TokenType::quoted;
        advance();
        if (quoted && type() == TokenType::left_paren) {
          return bad(JmespathError::syntax, where, "a function's name is not quoted");
        }
        return add_step(where, {.key = key});
      }
      case TokenType::at:
        advance();
        return add(Op::current, where);
      case TokenType::star: {
        advance();
        TRY(const Index left, add(Op::current, where));
        TRY(const Index right, projected(power(TokenType::star)));
        return add(Op::value_projection, where, left, right);
      }
      case TokenType::filter: {
        TRY(const Index left, add(Op::current, where));
        return filter(left);
      }
      case TokenType::left_brace:
        advance();
        return multi_map();
      case TokenType::left_paren: {
        advance();
        TRY(const Index inner, expression(0));
        TRY(expect(TokenType::right_paren));
        return inner;
      }
      case TokenType::flatten: {
        TRY(const Index left, add(Op::current, where));
        return flatten(left);
      }
      case TokenType::negate: {
        advance();
        TRY(const Index inner, expression(power(TokenType::negate)));
        return add(Op::negate, where, inner);
      }
      case TokenType::left_bracket: {
        TRY(const Index left, add(Op::current, where));
        if (type(1) == TokenType::number || type(1) == TokenType::colon) return bracket(left);
        if (type(1) == TokenType::star && type(2) == TokenType::right_bracket) return bracket(left);
        advance();
        return multi_list();
      }
      case TokenType::amp: {
        advance();
        TRY(const Index inner, expression(0));
        return add(Op::reference, where, inner);
      }
      default:
        return unexpected();
    }
  }

  Result<Index> infix(Index left) {
    const std::size_t where = token().at;
    switch (type()) {
      case TokenType::dot: {
        advance();
        if (type() == TokenType::star) {
          advance();
          TRY(const Index right, projected(power(TokenType::star)));
          return add(Op::value_projection, where, left, right);
        }
        TRY(const Index right, after_dot(power(TokenType::dot)));
        return then(left, right);
      }
      case TokenType::pipe: {
        advance();
        TRY(const Index right, expression(power(TokenType::pipe)));
        return join(Op::chain, left, right);
      }
      case TokenType::either: {
        advance();
        TRY(const Index right, expression(power(TokenType::either)));
        return join(Op::either, left, right);
      }
      case TokenType::both: {
        advance();
        TRY(const Index right, expression(power(TokenType::both)));
        return join(Op::both, left, right);
      }
      case TokenType::filter:
        return filter(left);
      case TokenType::flatten:
        return flatten(left);
      case TokenType::left_bracket:
        return bracket(left);
      case TokenType::equal:
      case TokenType::not_equal:
      case TokenType::less:
      case TokenType::less_equal:
      case TokenType::greater:
      case TokenType::greater_equal: {
        Expression e;
        e.op = Op::compare, e.at = where, e.left = left;
        e.comparison = static_cast<Comparison>(static_cast<int>(type()) - static_cast<int>(TokenType::equal));
        advance();
        TRY(e.right, expression(power(TokenType::equal)));
        return add(std::move(e));
      }
      default:
        return unexpected();
    }
  }

  Result<Index> filter(Index left) {
    Expression e;
    e.op = Op::filter, e.at = token().at, e.left = left;
    advance();
    TRY(e.condition, expression(0));
    TRY(expect(TokenType::right_bracket));
    if (type() != TokenType::flatten) {
      TRY(e.right, projected(power(TokenType::filter)));
    }
    return add(std::move(e));
  }

  Result<Index> flatten(Index left) {
    const std::size_t where = token().at;
    advance();
    TRY(const Index flat, add(Op::flatten, where, left));
    TRY(const Index right, projected(power(TokenType::flatten)));
    return add(Op::projection, where, flat, right);
  }

  /// From '[' on: an index, a slice or a list projection.
  Result<Index> bracket(Index left) {
    const std::size_t where = token().at;
    advance();
    if (type() == TokenType::star) {
      advance();
      TRY(expect(TokenType::right_bracket));
      TRY(const Index right, projected(power(TokenType::star)));
      return add(Op::projection, where, left, right);
    }
    if (type() == TokenType::number && type(1) != TokenType::colon) {
      Step step{.by_index = true, .index = token().number};
      advance();
      TRY(expect(TokenType::right_bracket));
      TRY(const Index right, add_step(where, std::move(step)));
      return then(left, right);
    }
    Expression e;
    e.op = Op::slice, e.at = where;
    std::size_t part = 0;
    for (; type() != TokenType::right_bracket; advance()) {
      if (type() == TokenType::colon) {
        if (++part == 3) return bad(JmespathError::syntax, token().at, "a slice has at most two colons");
      } else if (type() == TokenType::number && !e.slice[part]) {
        e.slice[part] = token().number;
      } else {
        return unexpected();
      }
    }
    advance();
    TRY(const Index slice, add(std::move(e)));
    TRY(const Index sliced, then(left, slice));
    TRY(const Index right, projected(power(TokenType::star)));
    return add(Op::projection, where, sliced, right);
  }

  /// What a projection applies to each item; `nothing` for the item itself.
  Result<Index> projected(int binding) {
    if (power(type()) < projection_stop) return nothing;
    if (type() == TokenType::left_bracket || type() == TokenType::filter) return expression(binding);
    if (type() != TokenType::dot) return unexpected();
    advance();
    return after_dot(binding);
  }

  Result<Index> after_dot(int binding) {
    switch (type()) {
      case TokenType::quoted:
      case TokenType::unquoted:
      case TokenType::star:
        return expression(binding);
      case TokenType::left_bracket:
        advance();
        return multi_list();
      case TokenType::left_brace:
        advance();
        return multi_map();
      default:
        return unexpected();
    }
  }

  Result<Index> multi_list() {
    Expression e;
    e.op = Op::multi_list, e.at = token().at;
    for (;;) {
      TRY(const Index item, expression(0));
      e.children.push_back(item);
      if (type() == TokenType::right_bracket) break;
      TRY(expect(TokenType::comma));
    }
    advance();
    return add(std::move(e));
  }

  Result<Index> multi_map() {
    Expression e;
    e.op = Op::multi_map, e.at = token().at;
    for (;;) {
      if (type() != TokenType::quoted && type() != TokenType::unquoted) return unexpected();
      const std::string name = token().text;
      advance();
      TRY(expect(TokenType::colon));
      TRY(const Index value, expression(0));
      // Of a name that stands twice the last one counts, as in the peers' dictionaries.
      if (const auto old = std::ranges::find(e.names, name); old != e.names.end()) {
        e.children[static_cast<std::size_t>(old - e.names.begin())] = value;
      } else {
        e.names.push_back(name);
        e.children.push_back(value);
      }
      if (type() == TokenType::right_brace) break;
      TRY(expect(TokenType::comma));
    }
    advance();
    return add(std::move(e));
  }

  Result<Index> call() {
    const Token name = token();
    advance(), advance();
    Expression e;
    e.op = Op::function, e.at = name.at;
    while (type() != TokenType::right_paren) {
      TRY(const Index argument, expression(0));
      e.children.push_back(argument);
      if (type() == TokenType::comma) {
        advance();
        if (type() == TokenType::right_paren) return unexpected();
      } else if (type() != TokenType::right_paren) {
        return unexpected();
      }
    }
    advance();
    const auto* found = std::ranges::find(functions, name.text, &Signature::name);
    if (found == std::end(functions) || (found->of_policy && !options_.policy_functions)) return unknown(name);
    if (e.children.size() < found->count || (!found->more && e.children.size() > found->count)) {
      return bad(JmespathError::invalid_arity, name.at,
                 fmt::format("{}() takes {}{} argument{}, but got {}", name.text, found->more ? "at least " : "",
                             found->count, found->count == 1 ? "" : "s", e.children.size()));
    }
    if (found->function == Function::to_array) ++makers_;
    e.function = static_cast<std::uint8_t>(found - std::begin(functions));
    return add(std::move(e));
  }

  std::unexpected<Error> unknown(const Token& name) const {
    auto error =
        bad(JmespathError::unknown_function, name.at, fmt::format("there is no function {}()", name.text)).error();
    std::vector<std::string_view> known;
    for (const auto& f : functions) known.push_back(f.name);
    if (const auto near = nearest(name.text, known)) error.hint = "Did you mean " + *near + "()?";
    return fail(std::move(error));
  }

  std::vector<Token> tokens_;
  JmespathOptions options_;
  Tree tree_;
  std::size_t at_ = 0, depth_ = 0;
  std::size_t makers_ = 0;  // what makes results deeper: they must not outgrow what reads them
};

}  // namespace

Result<Tree> parse(std::string_view text, JmespathOptions options) {
  if (text.size() > limits::jmespath_bytes) return fail(Code::limit_exceeded, "the JMESPath expression is too long");
  TRY(auto tokens, tokenize(text));
  return Parser(text, std::move(tokens), options).run();
}

}  // namespace reeve::text::jmespath
