#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "sandbox/services/autoscaling.h"
#include "sandbox/services/cloudwatch.h"

/// Scaling policies: put, describe, delete, execute. What they come to is in autoscaling_policy_capacity.cc.
namespace reeve::sandbox {
namespace {

constexpr std::array<std::string_view, 3> adjustments{"ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity"};

Outcome read_simple(const Call& c, ScalingPolicy& policy) {
  policy.adjustment_type = c["AdjustmentType"].as_string();
  if (!has(adjustments, policy.adjustment_type)) {
    return scaling_validation("AdjustmentType must be ChangeInCapacity, ExactCapacity or PercentChangeInCapacity");
  }
  const char* least = c["MinAdjustmentMagnitude"].is_null() ? "MinAdjustmentStep" : "MinAdjustmentMagnitude";
  policy.least_magnitude = c[least].as_integer();
  if (!c[least].is_null() && policy.adjustment_type != "PercentChangeInCapacity") {
    return scaling_validation("MinAdjustmentMagnitude is for PercentChangeInCapacity only");
  }
  if (policy.type == "SimpleScaling") {
    if (c["ScalingAdjustment"].is_null()) return scaling_validation("ScalingAdjustment is required for SimpleScaling");
    policy.adjustment = c["ScalingAdjustment"].as_integer();
    if (!c["Cooldown"].is_null()) policy.cooldown_s = c["Cooldown"].as_integer();
    return {};
  }
  if (!c["Cooldown"].is_null()) return scaling_validation("Cooldown is for SimpleScaling only");
  policy.aggregation = c["MetricAggregationType"].as_text_or("Average");
  std::size_t open_below = 0, open_above = 0;
  std::vector<std::pair<double, double>> bounds;
  for (Value step : c["StepAdjustments"].items()) {
    const Value lower = step["MetricIntervalLowerBound"], upper = step["MetricIntervalUpperBound"];
    open_below += lower.is_null() ? 1 : 0, open_above += upper.is_null() ? 1 : 0;
    bounds.emplace_back(lower.is_null() ? -HUGE_VAL : lower.as_real(), upper.is_null() ? HUGE_VAL : upper.as_real());
    if (step["ScalingAdjustment"].is_null()) return scaling_validation("A step needs its ScalingAdjustment");
    if (bounds.back().first >= bounds.back().second) {
      return scaling_validation("MetricIntervalLowerBound must be less than MetricIntervalUpperBound");
    }
  }
  if (bounds.empty()) return scaling_validation("StepAdjustments is required for StepScaling");
  if (open_below > 1 || open_above > 1) return scaling_validation("At most one step may be open at each side");
  std::ranges::sort(bounds);
  for (std::size_t i = 1; i < bounds.size(); ++i) {
    if (bounds[i].first < bounds[i - 1].second) return scaling_validation("StepAdjustment intervals can't overlap");
    if (bounds[i].first > bounds[i - 1].second) return scaling_validation("StepAdjustment intervals can't have gaps");
  }
  policy.steps = deep_copy(c["StepAdjustments"]);
  return {};
}

/// The metric that a target tracking policy looks at; its own, or AWS's for a predefined one.
std::expected<Alarm, Fault> tracked_metric(const ScalingGroup& group, Value tracking) {
  Alarm out{.statistic = "Average"};
  const Value own = tracking["CustomizedMetricSpecification"], given = tracking["PredefinedMetricSpecification"];
  if (own.is_null() == given.is_null()) {
    return scaling_validation(
        "Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification is wanted");
  }
  if (!own.is_null()) {
    if (own["Metrics"].is_list()) {
      out.metrics = deep_copy(own["Metrics"]);
      out.statistic.clear();
      return out;
    }
    out.metric = own["MetricName"].as_string(), out.metric_namespace = own["Namespace"].as_string();
    out.statistic = own["Statistic"].as_string(), out.unit = own["Unit"].as_string();
    TRY(out.dimensions, read_dimensions(own["Dimensions"]));
    if (out.metric.empty() || out.metric_namespace.empty() || out.statistic.empty()) {
      return scaling_validation("A customized metric needs MetricName, Namespace and Statistic");
    }
    return out;
  }
  constexpr std::pair<std::string_view, std::string_view> predefined[] = {
      {"ASGAverageCPUUtilization", "CPUUtilization"},
      {"ASGAverageNetworkIn", "NetworkIn"},
      {"ASGAverageNetworkOut", "NetworkOut"}};
  const std::string_view type = given["PredefinedMetricType"].as_text();
  if (type == "ALBRequestCountPerTarget") {
    const std::string label = given["ResourceLabel"].as_string();
    const auto at = label.find("/targetgroup/");
    if (at == label.npos) return scaling_validation("ALBRequestCountPerTarget needs a ResourceLabel");
    out.metric = "RequestCountPerTarget", out.metric_namespace = "AWS/ApplicationELB", out.statistic = "Sum";
    out.dimensions["LoadBalancer"] = label.substr(0, at), out.dimensions["TargetGroup"] = label.substr(at + 1);
    return out;
  }
  for (const auto& [name, metric] : predefined) {
    if (name != type) continue;
    out.metric = metric, out.metric_namespace = "AWS/EC2";
    out.dimensions["AutoScalingGroupName"] = group.id;
    return out;
  }
  return scaling_validation(fmt::format("{} is not a predefined metric", type));
}

/// The two alarms of a target tracking policy: 3 minutes above the target, 15 minutes below nine tenths of it, as AWS
/// makes them.
Outcome make_alarms(Call& c, const ScalingGroup& group, ScalingPolicy& policy) {
  constexpr std::int64_t high_minutes = 3, low_minutes = 15;
  TRY(const Alarm base, tracked_metric(group, policy.tracking));
  const double target = policy.tracking["TargetValue"].as_real();
  for (const bool high : {true, false}) {
    if (!high && policy.tracking["DisableScaleIn"].as_bool()) continue;
    Alarm alarm = base;
    alarm.id =
        fmt::format("TargetTracking-{}-{}-{}", group.id, high ? "AlarmHigh" : "AlarmLow", c.store.random().uuid());
    alarm.arn = alarm_arn(c.region, alarm.id);
    alarm.description = "DO NOT EDIT OR DELETE. For TargetTrackingScaling policy " + policy.arn + ".";
    alarm.comparison = high ? "GreaterThanThreshold" : "LessThanThreshold";
    alarm.threshold = high ? target : target * 0.9;
    alarm.evaluation_periods = high ? high_minutes : low_minutes;
    alarm.alarm_actions.push_back(policy.arn);
    policy.alarms.push_back(alarm.id);
    TRY(keep_alarm(c, std::move(alarm)));
  }
  return {};
}

void drop_alarms(Call& c, const ScalingPolicy& policy) {
  auto& cloudwatch = c.region.drawers.of<CloudWatch>();
  for (const std::string& name : policy.alarms) cloudwatch.alarms.erase(name);
}

/// The alarms that call a policy, by name and ARN: its own, and those that somebody made.
void write_alarms(Call& c, const ScalingPolicy& policy) {
  c.out.begin_list("Alarms");
  for (const auto& [id, alarm] : c.region.drawers.of<CloudWatch>().alarms.rows) {
    if (!has(alarm.alarm_actions, policy.arn) && !has(alarm.ok_actions, policy.arn)) continue;
    c.out.begin_map();
    c.out.put("AlarmName", alarm.id);
    c.out.put("AlarmARN", alarm.arn);
    c.out.end();
  }
  c.out.end();
}

Outcome put(Call& c) {
  TRY(const ScalingGroup* group, group_of(c));
  auto& drawer = c.region.drawers.of<AutoScaling>();
  ScalingPolicy policy;
  policy.group = group->id;
  policy.name = c["PolicyName"].as_string();
  if (policy.name.empty()) return scaling_validation("PolicyName is required");
  policy.id = policy.group + "/" + policy.name;
  policy.type = c["PolicyType"].as_text_or("SimpleScaling");
  policy.disabled = !c["Enabled"].is_null() && !c["Enabled"].as_bool();
  if (!c["EstimatedInstanceWarmup"].is_null()) policy.warmup_s = c["EstimatedInstanceWarmup"].as_integer();
  if (policy.type == "TargetTrackingScaling") {
    const Value tracking = c["TargetTrackingConfiguration"];
    if (tracking.is_null() || tracking["TargetValue"].is_null()) {
      return scaling_validation("TargetTrackingConfiguration with its TargetValue is required");
    }
    policy.tracking = deep_copy(tracking);
  } else if (policy.type == "SimpleScaling" || policy.type == "StepScaling") {
    TRY(read_simple(c, policy));
  } else {
    return scaling_validation(fmt::format("The sandbox has no policies of type {}", policy.type));
  }
  if (const ScalingPolicy* old = drawer.policies.find(policy.id)) {
    policy.arn = old->arn;
    drop_alarms(c, *old);
  } else {
    policy.arn = fmt::format("arn:aws:autoscaling:{}:{}:scalingPolicy:{}:autoScalingGroupName/{}:policyName/{}",
                             c.region.name, c.account.id, c.store.random().uuid(), policy.group, policy.name);
  }
  if (policy.type == "TargetTrackingScaling") TRY(make_alarms(c, *group, policy));
  const ScalingPolicy& kept = drawer.policies.add(std::move(policy));
  c.out.put("PolicyARN", kept.arn);
  write_alarms(c, kept);
  return {};
}

Outcome describe(Call& c) {
  const std::string_view group = c["AutoScalingGroupName"].as_text();
  const auto names = texts(c["PolicyNames"]), types = texts(c["PolicyTypes"]);
  if (!group.empty()) {
    if (const auto known = known_group(c); !known) return std::unexpected(known.error());
  }
  TRY(const Page page, scaling_page(c));
  auto keep = [&](const ScalingPolicy& p) {
    return (group.empty() || p.group == group) && (names.empty() || has(names, p.name) || has(names, p.arn)) &&
           (types.empty() || has(types, p.type));
  };
  Listed<ScalingPolicy> listed;
  list_table(c, c.region.drawers.of<AutoScaling>().policies, c.account.id, page, {}, "", {}, keep, listed);
  c.out.begin_list("ScalingPolicies");
  for (const ScalingPolicy* p : listed.rows) {
    c.out.begin_map();
    c.out.put("AutoScalingGroupName", p->group);
    c.out.put("PolicyName", p->name);
    c.out.put("PolicyARN", p->arn);
    c.out.put("PolicyType", p->type);
    c.out.put_if("AdjustmentType", p->adjustment_type);
    if (p->least_magnitude > 0) c.out.put("MinAdjustmentMagnitude", p->least_magnitude);
    if (p->type == "SimpleScaling") c.out.put("ScalingAdjustment", p->adjustment);
    if (p->cooldown_s >= 0) c.out.put("Cooldown", p->cooldown_s);
    if (p->warmup_s >= 0) c.out.put("EstimatedInstanceWarmup", p->warmup_s);
    c.out.put_if("MetricAggregationType", p->aggregation);
    if (p->steps.root().is_list()) {
      c.out.put("StepAdjustments", p->steps);
    } else {
      c.out.begin_list("StepAdjustments");
      c.out.end();
    }
    if (p->tracking.root().is_map()) c.out.put("TargetTrackingConfiguration", p->tracking);
    c.out.put("Enabled", !p->disabled);
    write_alarms(c, *p);
    c.out.end();
  }
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

/// A policy by its name in a group, or by its ARN.
std::expected<ScalingPolicy*, Fault> policy_of(Call& c) {
  const std::string name = c["PolicyName"].as_string(), group = c["AutoScalingGroupName"].as_string();
  auto& policies = c.region.drawers.of<AutoScaling>().policies;
  for (auto& [id, policy] : policies.rows) {
    if (policy.arn == name || id == group + "/" + name) return &policy;
  }
  return scaling_validation(fmt::format("ScalingPolicy name not found - Policy name {} not found", name));
}

Outcome remove(Call& c) {
  TRY(const ScalingPolicy* policy, policy_of(c));
  drop_alarms(c, *policy);
  c.region.drawers.of<AutoScaling>().policies.erase(std::string(policy->id));
  return {};
}

Outcome execute(Call& c) {
  TRY(const ScalingPolicy* policy, policy_of(c));
  ScalingGroup* group = c.region.scaling_groups.find(policy->group);
  if (!group) return scaling_validation("The group of the policy is not there");
  Scaler scaler(c.store, c.region, c.now);
  scaler.take_over(*group);
  if (policy->type == "TargetTrackingScaling") {
    return scaling_validation("Target tracking policies cannot be executed by a call");
  }
  const bool is_step = policy->type == "StepScaling";
  if (is_step && (c["MetricValue"].is_null() || c["BreachThreshold"].is_null())) {
    return scaling_validation("MetricValue and BreachThreshold are required for StepScaling policies");
  }
  GroupSettings& settings = *scaler.drawer.settings.find(group->id);
  if (c["HonorCooldown"].as_bool() && !is_step && settings.cools_until && *settings.cools_until > c.now) {
    return fault("ScalingActivityInProgress", fmt::format("The group {} cools down.", group->id));
  }
  if (!c["HonorCooldown"].as_bool()) settings.cools_until.reset();
  std::optional<double> value;
  if (is_step) value = c["MetricValue"].as_real();
  const auto wanted = capacity_by(scaler, *group, *policy, value, c["BreachThreshold"].as_real());
  if (!wanted || *wanted == group->desired) return {};
  scaler.scale(*group, *wanted,
               fmt::format("At {} a user request executed policy {} changing the desired capacity from {} to {}.",
                           scaler.when(), policy->name, group->desired, *wanted));
  return {};
}

Outcome describe_adjustments(Call& c) {
  c.out.begin_list("AdjustmentTypes");
  for (std::string_view name : adjustments) {
    c.out.begin_map();
    c.out.put("AdjustmentType", name);
    c.out.end();
  }
  c.out.end();
  return {};
}

}  // namespace

void register_scaling_policies(Registry& r) {
  r.add("autoscaling", "PutScalingPolicy", put);
  r.add("autoscaling", "DescribePolicies", describe);
  r.add("autoscaling", "DeletePolicy", remove);
  r.add("autoscaling", "ExecutePolicy", execute);
  r.add("autoscaling", "DescribeAdjustmentTypes", describe_adjustments);
}

}  // namespace reeve::sandbox
