#include <fmt/format.h>

#include "policy/actions/tag_steps.h"
#include "policy/actions/tags.h"
#include "policy/filters/hours_schedule.h"
#include "text/dates.h"

namespace reeve::policy {
namespace {

constexpr double second_us = 1e6, hour_us = 3600 * second_us, day_us = 24 * hour_us;
/// What Cloud Custodian's documentation says of a mark that names no time; its code marks for today.
constexpr double default_days = 4;
constexpr double most_days = 36'500;
constexpr std::string_view default_message = "Resource does not meet policy: {op}@{action_date}";
constexpr std::string_view group_message = "AutoScaleGroup does not meet org policy: {op}@{action_date}";

std::string replaced(std::string text, std::string_view mark, std::string_view by) {
  for (auto at = text.find(mark); at != text.npos; at = text.find(mark, at + by.size()))
    text.replace(at, mark.size(), by);
  return text;
}

/// When a mark is due, as the filter marked-for-op reads it: a day, which begins in UTC, or a minute in UTC.
std::string due_text(Time when, bool to_the_minute) {
  const Calendar c = to_calendar(when);
  const auto day = fmt::format("{:04}/{:02}/{:02}", c.year, c.month, c.day);
  return to_the_minute ? fmt::format("{} {:02}{:02} UTC", day, c.hour, c.minute) : day;
}

/// When the day of a moment begins in a zone; the moment itself where the zone cannot be read.
Time day_begins(Time when, const std::string& zone) {
  const auto clock = text::clock_in_zone(when, zone);
  if (!clock) return when;
  const Calendar& c = clock->calendar;
  return text::time_in_zone({.year = c.year, .month = c.month, .day = c.day}, zone).value_or(when);
}

}  // namespace

std::unique_ptr<Action> MarkForOpAction::make(const Build& build) {
  const Value data = build.data;
  const auto fail = [&](Value at, std::string message) -> std::unique_ptr<Action> {
    build.problem(at, std::move(message));
    return nullptr;
  };
  if (build.kind.tag_style == estate::TagStyle::none)
    return fail(data, build.kind.name + " has no tags that could be changed");
  const auto op = data["op"].as_string();
  if (build.vocabulary.find_action(build.kind, op) == nullptr) {
    const auto names = build.vocabulary.action_names(build.kind);
    return fail(data["op"], "there is no action \"" + op + "\" for " + build.kind.name + did_you_mean(op, names));
  }
  const bool hours = !data["hours"].is_null();
  const double days = data["days"].as_real();
  if (days < 0 || days > most_days || data["hours"].as_real() < 0 || data["hours"].as_real() > most_days * 24)
    return fail(data, "\"days\" and \"hours\" of \"mark-for-op\" must lie between 0 and a hundred years");
  double ahead_us = days * day_us + data["hours"].as_real() * hour_us;
  if (!hours && data["days"].is_null()) {
    ahead_us = default_days * day_us;
    build.warning(data, "\"mark-for-op\" names neither days nor hours: four days are taken");
  }
  const auto given = data["tz"].is_text() ? data["tz"].as_text() : std::string_view("utc");
  const auto zone = hours_zone(given);
  if (!zone) return fail(data["tz"], "there is no time zone \"" + std::string(given) + "\"");

  const auto key = data["tag"].is_text() ? data["tag"].as_string() : std::string(default_tag_key);
  std::string message(build.kind.name == "asg" ? group_message : default_message);
  const Value msg = !data["msg"].is_null() ? data["msg"] : data["message"];
  if (msg.is_text()) message = msg.as_string();
  if (!message.contains("{op}") || !message.contains("{action_date}"))
    return fail(msg, "the message of \"mark-for-op\" must hold {op} and {action_date}: the mark is read from them");
  const Time when{build.now.us + static_cast<std::int64_t>(ahead_us)};
  const bool zoned = data["tz"].is_text();
  const auto due = due_text(zoned && !hours ? day_begins(when, *zone) : when, hours || zoned);
  message = replaced(replaced(message, "{op}", op), "{action_date}", due);
  if (auto wrong = wrong_tag(key, message); !wrong.empty()) return fail(data, std::move(wrong));
  std::map<std::string, TagValue> tags;
  tags.emplace(key, TagValue{.text = std::move(message)});
  return std::make_unique<MarkForOpAction>(std::move(tags), tag_columns(build.kind));
}

}  // namespace reeve::policy
