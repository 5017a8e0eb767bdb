#include "text/jmespath_evaluator.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "text/jmespath_lexer.h"

namespace reeve::text::jmespath {
namespace {

Value member(Value v, const Step& step) {
  if (!v.is_map()) return v.is_unknown() ? v : Value{};
  const Node* node = v.node();
  if (node->spelled()) {
    if (step.hint < node->size && Value(node->children + 2 * step.hint, nullptr).as_text() == step.key) {
      return {node->children + 2 * step.hint + 1, v.keys()};
    }
    for (std::uint32_t i = 0; i < node->size; ++i) {
      if (Value(node->children + 2 * i, nullptr).as_text() == step.key) {
        step.hint = i;
        return {node->children + 2 * i + 1, v.keys()};
      }
    }
    return {};
  }
  if (node->size == 0) return {};
  if (step.keys.get() != v.keys()) {
    const Keys::Id id = v.keys()->find(step.key);
    if (id == Keys::none) return {};
    step.keys = v.keys()->weak_from_this().lock();
    step.id = id;
    if (!step.keys) {
      std::uint32_t hint = 0;
      const Node* found = v.find(id, hint);
      return found ? Value(found, v.keys()) : Value{};
    }
  }
  if (step.hint < node->size && node->children[step.hint].key() == step.id) {
    return {node->children + step.hint, v.keys()};
  }
  const Node* found = v.find(step.id, step.hint);
  return found != nullptr ? Value(found, v.keys()) : Value{};
}

Value item(Value v, std::int64_t index) {
  if (!v.is_list()) return v.is_unknown() ? v : Value{};
  const Node* node = v.node();
  if (index < 0) index += node->size;
  return index < 0 || index >= node->size ? Value{} : Value{node->children + index, v.keys()};
}

}  // namespace

Value walk(const std::vector<Step>& steps, Value from) {
  for (const Step& step : steps) from = step.by_index ? item(from, step.index) : member(from, step);
  return from;
}

Evaluator::Evaluator(const Tree& tree, Value input, Scratch& scratch)
    : tree_(tree), scratch_(scratch), keys_(input.keys()), left_(limits::jmespath_steps) {
  scratch_.stack().clear();
}

bool Evaluator::work(std::size_t steps) {
  if (error_) return false;
  if (left_ < steps) {
    error_ = Error{.code = reeve::Code::limit_exceeded,
                   .message = "the JMESPath expression " + tree_.text.substr(0, 200) + " makes too many values"};
    return false;
  }
  left_ -= steps;
  return true;
}

void Evaluator::set_error(JmespathError error, const Expression& e, std::string message) {
  if (!error_) error_ = error_at(error, tree_.text, e.at, std::move(message)).error();
}

Value Evaluator::node(Node made) { return {copy_nodes(scratch_.arena(), {&made, 1}), keys_}; }

Value Evaluator::list(std::size_t first) {
  auto& stack = scratch_.stack();
  const Node made = list_node(scratch_.arena(), std::span(stack).subspan(first));
  stack.resize(first);
  return node(made);
}

Value Evaluator::eval(Index i, Value current) {
  if (!work()) return {};
  const Expression& e = at(i);
  switch (e.op) {
    case Op::current:
      return current;
    case Op::literal:
      return e.literal.root();
    case Op::path:
      return walk(e.steps, e.left == nothing ? current : eval(e.left, current));
    case Op::chain:
      for (const Index child : e.children) current = eval(child, current);
      return current;
    case Op::slice:
      return slice(e, current);
    case Op::flatten:
      return flatten(eval(e.left, current));
    case Op::projection:
      return project(e, eval(e.left, current), false);
    case Op::value_projection:
      return project(e, eval(e.left, current), true);
    case Op::filter:
      return filter(e, eval(e.left, current));
    case Op::multi_list:
    case Op::multi_map:
      return multi(e, current);
    case Op::either:
    case Op::both:
    case Op::negate:
      return logic(e, current);
    case Op::compare:
      return compare(e, current);
    case Op::function:
      return Calls(*this, e).call(current);
    case Op::reference:
      return {};  // only a function reads it
  }
  return {};
}

Value Evaluator::slice(const Expression& e, Value v) {
  if (!v.is_list()) return v.is_unknown() ? v : Value{};
  const std::int64_t step = e.slice[2].value_or(1);
  if (step == 0) {
    set_error(JmespathError::invalid_value, e, "a slice's step is 0");
    return {};
  }
  const auto size = static_cast<std::int64_t>(v.size());
  const auto bound = [&](std::optional<std::int64_t> given, std::int64_t otherwise) {
    if (!given) return otherwise;
    const std::int64_t index = *given < 0 ? *given + size : *given;
    return step > 0 ? std::clamp<std::int64_t>(index, 0, size) : std::clamp<std::int64_t>(index, -1, size - 1);
  };
  const std::int64_t start = bound(e.slice[0], step > 0 ? 0 : size - 1);
  const std::int64_t stop = bound(e.slice[1], step > 0 ? size : -1);
  const std::size_t first = scratch_.stack().size();
  // Counting what is left instead of adding steps past the end: a step may be as large as an integer.
  for (std::int64_t i = start; step > 0 ? i < stop : i > stop;) {
    if (!work()) break;
    push(v[static_cast<std::size_t>(i)]);
    const std::int64_t rest = step > 0 ? stop - i : i - stop;
    if (step == INT64_MIN || rest <= (step > 0 ? step : -step)) break;
    i += step;
  }
  return list(first);
}

Value Evaluator::flatten(Value v) {
  if (!v.is_list()) return v.is_unknown() ? v : Value{};
  const std::size_t first = scratch_.stack().size();
  for (const Value one : v.items()) {
    if (!work(1 + (one.is_list() ? one.size() : 0))) break;
    if (one.is_list()) {
      for (const Value inner : one.items()) push(inner);
    } else {
      push(one);
    }
  }
  return list(first);
}

Value Evaluator::project(const Expression& e, Value base, bool values) {
  if (base.is_unknown()) return base;
  if (values ? !base.is_map() : !base.is_list()) return {};
  const std::size_t first = scratch_.stack().size();
  const auto one = [&](Value v) {
    const Value given = e.right == nothing ? v : eval(e.right, v);
    if (!given.is_null()) push(given);
    return work();
  };
  if (values) {
    for (const auto [key, v] : base.entries()) {
      if (!one(v)) break;
    }
  } else {
    for (const Value v : base.items()) {
      if (!one(v)) break;
    }
  }
  return list(first);
}

Value Evaluator::filter(const Expression& e, Value base) {
  if (!base.is_list()) return base.is_unknown() ? base : Value{};
  const std::size_t first = scratch_.stack().size();
  for (const Value one : base.items()) {
    const Truth holds = truth(e.condition, one);
    if (holds == Truth::unknown) {
      scratch_.stack().resize(first);
      const Value why = one.is_unknown() ? one : eval(e.condition, one);
      return why.is_unknown() ? why
                              : node(text_node(scratch_.arena(), "a filter's condition is unknown", Kind::unknown));
    }
    if (!work()) break;
    if (holds == Truth::no) continue;
    const Value given = e.right == nothing ? one : eval(e.right, one);
    if (!given.is_null()) push(given);
  }
  return list(first);
}

Value Evaluator::multi(const Expression& e, Value current) {
  if (current.is_null() || current.is_unknown()) return current;
  const std::size_t first = scratch_.stack().size();
  for (std::size_t i = 0; i < e.children.size(); ++i) {
    const Value v = eval(e.children[i], current);
    if (e.op == Op::multi_map) scratch_.stack().push_back(text_node(scratch_.arena(), e.names[i]));
    push(v);
  }
  if (e.op == Op::multi_list) return list(first);
  auto& stack = scratch_.stack();
  const Node made = map_node(scratch_.arena(), std::span(stack).subspan(first));
  stack.resize(first);
  return node(made);
}

Value Evaluator::logic(const Expression& e, Value current) {
  if (e.op == Op::negate) {
    const Truth t = truth(e.left, current);
    if (t != Truth::unknown) return node(bool_node(t == Truth::no));
    const Value why = eval(e.left, current);
    return why.is_unknown() ? why : node(text_node(scratch_.arena(), "a part of ! is unknown", Kind::unknown));
  }
  // The first part that decides; without an unknown one before it, its own value is the answer.
  const bool decides = e.op == Op::either;
  Value last;
  std::optional<Value> unknown_one;
  for (const Index child : e.children) {
    last = eval(child, current);
    const auto t = is_truthy(last);
    if (!t) {
      if (!unknown_one) unknown_one = last;
    } else if (*t == decides) {
      // Either way the truth is this one; the value is, too, only where booleans were asked for.
      return !unknown_one || last.kind() == Kind::boolean ? last : *unknown_one;
    }
  }
  return unknown_one ? *unknown_one : last;
}

Truth Evaluator::truth(Index i, Value current) {
  const Expression& e = at(i);
  switch (e.op) {
    case Op::either:
    case Op::both: {
      const Truth decides = truth_of(e.op == Op::either);
      Truth all = truth_of(e.op == Op::both);
      for (const Index child : e.children) {
        const Truth t = truth(child, current);
        if (t == decides) return t;
        if (t == Truth::unknown) all = t;
      }
      return all;
    }
    case Op::negate: {
      const Truth t = truth(e.left, current);
      return t == Truth::unknown ? t : truth_of(t == Truth::no);
    }
    default: {
      const auto t = is_truthy(eval(i, current));
      return t ? truth_of(*t) : Truth::unknown;
    }
  }
}

Truth Evaluator::equal(Value a, Value b) {
  if (a.is_unknown() || b.is_unknown()) return Truth::unknown;
  if (!work()) return Truth::no;
  if (a.kind() != b.kind() || (!a.is_list() && !a.is_map())) return truth_of(a == b);
  if (a.size() != b.size()) return Truth::no;
  Truth all = Truth::yes;
  const auto both = [&](Value x, Value y) {
    const Truth t = equal(x, y);
    if (t != Truth::yes) all = t;
    return t != Truth::no;
  };
  if (a.is_list()) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (!both(a[i], b[i])) return Truth::no;
    }
  } else {
    for (const auto [key, x] : a.entries()) {
      const auto y = b.find(key);
      if (!work(b.size()) || !y || !both(x, *y)) return Truth::no;
    }
  }
  return all;
}

