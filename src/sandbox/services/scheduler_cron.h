#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

/// Schedule expressions of EventBridge: rate(…), cron(…) and at(…). Ours, because libraries for cron know neither AWS's
/// sixth field (the year) nor L, W and # as it reads them.
namespace reeve::sandbox {

/// The fields of cron(minutes hours day-of-month month day-of-week year) [EventBridge Scheduler user guide, "Schedule
/// types"].
struct Cron {
  std::array<bool, 60> minutes{};
  std::array<bool, 24> hours{};
  std::array<bool, 32> days{};           ///< of the month, from 1
  std::array<bool, 13> months{};         ///< from 1
  std::array<bool, 8> weekdays{};        ///< from 1, which is Sunday
  std::array<bool, 230> years{};         ///< from 1970
  bool by_weekday = false;               ///< the day of the month is "?"
  int last_day_offset = -1;              ///< L is 0, L-3 is 3
  bool last_weekday = false;             ///< LW
  std::vector<int> nearest_days;         ///< 15W
  std::vector<int> last_of_month;        ///< 6L: the last Friday
  std::vector<std::pair<int, int>> nth;  ///< 6#3: the third Friday
};

struct ScheduleExpression {
  enum class Type : std::uint8_t { rate, cron, at };
  Type type = Type::rate;
  Duration every{0};  ///< of rate
  Cron cron;
  Calendar at;  ///< local

  /// Reads an expression. Errors: invalid_input.
  static Result<ScheduleExpression> parse(std::string_view text);

  /// The first moment after `after` at which it fires, its clock being that of `zone`; a rate counts from `from`.
  /// nullopt where there is none. A local time that daylight saving skips does not fire; one that comes twice fires
  /// once.
  std::optional<Time> next(Time after, Time from, std::string_view zone) const;
};

}  // namespace reeve::sandbox
