#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sandbox/estate_tables.h"
#include "sandbox/metrics.h"
#include "sandbox/services/autoscaling.h"
#include "sandbox/services/autoscaling_fields.h"

/// Auto Scaling's drawer, and what happens to groups as time passes.
namespace reeve::sandbox {

void AutoScaling::each_table(EstateTables& tables) {
  tables("scaling_settings", settings);
  tables("scaling_members", members);
  tables("scaling_activities", activities);
  tables("scaling_policies", policies);
  tables("scheduled_scaling", scheduled);
  tables("lifecycle_hooks", hooks);
  tables("scaling_notifications", notifications);
  tables("instance_refreshes", refreshes);
}

void complete(const RowPlace& place, ScalingPolicy& row, Time) {
  if (row.arn.empty()) {
    row.arn = fmt::format("arn:aws:autoscaling:{}:{}:scalingPolicy:{}:autoScalingGroupName/{}:policyName/{}",
                          place.region, place.account, place.store.random().uuid(), row.group, row.name);
  }
}

void AutoScaling::forget_group(std::string_view group) {
  auto of_group = [group](const auto& entry) { return entry.second.group == group; };
  settings.erase(group);
  std::erase_if(members.rows, of_group);
  std::erase_if(policies.rows, of_group);
  std::erase_if(scheduled.rows, of_group);
  std::erase_if(hooks.rows, of_group);
  std::erase_if(notifications.rows, of_group);
  std::erase_if(refreshes.rows, of_group);
}

void AutoScaling::arm(Store& store, const Region& region, Time at) {
  std::optional<Time> next;
  auto earlier = [&](std::optional<Time> when) {
    if (when && *when > at && (!next || *when < *next)) next = when;
  };
  for (const auto& [id, member] : members.rows) {
    earlier(member.due);
    for (const HookWait& wait : member.waits) earlier(wait.until);
  }
  for (const auto& [id, action] : scheduled.rows) earlier(action.next);
  for (const auto& [id, row] : settings.rows) earlier(row.retry_at);
  // Instances that ended by other hands are found by the minute.
  constexpr std::int64_t minute = 60'000'000;
  const bool measured = std::ranges::any_of(settings.rows, [](const auto& row) { return !row.second.metrics.empty(); });
  if (measured || !members.rows.empty()) earlier(Time{(at.us / minute + 1) * minute});
  if (next) wakes_.add(store, region, name, *next);
}

namespace {

/// The group metrics that are turned on, once a minute.
void put_group_metrics(Region& region, const AutoScaling& drawer, const ScalingGroup& group,
                       const GroupSettings& settings, Time at) {
  if (settings.metrics.empty() || at.us % 60'000'000 != 0) return;
  std::map<std::string_view, std::int64_t> counts{
      {"GroupMinSize", group.min}, {"GroupMaxSize", group.max}, {"GroupDesiredCapacity", group.desired}};
  each_of_group(drawer.members, group.id, [&](const GroupMember& member) {
    ++counts["GroupTotalInstances"];
    ++counts[member.is_leaving()           ? "GroupTerminatingInstances"
             : member.state == "InService" ? "GroupInServiceInstances"
             : member.counts()             ? "GroupPendingInstances"
                                           : "GroupStandbyInstances"];
  });
  for (const std::string& name : settings.metrics) {
    put_metric(region, "AWS/AutoScaling", name, {{"AutoScalingGroupName", group.id}}, at,
               static_cast<double>(counts[name]), "");
  }
}

}  // namespace

std::optional<Time> AutoScaling::settle(Store& store, Region& region, Time now) {
  const auto woken = wakes_.take(now);
  if (!woken) {
    arm(store, region, now);
    return std::nullopt;
  }
  Scaler scaler(store, region, *woken);
  std::vector<std::string> names;
  for (const auto& [id, row] : settings.rows) names.push_back(id);
  for (auto& [id, action] : scheduled.rows) {
    if (!action.next || *action.next > *woken) continue;
    const bool skips = burst_.is_over(now);
    action.next = action.recurrence.empty() ? std::nullopt : next_of_cron(action.recurrence, skips ? now : *woken);
    if (action.end && action.next && *action.next > *action.end) action.next.reset();
    if (skips) continue;
    ScalingGroup* group = region.scaling_groups.find(action.group);
    if (!group || !scaler.runs(scaler.take_over(*group), "ScheduledActions")) continue;
    if (action.min >= 0) group->min = action.min;
    if (action.max >= 0) group->max = action.max;
    const std::int64_t desired =
        std::clamp(action.desired >= 0 ? action.desired : group->desired, group->min, std::max(group->min, group->max));
    scaler.scale(*group, desired,
                 fmt::format("At {} a scheduled action update of AutoScalingGroup constraints to min: {}, max: {}, "
                             "desired: {} changing the desired capacity from {} to {}.",
                             scaler.when(), group->min, group->max, desired, group->desired, desired));
  }
  for (const std::string& group_name : names) {
    ScalingGroup* group = region.scaling_groups.find(group_name);
    if (!group) continue;
    std::vector<std::string> ids;
    each_of_group(members, group_name, [&](const GroupMember& member) { ids.push_back(member.id); });
    for (const std::string& id : ids) scaler.step(*group, id);
    scaler.check_health(*group);
    GroupSettings* row = settings.find(group_name);
    put_group_metrics(region, *this, *group, *row, *woken);
    if (row->retry_at && *row->retry_at > *woken) continue;
    row->retry_at.reset();
    scaler.reconcile(*group, {});
  }
  arm(store, region, *woken);
  return std::nullopt;
}

}  // namespace reeve::sandbox
