#include <date/tz.h>

#include <exception>

#include "text/dates.h"

namespace reeve::text {
namespace {

const date::time_zone* zone_of(std::string_view name) {
  try {
    return date::locate_zone(std::string(name));
  } catch (const std::exception&) {  // an unknown name, or no database on this machine
    return nullptr;
  }
}

}  // namespace

bool is_zone(std::string_view zone) { return zone_of(zone) != nullptr; }

std::optional<ZonedClock> clock_in_zone(Time time, std::string_view zone) {
  const auto* tz = zone_of(zone);
  if (tz == nullptr) return std::nullopt;
  try {
    const auto info = tz->get_info(date::sys_time<std::chrono::microseconds>(std::chrono::microseconds(time.us)));
    return ZonedClock{.calendar = to_calendar(time + info.offset),
                      .utc_offset_s = static_cast<int>(info.offset.count()),
                      .abbreviation = info.abbrev};
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

std::optional<Time> time_in_zone(const Calendar& local, std::string_view zone) {
  const auto* tz = zone_of(zone);
  if (tz == nullptr) return std::nullopt;
  try {
    const date::local_time<std::chrono::microseconds> at{std::chrono::microseconds(from_calendar(local).us)};
    const auto moment = tz->to_sys(at, date::choose::earliest);
    return Time{moment.time_since_epoch().count()};
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace reeve::text
