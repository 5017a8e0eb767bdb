#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/document.h"
#include "base/result.h"

namespace reeve::text {

namespace jmespath {
struct Tree;
}

/// Memory for the values that an expression makes (multiselects, projections, functions). What a search returns may
/// point into it, into the input and into the expression (literals): it is good until clear() and as long as the other
/// two are held. Reuse one for many searches; plain paths never touch it. One thread at a time.
class Scratch {
 public:
  Arena& arena() { return arena_ ? *arena_ : arena_.emplace(); }
  /// Forgets every value made so far; costs nothing when none was made.
  void clear() { arena_.reset(); }
  bool used() const { return arena_.has_value(); }
  /// Cells that a search is putting together; for the evaluator.
  std::vector<Node>& stack() { return stack_; }

 private:
  std::vector<Node> stack_;
  std::optional<Arena> arena_;
};

/// The five error classes of the JMESPath specification.
enum class JmespathError : std::uint8_t { syntax, unknown_function, invalid_arity, invalid_type, invalid_value };
/// "syntax", "unknown-function", "invalid-arity", "invalid-type", "invalid-value".
std::string_view name(JmespathError error);
/// The class of an error that compile() or search() gave: it stands in `operation` as "jmespath.<class>".
std::optional<JmespathError> jmespath_error(const Error& error);

struct JmespathOptions {
  /// Adds the policy language's own functions: split(separator, text), from_json(text), which is null for bad JSON.
  bool policy_functions = true;
};

/// A compiled JMESPath expression (jmespath.org's specification, with jmespath.py's reading where it is silent: texts
/// compare with < and >, a literal that is no JSON is a text).
///
/// Unknown values: a path that meets one yields it; functions and comparisons with an unknown argument yield unknown
/// where the answer depends on it; projections keep unknown items; a filter whose condition is unknown for an item
/// makes the whole projection unknown; &&, || and ! follow Kleene. Timestamps are a type of their own: they compare
/// with each other and to_string() writes them; other functions refuse them.
///
/// Steps of a path remember where they found their key last, so one object serves one thread at a time.
class Jmespath {
 public:
  /// Errors: invalid_input (jmespath.syntax, jmespath.unknown_function, jmespath.invalid_arity) with "column N" in
  /// `resource`, limit_exceeded.
  static Result<Jmespath> compile(std::string_view expression, JmespathOptions options = {});
  Jmespath(Jmespath&&) noexcept;
  Jmespath& operator=(Jmespath&&) noexcept;
  ~Jmespath();

  /// Errors: invalid_input (jmespath.invalid_type, jmespath.invalid_value), limit_exceeded.
  Result<Value> search(Value input, Scratch& scratch) const;

  /// Only identifiers joined by dots: `a`, `a.b`, `"a-b".c`.
  bool is_path() const { return !path_.empty(); }
  /// The identifiers of such an expression, else empty.
  const std::vector<std::string>& path() const { return path_; }
  const std::string& expression() const;

 private:
  explicit Jmespath(std::unique_ptr<const jmespath::Tree> tree);
  std::vector<std::string> path_;
  std::unique_ptr<const jmespath::Tree> tree_;
};

/// What JMESPath takes for false: null, false, and empty texts, lists and maps. nullopt for unknown.
std::optional<bool> is_truthy(Value value);

}  // namespace reeve::text
