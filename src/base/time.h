#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace reeve {

/// Microseconds: the resolution of every time in Reeve. AWS's own dates have at most milliseconds.
using Duration = std::chrono::microseconds;

namespace detail {
/// Sums that stop at the ends: a deadline of "never" plus a minute is never.
constexpr std::int64_t saturating_add(std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  return __builtin_add_overflow(a, b, &out) ? (b < 0 ? INT64_MIN : INT64_MAX) : out;
}
constexpr std::int64_t saturating_subtract(std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  return __builtin_sub_overflow(a, b, &out) ? (b > 0 ? INT64_MIN : INT64_MAX) : out;
}
}  // namespace detail

/// A moment of the world's clock: microseconds since 1970-01-01T00:00:00Z. Covers years -290000 to 294000; sums and
/// differences stop there.
struct Time {
  std::int64_t us = 0;
  friend constexpr auto operator<=>(const Time&, const Time&) = default;
  friend constexpr Time operator+(Time t, Duration d) { return {detail::saturating_add(t.us, d.count())}; }
  friend constexpr Time operator-(Time t, Duration d) { return {detail::saturating_subtract(t.us, d.count())}; }
  friend constexpr Duration operator-(Time a, Time b) { return Duration(detail::saturating_subtract(a.us, b.us)); }
};

/// A moment of a clock that never goes back; only differences mean anything.
struct Steady {
  std::int64_t us = 0;
  friend constexpr auto operator<=>(const Steady&, const Steady&) = default;
  friend constexpr Steady operator+(Steady t, Duration d) { return {detail::saturating_add(t.us, d.count())}; }
  friend constexpr Duration operator-(Steady a, Steady b) { return Duration(detail::saturating_subtract(a.us, b.us)); }
};

/// "2026-01-19T00:36:26Z"; a fraction (".123" or ".123456") only where there is one. Years are padded to four digits.
std::string format_iso8601(Time time);

/// "Mon, 19 Jan 2026 00:36:26 GMT" (RFC 9110's IMF-fixdate).
std::string format_http_date(Time time);

/// Reads RFC 3339 ("2026-01-19T00:36:26.5Z", "…+02:00") with an optional fraction, and a bare date (midnight UTC).
/// Errors: malformed.
Result<Time> parse_iso8601(std::string_view text);

/// Reads an HTTP date in any of RFC 9110's three forms; a fraction of the seconds is allowed. Errors: malformed.
Result<Time> parse_http_date(std::string_view text);

/// A calendar moment in UTC.
struct Calendar {
  int year = 1970;
  unsigned month = 1, day = 1;
  int hour = 0, minute = 0, second = 0, microsecond = 0;
  unsigned weekday = 4;  ///< 0 = Sunday
};
Calendar to_calendar(Time time);
/// The fields need not be in range for hours to microseconds; the date must be valid (see valid_date). Stops at the
/// ends of Time's range.
Time from_calendar(const Calendar& calendar);
bool valid_date(int year, unsigned month, unsigned day);

}  // namespace reeve
