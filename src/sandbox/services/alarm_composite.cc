#include <fmt/format.h>

#include <vector>

#include "sandbox/services/alarm.h"
#include "sandbox/services/cloudwatch.h"

/// Composite alarms.
namespace reeve::sandbox {
namespace {

std::string_view state_by(CloudWatch& cloudwatch, const Alarm& alarm) {
  const auto rule = AlarmRule::parse(alarm.rule);
  if (!rule) return "INSUFFICIENT_DATA";
  const bool holds = rule->holds([&](const std::string& name) -> std::string_view {
    const Alarm* child = cloudwatch.alarms.find(name);
    return child ? std::string_view(child->state) : "INSUFFICIENT_DATA";
  });
  return holds ? "ALARM" : "OK";
}

Outcome put(Call& c) {
  Alarm alarm;
  TRY(read_alarm_frame(c, alarm));
  alarm.rule = c["AlarmRule"].as_string();
  TRY(const AlarmRule rule, AlarmRule::parse(alarm.rule));
  if (!c["ActionsSuppressor"].is_null()) {
    return alarm_validation("The sandbox has no suppression of actions.");
  }
  auto& cloudwatch = c.region.drawers.of<CloudWatch>();
  std::vector<std::string> unknown;
  for (const std::string& name : rule.alarms()) {
    if (name == alarm.id) return alarm_validation("A composite alarm cannot be in its own AlarmRule.");
    if (!cloudwatch.alarms.find(name)) unknown.push_back(name);
  }
  if (!unknown.empty()) {
    return alarm_validation(fmt::format(
        "Could not save the composite alarm as alarms [{}] in the alarm rule do not exist", fmt::join(unknown, ", ")));
  }
  TRY(keep_alarm(c, std::move(alarm)));
  follow_with_composites(c.store, c.region, cloudwatch, c.now);
  return {};
}

}  // namespace

void follow_with_composites(Store& store, Region& region, CloudWatch& cloudwatch, Time at) {
  // Composite alarms may look at each other in a circle: so many changes of one moment, and no more.
  constexpr int most_rounds = 10;
  for (int round = 0; round < most_rounds; ++round) {
    bool changed = false;
    for (auto& [id, alarm] : cloudwatch.alarms.rows) {
      if (!alarm.is_composite()) continue;
      const std::string_view state = state_by(cloudwatch, alarm);
      if (state == alarm.state) continue;
      changed = true;
      set_alarm_state(store, region, cloudwatch, alarm, state,
                      fmt::format("{} transitioned to {} at {}: its rule {}", alarm.arn, state, format_iso8601(at),
                                  state == "ALARM" ? "holds" : "does not hold"),
                      {}, at);
    }
    if (!changed) return;
  }
}

void register_composite_alarms(Registry& r) { r.add("cloudwatch", "PutCompositeAlarm", put); }

}  // namespace reeve::sandbox
