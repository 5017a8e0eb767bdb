#include <fmt/format.h>

#include "sandbox/services/autoscaling.h"

/// What a group launches: from its launch configuration or launch template.
namespace reeve::sandbox {
namespace {

const LaunchTemplate* find_template(const Region& region, std::string_view id, std::string_view name) {
  for (const auto& [row_id, row] : region.launch_templates.rows) {
    if (id.empty() ? row.name == name : row_id == id) return &row;
  }
  return nullptr;
}

const LaunchTemplateVersion* find_version(const LaunchTemplate& from, std::string_view version) {
  std::int64_t number = from.default_version;
  if (version == "$Latest") number = from.latest_version;
  for (const LaunchTemplateVersion& row : from.versions) {
    const bool named = !version.empty() && version[0] != '$';
    if (named ? std::to_string(row.number) == version : row.number == number) return &row;
  }
  return nullptr;
}

struct Source {
  std::string id, name, version, instance_type;
};

/// The group's template, or that of its mixed instances, with the first override's type.
Source source_of(const ScalingGroup& group) {
  Source out{group.launch_template_id, group.launch_template_name, group.launch_template_version, {}};
  const Value mixed = group.mixed_instances["LaunchTemplate"];
  if (!mixed.is_map()) return out;
  const Value given = mixed["LaunchTemplateSpecification"];
  out.id = given["LaunchTemplateId"].as_string();
  out.name = given["LaunchTemplateName"].as_string();
  out.version = given["Version"].as_string();
  out.instance_type = mixed["Overrides"][0]["InstanceType"].as_string();
  return out;
}

}  // namespace

std::string launched_by(const Region& region, const ScalingGroup& group) {
  if (!group.launch_configuration.empty()) return group.launch_configuration;
  const Source source = source_of(group);
  const LaunchTemplate* from = find_template(region, source.id, source.name);
  const LaunchTemplateVersion* version = from ? find_version(*from, source.version) : nullptr;
  if (!version) return source.id.empty() ? source.name : source.id;
  return fmt::format("{}:{}", from->id, version->number);
}

std::expected<Document, Fault> launch_parameters(const Region& region, const ScalingGroup& group,
                                                 const std::shared_ptr<const Keys>& keys, std::string_view zone,
                                                 std::string_view subnet) {
  Builder out(keys);
  out.begin_map();
  out.put("MinCount", 1);
  out.put("MaxCount", 1);
  out.put_if("SubnetId", subnet);
  if (!zone.empty()) {
    out.begin_map("Placement");
    out.put("AvailabilityZone", zone);
    out.end();
  }
  if (!group.launch_configuration.empty()) {
    const auto at = region.launch_configurations.rows.find(group.launch_configuration);
    if (at == region.launch_configurations.rows.end()) {
      return scaling_validation("Launch configuration name not found - " + group.launch_configuration);
    }
    out.put("ImageId", at->second.image_id);
    out.put_if("InstanceType", at->second.instance_type);
    if (at->second.block_device_mappings.root().is_list()) {
      out.put("BlockDeviceMappings", at->second.block_device_mappings);
    }
    out.end();
    return out.finish();
  }
  const Source source = source_of(group);
  const LaunchTemplate* from = find_template(region, source.id, source.name);
  const LaunchTemplateVersion* version = from ? find_version(*from, source.version) : nullptr;
  if (!version) {
    return scaling_validation(
        fmt::format("The specified launch template, with template {}{}, or its version, does not "
                    "exist",
                    source.id, source.name));
  }
  if (!source.instance_type.empty()) out.put("InstanceType", source.instance_type);
  for (const char* member : {"ImageId", "InstanceType", "KeyName", "SecurityGroupIds", "BlockDeviceMappings",
                             "UserData", "IamInstanceProfile", "TagSpecifications", "EbsOptimized", "Monitoring"}) {
    const Value value = version->data[member];
    if (value.is_null() || (member == std::string_view("InstanceType") && !source.instance_type.empty())) continue;
    out.put(member, value);
  }
  out.end();
  return out.finish();
}

}  // namespace reeve::sandbox
