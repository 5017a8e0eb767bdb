#include <fmt/format.h>

#include <ctime>

#include "text/dates.h"

namespace reeve::text {
namespace {

std::string offset_text(int offset_s) {
  const int a = offset_s < 0 ? -offset_s : offset_s;
  auto out = fmt::format("{}{:02}{:02}", offset_s < 0 ? '-' : '+', a / 3600, a / 60 % 60);
  if (a % 60 != 0) out += fmt::format("{:02}", a % 60);
  return out;
}

}  // namespace

std::string format_strftime(Time time, std::string_view format, std::optional<int> utc_offset_s) {
  const Calendar c = to_calendar(time + std::chrono::seconds(utc_offset_s.value_or(0)));
  // What C's strftime would ask the environment for, or does not know, is written out here.
  std::string out, plain;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      plain += format[i] == '\0' ? '?' : format[i];
      continue;
    }
    switch (format[++i]) {
      case 'f':
        plain += fmt::format("{:06}", c.microsecond);
        break;
      case 's': {
        const std::int64_t second = time.us >= 0 ? time.us / 1'000'000 : (time.us - 999'999) / 1'000'000;
        plain += fmt::format("{}", second);
        break;
      }
      case 'z':
        if (utc_offset_s) plain += offset_text(*utc_offset_s);
        break;
      case 'Z':
        if (utc_offset_s) plain += *utc_offset_s == 0 ? "UTC" : "UTC" + offset_text(*utc_offset_s);
        break;
      case '\0':
        break;
      default:
        plain += '%';
        plain += format[i];
    }
  }
  std::tm tm{};
  tm.tm_year = c.year - 1900;
  tm.tm_mon = static_cast<int>(c.month) - 1;
  tm.tm_mday = static_cast<int>(c.day);
  tm.tm_hour = c.hour;
  tm.tm_min = c.minute;
  tm.tm_sec = c.second;
  tm.tm_wday = static_cast<int>(c.weekday);
  tm.tm_yday = static_cast<int>((from_calendar({.year = c.year, .month = c.month, .day = c.day}) -
                                 from_calendar({.year = c.year, .month = 1, .day = 1})) /
                                std::chrono::hours(24));
  if (plain.empty()) return out;
  constexpr std::size_t largest = std::size_t{1} << 20;  // "%1000000Y" is a slip
  for (std::size_t room = plain.size() * 4 + 64; room <= largest; room *= 4) {
    out.resize(room);
    plain += ' ';  // an empty result and one that does not fit look the same without it
    const std::size_t n = std::strftime(out.data(), room, plain.c_str(), &tm);
    plain.pop_back();
    if (n > 0) {
      out.resize(n - 1);
      return out;
    }
  }
  return {};
}

}  // namespace reeve::text