Truth Evaluator::order(Comparison comparison, Value a, Value b, bool& comparable) {
  const bool numbers = a.is_number() && b.is_number();
  comparable = numbers || (a.is_text() && b.is_text()) || (a.kind() == Kind::timestamp && b.kind() == Kind::timestamp);
  if (!comparable) return Truth::no;
  std::partial_ordering o = std::partial_ordering::equivalent;
  if (a.kind() == Kind::timestamp) {
    o = a.as_time() <=> b.as_time();
  } else if (a.is_text()) {
    o = a.as_text() <=> b.as_text();
  } else if (a.kind() == Kind::integer && b.kind() == Kind::integer) {
    o = a.as_integer() <=> b.as_integer();
  } else {
    o = a.as_real() <=> b.as_real();
  }
  switch (comparison) {
    case Comparison::less:
      return truth_of(o < 0);
    case Comparison::less_equal:
      return truth_of(o <= 0);
    case Comparison::greater:
      return truth_of(o > 0);
    default:
      return truth_of(o >= 0);
  }
}

Value Evaluator::compare(const Expression& e, Value current) {
  const Value a = eval(e.left, current);
  if (a.is_unknown()) return a;
  const Value b = eval(e.right, current);
  if (b.is_unknown()) return b;
  Truth t = Truth::no;
  if (e.comparison == Comparison::equal || e.comparison == Comparison::not_equal) {
    t = equal(a, b);
    if (t == Truth::unknown) {
      return node(text_node(scratch_.arena(), "a part of what is compared is unknown", Kind::unknown));
    }
    if (e.comparison == Comparison::not_equal) t = truth_of(t == Truth::no);
  } else {
    bool comparable = false;
    t = order(e.comparison, a, b, comparable);
    if (!comparable) return {};
  }
  return node(bool_node(t == Truth::yes));
}

Result<Value> run(const Tree& tree, Value input, Scratch& scratch) {
  Evaluator e(tree, input, scratch);
  const Value out = e.eval(tree.root, input);
  if (e.failed()) return fail(e.take_error());
  return out;
}

}  // namespace reeve::text::jmespath
