#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sandbox/listing.h"
#include "sandbox/services/write.h"

/// EC2 instances: describe, and their attributes. What changes their state is in ec2_instance_states.cc.
namespace reeve::sandbox {

int state_code(std::string_view state) {
  if (state == "pending") return 0;
  if (state == "running") return 16;
  if (state == "shutting-down") return 32;
  if (state == "terminated") return 48;
  return state == "stopping" ? 64 : 80;
}

namespace {

/// The attachment of a volume to this instance; nullptr if there is none.
const Attachment* attachment_to(const Region& region, const std::string& volume_id, const std::string& instance_id) {
  auto at = region.volumes.rows.find(volume_id);
  if (at == region.volumes.rows.end()) return nullptr;
  for (const Attachment& a : at->second.attachments) {
    if (a.instance_id == instance_id) return &a;
  }
  return nullptr;
}

void write_devices(Builder& out, const Instance& i, const Region& region) {
  out.begin_list("BlockDeviceMappings");
  for (const std::string& volume_id : i.volumes) {
    const Attachment* a = attachment_to(region, volume_id, i.id);
    if (!a) continue;
    out.begin_map();
    out.put("DeviceName", a->device);
    out.begin_map("Ebs");
    out.put("AttachTime", a->attach_time);
    out.put("DeleteOnTermination", a->delete_on_termination);
    out.put("Status", a->state);
    out.put("VolumeId", volume_id);
    out.end();
    out.end();
  }
  out.end();
}

void write_groups(Builder& out, const Instance& i, const Region& region, std::string_view name) {
  out.begin_list(name);
  for (const std::string& id : i.security_groups) {
    auto at = region.security_groups.rows.find(id);
    out.begin_map();
    out.put("GroupId", id);
    out.put("GroupName", at == region.security_groups.rows.end() ? std::string_view("default") : at->second.name);
    out.end();
  }
  out.end();
}

/// The primary network interface: its attach time is the instance's first launch [API reference, Instance].
void write_interface(Builder& out, const Instance& i, const Region& region) {
  out.begin_list("NetworkInterfaces");
  if (!i.private_ip.empty()) {
    const std::string tail = i.id.substr(i.id.find('-') + 1);
    out.begin_map();
    out.begin_map("Attachment");
    out.put("AttachTime", i.launch_time);
    out.put("AttachmentId", "eni-attach-" + tail);
    out.put("DeleteOnTermination", true);
    out.put("DeviceIndex", 0);
    out.put("Status", "attached");
    out.end();
    write_groups(out, i, region, "Groups");
    out.put("NetworkInterfaceId", "eni-" + tail);
    out.put("OwnerId", region.account);
    out.put("PrivateIpAddress", i.private_ip);
    out.put("Status", "in-use");
    out.put_if("SubnetId", i.subnet_id);
    out.put_if("VpcId", i.vpc_id);
    out.end();
  }
  out.end();
}

}  // namespace

void write_instance(Builder& out, const Instance& i, const Region& region) {
  out.put("InstanceId", i.id);
  out.put("ImageId", i.image_id);
  out.begin_map("State");
  out.put("Code", state_code(i.state));
  out.put("Name", i.state);
  out.end();
  out.put("InstanceType", i.type);
  out.put("LaunchTime", i.launch_time);
  out.begin_map("Placement");
  out.put("AvailabilityZone", i.zone);
  out.put("GroupName", "");
  out.put("Tenancy", "default");
  out.end();
  out.begin_map("Monitoring");
  out.put("State", i.monitoring ? "enabled" : "disabled");
  out.end();
  out.put("AmiLaunchIndex", 0);
  out.put("Architecture", i.architecture);
  out.put_if("Platform", i.platform);
  out.put("PlatformDetails", i.platform == "windows" ? "Windows" : "Linux/UNIX");
  out.put("Hypervisor", "xen");
  out.put("VirtualizationType", "hvm");
  out.put("EbsOptimized", i.ebs_optimized);
  out.put("EnaSupport", true);
  out.put_if("InstanceLifecycle", i.lifecycle);
  out.put_if("KeyName", i.key_name);
  out.put("PrivateDnsName", "");
  out.put("PublicDnsName", "");
  out.put_if("PrivateIpAddress", i.private_ip);
  out.put_if("PublicIpAddress", i.public_ip);
  out.put_if("SubnetId", i.subnet_id);
  out.put_if("VpcId", i.vpc_id);
  out.put("RootDeviceName", i.root_device_name);
  out.put("RootDeviceType", i.root_device_type);
  out.put("StateTransitionReason", i.state_transition_reason);
  if (!i.state_reason_code.empty()) {
    out.begin_map("StateReason");
    out.put("Code", i.state_reason_code);
    out.put("Message", i.state_reason_message);
    out.end();
  }
  if (!i.profile_arn.empty()) {
    out.begin_map("IamInstanceProfile");
    out.put("Arn", i.profile_arn);
    out.put("Id", "AIPA0000000000000EXMP");
    out.end();
  }
  write_devices(out, i, region);
  write_groups(out, i, region, "SecurityGroups");
  write_interface(out, i, region);
  write_tags(out, i.tags);
  write_operator(out, i.operator_principal, i.operator_hidden);
}

namespace {

constexpr std::array<Field<Instance>, 24> fields{{
    {"architecture", [](const Instance& i, TextTest t) { return t(i.architecture); }},
    {"availability-zone", [](const Instance& i, TextTest t) { return t(i.zone); }},
    {"block-device-mapping.volume-id", [](const Instance& i, TextTest t) { return std::ranges::any_of(i.volumes, t); }},
    {"hypervisor", [](const Instance&, TextTest t) { return t("xen"); }},
    {"iam-instance-profile.arn", [](const Instance& i, TextTest t) { return t(i.profile_arn); }},
    {"image-id", [](const Instance& i, TextTest t) { return t(i.image_id); }},
    {"instance-id", [](const Instance& i, TextTest t) { return t(i.id); }},
    {"instance-lifecycle", [](const Instance& i, TextTest t) { return t(i.lifecycle); }},
    {"instance-state-code", [](const Instance& i, TextTest t) { return t(std::to_string(state_code(i.state))); }},
    {"instance-state-name", [](const Instance& i, TextTest t) { return t(i.state); }},
    {"instance-type", [](const Instance& i, TextTest t) { return t(i.type); }},
    {"instance.group-id", [](const Instance& i, TextTest t) { return std::ranges::any_of(i.security_groups, t); }},
    {"key-name", [](const Instance& i, TextTest t) { return t(i.key_name); }},
    {"launch-time", [](const Instance& i, TextTest t) { return t(filter_date(i.launch_time)); }},
    {"operator.managed", [](const Instance& i, TextTest t) { return t(truth(!i.operator_principal.empty())); }},
    {"operator.principal", [](const Instance& i, TextTest t) { return t(i.operator_principal); }},
    {"platform", [](const Instance& i, TextTest t) { return t(i.platform); }},
    {"private-ip-address", [](const Instance& i, TextTest t) { return t(i.private_ip); }},
    {"ip-address", [](const Instance& i, TextTest t) { return t(i.public_ip); }},
    {"reservation-id", [](const Instance& i, TextTest t) { return t(i.reservation_id); }},
    {"root-device-type", [](const Instance& i, TextTest t) { return t(i.root_device_type); }},
    {"root-device-name", [](const Instance& i, TextTest t) { return t(i.root_device_name); }},
    {"subnet-id", [](const Instance& i, TextTest t) { return t(i.subnet_id); }},
    {"vpc-id", [](const Instance& i, TextTest t) { return t(i.vpc_id); }},
}};

Outcome describe(Call& c) {
  const auto ids = texts(c["InstanceIds"]);
  TRY(const auto filters, read_filters(c["Filters"]));
  TRY(const auto bound, bind(filters, fields));
  TRY(const Page page, read_page(c, !ids.empty()));
  // Managed resources of an account that hides them are left out unless asked for [API reference].
  const bool hidden_too = c["IncludeManagedResources"].as_bool();
  Listed<Instance> listed;
  if (!ids.empty()) {
    for (std::string_view id : ids) {
      const Instance* i = c.region.instances.seen(id, c.now);
      if (!i) return std::unexpected(no_instance(id));
      if (passes(bound, *i)) listed.rows.push_back(i);
    }
  } else {
    auto keep = [&](const Instance& i) { return hidden_too || !i.operator_hidden; };
    list_table(c, c.region.instances, c.account.id, page, filters, "instance-id", bound, keep, listed);
  }
  // One reservation for all instances that were launched together, where it is first met.
  std::vector<std::pair<std::string_view, std::vector<const Instance*>>> reservations;
  std::map<std::string_view, std::size_t> place;
  for (const Instance* i : listed.rows) {
    const std::string_view id = i->reservation_id;
    auto [at, fresh] = place.emplace(id, reservations.size());
    if (fresh || id.empty()) {
      at->second = reservations.size();
      reservations.push_back({id, {}});
    }
    reservations[at->second].second.push_back(i);
  }
  c.out.begin_list("Reservations");
  for (const auto& [id, instances] : reservations) {
    c.out.begin_map();
    const Instance& first = *instances.front();
    c.out.put("ReservationId", id.empty() ? "r-" + first.id.substr(2) : std::string(id));
    c.out.put("OwnerId", c.account.id);
    c.out.begin_list("Groups");
    c.out.end();
    c.out.begin_list("Instances");
    for (const Instance* i : instances) c.out.begin_map(), write_instance(c.out, *i, c.region), c.out.end();
    c.out.end();
    c.out.end();
  }
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

Outcome describe_status(Call& c) {
  const auto ids = texts(c["InstanceIds"]);
  TRY(const auto filters, read_filters(c["Filters"]));
  TRY(const auto bound, bind(filters, fields));
  TRY(const Page page, read_page(c, !ids.empty()));
  const bool all = c["IncludeAllInstances"].as_bool();
  Listed<Instance> listed;
  for (std::string_view id : ids) {
    const Instance* i = c.region.instances.seen(id, c.now);
    if (!i) return std::unexpected(no_instance(id));
    if ((all || i->state == "running") && passes(bound, *i)) listed.rows.push_back(i);
  }
  if (ids.empty()) {
    auto keep = [&](const Instance& i) { return all || i.state == "running"; };
    list_table(c, c.region.instances, c.account.id, page, filters, "instance-id", bound, keep, listed);
  }
  c.out.begin_list("InstanceStatuses");
  for (const Instance* i : listed.rows) {
    c.out.begin_map();
    c.out.put("InstanceId", i->id);
    c.out.put("AvailabilityZone", i->zone);
    c.out.begin_map("InstanceState");
    c.out.put("Code", state_code(i->state));
    c.out.put("Name", i->state);
    c.out.end();
    for (const char* name : {"InstanceStatus", "SystemStatus"}) {
      c.out.begin_map(name);
      c.out.put("Status", i->state == "running" ? "ok" : "not-applicable");
      c.out.end();
    }
    c.out.end();
  }
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

std::expected<Instance*, Fault> own(Call& c) {
  TRY(const auto id, need_text(c, "InstanceId"));
  if (Instance* i = c.region.instances.find(id)) return i;
  return std::unexpected(no_instance(id));
}

Outcome describe_attribute(Call& c) {
  TRY(const Instance* i, own(c));
  TRY(const auto attribute, need_text(c, "Attribute"));
  c.out.put("InstanceId", i->id);
  auto value = [&](std::string_view name, auto&& content) {
    c.out.begin_map(name);
    c.out.put("Value", content);
    c.out.end();
  };
  if (attribute == "disableApiTermination") {
    value("DisableApiTermination", i->termination_protected);
  } else if (attribute == "disableApiStop") {
    value("DisableApiStop", i->stop_protected);
  } else if (attribute == "instanceType") {
    value("InstanceType", i->type);
  } else if (attribute == "instanceInitiatedShutdownBehavior") {
    value("InstanceInitiatedShutdownBehavior", i->instance_initiated_shutdown);
  } else if (attribute == "ebsOptimized") {
    value("EbsOptimized", i->ebs_optimized);
  } else if (attribute == "rootDeviceName") {
    value("RootDeviceName", i->root_device_name);
  } else if (attribute == "userData") {
    c.out.begin_map("UserData");
    if (!i->user_data.empty()) c.out.put("Value", i->user_data);
    c.out.end();
  } else if (attribute == "blockDeviceMapping") {
    write_devices(c.out, *i, c.region);
  } else if (attribute == "groupSet") {
    write_groups(c.out, *i, c.region, "Groups");
  } else {
    return fault("InvalidParameterValue",
                 "Value (" + attribute + ") for parameter attribute is invalid. Unknown attribute.");
  }
  return {};
}

Outcome modify_attribute(Call& c) {
  TRY(Instance * i, own(c));
  const std::string name = c["Attribute"].as_string(), text = c["Value"].as_string();
  auto flag = [&](std::string_view member, std::string_view attribute, bool& into) {
    if (!c[member].is_null()) into = c[member]["Value"].as_bool();
    if (name == attribute) into = text == "true";
  };
  c.changing(c.region.instances, i->id);
  flag("DisableApiTermination", "disableApiTermination", i->termination_protected);
  flag("DisableApiStop", "disableApiStop", i->stop_protected);
  flag("EbsOptimized", "ebsOptimized", i->ebs_optimized);
  const bool has_type = !c["InstanceType"].is_null() || name == "instanceType";
  if (has_type && i->state != "stopped") {
    return fault("IncorrectInstanceState", "The instance '" + i->id + "' is not in the 'stopped' state.");
  }
  if (has_type) i->type = name == "instanceType" ? text : c["InstanceType"]["Value"].as_string();
  if (!c["Groups"].empty()) {
    i->security_groups.clear();
    for (std::string_view id : texts(c["Groups"])) i->security_groups.emplace_back(id);
  }
  for (Value mapping : c["BlockDeviceMappings"].items()) {
    for (const std::string& volume_id : i->volumes) {
      Volume* v = c.region.volumes.find(volume_id);
      if (!v) continue;
      for (Attachment& a : v->attachments) {
        if (a.instance_id == i->id && a.device == mapping["DeviceName"].as_text() &&
            !mapping["Ebs"]["DeleteOnTermination"].is_null()) {
          a.delete_on_termination = mapping["Ebs"]["DeleteOnTermination"].as_bool();
        }
      }
    }
  }
  return {};
}

}  // namespace

void register_ec2_instances(Registry& r) {
  r.add("ec2", "DescribeInstances", describe);
  r.add("ec2", "DescribeInstanceStatus", describe_status);
  r.add("ec2", "DescribeInstanceAttribute", describe_attribute);
  r.add("ec2", "ModifyInstanceAttribute", modify_attribute);
  register_instance_states(r);
}

}  // namespace reeve::sandbox
