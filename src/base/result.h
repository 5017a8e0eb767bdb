#pragma once
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace reeve {

/// What went wrong, by a name that is stable for ever (docs/errors.md).
enum class Code : std::uint8_t {
#define CODE(name, meaning) name,
#include "base/error_codes.def"
#undef CODE
};

/// The code's name as it stands in JSON: "access_denied".
std::string_view name(Code code);

/// What AWS said, where the error came from an answer of AWS.
struct AwsError {
  std::string code;        ///< AWS's own code, such as "InvalidSnapshot.NotFound"; empty if the answer had none
  int status = 0;          ///< HTTP status
  std::string request_id;  ///< empty if the answer had none
  int attempts = 1;  ///< how often it was tried until this answer; above 1 an earlier attempt may have had its effect
  int retry_after_ms = -1;  ///< x-amz-retry-after; below 0: the answer had none
  bool retryable = false;   ///< the model says that this error may be tried again
};

/// An error as a value. The message says what was tried, on what, and what went wrong; the hint says what to do.
struct Error {
  Code code = Code::internal;
  std::string message;
  std::string operation = {};  ///< "ec2.DeleteSnapshot", a file operation, or empty
  std::string resource = {};   ///< id, path, or "file:line:column"
  std::string hint = {};
  std::shared_ptr<const AwsError> aws = nullptr;
  std::shared_ptr<const Error> cause = nullptr;

  /// "message (operation resource; AWS code, status, request id). hint" on one line, for people.
  std::string text() const;
};

template <class T>
using Result = std::expected<T, Error>;

/// An error to return: `return fail(Code::io, "cannot read " + path, …)`.
inline std::unexpected<Error> fail(Code code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}
inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }

/// Ends the program with the place and the text: for what must hold whatever comes from outside. Stays on in release.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

}  // namespace reeve

#define REEVE_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::reeve::assertion_failed(#condition, __FILE__, __LINE__))

// TRY(expression) returns the error of a Result<void>; TRY(auto x, expression) also names the value.
// CO_TRY is the same inside a coroutine.
#define REEVE_TRY_JOIN2(a, b) a##b
#define REEVE_TRY_JOIN(a, b) REEVE_TRY_JOIN2(a, b)
#define REEVE_TRY_PICK(_1, _2, picked, ...) picked
#define REEVE_TRY_VALUE(give, name, declaration, expression) \
  auto name = (expression);                                  \
  if (!name) [[unlikely]]                                    \
    give ::std::unexpected(::std::move(name).error());       \
  declaration = *::std::move(name)
#define REEVE_TRY_VOID(give, expression)                             \
  do {                                                               \
    auto reeve_try_result = (expression);                            \
    if (!reeve_try_result) [[unlikely]]                              \
      give ::std::unexpected(::std::move(reeve_try_result).error()); \
  } while (false)
#define REEVE_TRY_2(declaration, expression) \
  REEVE_TRY_VALUE(return, REEVE_TRY_JOIN(reeve_try_, __COUNTER__), declaration, expression)
#define REEVE_TRY_1(expression) REEVE_TRY_VOID(return, expression)
#define REEVE_CO_TRY_2(declaration, expression) \
  REEVE_TRY_VALUE(co_return, REEVE_TRY_JOIN(reeve_try_, __COUNTER__), declaration, expression)
#define REEVE_CO_TRY_1(expression) REEVE_TRY_VOID(co_return, expression)
#define TRY(...) REEVE_TRY_PICK(__VA_ARGS__, REEVE_TRY_2, REEVE_TRY_1, )(__VA_ARGS__)
#define CO_TRY(...) REEVE_TRY_PICK(__VA_ARGS__, REEVE_CO_TRY_2, REEVE_CO_TRY_1, )(__VA_ARGS__)
