#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/document.h"
#include "base/result.h"
#include "text/jmespath.h"

namespace reeve::text::jmespath {

enum class TokenType : std::uint8_t {
  end,
  unquoted,  // an identifier
  quoted,    // "an identifier"
  literal,   // `JSON` or 'raw text'
  number,
  dot,
  star,
  comma,
  colon,
  at,
  amp,
  left_paren,
  right_paren,
  left_brace,
  right_brace,
  left_bracket,
  right_bracket,
  flatten,  // []
  filter,   // [?
  pipe,
  either,
  both,
  negate,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal
};

struct Token {
  TokenType type = TokenType::end;
  std::size_t at = 0;  // byte of the expression
  std::string text{};  // of an identifier
  std::int64_t number = 0;
  Document literal{};
};

/// Cuts an expression into tokens; the last one is `end`. Errors: invalid_input.
Result<std::vector<Token>> tokenize(std::string_view expression);

/// An error of one class at a byte of the expression.
std::unexpected<Error> error_at(JmespathError error, std::string_view expression, std::size_t at, std::string message);

}  // namespace reeve::text::jmespath
