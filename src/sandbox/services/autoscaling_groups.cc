#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sandbox/services/autoscaling.h"

/// Auto Scaling groups: create, describe, update, delete.
namespace reeve::sandbox {

std::expected<ScalingGroup*, Fault> known_group(Call& c) {
  const std::string name = c["AutoScalingGroupName"].as_string();
  ScalingGroup* group = c.region.scaling_groups.find(name);
  if (!group) {
    return scaling_validation(fmt::format("AutoScalingGroup name not found - AutoScalingGroup '{}' not found", name));
  }
  return group;
}

std::expected<ScalingGroup*, Fault> group_of(Call& c) {
  TRY(ScalingGroup * group, known_group(c));
  Scaler(c.store, c.region, c.now).take_over(*group);
  return group;
}

Outcome read_settings(const Call& c, ScalingGroup& group, GroupSettings& settings) {
  auto text = [&](const char* member, std::string& into) {
    if (!c[member].is_null()) into = c[member].as_string();
  };
  auto number = [&](const char* member, std::int64_t& into) {
    if (!c[member].is_null()) into = c[member].as_integer();
  };
  auto list = [&](const char* member, std::vector<std::string>& into) {
    if (c[member].is_null()) return;
    into.clear();
    for (std::string_view item : texts(c[member])) into.emplace_back(item);
  };
  text("HealthCheckType", settings.health_check);
  text("PlacementGroup", settings.placement_group);
  text("ServiceLinkedRoleARN", settings.service_role);
  text("Context", settings.context);
  number("DefaultCooldown", settings.cooldown_s);
  number("DefaultInstanceWarmup", settings.warmup_s);
  number("HealthCheckGracePeriod", settings.grace_s);
  number("MaxInstanceLifetime", settings.max_lifetime_s);
  list("TerminationPolicies", settings.termination_policies);
  list("LoadBalancerNames", settings.load_balancers);
  list("TargetGroupARNs", settings.target_groups);
  if (!c["NewInstancesProtectedFromScaleIn"].is_null()) {
    settings.protects_new = c["NewInstancesProtectedFromScaleIn"].as_bool();
  }
  if (!c["CapacityRebalance"].is_null()) settings.rebalances = c["CapacityRebalance"].as_bool();
  constexpr std::array<std::string_view, 7> policies{"Default",
                                                     "OldestInstance",
                                                     "NewestInstance",
                                                     "OldestLaunchConfiguration",
                                                     "ClosestToNextInstanceHour",
                                                     "OldestLaunchTemplate",
                                                     "AllocationStrategy"};
  for (const std::string& policy : settings.termination_policies) {
    if (!has(policies, policy) && !policy.starts_with("arn:aws:lambda:")) {
      return scaling_validation(fmt::format("{} is not a valid termination policy.", policy));
    }
  }
  if (settings.cooldown_s < 0 || settings.grace_s < 0) return scaling_validation("Times must not be below 0.");
  if (const std::string name = c["LaunchConfigurationName"].as_string(); !name.empty()) {
    if (!c.region.launch_configurations.find(name)) {
      return scaling_validation("Launch configuration name not found - null");
    }
    group.launch_configuration = name;
    group.launch_template_id.clear(), group.launch_template_name.clear(), group.launch_template_version.clear();
    group.mixed_instances = {};
  }
  if (const Value launch = c["LaunchTemplate"]; launch.is_map()) {
    group.launch_template_id = launch["LaunchTemplateId"].as_string();
    group.launch_template_name = launch["LaunchTemplateName"].as_string();
    group.launch_template_version = launch["Version"].as_string();
    group.launch_configuration.clear();
  }
  if (c["MixedInstancesPolicy"].is_map()) {
    group.mixed_instances = deep_copy(c["MixedInstancesPolicy"]);
    group.launch_configuration.clear();
  }
  list("AvailabilityZones", group.zones);
  if (const Value asked = c["VPCZoneIdentifier"]; !asked.is_null()) {
    group.subnets.clear();
    const std::string_view subnets = asked.as_text();
    for (std::size_t from = 0; from < subnets.size();) {
      const std::size_t comma = std::min(subnets.find(',', from), subnets.size());
      group.subnets.emplace_back(subnets.substr(from, comma - from));
      from = comma + 1;
    }
  }
  return {};
}

namespace {

constexpr std::array<Field<ScalingGroup>, 2> group_fields{{
    {"tag-value",
     [](const ScalingGroup& g, TextTest t) {
       return std::ranges::any_of(g.tags, [&](const auto& tag) { return t(tag.second); });
     }},
    {"auto-scaling-group-name", [](const ScalingGroup& g, TextTest t) { return t(g.id); }},
}};

void put_texts(Builder& out, std::string_view name, const std::vector<std::string>& list) {
  out.begin_list(name);
  for (const std::string& text : list) out.add(text);
  out.end();
}

void write_template(Builder& out, const ScalingGroup& g) {
  out.begin_map("LaunchTemplate");
  out.put_if("LaunchTemplateId", g.launch_template_id);
  out.put_if("LaunchTemplateName", g.launch_template_name);
  out.put("Version", g.launch_template_version.empty() ? "$Default" : g.launch_template_version);
  out.end();
}

void write_members(Call& c, const ScalingGroup& g, bool has_template) {
  const auto& members = c.region.drawers.of<AutoScaling>().members.rows;
  c.out.begin_list("Instances");
  for (const std::string& id : g.instances) {
    const Instance* i = c.region.instances.seen(id, c.now);
    if (!i) continue;
    const auto at = members.find(id);
    const bool runs = i->state == "running" || i->state == "pending";
    c.out.begin_map();
    c.out.put("InstanceId", id);
    c.out.put("InstanceType", i->type);
    c.out.put("AvailabilityZone", i->zone);
    c.out.put("LifecycleState", at != members.end() ? at->second.state : runs ? "InService" : "Terminating");
    c.out.put("HealthStatus", at != members.end() ? at->second.health : runs ? "Healthy" : "Unhealthy");
    c.out.put("ProtectedFromScaleIn", at != members.end() && at->second.is_protected);
    c.out.put_if("LaunchConfigurationName", g.launch_configuration);
    if (has_template) write_template(c.out, g);
    c.out.end();
  }
  c.out.end();
}

void write_settings(Builder& out, const GroupSettings& s) {
  out.put("DefaultCooldown", s.cooldown_s);
  out.put("HealthCheckType", s.health_check);
  out.put("HealthCheckGracePeriod", s.grace_s);
  if (s.warmup_s >= 0) out.put("DefaultInstanceWarmup", s.warmup_s);
  if (s.max_lifetime_s > 0) out.put("MaxInstanceLifetime", s.max_lifetime_s);
  out.put_if("PlacementGroup", s.placement_group);
  out.put_if("ServiceLinkedRoleARN", s.service_role);
  out.put_if("Context", s.context);
  out.put("NewInstancesProtectedFromScaleIn", s.protects_new);
  if (s.rebalances) out.put("CapacityRebalance", true);
  put_texts(out, "TerminationPolicies",
            s.termination_policies.empty() ? std::vector<std::string>{"Default"} : s.termination_policies);
  put_texts(out, "LoadBalancerNames", s.load_balancers);
  put_texts(out, "TargetGroupARNs", s.target_groups);
  out.begin_list("SuspendedProcesses");
  for (const auto& [process, why] : s.suspended) {
    out.begin_map();
    out.put("ProcessName", process);
    out.put("SuspensionReason", why);
    out.end();
  }
  out.end();
  out.begin_list("EnabledMetrics");
  for (const std::string& metric : s.metrics) {
    out.begin_map();
    out.put("Metric", metric);
    out.put("Granularity", "1Minute");
    out.end();
  }
  out.end();
  if (s.warm_pool.root().is_map()) out.put("WarmPoolConfiguration", s.warm_pool), out.put("WarmPoolSize", 0);
}

void write_group(Call& c, const ScalingGroup& g) {
  Builder& out = c.out;
  const GroupSettings* known = c.region.drawers.of<AutoScaling>().settings.find(g.id);
  const GroupSettings settings = known ? *known : GroupSettings{.id = g.id};
  out.put("AutoScalingGroupName", g.id);
  out.put("AutoScalingGroupARN", g.arn);
  out.put_if("LaunchConfigurationName", g.launch_configuration);
  const bool has_template = !g.launch_template_id.empty() || !g.launch_template_name.empty();
  if (has_template) write_template(out, g);
  if (g.mixed_instances.root().is_map()) out.put("MixedInstancesPolicy", g.mixed_instances);
  out.put("MinSize", g.min);
  out.put("MaxSize", g.max);
  out.put("DesiredCapacity", g.desired);
  write_settings(out, settings);
  out.put("CreatedTime", g.created);
  put_texts(out, "AvailabilityZones", g.zones);
  std::string subnets;
  for (const std::string& subnet : g.subnets) subnets += (subnets.empty() ? "" : ",") + subnet;
  out.put("VPCZoneIdentifier", subnets);
  write_members(c, g, has_template);
  out.begin_list("Tags");
  for (const auto& [key, value] : g.tags) {
    out.begin_map();
    out.put("ResourceId", g.id);
    out.put("ResourceType", "auto-scaling-group");
    out.put("Key", key);
    out.put("Value", value);
    out.put("PropagateAtLaunch", !settings.own_tags.contains(key));
    out.end();
  }
  out.end();
}

Outcome describe(Call& c) {
  const auto names = texts(c["AutoScalingGroupNames"]);
  TRY(const auto filters, read_filters(c["Filters"]));
  TRY(const auto bound, bind(filters, group_fields));
  TRY(const Page page, scaling_page(c));
  Listed<ScalingGroup> listed;
  auto keep = [&](const ScalingGroup& g) { return names.empty() || has(names, g.id); };
  list_table(c, c.region.scaling_groups, c.account.id, page, filters, "", bound, keep, listed);
  c.out.begin_list("AutoScalingGroups");
  for (const ScalingGroup* g : listed.rows) c.out.begin_map(), write_group(c, *g), c.out.end();
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

/// MinSize, MaxSize and DesiredCapacity, where the call has them.
Outcome read_sizes(const Call& c, ScalingGroup& g) {
  if (!c["MinSize"].is_null()) g.min = c["MinSize"].as_integer();
  if (!c["MaxSize"].is_null()) g.max = c["MaxSize"].as_integer();
  constexpr std::int64_t most = 10'000;
  if (g.min < 0 || g.max < g.min || g.max > most) {
    return scaling_validation("Max bound must be greater than or equal to min bound, from 0 to 10000");
  }
  if (c["DesiredCapacity"].is_null()) return {};
  const std::int64_t desired = c["DesiredCapacity"].as_integer();
  if (desired < g.min || desired > g.max) {
    return scaling_validation(fmt::format(
        "Desired capacity:{} must be between the specified min size:{} and max size:{}", desired, g.min, g.max));
  }
  g.desired = desired;
  return {};
}

Outcome create(Call& c) {
  const std::string name = c["AutoScalingGroupName"].as_string();
  if (name.empty()) return scaling_validation("AutoScalingGroupName is required");
  if (c.region.scaling_groups.find(name)) {
    return fault("AlreadyExists",
                 "AutoScalingGroup by this name already exists - A group with the name " + name + " already exists");
  }
  if (c.region.scaling_groups.rows.size() >= 2000) {
    return fault("LimitExceeded", "The limit of groups has been reached.");
  }
  ScalingGroup g{.id = name};
  g.arn = fmt::format("arn:aws:autoscaling:{}:{}:autoScalingGroup:{}:autoScalingGroupName/{}", c.region.name,
                      c.account.id, c.store.random().uuid(), name);
  if (c["LaunchConfigurationName"].is_null() && c["LaunchTemplate"].is_null() && c["InstanceId"].is_null() &&
      c["MixedInstancesPolicy"].is_null()) {
    return scaling_validation(
        "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or "
        "MixedInstancesPolicy parameter.");
  }
  GroupSettings settings{.id = name};
  TRY(read_settings(c, g, settings));
  if (c["MinSize"].is_null() || c["MaxSize"].is_null()) return scaling_validation("MinSize and MaxSize are required");
  TRY(read_sizes(c, g));
  if (c["DesiredCapacity"].is_null()) g.desired = g.min;
  if (g.zones.empty()) {
    for (const std::string& id : g.subnets) {
      const Subnet* subnet = c.region.subnets.find(id);
      if (!subnet) return scaling_validation(fmt::format("The subnet ID '{}' does not exist", id));
      if (!has(g.zones, subnet->zone)) g.zones.push_back(subnet->zone);
    }
  }
  if (g.zones.empty()) g.zones.push_back(default_zone(c));
  g.created = c.now;
  for (Value tag : c["Tags"].items()) {
    g.tags[tag["Key"].as_string()] = tag["Value"].as_string();
    if (!tag["PropagateAtLaunch"].is_null() && !tag["PropagateAtLaunch"].as_bool()) {
      settings.own_tags.insert(tag["Key"].as_string());
    }
  }
  ScalingGroup& kept = c.region.scaling_groups.add(std::move(g));
  Scaler scaler(c.store, c.region, c.now);
  scaler.drawer.settings.add(std::move(settings));
  for (Value hook : c["LifecycleHookSpecificationList"].items()) {
    if (auto made = read_hook(c, kept, hook); !made) {
      scaler.drawer.forget_group(name);
      c.region.scaling_groups.erase(name);
      return made;
    }
  }
  scaler.scale(kept, kept.desired,
               fmt::format("At {} a user request created an AutoScalingGroup changing the desired capacity from 0 to "
                           "{}.",
                           scaler.when(), kept.desired));
  return {};
}

Outcome update(Call& c) {
  TRY(ScalingGroup * group, group_of(c));
  Scaler scaler(c.store, c.region, c.now);
  ScalingGroup trial = *group;
  GroupSettings settings = *scaler.drawer.settings.find(group->id);
  TRY(read_settings(c, trial, settings));
  TRY(read_sizes(c, trial));
  const std::int64_t before = group->desired;
  trial.desired = std::clamp(trial.desired, trial.min, trial.max);
  c.changing(c.region.scaling_groups, group->id);
  settings.retry_at.reset();
  *scaler.drawer.settings.find(group->id) = std::move(settings);
  *group = std::move(trial);
  const bool changed = before != group->desired;
  scaler.scale(
      *group, group->desired,
      fmt::format("At {} a user request update of AutoScalingGroup constraints to min: {}, max: {}, desired: "
                  "{}{}.",
                  scaler.when(), group->min, group->max, group->desired,
                  changed ? fmt::format(" changing the desired capacity from {} to {}", before, group->desired) : ""));
  return {};
}

Outcome remove(Call& c) {
  TRY(ScalingGroup * group, group_of(c));
  const std::string name = group->id;
  Scaler scaler(c.store, c.region, c.now);
  const bool force = c["ForceDelete"].as_bool();
  bool under_way = false;
  each_of_group(scaler.drawer.members, name, [&](const GroupMember& member) {
    under_way = under_way || (member.state != "InService" && member.state != "Standby");
  });
  if (under_way && !force) {
    return fault(
        "ScalingActivityInProgress",
        "You cannot delete an AutoScalingGroup while there are scaling activities in progress for that group.");
  }
  if (!group->instances.empty() && !force) {
    return fault("ResourceInUse",
                 "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) "
                 "still in the group.");
  }
  // Instances that end with their group wait for no hooks.
  std::erase_if(scaler.drawer.hooks.rows, [&](const auto& entry) { return entry.second.group == name; });
  group->min = group->desired = 0;
  std::vector<std::string> ids = group->instances;
  for (const std::string& id : ids) {
    GroupMember* member = scaler.drawer.members.find(id);
    if (!member) continue;
    scaler.end_member(*group, *member,
                      fmt::format("At {} instance {} was taken out of service in response to a user request, shrinking "
                                  "the capacity to 0 to delete the group.",
                                  scaler.when(), id));
  }
  scaler.drawer.forget_group(name);
  c.region.scaling_groups.erase(name);
  return {};
}

}  // namespace

void register_scaling_groups(Registry& r) {
  r.add("autoscaling", "DescribeAutoScalingGroups", describe);
  r.add("autoscaling", "CreateAutoScalingGroup", create);
  r.add("autoscaling", "UpdateAutoScalingGroup", update);
  r.add("autoscaling", "DeleteAutoScalingGroup", remove);
}

}  // namespace reeve::sandbox
