#include "sandbox/services/scheduler.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"

// EventBridge Scheduler: when schedules fire, and what their targets are handed.
namespace reeve::sandbox {
namespace {

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

/// What the target is handed: its input with the context attributes filled in.
std::string input_of(Store& store, const Region& region, const Schedule& schedule, Time nominal) {
  const std::string arn = schedule_arn(region, schedule);
  const Value target = schedule.target;
  const Value event = target["EventBridgeParameters"];
  std::string input(target["Input"].as_text());
  const std::string execution = store.random().uuid();
  replace_all(input, "<aws.scheduler.schedule-arn>", arn);
  replace_all(input, "<aws.scheduler.scheduled-time>", format_iso8601(nominal));
  replace_all(input, "<aws.scheduler.execution-id>", execution);
  replace_all(input, "<aws.scheduler.attempt-number>", "1");
  if (!input.empty() && !event.is_map()) return input;
  const EventParts parts{.source = event.is_map() ? event["Source"].as_string() : "aws.scheduler",
                         .detail_type = event.is_map() ? event["DetailType"].as_string() : "Scheduled Event",
                         .detail = input.empty() ? "{}" : input,
                         .resources = {arn},
                         .time = nominal};
  const auto made = make_event(store, region, parts);
  return made ? to_json(*made) : input;
}

}  // namespace

std::string schedule_group_arn(std::string_view region, std::string_view account, std::string_view group) {
  return fmt::format("arn:aws:scheduler:{}:{}:schedule-group/{}", region, account, group);
}
std::string schedule_arn(const Region& region, const Schedule& schedule) {
  return fmt::format("arn:aws:scheduler:{}:{}:schedule/{}", region.name, region.account, schedule.id);
}

void complete(const RowPlace&, Schedule& schedule, Time now) {
  if (schedule.created == Time{}) schedule.created = now;
  if (schedule.modified == Time{}) schedule.modified = schedule.created;
}

void Scheduler::plan(Store& store, const Region& region, Schedule& schedule, Time after) {
  schedule.nominal.reset();
  schedule.due.reset();
  schedule.completed = true;
  const auto expression = ScheduleExpression::parse(schedule.expression);
  if (!expression) return;
  const bool once = expression->type == ScheduleExpression::Type::at;
  const Time from = schedule.start.value_or(schedule.created);
  if (!once && schedule.start) after = std::max(after, *schedule.start - Duration(1));
  const auto next = expression->next(after, from, schedule.zone);
  if (!next || (!once && schedule.end && *next > *schedule.end)) return;
  schedule.completed = false;
  schedule.nominal = next;
  const std::int64_t window_us = schedule.window_minutes * 60'000'000;
  const bool spreads = window_us > 0 && store.behaviour == Behaviour::aws;
  const auto spread =
      spreads ? static_cast<std::int64_t>(store.random().below(static_cast<std::uint64_t>(window_us))) : 0;
  schedule.due = *next + Duration(spread);
  if (schedule.state == "ENABLED") wakes_.add(store, region, name, *schedule.due);
}

std::optional<Time> Scheduler::settle(Store& store, Region& region, Time now) {
  const std::optional<Time> moment = wakes_.take(now);  // none: an estate was loaded
  const Time at = moment.value_or(now);
  std::vector<std::string> completed;
  for (auto& [id, schedule] : schedules.rows) {
    if (schedule.state == "ENABLED" && !schedule.nominal && !schedule.completed) {  // of an estate
      plan(store, region, schedule, at - Duration(1));
    }
    if (schedule.state != "ENABLED" || !schedule.due) continue;
    if (*schedule.due > at) {
      if (!moment) wakes_.add(store, region, name, *schedule.due);
      continue;
    }
    const Time nominal = *schedule.nominal, due = *schedule.due;
    const bool skips = burst_.is_over(now);
    if (!skips) {
      const Value target = schedule.target;
      invoke_target(store, region,
                    {.source_arn = schedule_arn(region, schedule),
                     .target_arn = target["Arn"].as_string(),
                     .input = input_of(store, region, schedule, nominal),
                     .group_id = target["SqsParameters"]["MessageGroupId"].as_string(),
                     .dead_letter_arn = target["DeadLetterConfig"]["Arn"].as_string()},
                    due);
    }
    plan(store, region, schedule, skips ? now : nominal);
    if (schedule.completed && schedule.after_completion == "DELETE") completed.push_back(id);
  }
  for (const std::string& id : completed) schedules.erase(id);
  return std::nullopt;
}

bool is_schedule_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 &&
         name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.") == name.npos;
}

void register_scheduler(Registry& r) {
  r.add_drawer<Scheduler>();
  register_schedules(r);
  register_schedule_groups(r);
}

}  // namespace reeve::sandbox
