#include <fmt/format.h>

#include <algorithm>

#include "sandbox/listing.h"
#include "sandbox/services/write.h"

/// RunInstances, and what starts, stops, reboots and ends instances.
namespace reeve::sandbox {
namespace {

std::string user_initiated(Time now) {
  const Calendar t = to_calendar(now);
  return fmt::format("User initiated ({:04}-{:02}-{:02} {:02}:{:02}:{:02} GMT)", t.year, t.month, t.day, t.hour,
                     t.minute, t.second);
}

/// All instances of a call: one unknown id rejects the whole call.
std::expected<std::vector<Instance*>, Fault> named(Call& c) {
  std::vector<Instance*> out;
  if (c["InstanceIds"].empty()) return missing("InstanceId");
  for (std::string_view id : texts(c["InstanceIds"])) {
    Instance* i = c.region.instances.find(id);
    if (!i) return std::unexpected(no_instance(id));
    if (!has(out, i)) out.push_back(i);
  }
  return out;
}

struct Change {
  const Instance* instance;
  std::string before;
};

void write_changes(Call& c, std::string_view name, const std::vector<Change>& changes) {
  c.out.begin_list(name);
  for (const Change& change : changes) {
    c.out.begin_map();
    c.out.put("InstanceId", change.instance->id);
    c.out.begin_map("CurrentState");
    c.out.put("Code", state_code(change.instance->state));
    c.out.put("Name", change.instance->state);
    c.out.end();
    c.out.begin_map("PreviousState");
    c.out.put("Code", state_code(change.before));
    c.out.put("Name", change.before);
    c.out.end();
    c.out.end();
  }
  c.out.end();
}

void begin_transition(Call& c, Instance& i, std::string_view state, Duration on_aws) {
  c.changing(c.region.instances, i.id);
  i.state = state;
  i.due = c.after(on_aws);
  c.store.schedule(*i.due, Due::instance, c.region, i.id);
}

Outcome incorrect(const Instance& i, std::string_view what) {
  return fault(
      "IncorrectInstanceState",
      fmt::format("The instance '{}' is not in a state from which it can be {} (it is '{}').", i.id, what, i.state));
}

Outcome stop(Call& c) {
  TRY(const auto instances, named(c));
  for (const Instance* i : instances) {
    if (i->state == "terminated" || i->state == "shutting-down" || i->state == "pending")
      return incorrect(*i, "stopped");
    if (i->stop_protected) {
      return fault("OperationNotPermitted",
                   "The instance '" + i->id +
                       "' may not be stopped. Modify its 'disableApiStop' instance attribute and try "
                       "again.");
    }
    if (i->root_device_type != "ebs") {
      return fault("UnsupportedOperation",
                   "The instance '" + i->id + "' does not have an 'ebs' root device type and cannot be stopped");
    }
    if (i->lifecycle == "spot") {
      return fault("UnsupportedOperation", "You can't stop the Spot Instance '" + i->id +
                                               "' because it is associated with a one-time Spot Instance request.");
    }
  }
  std::vector<Change> changes;
  for (Instance* i : instances) {
    changes.push_back({i, i->state});
    if (i->state == "stopped" || i->state == "stopping") continue;
    begin_transition(c, *i, "stopping", std::chrono::seconds(30));
    i->state_transition_reason = user_initiated(c.now);
    i->state_reason_code = "Client.UserInitiatedShutdown";
    i->state_reason_message = "Client.UserInitiatedShutdown: User initiated shutdown";
  }
  write_changes(c, "StoppingInstances", changes);
  return {};
}

Outcome start(Call& c) {
  TRY(const auto instances, named(c));
  for (const Instance* i : instances) {
    if (i->state != "stopped" && i->state != "running" && i->state != "pending") return incorrect(*i, "started");
  }
  std::vector<Change> changes;
  for (Instance* i : instances) {
    changes.push_back({i, i->state});
    if (i->state != "stopped") continue;
    begin_transition(c, *i, "pending", std::chrono::seconds(20));
    i->launch_time = c.now;
    i->state_transition_reason.clear();
    i->state_reason_code.clear();
    i->state_reason_message.clear();
  }
  write_changes(c, "StartingInstances", changes);
  return {};
}

Outcome reboot(Call& c) {
  TRY(const auto instances, named(c));
  for (const Instance* i : instances) {
    if (i->state != "running") return incorrect(*i, "rebooted");
  }
  return {};
}

Outcome terminate(Call& c) {
  TRY(const auto instances, named(c));
  // A protected instance refuses all of its zone; those of other zones end [API reference, TerminateInstances].
  const Instance* refused = nullptr;
  std::vector<std::string> closed;
  for (const Instance* i : instances) {
    if (!i->termination_protected || i->state == "terminated") continue;
    if (!refused) refused = i;
    closed.push_back(i->zone);
  }
  std::vector<Change> changes;
  for (Instance* i : instances) {
    if (has(closed, i->zone)) continue;
    changes.push_back({i, i->state});
    if (i->state == "terminated" || i->state == "shutting-down") continue;
    begin_transition(c, *i, "shutting-down", std::chrono::seconds(30));
    i->state_transition_reason = user_initiated(c.now);
    i->state_reason_code = "Client.UserInitiatedShutdown";
    i->state_reason_message = "Client.UserInitiatedShutdown: User initiated shutdown";
  }
  if (refused) {
    return fault("OperationNotPermitted", "The instance '" + refused->id +
                                              "' may not be terminated. Modify its 'disableApiTermination' instance "
                                              "attribute and try again.");
  }
  write_changes(c, "TerminatingInstances", changes);
  return {};
}

void make_volume(Call& c, Instance& i, const ImageDevice& device) {
  Volume v;
  v.id = c.store.new_id("vol");
  v.snapshot_id = device.snapshot_id;
  v.size_gib = device.volume_size_gib;
  v.type = device.volume_type;
  v.encrypted = device.encrypted;
  v.zone = i.zone;
  v.create_time = c.now;
  v.state = "in-use";
  v.attachments.push_back({i.id, device.device, "attached", c.now, device.delete_on_termination});
  i.volumes.insert(v.id);
  c.changing(c.region.volumes, v.id);
  c.region.volumes.add(std::move(v));
}

/// The devices that an instance starts with: the image's, changed by the request's.
std::vector<ImageDevice> devices_of(const Call& c, const Image* image, const std::string& root) {
  std::vector<ImageDevice> devices;
  if (image) devices = image->devices;
  if (devices.empty()) devices.push_back({.device = root});
  for (Value mapping : c["BlockDeviceMappings"].items()) {
    const std::string name = mapping["DeviceName"].as_string();
    auto at = std::ranges::find(devices, name, &ImageDevice::device);
    if (!mapping["NoDevice"].is_null()) {
      if (at != devices.end()) devices.erase(at);
      continue;
    }
    if (at == devices.end()) at = devices.insert(devices.end(), ImageDevice{.device = name});
    const Value ebs = mapping["Ebs"];
    if (!ebs["SnapshotId"].is_null()) at->snapshot_id = ebs["SnapshotId"].as_string();
    if (!ebs["VolumeSize"].is_null()) at->volume_size_gib = ebs["VolumeSize"].as_integer();
    if (!ebs["VolumeType"].is_null()) at->volume_type = ebs["VolumeType"].as_string();
    if (!ebs["DeleteOnTermination"].is_null()) at->delete_on_termination = ebs["DeleteOnTermination"].as_bool();
    if (!ebs["Encrypted"].is_null()) at->encrypted = ebs["Encrypted"].as_bool();
  }
  std::erase_if(devices, [](const ImageDevice& d) { return !d.virtual_name.empty() || !d.no_device.empty(); });
  return devices;
}

}  // namespace

Outcome run_instances(Call& c) {
  constexpr std::int64_t most_at_once = 1000;
  const std::int64_t least = c["MinCount"].as_integer(), count = std::max(least, c["MaxCount"].as_integer());
  if (least < 1) return missing("MinCount");
  if (count > most_at_once)
    return fault("InstanceLimitExceeded", "You have requested more instances than your limit allows.");
  TRY(const auto image_id, need_text(c, "ImageId"));
  const Image* image = visible_image(c, image_id);
  if (!image) return std::unexpected(no_image(image_id));
  if (image->state != "available")
    return fault("InvalidAMIID.Unavailable", "The image ID '" + image_id + "' is not available");
  TRY(const Tags tags, read_tag_specifications(c, "instance"));
  TRY(const Tags volume_tags, read_tag_specifications(c, "volume"));
  if (c.region.instances.rows.size() + static_cast<std::size_t>(count) > most_resources) {
    return fault("InstanceLimitExceeded", "You have requested more instances than your limit allows.");
  }
  const std::string reservation = c.store.new_id("r");
  std::vector<const Instance*> made;
  const Subnet* subnet = nullptr;
  const std::string subnet_id = c["SubnetId"].as_string();
  const std::string asked_zone = c["Placement"]["AvailabilityZone"].as_string();
  for (const auto& [id, s] : c.region.subnets.rows) {
    if (subnet_id.empty() ? (asked_zone.empty() || s.zone == asked_zone) && s.default_for_zone : id == subnet_id) {
      subnet = &s;
      break;
    }
  }
  if (!subnet && !subnet_id.empty()) {
    return fault("InvalidSubnetID.NotFound", "The subnet ID '" + subnet_id + "' does not exist");
  }
  for (std::int64_t n = 0; n < count; ++n) {
    Instance i;
    i.id = c.store.new_id("i");
    i.image_id = image_id;
    i.type = c["InstanceType"].as_text_or("m1.small");
    i.state = "pending";
    i.zone = subnet ? subnet->zone : asked_zone.empty() ? default_zone(c) : asked_zone;
    i.subnet_id = subnet ? subnet->id : "";
    i.vpc_id = subnet ? subnet->vpc_id : "";
    i.key_name = c["KeyName"].as_string();
    i.private_ip = fmt::format("172.31.{}.{}", c.store.random().below(96), 4 + c.store.random().below(250));
    i.root_device_name = image->root_device_name;
    i.root_device_type = image->root_device_type;
    i.architecture = image->architecture;
    i.platform = image->platform;
    i.reservation_id = reservation;
    i.user_data = c["UserData"].as_string();
    i.profile_arn = c["IamInstanceProfile"]["Arn"].as_string();
    i.launch_time = c.now;
    i.termination_protected = c["DisableApiTermination"].as_bool();
    i.stop_protected = c["DisableApiStop"].as_bool();
    i.ebs_optimized = c["EbsOptimized"].as_bool();
    i.monitoring = c["Monitoring"]["Enabled"].as_bool();
    i.lifecycle = c["InstanceMarketOptions"]["MarketType"].as_string();
    i.tags = tags;
    for (std::string_view id : texts(c["SecurityGroupIds"])) i.security_groups.emplace_back(id);
    if (i.security_groups.empty() && !c.region.security_groups.rows.empty()) {
      i.security_groups.push_back(c.region.security_groups.rows.begin()->first);
    }
    for (const ImageDevice& device : devices_of(c, image, i.root_device_name)) make_volume(c, i, device);
    for (const std::string& id : i.volumes) c.region.volumes.find(id)->tags = volume_tags;
    c.changing(c.region.instances, i.id);
    i.due = c.after(std::chrono::seconds(20));
    Instance& kept = c.region.instances.add(std::move(i));
    c.store.schedule(*kept.due, Due::instance, c.region, kept.id);
    made.push_back(&kept);
  }
  c.out.put("ReservationId", reservation);
  c.out.put("OwnerId", c.account.id);
  c.out.begin_list("Groups");
  c.out.end();
  c.out.begin_list("Instances");
  for (const Instance* i : made) c.out.begin_map(), write_instance(c.out, *i, c.region), c.out.end();
  c.out.end();
  return {};
}

void register_instance_states(Registry& r) {
  r.add("ec2", "RunInstances", run_instances);
  r.add("ec2", "StartInstances", start);
  r.add("ec2", "StopInstances", stop);
  r.add("ec2", "RebootInstances", reboot);
  r.add("ec2", "TerminateInstances", terminate);
}

}  // namespace reeve::sandbox
