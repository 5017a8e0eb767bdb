#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reeve::policy {

/// Hours at which something begins: on these days of the week (0 is Monday), at this full hour.
struct HourEntry {
  std::vector<int> days;
  int hour = 0;
  friend bool operator==(const HourEntry&, const HourEntry&) = default;
};

/// What a tag says of hours: "off=[(M-F,19),(S,12)];on=(M-F,7);tz=pt". Parts that it lacks are empty.
struct HoursSchedule {
  std::optional<std::vector<HourEntry>> on, off;
  std::string zone;  ///< as written; empty: none
  friend bool operator==(const HoursSchedule&, const HoursSchedule&) = default;
};

/// Reads a tag's value (lower case): KEY=VALUE parts with ";" or spaces between, keys on, off and tz; other parts are
/// passed over. nullopt: a key that there is none of, or hours that cannot be read.
std::optional<HoursSchedule> read_hours(std::string_view text);

/// What a tag's value is before it is read: lower case, quotes around it dropped, and the stand-ins "u28" "u29" "u5b"
/// "u5d" "u2c" "u3b" "u3d" "u2f" "u2d" for characters that some tags cannot hold.
std::string plain_hours(std::string_view tag_value);

/// The zone of the database that a short name stands for ("et", "pst", "utc"), or that a lower-case name means
/// ("europe/berlin"); nullopt where there is none.
std::optional<std::string> hours_zone(std::string_view name);

}  // namespace reeve::policy
