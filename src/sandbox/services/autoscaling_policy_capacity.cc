#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sandbox/services/autoscaling.h"
#include "sandbox/services/cloudwatch.h"
#include "sandbox/services/cloudwatch_query.h"

/// What scaling policies come to [Auto Scaling user guide, "Step and simple scaling policies", "Target tracking scaling
/// policies"].
namespace reeve::sandbox {

std::int64_t adjusted(std::int64_t capacity, std::string_view type, std::int64_t adjustment, std::int64_t least) {
  if (type == "ExactCapacity") return adjustment;
  if (type == "ChangeInCapacity") return capacity + adjustment;
  // Percents: past 1 and below -1 towards zero, between them away from it.
  const double exact = static_cast<double>(capacity) * static_cast<double>(adjustment) / 100;
  auto change = static_cast<std::int64_t>(exact);
  if (exact > 0 && exact < 1) change = 1;
  if (exact < 0 && exact > -1) change = -1;
  if (change > 0) change = std::max(change, least);
  if (change < 0) change = std::min(change, -least);
  return capacity + change;
}

std::optional<std::int64_t> step_of(Value steps, double breach) {
  for (Value step : steps.items()) {
    const Value lower = step["MetricIntervalLowerBound"], upper = step["MetricIntervalUpperBound"];
    const double low = lower.is_null() ? -HUGE_VAL : lower.as_real(),
                 high = upper.is_null() ? HUGE_VAL : upper.as_real();
    // Above the threshold the lower bound belongs to the step, below it the upper one.
    const bool fits = breach >= 0 ? breach >= low && breach < high : breach > low && breach <= high;
    if (fits) return step["ScalingAdjustment"].as_integer();
  }
  return std::nullopt;
}

namespace {

std::int64_t warming(const Scaler& scaler, const ScalingGroup& group) {
  std::int64_t count = 0;
  each_of_group(scaler.drawer.members, group.id, [&](const GroupMember& member) {
    const bool warm = member.state == "InService" && (!member.warm_until || *member.warm_until <= scaler.at);
    count += member.counts() && !warm ? 1 : 0;
  });
  return count;
}

/// Instances that came while this policy's warm-up lasts are counted as there, and not as working: what is wanted is
/// reckoned from those that work, and never takes back what is on its way.
std::optional<std::int64_t> with_warm_up(const Scaler& scaler, const ScalingGroup& group, std::int64_t wanted) {
  if (wanted > group.desired) return wanted;
  if (wanted < group.desired && warming(scaler, group) == 0) return wanted;
  return std::nullopt;
}

std::int64_t bounded(const ScalingGroup& group, std::int64_t wanted) {
  return std::clamp(wanted, group.min, std::max(group.min, group.max));
}

/// Whether every other target tracking policy would scale in, too: an alarm of theirs for it is in ALARM, and none for
/// scaling out is.
bool all_scale_in(const Scaler& scaler, const ScalingPolicy& asking) {
  const auto& alarms = scaler.region.drawers.of<CloudWatch>().alarms.rows;
  bool all = true;
  each_of_group(scaler.drawer.policies, asking.group, [&](const ScalingPolicy& policy) {
    if (policy.type != "TargetTrackingScaling" || policy.disabled || policy.id == asking.id) return;
    for (const std::string& name : policy.alarms) {
      const auto at = alarms.find(name);
      const bool low = name.contains("-AlarmLow-"), in_alarm = at != alarms.end() && at->second.state == "ALARM";
      all = all && low == in_alarm;
    }
  });
  return all;
}

/// The newest value of the metric that an alarm looks at.
std::optional<double> newest_value(CloudWatch& cloudwatch, const Alarm& alarm, Time at) {
  SeriesPoints points;
  const Time from = at - std::chrono::seconds(alarm.period_s * (alarm.evaluation_periods + 2));
  if (alarm.metrics.root().is_list()) {
    const auto queries = read_queries(alarm.metrics);
    if (!queries) return std::nullopt;
    auto results = run_queries(cloudwatch, *queries, from, at, at);
    if (results && !results->empty()) points = std::move(results->front().points);
  } else {
    const Metric* metric = cloudwatch.metrics.find(metric_id(alarm.metric_namespace, alarm.metric, alarm.dimensions));
    const auto statistic =
        parse_statistic(alarm.extended_statistic.empty() ? alarm.statistic : alarm.extended_statistic);
    if (metric && statistic) points = read_series(*metric, *statistic, alarm.period_s, from, at, alarm.unit);
  }
  return points.empty() ? std::nullopt : std::optional<double>(points.back().second);
}

}  // namespace

std::optional<std::int64_t> capacity_by(Scaler& scaler, const ScalingGroup& group, const ScalingPolicy& policy,
                                        std::optional<double> value, double threshold) {
  GroupSettings& settings = *scaler.drawer.settings.find(group.id);
  if (policy.type == "SimpleScaling") {
    if (settings.cools_until && *settings.cools_until > scaler.at) return std::nullopt;
    const std::int64_t wanted =
        bounded(group, adjusted(group.desired, policy.adjustment_type, policy.adjustment, policy.least_magnitude));
    const std::int64_t cools_s = policy.cooldown_s >= 0 ? policy.cooldown_s : settings.cooldown_s;
    if (wanted != group.desired) settings.cools_until = scaler.at + std::chrono::seconds(cools_s);
    return wanted;
  }
  if (!value) return std::nullopt;
  const std::int64_t working = group.desired - std::min(group.desired, warming(scaler, group));
  if (policy.type == "StepScaling") {
    const auto adjustment = step_of(policy.steps, *value - threshold);
    if (!adjustment) return std::nullopt;
    const std::int64_t base = *adjustment > 0 ? working : group.desired;
    return with_warm_up(scaler, group,
                        bounded(group, adjusted(base, policy.adjustment_type, *adjustment, policy.least_magnitude)));
  }
  const double target = policy.tracking["TargetValue"].as_real();
  if (target <= 0) return std::nullopt;
  const bool out = *value > target;
  if (!out && (policy.tracking["DisableScaleIn"].as_bool() || !all_scale_in(scaler, policy))) return std::nullopt;
  const auto base = static_cast<double>(out ? working : group.desired);
  // Up to the next whole instance both ways: more rather than less.
  const auto wanted = static_cast<std::int64_t>(std::ceil(std::min(base * *value / target - 1e-9, 1e6)));
  return with_warm_up(scaler, group, bounded(group, wanted));
}

void act_on_alarm(Store& store, Region& region, std::string_view arn, const Delivery& delivery) {
  Scaler scaler(store, region, delivery.at);
  auto& cloudwatch = region.drawers.of<CloudWatch>();
  const Alarm* alarm = cloudwatch.alarms.find(alarm_name_of(delivery.source_arn));
  for (const auto& [id, policy] : scaler.drawer.policies.rows) {
    if (policy.arn != arn || policy.disabled || !alarm) continue;
    ScalingGroup* group = region.scaling_groups.find(policy.group);
    if (!group || !scaler.runs(scaler.take_over(*group), "AlarmNotification")) return;
    const auto wanted =
        capacity_by(scaler, *group, policy, newest_value(cloudwatch, *alarm, delivery.at), alarm->threshold);
    if (!wanted || *wanted == group->desired) return;
    const std::int64_t warmup_s = policy.warmup_s;
    scaler.scale(*group, *wanted,
                 fmt::format("At {} a monitor alarm {} in state {} triggered policy {} changing the desired capacity "
                             "from {} to {}.",
                             scaler.when(), alarm->id, alarm->state, policy.name, group->desired, *wanted));
    each_of_group(scaler.drawer.members, group->id, [&](GroupMember& member) {
      if (warmup_s >= 0 && member.joined == delivery.at) {
        member.warm_until = delivery.at + std::chrono::seconds(warmup_s);
      }
    });
    return;
  }
}

}  // namespace reeve::sandbox
