#include "sandbox/services/scheduler_cron.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "text/dates.h"

namespace reeve::sandbox {
namespace {

constexpr std::array<std::string_view, 12> month_names{"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                       "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<std::string_view, 7> day_names{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};
constexpr int first_year = 1970, last_year = 2199;

std::unexpected<Error> bad(std::string_view what) { return fail(Code::invalid_input, std::string(what)); }

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> out;
  while (true) {
    const auto end = text.find(at);
    out.push_back(text.substr(0, end));
    if (end == text.npos) return out;
    text.remove_prefix(end + 1);
  }
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size() || text.empty() || value < 0) return std::nullopt;
  return value;
}

template <std::size_t N>
std::optional<int> named(std::string_view text, const std::array<std::string_view, N>& names) {
  if (const auto value = number(text)) return value;
  for (std::size_t i = 0; i < N; ++i) {
    if (std::ranges::equal(text, names[i], {},
                           [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; })) {
      return static_cast<int>(i) + 1;
    }
  }
  return std::nullopt;
}

/// "*", "5", "1-5", "*/10", "3/10", "1-30/5" into flags from `base`.
template <class Flags, class Read>
bool read_term(std::string_view term, int least, int most, int base, Flags& flags, Read read) {
  const auto slash = term.find('/');
  const std::string_view range = term.substr(0, slash);
  int step = 1;
  if (slash != term.npos) {
    const auto given = number(term.substr(slash + 1));
    if (!given || *given < 1) return false;
    step = std::min(*given, most - least + 1);
  }
  int from = least, to = most;
  if (range != "*") {
    const auto dash = range.find('-');
    const auto first = read(range.substr(0, dash));
    if (!first) return false;
    from = *first;
    to = slash == term.npos ? from : most;
    if (dash != range.npos) {
      const auto last = read(range.substr(dash + 1));
      if (!last) return false;
      to = *last;
    }
  }
  if (from < least || from > most || to < least || to > most) return false;
  if (from <= to) {
    for (int i = from; i <= to; i += step) flags[static_cast<std::size_t>(i - base)] = true;
    return true;
  }
  for (int i = from; i <= most + (to - least) + 1; i += step) {  // FRI-MON goes round
    const int value = i > most ? i - (most - least + 1) : i;
    flags[static_cast<std::size_t>(value - base)] = true;
  }
  return true;
}

template <class Flags, class Read>
bool read_list(std::string_view field, int least, int most, int base, Flags& flags, Read read) {
  return std::ranges::all_of(split(field, ','),
                             [&](std::string_view term) { return read_term(term, least, most, base, flags, read); });
}

bool read_days(std::string_view field, Cron& cron) {
  for (std::string_view term : split(field, ',')) {
    if (term == "L") {
      cron.last_day_offset = 0;
    } else if (term == "LW") {
      cron.last_weekday = true;
    } else if (term.starts_with("L-")) {
      const auto offset = number(term.substr(2));
      if (!offset || *offset > 30) return false;
      cron.last_day_offset = *offset;
    } else if (term.ends_with('W')) {
      const auto day = number(term.substr(0, term.size() - 1));
      if (!day || *day < 1 || *day > 31) return false;
      cron.nearest_days.push_back(*day);
    } else if (!read_term(term, 1, 31, 0, cron.days, number)) {
      return false;
    }
  }
  return true;
}

bool read_weekdays(std::string_view field, Cron& cron) {
  auto day_of = [](std::string_view text) { return named(text, day_names); };
  for (std::string_view term : split(field, ',')) {
    const auto hash = term.find('#');
    if (hash != term.npos) {
      const auto day = day_of(term.substr(0, hash)), nth = number(term.substr(hash + 1));
      if (!day || *day < 1 || *day > 7 || !nth || *nth < 1 || *nth > 5) return false;
      cron.nth.emplace_back(*day, *nth);
    } else if (term == "L") {
      cron.weekdays[7] = true;
    } else if (term.ends_with('L') && day_of(term.substr(0, term.size() - 1))) {
      cron.last_of_month.push_back(*day_of(term.substr(0, term.size() - 1)));
    } else if (!read_term(term, 1, 7, 0, cron.weekdays, day_of)) {
      return false;
    }
  }
  return true;
}

Result<Cron> read_cron(std::string_view text) {
  std::vector<std::string_view> fields;
  for (std::string_view field : split(text, ' ')) {
    if (!field.empty()) fields.push_back(field);
  }
  if (fields.size() != 6) return bad("a cron expression has six fields");
  Cron cron;
  const bool any_day = fields[2] == "?", any_weekday = fields[4] == "?";
  if (any_day == any_weekday) return bad("one of day-of-month and day-of-week must be ?");
  cron.by_weekday = any_day;
  const bool good =
      read_list(fields[0], 0, 59, 0, cron.minutes, number) && read_list(fields[1], 0, 23, 0, cron.hours, number) &&
      (any_day || read_days(fields[2], cron)) &&
      read_list(fields[3], 1, 12, 0, cron.months, [](std::string_view name) { return named(name, month_names); }) &&
      (any_weekday || read_weekdays(fields[4], cron)) &&
      read_list(fields[5], first_year, last_year, first_year, cron.years, number);
  if (!good) return bad("a field of the cron expression is not valid");
  return cron;
}

Result<Duration> read_rate(std::string_view text) {
  const auto space = text.find(' ');
  if (space == text.npos) return bad("a rate has a value and a unit");
  const auto value = number(text.substr(0, space));
  const std::string_view unit = text.substr(space + 1);
  if (!value || *value < 1) return bad("the value of a rate is a number from 1");
  struct Unit {
    std::string_view one, many;
    int minutes;
  };
  constexpr std::array<Unit, 3> units{{{"minute", "minutes", 1}, {"hour", "hours", 60}, {"day", "days", 1440}}};
  for (const Unit& u : units) {
    if (unit == u.one || unit == u.many) {
      constexpr std::int64_t most = std::int64_t{100} * 366 * 1440;  // a century
      const std::int64_t minutes = std::int64_t{*value} * u.minutes;
      if (minutes > most) return bad("the rate is too long");
      return Duration(std::chrono::minutes(minutes));
    }
  }
  return bad("the unit of a rate is minutes, hours or days");
}

unsigned days_in(int year, unsigned month) {
  constexpr std::array<unsigned, 12> days{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : days[month - 1];
}

/// From 1, which is Sunday.
int weekday_of(int year, unsigned month, unsigned day) {
  return static_cast<int>(to_calendar(from_calendar({.year = year, .month = month, .day = day})).weekday) + 1;
}

/// The weekday (Monday to Friday) nearest to a day, in the same month.
unsigned nearest_weekday(int year, unsigned month, unsigned day) {
  const unsigned last = days_in(year, month);
  day = std::min(day, last);
  const int weekday = weekday_of(year, month, day);
  if (weekday == 7) return day == 1 ? 3 : day - 1;
  if (weekday == 1) return day == last ? day - 2 : day + 1;
  return day;
}

bool is_day(const Cron& cron, int year, unsigned month, unsigned day) {
  const unsigned last = days_in(year, month);
  if (!cron.by_weekday) {
    if (cron.days[day]) return true;
    if (cron.last_day_offset >= 0 && day + static_cast<unsigned>(cron.last_day_offset) == last) return true;
    if (cron.last_weekday && day == nearest_weekday(year, month, last)) return true;
    return std::ranges::any_of(cron.nearest_days, [&](int wanted) {
      return static_cast<unsigned>(wanted) <= last &&
             nearest_weekday(year, month, static_cast<unsigned>(wanted)) == day;
    });
  }
  const int weekday = weekday_of(year, month, day);
  if (cron.weekdays[static_cast<std::size_t>(weekday)]) return true;
  if (day + 7 > last && std::ranges::find(cron.last_of_month, weekday) != cron.last_of_month.end()) return true;
  const int nth = static_cast<int>((day - 1) / 7) + 1;
  return std::ranges::find(cron.nth, std::pair(weekday, nth)) != cron.nth.end();
}

std::optional<Time> moment(const Calendar& local, std::string_view zone) {
  if (zone.empty() || zone == "UTC") return from_calendar(local);
  const auto time = text::time_in_zone(local, zone);
  const auto shown = time ? text::clock_in_zone(*time, zone) : std::nullopt;
  if (!shown || shown->calendar.hour != local.hour || shown->calendar.minute != local.minute) return std::nullopt;
  return time;
}

std::optional<Time> next_of_cron(const Cron& cron, Time after, std::string_view zone) {
  Calendar local = to_calendar(after);
  if (!zone.empty() && zone != "UTC") {
    const auto clock = text::clock_in_zone(after, zone);
    if (!clock) return std::nullopt;
    local = clock->calendar;
  }
  const int start_year = local.year;
  bool first_day = true;
  for (int year = std::max(start_year, first_year); year <= last_year; ++year) {
    if (!cron.years[static_cast<std::size_t>(year - first_year)]) continue;
    for (unsigned month = year == start_year ? local.month : 1; month <= 12; ++month) {
      if (!cron.months[month]) continue;
      const bool this_month = year == start_year && month == local.month;
      for (unsigned day = this_month ? local.day : 1; day <= days_in(year, month); ++day) {
        if (!is_day(cron, year, month, day)) continue;
        first_day = this_month && day == local.day;
        for (int hour = first_day ? local.hour : 0; hour < 24; ++hour) {
          if (!cron.hours[static_cast<std::size_t>(hour)]) continue;
          for (int minute = 0; minute < 60; ++minute) {
            if (!cron.minutes[static_cast<std::size_t>(minute)]) continue;
            const auto at = moment({.year = year, .month = month, .day = day, .hour = hour, .minute = minute}, zone);
            if (at && *at > after) return at;
          }
        }
      }
    }
  }
  return std::nullopt;
}

}  // namespace

Result<ScheduleExpression> ScheduleExpression::parse(std::string_view text) {
  ScheduleExpression out;
  const auto open = text.find('(');
  if (open == text.npos || !text.ends_with(')')) return bad("wanted: rate(…), cron(…) or at(…)");
  const std::string_view kind = text.substr(0, open), inner = text.substr(open + 1, text.size() - open - 2);
  if (kind == "rate") {
    out.type = Type::rate;
    TRY(out.every, read_rate(inner));
    return out;
  }
  if (kind == "cron") {
    out.type = Type::cron;
    TRY(out.cron, read_cron(inner));
    return out;
  }
  if (kind == "at" && inner.size() == 19 && inner[10] == 'T') {
    out.type = Type::at;
    TRY(const Time utc, parse_iso8601(fmt::format("{}Z", inner)));
    out.at = to_calendar(utc);
    return out;
  }
  return bad("wanted: rate(…), cron(…) or at(yyyy-mm-ddThh:mm:ss)");
}

std::optional<Time> ScheduleExpression::next(Time after, Time from, std::string_view zone) const {
  switch (type) {
    case Type::rate: {
      if (after < from) return from;
      const std::int64_t passed = (after - from).count() / every.count();
      return from + every * (passed + 1);
    }
    case Type::cron:
      return next_of_cron(cron, after, zone);
    case Type::at: {
      const auto time = moment(at, zone);
      if (!time || *time <= after) return std::nullopt;
      return time;
    }
  }
  return std::nullopt;
}

}  // namespace reeve::sandbox
