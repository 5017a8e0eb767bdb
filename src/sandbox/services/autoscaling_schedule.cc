#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <charconv>

#include "sandbox/services/autoscaling.h"

/// Scheduled actions, and the cron lines of their recurrence.
namespace reeve::sandbox {
namespace {

/// What each of the five fields lets through: minute, hour, day of the month, month, day of the week (0 is Sunday).
struct CronLine {
  std::array<std::bitset<61>, 5> fields;
  bool any_day = false, any_weekday = false;
};

constexpr std::array<std::pair<int, int>, 5> cron_ranges{{{0, 59}, {0, 23}, {1, 31}, {1, 12}, {0, 7}}};

std::optional<int> cron_number(std::string_view text, std::size_t field) {
  constexpr std::string_view months = "janfebmaraprmayjunjulaugsepoctnovdec", days = "sunmontuewedthufrisat";
  if (text.size() == 3 && (field == 3 || field == 4)) {
    std::string lower(text);
    for (char& c : lower) c = static_cast<char>(c | 0x20);
    const auto at = (field == 3 ? months : days).find(lower);
    if (at != std::string_view::npos && at % 3 == 0) return static_cast<int>(at / 3) + (field == 3 ? 1 : 0);
  }
  int out = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (text.empty() || error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return out >= cron_ranges[field].first && out <= cron_ranges[field].second ? std::optional(out) : std::nullopt;
}

/// "*", "5", "1-5", "*/10", "1-30/2", and lists of these.
bool read_cron_field(std::string_view text, std::size_t field, std::bitset<61>& into) {
  while (true) {
    const auto comma = text.find(',');
    std::string_view part = text.substr(0, comma);
    int step = 1;
    if (const auto slash = part.find('/'); slash != part.npos) {
      const std::string_view given = part.substr(slash + 1);
      const auto [stop, error] = std::from_chars(given.data(), given.data() + given.size(), step);
      if (error != std::errc() || stop != given.data() + given.size() || step < 1) return false;
      step = std::min(step, cron_ranges[field].second + 1);
      part = part.substr(0, slash);
    }
    int from = cron_ranges[field].first, to = cron_ranges[field].second;
    if (part != "*") {
      const auto dash = part.find('-');
      const auto first = cron_number(part.substr(0, dash), field);
      const auto last = dash == part.npos ? first : cron_number(part.substr(dash + 1), field);
      if (!first || !last || *first > *last) return false;
      from = *first, to = *last;
    }
    for (int value = from; value <= to; value += step) into.set(static_cast<std::size_t>(value));
    if (comma == text.npos) return true;
    text.remove_prefix(comma + 1);
  }
}

std::optional<CronLine> read_cron(std::string_view line) {
  CronLine out;
  std::size_t field = 0;
  while (!line.empty()) {
    if (line.front() == ' ') {
      line.remove_prefix(1);
      continue;
    }
    const std::string_view text = line.substr(0, line.find(' '));
    if (field == 5 || !read_cron_field(text, field, out.fields[field])) return std::nullopt;
    if (field == 2) out.any_day = text == "*";
    if (field == 4) out.any_weekday = text == "*";
    ++field;
    line.remove_prefix(text.size());
  }
  if (field != 5) return std::nullopt;
  if (out.fields[4].test(7)) out.fields[4].set(0);
  return out;
}

bool day_fits(const CronLine& cron, const Calendar& t) {
  if (!cron.fields[3].test(t.month)) return false;
  const bool day = cron.fields[2].test(t.day), weekday = cron.fields[4].test(t.weekday);
  if (cron.any_day) return weekday;
  if (cron.any_weekday) return day;
  return day || weekday;
}

}  // namespace

bool is_cron(std::string_view line) { return read_cron(line).has_value(); }

std::optional<Time> next_of_cron(std::string_view line, Time after) {
  constexpr std::int64_t minute = 60'000'000, day = 1440 * minute;
  constexpr int most_days = 5 * 366;
  const auto cron = read_cron(line);
  if (!cron) return std::nullopt;
  Time at{(after.us / minute + 1) * minute};
  for (int days = 0; days < most_days; ++days) {
    const Time midnight{at.us / day * day};
    if (day_fits(*cron, to_calendar(at))) {
      for (; at.us < midnight.us + day; at = Time{at.us + minute}) {
        const std::int64_t of_day = (at.us - midnight.us) / minute;
        if (cron->fields[1].test(static_cast<std::size_t>(of_day / 60)) &&
            cron->fields[0].test(static_cast<std::size_t>(of_day % 60))) {
          return at;
        }
      }
    }
    at = Time{midnight.us + day};
  }
  return std::nullopt;
}

namespace {

Outcome put_action(Call& c, const ScalingGroup& group, Value asked) {
  auto& drawer = c.region.drawers.of<AutoScaling>();
  ScheduledScaling action;
  action.group = group.id;
  action.name = asked["ScheduledActionName"].as_string();
  if (action.name.empty()) return scaling_validation("ScheduledActionName is required");
  action.id = group.id + "/" + action.name;
  const ScheduledScaling* old = drawer.scheduled.find(action.id);
  action.arn = old ? old->arn
                   : fmt::format(
                         "arn:aws:autoscaling:{}:{}:scheduledUpdateGroupAction:{}:autoScalingGroupName/{}:"
                         "scheduledActionName/{}",
                         c.region.name, c.account.id, c.store.random().uuid(), group.id, action.name);
  action.recurrence = asked["Recurrence"].as_string();
  action.time_zone = asked["TimeZone"].as_string();
  if (!action.time_zone.empty() && action.time_zone != "UTC" && action.time_zone != "Etc/UTC") {
    return scaling_validation("The sandbox's scheduled actions are in UTC only");
  }
  if (!action.recurrence.empty() && !is_cron(action.recurrence)) {
    return scaling_validation("Given recurrence string: " + action.recurrence + " is invalid");
  }
  const Value start = asked["StartTime"].is_null() ? asked["Time"] : asked["StartTime"];
  if (!start.is_null()) action.start = start.as_time();
  if (!asked["EndTime"].is_null()) action.end = asked["EndTime"].as_time();
  if (action.start && *action.start < c.now) return scaling_validation("Given start time is in the past");
  if (action.end && *action.end < action.start.value_or(c.now))
    return scaling_validation("Given end time is too early");
  if (!action.start && action.recurrence.empty()) return scaling_validation("StartTime or Recurrence is required");
  auto number = [&](const char* member, std::int64_t& into) {
    if (!asked[member].is_null()) into = asked[member].as_integer();
  };
  number("MinSize", action.min), number("MaxSize", action.max), number("DesiredCapacity", action.desired);
  if (action.min < 0 && action.max < 0 && action.desired < 0) {
    return scaling_validation("At least one of MinSize, MaxSize and DesiredCapacity is required");
  }
  if (action.max >= 0 && action.min > action.max) return scaling_validation("Min size must not be above max size");
  action.next = action.start;
  if (!action.next) action.next = next_of_cron(action.recurrence, c.now);
  drawer.scheduled.add(std::move(action));
  drawer.arm(c.store, c.region, c.now);
  return {};
}

Outcome put(Call& c) {
  TRY(const ScalingGroup* group, group_of(c));
  return put_action(c, *group, c.params);
}

/// Writes what of several calls in one failed.
void write_failed(Call& c, std::string_view list, const std::vector<std::pair<std::string, Fault>>& failed) {
  c.out.begin_list(list);
  for (const auto& [name, why] : failed) {
    c.out.begin_map();
    c.out.put("ScheduledActionName", name);
    c.out.put("ErrorCode", why.code);
    c.out.put("ErrorMessage", why.message);
    c.out.end();
  }
  c.out.end();
}

Outcome batch_put(Call& c) {
  TRY(const ScalingGroup* group, group_of(c));
  std::vector<std::pair<std::string, Fault>> failed;
  for (Value asked : c["ScheduledUpdateGroupActions"].items()) {
    if (const auto done = put_action(c, *group, asked); !done) {
      failed.emplace_back(asked["ScheduledActionName"].as_string(), done.error());
    }
  }
  write_failed(c, "FailedScheduledUpdateGroupActions", failed);
  return {};
}

Outcome describe(Call& c) {
  const std::string_view group = c["AutoScalingGroupName"].as_text();
  const auto names = texts(c["ScheduledActionNames"]);
  if (!group.empty()) {
    if (const auto known = known_group(c); !known) return std::unexpected(known.error());
  }
  TRY(const Page page, scaling_page(c));
  auto keep = [&](const ScheduledScaling& a) {
    // Those that will never be again are gone.
    const bool between = (c["StartTime"].is_null() || (a.next && *a.next >= c["StartTime"].as_time())) &&
                         (c["EndTime"].is_null() || (a.next && *a.next <= c["EndTime"].as_time()));
    return a.next && between && (group.empty() || a.group == group) && (names.empty() || has(names, a.name));
  };
  Listed<ScheduledScaling> listed;
  list_table(c, c.region.drawers.of<AutoScaling>().scheduled, c.account.id, page, {}, "", {}, keep, listed);
  c.out.begin_list("ScheduledUpdateGroupActions");
  for (const ScheduledScaling* a : listed.rows) {
    c.out.begin_map();
    c.out.put("AutoScalingGroupName", a->group);
    c.out.put("ScheduledActionName", a->name);
    c.out.put("ScheduledActionARN", a->arn);
    c.out.put("Time", *a->next);
    c.out.put("StartTime", *a->next);
    if (a->end) c.out.put("EndTime", *a->end);
    c.out.put_if("Recurrence", a->recurrence);
    c.out.put_if("TimeZone", a->time_zone);
    if (a->min >= 0) c.out.put("MinSize", a->min);
    if (a->max >= 0) c.out.put("MaxSize", a->max);
    if (a->desired >= 0) c.out.put("DesiredCapacity", a->desired);
    c.out.end();
  }
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

Outcome remove(Call& c) {
  TRY(const ScalingGroup* group, known_group(c));
  auto& scheduled = c.region.drawers.of<AutoScaling>().scheduled;
  const std::string name = c["ScheduledActionName"].as_string(), id = group->id + "/" + name;
  if (!scheduled.find(id)) {
    return scaling_validation(fmt::format("Scheduled action name not found - {} not found", name));
  }
  scheduled.erase(id);
  return {};
}

Outcome batch_remove(Call& c) {
  TRY(const ScalingGroup* group, known_group(c));
  auto& scheduled = c.region.drawers.of<AutoScaling>().scheduled;
  std::vector<std::pair<std::string, Fault>> failed;
  for (std::string_view name : texts(c["ScheduledActionNames"])) {
    const std::string id = fmt::format("{}/{}", group->id, name);
    if (!scheduled.find(id)) {
      failed.emplace_back(name, Fault{"ValidationError", fmt::format("Scheduled action name not found - {}", name)});
    }
    scheduled.erase(id);
  }
  write_failed(c, "FailedScheduledActions", failed);
  return {};
}

}  // namespace

void register_scaling_schedule(Registry& r) {
  r.add("autoscaling", "PutScheduledUpdateGroupAction", put);
  r.add("autoscaling", "BatchPutScheduledUpdateGroupAction", batch_put);
  r.add("autoscaling", "DescribeScheduledActions", describe);
  r.add("autoscaling", "DeleteScheduledAction", remove);
  r.add("autoscaling", "BatchDeleteScheduledAction", batch_remove);
}

}  // namespace reeve::sandbox
