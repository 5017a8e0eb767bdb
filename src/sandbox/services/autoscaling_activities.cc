#include <fmt/format.h>

#include <algorithm>

#include "sandbox/services/autoscaling.h"

/// What groups did: DescribeScalingActivities, and the instances of groups.
namespace reeve::sandbox {

void write_activity(Builder& out, const ScalingActivity& a) {
  out.begin_map();
  out.put("ActivityId", a.id);
  out.put("AutoScalingGroupName", a.group);
  out.put_if("AutoScalingGroupARN", a.group_arn);
  out.put("Description", a.description);
  out.put("Cause", a.cause);
  out.put("StartTime", a.start);
  if (a.end) out.put("EndTime", *a.end);
  out.put("StatusCode", a.status);
  out.put_if("StatusMessage", a.message);
  out.put("Progress", a.progress);
  out.put("Details", a.details.empty() ? "{}" : a.details);
  out.end();
}

namespace {

Outcome describe(Call& c) {
  const auto ids = texts(c["ActivityIds"]);
  const std::string_view group = c["AutoScalingGroupName"].as_text();
  const bool deleted_too = c["IncludeDeletedGroups"].as_bool();
  if (!group.empty() && !c.region.scaling_groups.find(group) && !deleted_too) {
    return scaling_validation(fmt::format("AutoScalingGroup name not found - AutoScalingGroup '{}' not found", group));
  }
  TRY(const Page page, scaling_page(c));
  auto& rows = c.region.drawers.of<AutoScaling>().activities.rows;
  std::vector<const ScalingActivity*> found;  // the newest first
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    const ScalingActivity& a = row->second;
    if (!page.after.empty() && a.id >= page.after) continue;
    if ((!group.empty() && a.group != group) || (!ids.empty() && !has(ids, a.id))) continue;
    if (!deleted_too && !c.region.scaling_groups.find(a.group)) continue;
    found.push_back(&a);
    if (found.size() > page.size) break;
  }
  const bool more = found.size() > page.size;
  if (more) found.pop_back();
  c.out.begin_list("Activities");
  for (const ScalingActivity* a : found) write_activity(c.out, *a);
  c.out.end();
  if (more) c.out.put("NextToken", make_token(c, c.account.id, found.back()->id));
  return {};
}

Outcome describe_instances(Call& c) {
  const auto ids = texts(c["InstanceIds"]);
  TRY(const Page page, scaling_page(c, 50));
  Scaler scaler(c.store, c.region, c.now);
  // Groups of an estate file have no members yet: their instances are told all the same.
  std::map<std::string, GroupMember, std::less<>> rows;
  for (const auto& [name, group] : c.region.scaling_groups.rows) {
    for (const std::string& id : group.instances) {
      const GroupMember* member = scaler.drawer.members.find(id);
      rows.emplace(id, member ? *member : GroupMember{.id = id, .group = name});
    }
  }
  c.out.begin_list("AutoScalingInstances");
  std::size_t written = 0;
  std::string last, next;
  for (const auto& [id, member] : rows) {
    const Instance* instance = c.region.instances.find(id);
    if (id <= page.after || !instance || (!ids.empty() && !has(ids, id))) continue;
    if (written++ == page.size) {
      next = make_token(c, c.account.id, last);
      break;
    }
    last = id;
    const ScalingGroup& group = *c.region.scaling_groups.find(member.group);
    c.out.begin_map();
    c.out.put("InstanceId", id);
    c.out.put("InstanceType", instance->type);
    c.out.put("AutoScalingGroupName", member.group);
    c.out.put("AvailabilityZone", instance->zone);
    c.out.put("LifecycleState", member.state);
    c.out.put("HealthStatus", member.health == "Healthy" ? "HEALTHY" : "UNHEALTHY");
    c.out.put_if("LaunchConfigurationName", group.launch_configuration);
    if (!group.launch_template_id.empty() || !group.launch_template_name.empty()) {
      c.out.begin_map("LaunchTemplate");
      c.out.put_if("LaunchTemplateId", group.launch_template_id);
      c.out.put_if("LaunchTemplateName", group.launch_template_name);
      c.out.put("Version", group.launch_template_version.empty() ? "$Default" : group.launch_template_version);
      c.out.end();
    }
    c.out.put("ProtectedFromScaleIn", member.is_protected);
    c.out.end();
  }
  c.out.end();
  c.out.put_if("NextToken", next);
  return {};
}

}  // namespace

void register_autoscaling_activities(Registry& r) {
  r.add_drawer<AutoScaling>();
  r.targets["autoscaling"] = act_on_alarm;
  r.add("autoscaling", "DescribeScalingActivities", describe);
  r.add("autoscaling", "DescribeAutoScalingInstances", describe_instances);
  register_scaling_groups(r);
  register_scaling_capacity(r);
  register_scaling_policies(r);
  register_scaling_schedule(r);
  register_scaling_hooks(r);
  register_scaling_extras(r);
}

}  // namespace reeve::sandbox
