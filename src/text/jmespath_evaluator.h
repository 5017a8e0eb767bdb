#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/jmespath_program.h"
#include "text/nodes.h"

namespace reeve::text::jmespath {

enum class Truth : std::uint8_t { no, yes, unknown };
inline Truth truth_of(bool value) { return value ? Truth::yes : Truth::no; }

/// One search. After an error every value is null; see failed().
class Evaluator {
 public:
  Evaluator(const Tree& tree, Value input, Scratch& scratch);

  Value eval(Index i, Value current);
  /// The truth of an expression by Kleene's logic, which a value cannot always tell: unknown || 'x' is true, but what
  /// it gives is not known.
  Truth truth(Index i, Value current);
  Truth equal(Value a, Value b);

  bool failed() const { return error_.has_value(); }
  Error take_error() { return std::move(*error_); }

 private:
  friend class Calls;
  const Expression& at(Index i) const { return tree_.expressions[static_cast<std::size_t>(i)]; }
  /// Counts work; false past the limit.
  bool work(std::size_t steps = 1);
  void set_error(JmespathError error, const Expression& e, std::string message);

  Value node(Node made);
  Value list(std::size_t first);  // of what stands on the stack from `first` on
  Value text(std::string_view value) { return node(text_node(scratch_.arena(), value)); }
  void push(Value v) {
    Node& n = scratch_.stack().emplace_back(*v.node());
    n.set_key(Keys::none);
  }

  Value slice(const Expression& e, Value v);
  Value flatten(Value v);
  Value project(const Expression& e, Value base, bool values);
  Value filter(const Expression& e, Value base);
  Value multi(const Expression& e, Value current);
  Value logic(const Expression& e, Value current);
  Value compare(const Expression& e, Value current);
  Truth order(Comparison comparison, Value a, Value b, bool& comparable);

  const Tree& tree_;
  Scratch& scratch_;
  const Keys* keys_;
  std::size_t left_;
  std::optional<Error> error_;
};

/// The functions of one search.
class Calls {
 public:
  Calls(Evaluator& run, const Expression& e) : run_(run), e_(e) {}
  Value call(Value current);

 private:
  bool check(std::size_t i, Value v);
  Value do_contains(Value in, Value what);
  Value do_join(Value separator, Value items);
  Value do_split(Value separator, Value text);
  Value do_merge();
  Value do_reverse(Value v);
  Value do_sort(Value v);
  Value do_sum(Value v, bool average);
  Value do_extreme(Value v, bool greatest);
  Value do_map(Index what, Value list);
  Value do_by(Value list, Index what);
  Value do_to_number(Value v);
  Value do_to_string(Value v);
  Value do_from_json(Value v);
  void write(std::string& out, Value v);

  Evaluator& run_;
  const Expression& e_;
  std::vector<Value> arguments_;
  std::optional<Value> unknown_;  // met inside a value
};

}  // namespace reeve::text::jmespath
