#pragma once
#include <string>
#include <string_view>

#include "base/document.h"
#include "base/result.h"

namespace reeve::text {

/// Formats by Python's format specification ("Format Specification Mini-Language" of its library reference):
/// [[fill]align][sign][#][0][width][,|_][.precision][type]. Errors: invalid_input.
Result<std::string> format_value(Value value, std::string_view spec);
Result<std::string> format_text(std::string_view text, std::string_view spec);

}  // namespace reeve::text
