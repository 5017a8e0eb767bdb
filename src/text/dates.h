#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/document.h"
#include "base/time.h"

namespace reeve::text {

/// A date as a text said it.
struct ParsedDate {
  Time time;                        ///< the moment; where there is no offset, the clock's reading taken as UTC
  std::optional<int> utc_offset_s;  ///< seconds east of UTC where the text had one that is understood
  bool zone_passed_over = false;    ///< it names a zone that is not understood
};

/// Reads a date in the many forms that dateutil's parser reads (its documentation, "parser"): ISO 8601 with and without
/// separators, RFC 2822, C's asctime, "Jan 19 2026", "01/02/2026" (month first), "12:30". Parts that the text lacks
/// come from the day of `now`. Only UTC, GMT, Z and numeric offsets are understood; other upper-case zone names are
/// passed over, lower-case ones refused. nullopt: not a date.
std::optional<ParsedDate> parse_date_text(std::string_view text, Time now);

/// What policies take for a date: a timestamp; a text that parse_date_text reads; a number (or a text of digits) as
/// seconds or, where that cannot be, milliseconds since 1970. Numbers below March 2006 are not dates. A date without an
/// offset counts as UTC. nullopt: not a date (also for unknown).
std::optional<Time> parse_date(Value value, Time now);

/// Python's datetime.strftime of a moment in UTC in the C locale: C's directives plus %f; `%z` and `%Z` are empty for
/// a naive time (no offset given), as policies' `now` is.
std::string format_strftime(Time time, std::string_view format, std::optional<int> utc_offset_s = std::nullopt);

/// A reading of the clock in a named zone ("America/New_York", "UTC", "EST").
struct ZonedClock {
  Calendar calendar;         ///< local
  int utc_offset_s = 0;      ///< seconds east of UTC
  std::string abbreviation;  ///< "EST"
};
/// What the clocks of a zone show at a moment; nullopt where the zone is not known or there is no zone database.
std::optional<ZonedClock> clock_in_zone(Time time, std::string_view zone);
/// The moment when the clocks of a zone show this; the earlier one where that happens twice, and the moment of the
/// change where it is skipped. nullopt as above.
std::optional<Time> time_in_zone(const Calendar& local, std::string_view zone);
bool is_zone(std::string_view zone);

}  // namespace reeve::text
