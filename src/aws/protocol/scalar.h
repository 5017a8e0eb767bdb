#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "aws/model.h"
#include "base/document.h"

namespace reeve::aws {

/// The moment that a params value means: a timestamp, a number of seconds since 1970, or a text in any form that
/// parse_time reads; nullopt for anything else.
std::optional<Time> time_of(Value value);

/// Reads a time in any form that AWS sends: ISO 8601, seconds since 1970 with a fraction, an HTTP date.
std::optional<Time> parse_time(std::string_view text);

/// Appends a time: ISO 8601 ("2026-01-19T00:36:26Z"), an HTTP date, or seconds since 1970. `unset` must not come here.
void append_time(std::string& out, Time time, TimestampFormat format);

/// Appends a number in its shortest form; NaN, Infinity and -Infinity by these names.
void append_number(std::string& out, Value value);

/// Reads an integer, with white space around it allowed; nullopt if it is none or does not fit.
std::optional<std::int64_t> parse_integer(std::string_view text);
/// Reads a real number or one of the names above.
std::optional<double> parse_real(std::string_view text);
/// Reads "true" or "false" in any case, "1" or "0".
std::optional<bool> parse_boolean(std::string_view text);

std::string_view trimmed(std::string_view text);  ///< without white space at both ends

/// A member of `map` by the model: by its id where `map` uses the model's Keys, else by its name. `hint` is where to
/// look first and is updated; a null value where there is none.
Value member_of(Value map, const Member& member, const Keys* keys, std::uint32_t& hint);

/// The bytes of a text or blob value.
inline std::string_view bytes_of(Value value) { return value.as_text(); }

}  // namespace reeve::aws
