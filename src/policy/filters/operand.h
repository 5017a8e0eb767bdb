#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/document.h"
#include "policy/filter.h"
#include "text/cidr.h"
#include "text/pattern.h"

namespace reeve::policy {

/// `op:` of the policy language.
enum class Op : std::uint8_t {
  equal,
  not_equal,
  greater,
  at_least,
  less,
  at_most,
  in,
  not_in,
  contains,
  intersect,
  difference,
  mod,
  glob,
  regex,
  regex_case
};
std::optional<Op> find_op(std::string_view name);
/// All names of ops, aliases too.
std::span<const std::string_view> op_names();

enum class ValueType : std::uint8_t {
  none,
  age,
  expiration,
  date,
  integer,
  real,
  normalize,
  size,
  unique_size,
  swap,
  cidr,
  cidr_size,
  version,
  expr
};
std::optional<ValueType> find_value_type(std::string_view name);
std::span<const std::string_view> value_type_names();

/// One side of a comparison after conversion. Not movable: `value` may point into it.
struct Operand {
  enum class Form : std::uint8_t {
    plain,    ///< `value`
    tuple,    ///< Python's empty tuple, which stands for null with in and not-in
    cidr,     ///< `cidr`; nullopt for what is none
    cidrs,    ///< `networks`
    version,  ///< `value`, a text
    raises    ///< Python raises an exception here: unknown
  };
  Form form = Form::plain;
  Value value = {};
  std::optional<text::Cidr> cidr = {};
  std::vector<std::optional<text::Cidr>> networks = {};
  Node node = {};
  std::string buffer = {};

  Operand() = default;
  Operand(const Operand&) = delete;
  Operand& operator=(const Operand&) = delete;
  void set(std::int64_t integer);
  void set(double real);
  void set(Time time);
  void set(std::string text);
  /// As parse_cidr reads it: an address, an IPv4 network, a list of these, or none. Other types raise.
  void set_cidr(Value from, bool from_tuple);
};

/// op(resource, policy's value) as the policy language has it: TypeErrors are no matches. `pattern` is the compiled
/// value where it is constant.
Truth apply(Op op, const Operand& resource, const Operand& value, const text::Pattern* pattern);

/// int(str(value).strip()) and float(value) of Python; 0 where these fail.
std::int64_t python_int(Value value);
double python_real(Value value);

}  // namespace reeve::policy
