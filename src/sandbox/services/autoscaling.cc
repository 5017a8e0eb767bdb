#include "sandbox/services/autoscaling.h"

#include <fmt/format.h>

#include <algorithm>

/// Launch configurations of Auto Scaling.
namespace reeve::sandbox {

std::unexpected<Fault> scaling_validation(std::string message) { return fault("ValidationError", std::move(message)); }

std::expected<Page, Fault> scaling_page(const Call& c, std::int64_t most) {
  constexpr std::size_t usual = 50;
  auto page = read_page(c, false, 1, most, "MaxRecords");
  if (!page) {
    return fault(page.error().code == "InvalidNextToken" ? "InvalidNextToken" : "ValidationError",
                 page.error().message);
  }
  if (c["MaxRecords"].is_null()) page->size = usual;
  return *page;
}

namespace {

std::string arn(const Call& c, std::string_view name) {
  return fmt::format("arn:aws:autoscaling:{}:{}:launchConfiguration:{}:launchConfigurationName/{}", c.region.name,
                     c.account.id, c.store.random().uuid(), name);
}

Outcome describe_configurations(Call& c) {
  const auto names = texts(c["LaunchConfigurationNames"]);
  TRY(const Page page, scaling_page(c));
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
  if (name.empty()) return scaling_validation("LaunchConfigurationName is required");
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
                        .arn = arn(c, name),
                        .image_id = c["ImageId"].as_string(),
                        .instance_type = c["InstanceType"].as_string(),
                        .created = c.now};
  if (l.image_id.empty())
    return scaling_validation(
        "Valid requests must contain either the InstanceID parameter or both the ImageId and InstanceType parameters.");
  if (c["BlockDeviceMappings"].is_list()) l.block_device_mappings = deep_copy(c["BlockDeviceMappings"]);
  c.region.launch_configurations.add(std::move(l));
  return {};
}

Outcome delete_configuration(Call& c) {
  const std::string name = c["LaunchConfigurationName"].as_string();
  if (!c.region.launch_configurations.find(name)) {
    return scaling_validation("Launch configuration name not found - Launch configuration " + name + " not found");
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

}  // namespace

void register_autoscaling(Registry& r) {
  r.add("autoscaling", "DescribeLaunchConfigurations", describe_configurations);
  r.add("autoscaling", "CreateLaunchConfiguration", create_configuration);
  r.add("autoscaling", "DeleteLaunchConfiguration", delete_configuration);
}

}  // namespace reeve::sandbox
