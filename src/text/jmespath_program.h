#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/document.h"
#include "text/jmespath.h"

namespace reeve::text::jmespath {

using Index = std::int32_t;  // of an expression in its program
inline constexpr Index nothing = -1;

enum class Op : std::uint8_t {
  current,
  literal,
  path,              // steps from `left` (or from the current value)
  chain,             // children one after another, each on what the one before gave: a.b, a | b
  slice,             // of the current value
  flatten,           // of left
  projection,        // right on every item of left
  value_projection,  // right on every value of left
  filter,            // right on every item of left for which `condition` holds
  multi_list,
  multi_map,
  either,
  both,
  negate,
  compare,
  function,
  reference  // &left
};

enum class Comparison : std::uint8_t { equal, not_equal, less, less_equal, greater, greater_equal };

/// One step of a path: a member by key, or an item by index (negative from the end).
struct Step {
  bool by_index = false;
  std::int64_t index = 0;
  std::string key{};
  // Where the key was found last. Holding the Keys that gave `id` keeps its address from being used again.
  mutable std::shared_ptr<const Keys> keys{};
  mutable Keys::Id id = Keys::none;
  mutable std::uint32_t hint = 0;
};

struct Expression {
  Op op = Op::current;
  Comparison comparison = Comparison::equal;
  std::uint8_t function = 0;  // row of the function table
  std::uint16_t height = 1;
  Index left = nothing, right = nothing, condition = nothing;
  std::size_t at = 0;  // byte of the text, for messages
  std::vector<Index> children{};
  std::vector<std::string> names{};  // keys of a multi_map
  std::vector<Step> steps{};
  std::optional<std::int64_t> slice[3]{};  // start, stop, step
  Document literal{};
};

struct Tree {
  std::string text;
  std::vector<Expression> expressions;
  Index root = nothing;
};

/// Parses a whole expression. Errors as Jmespath::compile.
Result<Tree> parse(std::string_view text, JmespathOptions options);

/// Runs a program on one value. Errors as Jmespath::search.
Result<Value> run(const Tree& tree, Value input, Scratch& scratch);

/// The steps of a path from a value on; never allocates.
Value walk(const std::vector<Step>& steps, Value from);

}  // namespace reeve::text::jmespath
