#include "base/time.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace reeve {
namespace {

constexpr std::int64_t us_per_second = 1'000'000;
constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

/// Reads a text from the left; every reader says whether it could.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}
  bool done() const { return rest_.empty(); }
  bool skip(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool skip_any(std::string_view set) {
    if (rest_.empty() || set.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip_spaces() {
    while (skip(' ')) {
    }
  }
  bool number(std::size_t least, std::size_t most, int& out) {
    std::size_t n = 0;
    int value = 0;
    while (n < most && n < rest_.size() && rest_[n] >= '0' && rest_[n] <= '9') value = value * 10 + (rest_[n++] - '0');
    if (n < least) return false;
    rest_.remove_prefix(n);
    out = value;
    return true;
  }
  bool fraction(int& microseconds) {
    int scale = 100'000, value = 0;
    std::size_t n = 0;
    while (n < rest_.size() && rest_[n] >= '0' && rest_[n] <= '9') {
      value += (rest_[n++] - '0') * scale;
      scale /= 10;
    }
    rest_.remove_prefix(n);
    microseconds = value;
    return n > 0;
  }
  std::string_view letters() {
    std::size_t n = 0;
    while (n < rest_.size() && ((rest_[n] >= 'A' && rest_[n] <= 'Z') || (rest_[n] >= 'a' && rest_[n] <= 'z'))) ++n;
    auto out = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return out;
  }

 private:
  std::string_view rest_;
};

bool month_of(std::string_view name, unsigned& out) {
  for (unsigned i = 0; i < months.size(); ++i) {
    if (name == months[i]) {
      out = i + 1;
      return true;
    }
  }
  return false;
}

bool clock_of(Cursor& in, Calendar& c, bool seconds_needed) {
  if (!in.number(2, 2, c.hour) || !in.skip(':') || !in.number(2, 2, c.minute)) return false;
  if (in.skip(':')) {
    if (!in.number(2, 2, c.second)) return false;
    if (in.skip_any(".,") && !in.fraction(c.microsecond)) return false;
  } else if (seconds_needed) {
    return false;
  }
  return c.hour <= 24 && c.minute < 60 && c.second <= 60 &&
         (c.hour < 24 || (c.minute == 0 && c.second == 0 && c.microsecond == 0));
}

std::unexpected<Error> bad(std::string_view what, std::string_view text) {
  return fail(Code::malformed, fmt::format("'{}' is not {}", text.substr(0, 64), what));
}

}  // namespace

bool valid_date(int year, unsigned month, unsigned day) {
  if (month < 1 || month > 12 || day < 1) return false;
  constexpr std::array<unsigned, 12> lengths = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return day <= lengths[month - 1] + (month == 2 && leap ? 1 : 0);
}

// std::chrono's years are 16 bits wide, Time's are not. Days and dates by Howard Hinnant, "chrono-Compatible Low-Level
// Date Algorithms": years begin in March, so that the leap day is their last; 400 of them (an era) are 146,097 days.

Calendar to_calendar(Time time) {
  constexpr std::int64_t us_per_day = 86400 * us_per_second;
  std::int64_t of_day = time.us % us_per_day;
  std::int64_t day = time.us / us_per_day;
  if (of_day < 0) {
    of_day += us_per_day;
    --day;
  }
  const std::int64_t z = day + 719'468;  // days since 0000-03-01
  const std::int64_t era = (z >= 0 ? z : z - 146'096) / 146'097;
  const std::int64_t of_era = z - era * 146'097;
  const std::int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
  const std::int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t from_march = (5 * of_year + 2) / 153;
  const std::int64_t month = from_march < 10 ? from_march + 3 : from_march - 9;
  const std::int64_t seconds = of_day / us_per_second;
  return {.year = static_cast<int>(year_of_era + era * 400 + (month <= 2 ? 1 : 0)),
          .month = static_cast<unsigned>(month),
          .day = static_cast<unsigned>(of_year - (153 * from_march + 2) / 5 + 1),
          .hour = static_cast<int>(seconds / 3600),
          .minute = static_cast<int>(seconds / 60 % 60),
          .second = static_cast<int>(seconds % 60),
          .microsecond = static_cast<int>(of_day % us_per_second),
          .weekday = static_cast<unsigned>(((day % 7) + 11) % 7)};  // day 0 was a Thursday
}

Time from_calendar(const Calendar& c) {
  const std::int64_t year = std::int64_t{c.year} - (c.month <= 2 ? 1 : 0);
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t from_march = c.month > 2 ? c.month - 3 : c.month + 9;
  const std::int64_t of_year = (153 * from_march + 2) / 5 + c.day - 1;
  const std::int64_t of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
  const std::int64_t day = era * 146'097 + of_era - 719'468;
  const std::int64_t seconds = day * 86400 + c.hour * std::int64_t{3600} + c.minute * std::int64_t{60} + c.second;
  std::int64_t us = 0;
  if (__builtin_mul_overflow(seconds, us_per_second, &us)) us = seconds < 0 ? INT64_MIN : INT64_MAX;
  return Time{us} + Duration(c.microsecond);
}

std::string format_iso8601(Time time) {
  const Calendar c = to_calendar(time);
  auto out = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", c.year, c.month, c.day, c.hour, c.minute, c.second);
  if (c.microsecond % 1000 != 0) {
    out += fmt::format(".{:06}", c.microsecond);
  } else if (c.microsecond != 0) {
    out += fmt::format(".{:03}", c.microsecond / 1000);
  }
  return out + "Z";
}

std::string format_http_date(Time time) {
  const Calendar c = to_calendar(time);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", days[c.weekday], c.day, months[c.month - 1], c.year,
                     c.hour, c.minute, c.second);
}

Result<Time> parse_iso8601(std::string_view text) {
  Cursor in(text);
  Calendar c;
  int month = 0, day = 0;
  if (!in.number(4, 4, c.year) || !in.skip('-') || !in.number(2, 2, month) || !in.skip('-') || !in.number(2, 2, day)) {
    return bad("an ISO 8601 time", text);
  }
  c.month = static_cast<unsigned>(month);
  c.day = static_cast<unsigned>(day);
  if (!valid_date(c.year, c.month, c.day)) return bad("a date of the calendar", text);
  if (in.done()) return from_calendar(c);
  if (!in.skip_any("Tt ") || !clock_of(in, c, false)) return bad("an ISO 8601 time", text);
  Time time = from_calendar(c);
  if (in.done() || in.skip_any("Zz")) return in.done() ? Result<Time>(time) : bad("an ISO 8601 time", text);
  const bool east = in.skip('+');
  if (!east && !in.skip('-')) return bad("an ISO 8601 time", text);
  int hours = 0, minutes = 0;
  if (!in.number(2, 2, hours)) return bad("an ISO 8601 time", text);
  in.skip(':');
  if (!in.done() && !in.number(2, 2, minutes)) return bad("an ISO 8601 time", text);
  if (!in.done() || hours > 24 || minutes > 59) return bad("an ISO 8601 time", text);
  const Duration offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
  return east ? time - offset : time + offset;
}

Result<Time> parse_http_date(std::string_view text) {
  Cursor in(text);
  Calendar c;
  int day = 0;
  in.letters();
  if (in.skip(',')) {  // IMF-fixdate "Sun, 06 Nov 1994 08:49:37 GMT" or RFC 850 "Sunday, 06-Nov-94 08:49:37 GMT"
    in.skip_spaces();
    if (!in.number(1, 2, day) || !in.skip_any(" -") || !month_of(in.letters(), c.month) || !in.skip_any(" -")) {
      return bad("an HTTP date", text);
    }
    const bool long_year = in.number(4, 4, c.year);
    if (!long_year && !in.number(2, 2, c.year)) return bad("an HTTP date", text);
    if (!long_year) c.year += c.year < 70 ? 2000 : 1900;
    in.skip_spaces();
    if (!clock_of(in, c, true)) return bad("an HTTP date", text);
    in.skip_spaces();
    const auto zone = in.letters();
    if (zone != "GMT" && zone != "UTC" && !zone.empty()) return bad("an HTTP date", text);
  } else {  // asctime "Sun Nov  6 08:49:37 1994"
    in.skip_spaces();
    if (!month_of(in.letters(), c.month)) return bad("an HTTP date", text);
    in.skip_spaces();
    if (!in.number(1, 2, day)) return bad("an HTTP date", text);
    in.skip_spaces();
    if (!clock_of(in, c, true)) return bad("an HTTP date", text);
    in.skip_spaces();
    if (!in.number(4, 4, c.year)) return bad("an HTTP date", text);
  }
  c.day = static_cast<unsigned>(day);
  if (!in.done() || !valid_date(c.year, c.month, c.day)) return bad("an HTTP date", text);
  return from_calendar(c);
}

}  // namespace reeve
