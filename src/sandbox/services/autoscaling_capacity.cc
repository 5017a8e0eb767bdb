#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sandbox/services/autoscaling.h"

/// What changes a group's capacity and its instances by hand.
namespace reeve::sandbox {
namespace {

std::unexpected<Fault> not_in_group(std::string_view id, std::string_view group) {
  return scaling_validation(fmt::format("The instance {} is not part of Auto Scaling group {}.", id, group));
}

/// A member by its instance, and its group, taken over.
std::expected<std::pair<ScalingGroup*, GroupMember*>, Fault> member_of(Call& c, Scaler& scaler, std::string_view id) {
  for (auto& [name, group] : c.region.scaling_groups.rows) {
    if (!has(group.instances, id)) continue;
    scaler.take_over(group);
    return std::pair(&group, scaler.drawer.members.find(id));
  }
  return scaling_validation(fmt::format("Instance Id not found - No managed instance found for instance ID: {}", id));
}

Outcome set_desired(Call& c) {
  TRY(ScalingGroup * group, group_of(c));
  Scaler scaler(c.store, c.region, c.now);
  if (c["DesiredCapacity"].is_null()) return scaling_validation("DesiredCapacity is required");
  const std::int64_t desired = c["DesiredCapacity"].as_integer();
  if (desired < group->min) {
    return scaling_validation(fmt::format(
        "New SetDesiredCapacity value {} is below min value {} for the AutoScalingGroup.", desired, group->min));
  }
  if (desired > group->max) {
    return scaling_validation(fmt::format(
        "New SetDesiredCapacity value {} is above max value {} for the AutoScalingGroup.", desired, group->max));
  }
  const auto& cools = scaler.drawer.settings.find(group->id)->cools_until;
  if (c["HonorCooldown"].as_bool() && cools && *cools > c.now) {
    return fault("ScalingActivityInProgress",
                 fmt::format("You cannot change the desired capacity of group {} while it cools down.", group->id));
  }
  scaler.scale(*group, desired,
               fmt::format("At {} a user request explicitly set group desired capacity changing the desired capacity "
                           "from {} to {}.",
                           scaler.when(), group->desired, desired));
  return {};
}

Outcome terminate(Call& c) {
  Scaler scaler(c.store, c.region, c.now);
  const std::string id = c["InstanceId"].as_string();
  TRY(const auto found, member_of(c, scaler, id));
  auto& [group, member] = found;
  if (c["ShouldDecrementDesiredCapacity"].is_null()) {
    return scaling_validation("ShouldDecrementDesiredCapacity is required");
  }
  const bool decrement = c["ShouldDecrementDesiredCapacity"].as_bool();
  if (member->is_leaving()) {
    return fault("ScalingActivityInProgress", fmt::format("The instance {} is being terminated.", id));
  }
  if (decrement && group->desired <= group->min) {
    return scaling_validation(
        fmt::format("Currently, desiredSize equals minSize ({}). Terminating instance without "
                    "replacement will violate group's min size constraint. Either set "
                    "shouldDecrementDesiredCapacity flag to false or lower group's min size.",
                    group->min));
  }
  std::string cause =
      fmt::format("At {} instance {} was taken out of service in response to a user request", scaler.when(), id);
  cause += decrement ? fmt::format(", shrinking the capacity from {} to {}.", group->desired, group->desired - 1) : ".";
  if (decrement) --group->desired;
  const std::string activity = scaler.end_member(*group, *member, cause);
  scaler.reconcile(*group, {});
  scaler.drawer.arm(c.store, c.region, c.now);
  c.out.key("Activity");
  write_activity(c.out, *scaler.drawer.activities.find(activity));
  return {};
}

Outcome attach(Call& c) {
  TRY(ScalingGroup * group, group_of(c));
  Scaler scaler(c.store, c.region, c.now);
  const auto ids = texts(c["InstanceIds"]);
  if (ids.empty()) return scaling_validation("InstanceIds is required");
  for (std::string_view id : ids) {
    const Instance* instance = c.region.instances.find(id);
    if (!instance || (instance->state != "running" && instance->state != "pending")) {
      return scaling_validation(fmt::format("Invalid Instance ID: {}. It must be in the running state.", id));
    }
    if (scaler.drawer.members.find(id) || member_of(c, scaler, id)) {
      return scaling_validation(fmt::format("Instance {} is already part of an Auto Scaling group.", id));
    }
  }
  const auto added = static_cast<std::int64_t>(ids.size());
  if (group->desired + added > group->max) {
    return scaling_validation(
        fmt::format("AutoScalingGroup {} has max-size={}, current-size={}, and attaching {} "
                    "instance(s) would exceed it. Please update the AutoScalingGroup sizes "
                    "appropriately.",
                    group->id, group->max, group->desired, added));
  }
  for (std::string_view id : ids) {
    const std::string cause = fmt::format(
        "At {} an instance was added to the group in response to a user request, increasing the capacity from {} to "
        "{}.",
        scaler.when(), group->desired, group->desired + 1);
    ++group->desired;
    Instance& instance = *c.region.instances.find(id);
    instance.tags["aws:autoscaling:groupName"] = group->id;
    ScalingActivity& activity =
        scaler.begin_activity(*group, fmt::format("Attaching an existing EC2 instance: {}", id), cause, 50);
    activity.details = scaler.details(instance);
    scaler.end_activity(activity.id, "Successful");
    group->instances.emplace_back(id);
    scaler.drawer.members.add({.id = std::string(id),
                               .group = group->id,
                               .activity = activity.id,
                               .is_protected = scaler.drawer.settings.find(group->id)->protects_new,
                               .joined = c.now});
  }
  scaler.drawer.arm(c.store, c.region, c.now);
  return {};
}

/// The members that a call names, each once: of this group, in one of the states.
std::expected<std::vector<GroupMember*>, Fault> named(Call& c, Scaler& scaler, const ScalingGroup& group,
                                                      std::initializer_list<std::string_view> states) {
  std::vector<GroupMember*> out;
  if (c["InstanceIds"].empty()) return scaling_validation("InstanceIds is required");
  for (std::string_view id : texts(c["InstanceIds"])) {
    GroupMember* member = scaler.drawer.members.find(id);
    if (!member || member->group != group.id) return not_in_group(id, group.id);
    if (!has(states, member->state)) {
      return scaling_validation(fmt::format("The instance {} is not in a state for this ({}).", id, member->state));
    }
    if (std::ranges::find(out, member) == out.end()) out.push_back(member);
  }
  return out;
}

/// DetachInstances and EnterStandby: both take instances out of the capacity.
Outcome take_out(Call& c, bool detach) {
  TRY(ScalingGroup * group, group_of(c));
  Scaler scaler(c.store, c.region, c.now);
  TRY(const auto members,
      detach ? named(c, scaler, *group, {"InService", "Standby"}) : named(c, scaler, *group, {"InService"}));
  const bool decrement = c["ShouldDecrementDesiredCapacity"].as_bool();
  const auto count = std::ranges::count_if(members, [](const GroupMember* member) { return member->counts(); });
  if (decrement && group->desired - count < group->min) {
    return scaling_validation(
        fmt::format("AutoScalingGroup {} has min-size={}, max-size={}, and desired-size={}. To "
                    "place into {} {} instance(s), please update the AutoScalingGroup sizes "
                    "appropriately.",
                    group->id, group->min, group->max, group->desired, detach ? "detachment" : "standby", count));
  }
  std::vector<std::string> activities;
  for (GroupMember* member : members) {
    const std::string id = member->id;
    std::string cause = fmt::format("At {} instance {} was {} in response to a user request", scaler.when(), id,
                                    detach ? "detached" : "moved to standby");
    const bool counted = member->counts();
    cause += decrement && counted
                 ? fmt::format(", shrinking the capacity from {} to {}.", group->desired, group->desired - 1)
                 : ".";
    if (decrement && counted) --group->desired;
    ScalingActivity& activity = scaler.begin_activity(
        *group, fmt::format("{} EC2 instance{}: {}", detach ? "Detaching" : "Moving", detach ? "" : " to Standby", id),
        cause, 50);
    if (Instance* instance = c.region.instances.find(id)) {
      activity.details = scaler.details(*instance);
      if (detach) instance->tags.erase("aws:autoscaling:groupName");
    }
    activities.push_back(activity.id);
    scaler.end_activity(activity.id, "Successful");
    if (detach) {
      scaler.remove(*group, id);
    } else {
      member->state = "Standby";
    }
  }
  scaler.reconcile(*group, {});
  scaler.drawer.arm(c.store, c.region, c.now);
  c.out.begin_list("Activities");
  for (const std::string& id : activities) write_activity(c.out, *scaler.drawer.activities.find(id));
  c.out.end();
  return {};
}

Outcome exit_standby(Call& c) {
  TRY(ScalingGroup * group, group_of(c));
  Scaler scaler(c.store, c.region, c.now);
  TRY(const auto members, named(c, scaler, *group, {"Standby"}));
  if (group->desired + std::ssize(members) > group->max) {
    return scaling_validation(
        fmt::format("AutoScalingGroup {} has max-size={} and desired-size={}. To return {} "
                    "instance(s) from standby, please update the AutoScalingGroup sizes "
                    "appropriately.",
                    group->id, group->max, group->desired, members.size()));
  }
  c.out.begin_list("Activities");
  for (GroupMember* member : members) {
    const std::string cause = fmt::format(
        "At {} instance {} was moved out of standby in response to a user request, increasing the capacity from {} to "
        "{}.",
        scaler.when(), member->id, group->desired, group->desired + 1);
    ++group->desired;
    member->state = "InService";
    ScalingActivity& activity =
        scaler.begin_activity(*group, fmt::format("Moving EC2 instance out of Standby: {}", member->id), cause, 30);
    scaler.end_activity(activity.id, "Successful");
    write_activity(c.out, activity);
  }
  c.out.end();
  return {};
}

Outcome protect(Call& c) {
  TRY(ScalingGroup * group, group_of(c));
  Scaler scaler(c.store, c.region, c.now);
  TRY(const auto members, named(c, scaler, *group, {"InService", "Standby", "Pending", "Pending:Wait"}));
  for (GroupMember* member : members) member->is_protected = c["ProtectedFromScaleIn"].as_bool();
  return {};
}

Outcome set_health(Call& c) {
  Scaler scaler(c.store, c.region, c.now);
  const std::string_view health = c["HealthStatus"].as_text();
  if (health != "Healthy" && health != "Unhealthy") {
    return scaling_validation(fmt::format("'{}' is not a valid health status: Healthy or Unhealthy is wanted", health));
  }
  TRY(const auto found, member_of(c, scaler, c["InstanceId"].as_text()));
  const GroupSettings& settings = *scaler.drawer.settings.find(found.first->id);
  const bool respects = c["ShouldRespectGracePeriod"].is_null() || c["ShouldRespectGracePeriod"].as_bool();
  if (respects && health == "Unhealthy" && c.now < found.second->joined + std::chrono::seconds(settings.grace_s)) {
    return {};
  }
  found.second->health = health;
  scaler.check_health(*found.first);
  scaler.drawer.arm(c.store, c.region, c.now);
  return {};
}

constexpr std::array<std::string_view, 9> processes{
    "Launch",      "Terminate",       "AddToLoadBalancer", "AlarmNotification", "AZRebalance",
    "HealthCheck", "InstanceRefresh", "ReplaceUnhealthy",  "ScheduledActions"};

Outcome suspend(Call& c, bool suspended) {
  TRY(ScalingGroup * group, group_of(c));
  Scaler scaler(c.store, c.region, c.now);
  GroupSettings& settings = *scaler.drawer.settings.find(group->id);
  auto names = texts(c["ScalingProcesses"]);
  if (names.empty()) names.assign(processes.begin(), processes.end());
  for (std::string_view name : names) {
    if (!has(processes, name)) return scaling_validation(fmt::format("{} is not a valid process type", name));
  }
  for (std::string_view name : names) {
    std::erase_if(settings.suspended, [&](const auto& pair) { return pair.first == name; });
    if (suspended) settings.suspended.emplace_back(name, "User suspended at " + scaler.when());
  }
  if (!suspended) scaler.reconcile(*group, {});
  scaler.drawer.arm(c.store, c.region, c.now);
  return {};
}

Outcome describe_process_types(Call& c) {
  c.out.begin_list("Processes");
  for (std::string_view name : processes) {
    c.out.begin_map();
    c.out.put("ProcessName", name);
    c.out.end();
  }
  c.out.end();
  return {};
}

}  // namespace

void register_scaling_capacity(Registry& r) {
  r.add("autoscaling", "SetDesiredCapacity", set_desired);
  r.add("autoscaling", "TerminateInstanceInAutoScalingGroup", terminate);
  r.add("autoscaling", "AttachInstances", attach);
  r.add("autoscaling", "DetachInstances", [](Call& c) { return take_out(c, true); });
  r.add("autoscaling", "EnterStandby", [](Call& c) { return take_out(c, false); });
  r.add("autoscaling", "ExitStandby", exit_standby);
  r.add("autoscaling", "SetInstanceProtection", protect);
  r.add("autoscaling", "SetInstanceHealth", set_health);
  r.add("autoscaling", "SuspendProcesses", [](Call& c) { return suspend(c, true); });
  r.add("autoscaling", "ResumeProcesses", [](Call& c) { return suspend(c, false); });
  r.add("autoscaling", "DescribeScalingProcessTypes", describe_process_types);
}

}  // namespace reeve::sandbox
