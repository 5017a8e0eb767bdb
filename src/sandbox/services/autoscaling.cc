#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sandbox/listing.h"

/// Auto Scaling as far as guards read it: launch configurations and groups. Groups don't scale by themselves here.
namespace reeve::sandbox {
namespace {

std::unexpected<Fault> invalid(std::string message) { return fault("ValidationError", std::move(message), 400); }

/// MaxRecords and NextToken: the query protocol's page.
std::expected<Page, Fault> page_of(const Call& c) {
  constexpr std::size_t usual = 50, most = 100;
  auto page = read_page(c, false);
  if (!page) return fault("InvalidNextToken", page.error().message);
  const Value asked = c["MaxRecords"];
  if (!asked.is_null() && asked.as_integer() < 1) return invalid("MaxRecords must be at least 1");
  page->size = asked.is_null() ? usual : std::min(static_cast<std::size_t>(asked.as_integer()), most);
  return *page;
}

std::string arn(const Call& c, std::string_view kind, std::string_view name) {
  return fmt::format("arn:aws:autoscaling:{}:{}:{}:{}:{}/{}", c.region.name, c.account.id, kind,
                     c.store.random().uuid(),
                     kind == "launchConfiguration" ? "launchConfigurationName" : "autoScalingGroupName", name);
}

Outcome describe_configurations(Call& c) {
  const auto names = texts(c["LaunchConfigurationNames"]);
  TRY(const Page page, page_of(c));
  Listed<LaunchConfiguration> listed;
  auto keep = [&](const LaunchConfiguration& l) { return names.empty() || has(names, l.id); };
  list_table(c, c.region.launch_configurations, c.account.id, page, {}, "", {}, keep, listed);
  c.out.begin_list("LaunchConfigurations");
  for (const LaunchConfiguration* l : listed.rows) {
    c.out.begin_map();
    c.out.put("LaunchConfigurationName", l->id);
    c.out.put("LaunchConfigurationARN", l->arn);
    c.out.put("ImageId", l->image_id);
    c.out.put("InstanceType", l->instance_type);
    c.out.put("CreatedTime", l->created);
    c.out.put("EbsOptimized", false);
    if (l->block_device_mappings.root().is_list()) {
      c.out.put("BlockDeviceMappings", l->block_device_mappings);
    } else {
      c.out.begin_list("BlockDeviceMappings");
      c.out.end();
    }
    c.out.end();
  }
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

Outcome create_configuration(Call& c) {
  const std::string name = c["LaunchConfigurationName"].as_string();
  if (name.empty()) return invalid("LaunchConfigurationName is required");
  if (c.region.launch_configurations.find(name)) {
    return fault(
        "AlreadyExists",
        "Launch Configuration by this name already exists - A launch configuration already exists with the name " +
            name);
  }
  if (c.region.launch_configurations.rows.size() >=
      2000) {  // [quotas]: launch configurations per Region: 200, up to 2000
    return fault("LimitExceeded", "The limit of launch configurations has been reached.");
  }
  LaunchConfiguration l{.id = name,
                        .arn = arn(c, "launchConfiguration", name),
                        .image_id = c["ImageId"].as_string(),
                        .instance_type = c["InstanceType"].as_string(),
                        .created = c.now};
  if (l.image_id.empty())
    return invalid(
        "Valid requests must contain either the InstanceID parameter or both the ImageId and InstanceType parameters.");
  if (c["BlockDeviceMappings"].is_list()) l.block_device_mappings = deep_copy(c["BlockDeviceMappings"]);
  c.region.launch_configurations.add(std::move(l));
  return {};
}

Outcome delete_configuration(Call& c) {
  const std::string name = c["LaunchConfigurationName"].as_string();
  if (!c.region.launch_configurations.find(name)) {
    return invalid("Launch configuration name not found - Launch configuration " + name + " not found");
  }
  for (const auto& [id, group] : c.region.scaling_groups.rows) {
    if (group.launch_configuration == name) {
      return fault("ResourceInUse",
                   "Cannot delete launch configuration " + name + " because it is attached to AutoScalingGroup " + id);
    }
  }
  c.region.launch_configurations.erase(name);
  return {};
}

constexpr std::array<Field<ScalingGroup>, 2> group_fields{{
    {"tag-value",
     [](const ScalingGroup& g, TextTest t) {
       return std::ranges::any_of(g.tags, [&](const auto& tag) { return t(tag.second); });
     }},
    {"auto-scaling-group-name", [](const ScalingGroup& g, TextTest t) { return t(g.id); }},
}};

void write_group(Call& c, const ScalingGroup& g) {
  Builder& out = c.out;
  out.put("AutoScalingGroupName", g.id);
  out.put("AutoScalingGroupARN", g.arn);
  out.put_if("LaunchConfigurationName", g.launch_configuration);
  auto write_launch_template = [&] {
    out.begin_map("LaunchTemplate");
    out.put_if("LaunchTemplateId", g.launch_template_id);
    out.put_if("LaunchTemplateName", g.launch_template_name);
    out.put("Version", g.launch_template_version.empty() ? "$Default" : g.launch_template_version);
    out.end();
  };
  const bool has_template = !g.launch_template_id.empty() || !g.launch_template_name.empty();
  if (has_template) write_launch_template();
  if (g.mixed_instances.root().is_map()) out.put("MixedInstancesPolicy", g.mixed_instances);
  out.put("MinSize", g.min);
  out.put("MaxSize", g.max);
  out.put("DesiredCapacity", g.desired);
  out.put("DefaultCooldown", 300);
  out.put("HealthCheckType", "EC2");
  out.put("HealthCheckGracePeriod", 0);
  out.put("CreatedTime", g.created);
  out.begin_list("AvailabilityZones");
  for (const std::string& zone : g.zones) out.add(zone);
  out.end();
  std::string subnets;
  for (const std::string& subnet : g.subnets) subnets += (subnets.empty() ? "" : ",") + subnet;
  out.put("VPCZoneIdentifier", subnets);
  out.begin_list("Instances");
  for (const std::string& id : g.instances) {
    const Instance* i = c.region.instances.seen(id, c.now);
    if (!i) continue;
    out.begin_map();
    out.put("InstanceId", id);
    out.put("InstanceType", i->type);
    out.put("AvailabilityZone", i->zone);
    out.put("LifecycleState", i->state == "running" ? "InService" : "Terminating");
    out.put("HealthStatus", i->state == "running" ? "Healthy" : "Unhealthy");
    out.put("ProtectedFromScaleIn", false);
    out.put_if("LaunchConfigurationName", g.launch_configuration);
    if (has_template) write_launch_template();
    out.end();
  }
  out.end();
  out.begin_list("Tags");
  for (const auto& [key, value] : g.tags) {
    out.begin_map();
    out.put("ResourceId", g.id);
    out.put("ResourceType", "auto-scaling-group");
    out.put("Key", key);
    out.put("Value", value);
    out.put("PropagateAtLaunch", true);
    out.end();
  }
  out.end();
}

Outcome describe_groups(Call& c) {
  const auto names = texts(c["AutoScalingGroupNames"]);
  TRY(const auto filters, read_filters(c["Filters"]));
  TRY(const auto bound, bind(filters, group_fields));
  TRY(const Page page, page_of(c));
  Listed<ScalingGroup> listed;
  auto keep = [&](const ScalingGroup& g) { return names.empty() || has(names, g.id); };
  list_table(c, c.region.scaling_groups, c.account.id, page, filters, "", bound, keep, listed);
  c.out.begin_list("AutoScalingGroups");
  for (const ScalingGroup* g : listed.rows) c.out.begin_map(), write_group(c, *g), c.out.end();
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

Outcome create_group(Call& c) {
  const std::string name = c["AutoScalingGroupName"].as_string();
  if (name.empty()) return invalid("AutoScalingGroupName is required");
  if (c.region.scaling_groups.find(name)) {
    return fault("AlreadyExists",
                 "AutoScalingGroup by this name already exists - A group with the name " + name + " already exists");
  }
  if (c.region.scaling_groups.rows.size() >= 2000)
    return fault("LimitExceeded", "The limit of groups has been reached.");
  ScalingGroup g{.id = name, .arn = arn(c, "autoScalingGroup", name)};
  g.launch_configuration = c["LaunchConfigurationName"].as_string();
  if (!g.launch_configuration.empty() && !c.region.launch_configurations.find(g.launch_configuration)) {
    return invalid("Launch configuration name not found - null");
  }
  const Value launch = c["LaunchTemplate"];
  g.launch_template_id = launch["LaunchTemplateId"].as_string();
  g.launch_template_name = launch["LaunchTemplateName"].as_string();
  g.launch_template_version = launch["Version"].as_string();
  if (c["MixedInstancesPolicy"].is_map()) g.mixed_instances = deep_copy(c["MixedInstancesPolicy"]);
  if (g.launch_configuration.empty() && launch.is_null() && c["InstanceId"].is_null() &&
      c["MixedInstancesPolicy"].is_null()) {
    return invalid(
        "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or "
        "MixedInstancesPolicy parameter.");
  }
  g.min = c["MinSize"].as_integer();
  g.max = c["MaxSize"].as_integer();
  g.desired = c["DesiredCapacity"].is_null() ? g.min : c["DesiredCapacity"].as_integer();
  if (g.desired < g.min || g.desired > g.max) {
    return invalid("Desired capacity must be between the specified min size and max size");
  }
  for (std::string_view zone : texts(c["AvailabilityZones"])) g.zones.emplace_back(zone);
  const std::string_view subnets = c["VPCZoneIdentifier"].as_text();
  for (std::size_t from = 0; from < subnets.size();) {
    const std::size_t comma = std::min(subnets.find(',', from), subnets.size());
    g.subnets.emplace_back(subnets.substr(from, comma - from));
    from = comma + 1;
  }
  if (g.zones.empty()) g.zones.push_back(default_zone(c));
  g.created = c.now;
  for (Value tag : c["Tags"].items()) g.tags[tag["Key"].as_string()] = tag["Value"].as_string();
  c.region.scaling_groups.add(std::move(g));
  return {};
}

Outcome delete_group(Call& c) {
  const std::string name = c["AutoScalingGroupName"].as_string();
  const ScalingGroup* g = c.region.scaling_groups.find(name);
  if (!g) return invalid("AutoScalingGroup name not found - AutoScalingGroup '" + name + "' not found");
  if (!g->instances.empty() && !c["ForceDelete"].as_bool()) {
    return fault("ResourceInUse",
                 "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) "
                 "still in the group.");
  }
  c.region.scaling_groups.erase(name);
  return {};
}

}  // namespace

void register_autoscaling(Registry& r) {
  r.add("autoscaling", "DescribeLaunchConfigurations", describe_configurations);
  r.add("autoscaling", "CreateLaunchConfiguration", create_configuration);
  r.add("autoscaling", "DeleteLaunchConfiguration", delete_configuration);
  r.add("autoscaling", "DescribeAutoScalingGroups", describe_groups);
  r.add("autoscaling", "CreateAutoScalingGroup", create_group);
  r.add("autoscaling", "DeleteAutoScalingGroup", delete_group);
}

}  // namespace reeve::sandbox
