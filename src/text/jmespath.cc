#include "text/jmespath.h"

#include <algorithm>

#include "text/jmespath_program.h"

namespace reeve::text {

std::string_view name(JmespathError error) {
  switch (error) {
    case JmespathError::syntax:
      return "syntax";
    case JmespathError::unknown_function:
      return "unknown-function";
    case JmespathError::invalid_arity:
      return "invalid-arity";
    case JmespathError::invalid_type:
      return "invalid-type";
    case JmespathError::invalid_value:
      return "invalid-value";
  }
  return "syntax";
}

std::optional<JmespathError> jmespath_error(const Error& error) {
  if (!error.operation.starts_with("jmespath.")) return std::nullopt;
  std::string which = error.operation.substr(std::string_view("jmespath.").size());
  std::ranges::replace(which, '_', '-');
  using enum JmespathError;
  for (const auto e : {syntax, unknown_function, invalid_arity, invalid_type, invalid_value}) {
    if (name(e) == which) return e;
  }
  return std::nullopt;
}

std::optional<bool> is_truthy(Value value) {
  switch (value.kind()) {
    case Kind::unknown:
      return std::nullopt;
    case Kind::null:
      return false;
    case Kind::boolean:
      return value.as_bool();
    case Kind::text:
    case Kind::blob:
    case Kind::list:
    case Kind::map:
      return !value.empty();
    default:
      return true;
  }
}

Jmespath::Jmespath(std::unique_ptr<const jmespath::Tree> tree) : tree_(std::move(tree)) {
  const auto& root = tree_->expressions[static_cast<std::size_t>(tree_->root)];
  if (root.op != jmespath::Op::path || root.left != jmespath::nothing) return;
  if (std::ranges::any_of(root.steps, &jmespath::Step::by_index)) return;
  for (const auto& step : root.steps) path_.push_back(step.key);
}
Jmespath::Jmespath(Jmespath&&) noexcept = default;
Jmespath& Jmespath::operator=(Jmespath&&) noexcept = default;
Jmespath::~Jmespath() = default;

Result<Jmespath> Jmespath::compile(std::string_view expression, JmespathOptions options) {
  TRY(auto tree, jmespath::parse(expression, options));
  return Jmespath(std::make_unique<const jmespath::Tree>(std::move(tree)));
}

const std::string& Jmespath::expression() const { return tree_->text; }

Result<Value> Jmespath::search(Value input, Scratch& scratch) const {
  const auto& root = tree_->expressions[static_cast<std::size_t>(tree_->root)];
  if (root.op == jmespath::Op::path && root.left == jmespath::nothing) return jmespath::walk(root.steps, input);
  return jmespath::run(*tree_, input, scratch);
}

}  // namespace reeve::text
