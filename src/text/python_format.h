#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/document.h"
#include "base/result.h"
#include "base/time.h"

namespace reeve::text {

/// Gives a variable its value, nullopt where there is no such name. The value must live until the call returns (and as
/// long as a typed result is used).
using Variables = std::function<std::optional<Value>(std::string_view name)>;

struct FormatOptions {
  /// A text with a name or an index that is missing stays as it is, as a whole. Else that is an error.
  bool keep_missing = true;
  /// A text that is exactly one `{expression}` without conversion and format keeps the value's type.
  bool keep_type = true;
};

/// What a text expanded to.
struct Expanded {
  std::string text;            ///< where `value` is not set
  std::optional<Value> value;  ///< where the text was one `{expression}`: a part of what the variables gave
  bool missing = false;        ///< a name or index was missing and the text was left as it is
};

/// Expands Python's str.format over named variables, as policies use it: `{name}`, `{name[index]}`, `{{`, `}}`, `!r`,
/// `!s`, format specs. A timestamp formats with strftime after increments: `{now:+5d+2h+30M%Y-%m-%d}`. Maps and lists
/// have no attributes: `{policy.name}` is an error. Errors: invalid_input.
Result<Expanded> expand(std::string_view text, const Variables& variables, FormatOptions options = {});

/// Expands every text inside a value (map values, not keys) and gives the new document. Errors: invalid_input.
Result<Document> expand_all(Value value, const Variables& variables, FormatOptions options = {});

/// str(value) of Python: True, None, 0.5, ['a', 'b'], {'k': 1}, "2026-01-30 22:05:09.123456".
std::string python_str(Value value);
/// repr(value) of Python: texts with quotes.
std::string python_repr(Value value);
/// repr of a float: the shortest digits that read back, always with a point or an exponent.
std::string python_float(double value);

}  // namespace reeve::text
