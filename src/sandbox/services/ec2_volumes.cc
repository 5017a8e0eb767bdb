#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sandbox/listing.h"
#include "sandbox/services/write.h"

/// EBS volumes: create, describe, attach, detach, modify, delete.
namespace reeve::sandbox {

void write_attachment(Builder& out, const std::string& volume_id, const Attachment& a) {
  out.put("VolumeId", volume_id);
  out.put("InstanceId", a.instance_id);
  out.put("Device", a.device);
  out.put("State", a.state);
  out.put("AttachTime", a.attach_time);
  out.put("DeleteOnTermination", a.delete_on_termination);
}

namespace {
bool has_iops(std::string_view type) { return type.starts_with("io") || type == "gp3" || type == "gp2"; }

}  // namespace

void write_operator(Builder& out, const std::string& principal, bool hidden) {
  if (principal.empty()) return;
  out.begin_map("Operator");
  out.put("Managed", true);
  out.put("Principal", principal);
  out.put("HiddenByDefault", hidden);
  out.end();
}

void write_volume(Builder& out, const Volume& v) {
  out.put("VolumeId", v.id);
  out.put("Size", v.size_gib);
  out.put("SnapshotId", v.snapshot_id);
  out.put("AvailabilityZone", v.zone);
  out.put("State", v.state);
  out.put("CreateTime", v.create_time);
  out.begin_list("Attachments");
  for (const Attachment& a : v.attachments) {
    out.begin_map();
    write_attachment(out, v.id, a);
    out.end();
  }
  out.end();
  write_tags(out, v.tags);
  out.put("VolumeType", v.type);
  if (has_iops(v.type)) out.put("Iops", v.iops);
  if (v.type == "gp3") out.put("Throughput", v.throughput);
  out.put("Encrypted", v.encrypted);
  out.put_if("KmsKeyId", v.kms_key_id);
  out.put("MultiAttachEnabled", v.multi_attach);
  write_operator(out, v.operator_principal, v.operator_hidden);
}

namespace {

template <class Get>
bool any_attachment(const Volume& v, TextTest test, Get get) {
  return std::ranges::any_of(v.attachments, [&](const Attachment& a) { return test(get(a)); });
}

constexpr std::array<Field<Volume>, 19> fields{{
    {"attachment.attach-time",
     [](const Volume& v, TextTest t) {
       return any_attachment(v, t, [](const Attachment& a) { return filter_date(a.attach_time); });
     }},
    {"attachment.delete-on-termination",
     [](const Volume& v, TextTest t) {
       return any_attachment(v, t, [](const Attachment& a) { return truth(a.delete_on_termination); });
     }},
    {"attachment.device",
     [](const Volume& v, TextTest t) { return any_attachment(v, t, [](const Attachment& a) { return a.device; }); }},
    {"attachment.instance-id",
     [](const Volume& v, TextTest t) {
       return any_attachment(v, t, [](const Attachment& a) { return a.instance_id; });
     }},
    {"attachment.status",
     [](const Volume& v, TextTest t) { return any_attachment(v, t, [](const Attachment& a) { return a.state; }); }},
    {"availability-zone", [](const Volume& v, TextTest t) { return t(v.zone); }},
    {"create-time", [](const Volume& v, TextTest t) { return t(filter_date(v.create_time)); }},
    {"encrypted", [](const Volume& v, TextTest t) { return t(truth(v.encrypted)); }},
    {"fast-restored", [](const Volume&, TextTest t) { return t("false"); }},
    {"multi-attach-enabled", [](const Volume& v, TextTest t) { return t(truth(v.multi_attach)); }},
    {"operator.managed", [](const Volume& v, TextTest t) { return t(truth(!v.operator_principal.empty())); }},
    {"operator.principal", [](const Volume& v, TextTest t) { return t(v.operator_principal); }},
    {"size", [](const Volume& v, TextTest t) { return t(std::to_string(v.size_gib)); }},
    {"snapshot-id", [](const Volume& v, TextTest t) { return t(v.snapshot_id); }},
    {"status", [](const Volume& v, TextTest t) { return t(v.state); }},
    {"throughput", [](const Volume& v, TextTest t) { return t(std::to_string(v.throughput)); }},
    {"volume-id", [](const Volume& v, TextTest t) { return t(v.id); }},
    {"volume-type", [](const Volume& v, TextTest t) { return t(v.type); }},
    {"iops", [](const Volume& v, TextTest t) { return t(std::to_string(v.iops)); }},
}};

Outcome describe(Call& c) {
  const auto ids = texts(c["VolumeIds"]);
  TRY(const auto filters, read_filters(c["Filters"]));
  TRY(const auto bound, bind(filters, fields));
  TRY(const Page page, read_page(c, !ids.empty()));
  // Managed resources of an account that hides them are left out unless asked for [API reference].
  const bool hidden_too = c["IncludeManagedResources"].as_bool();
  Listed<Volume> listed;
  if (!ids.empty()) {
    for (std::string_view id : ids) {
      const Volume* v = c.region.volumes.seen(id, c.now);
      if (!v) return std::unexpected(no_volume(id));
      if (passes(bound, *v)) listed.rows.push_back(v);
    }
  } else {
    auto keep = [&](const Volume& v) { return hidden_too || !v.operator_hidden; };
    list_table(c, c.region.volumes, c.account.id, page, filters, "volume-id", bound, keep, listed);
  }
  c.out.begin_list("Volumes");
  for (const Volume* v : listed.rows) c.out.begin_map(), write_volume(c.out, *v), c.out.end();
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

Outcome create(Call& c) {
  Volume v;
  v.zone = c["AvailabilityZone"].as_string();
  if (v.zone.empty()) return missing("AvailabilityZone");
  const RegionFacts* facts = find_region_facts(c.region.name);
  if (!v.zone.starts_with(c.region.name) || v.zone.size() != c.region.name.size() + 1 || !facts ||
      facts->zone_letters.find(v.zone.back()) == std::string_view::npos) {
    return fault("InvalidZone.NotFound", "The zone '" + v.zone + "' does not exist.");
  }
  v.snapshot_id = c["SnapshotId"].as_string();
  const Snapshot* source = nullptr;
  if (!v.snapshot_id.empty()) {
    source = visible_snapshot(c, v.snapshot_id);
    if (!source) return std::unexpected(no_snapshot(v.snapshot_id));
    if (source->state != "completed" || source->storage_tier == "archive") {
      return fault("IncorrectState", "The snapshot '" + v.snapshot_id + "' is not in a state to make volumes of.");
    }
  } else if (c["Size"].is_null()) {
    return missing("Size/SnapshotId");
  }
  v.size_gib = c["Size"].is_null() ? source->volume_size_gib : c["Size"].as_integer();
  if (v.size_gib < 1 || v.size_gib > 65536 || (source && v.size_gib < source->volume_size_gib)) {
    return fault("InvalidParameterValue",
                 fmt::format("The volume size is invalid for the request: {} GiB", v.size_gib));
  }
  TRY(v.tags, read_tag_specifications(c, "volume"));
  if (c.region.volumes.rows.size() >= most_resources) {
    return fault("VolumeLimitExceeded", "You have exceeded your maximum volume limit.");
  }
  v.id = c.store.new_id("vol");
  v.type = c["VolumeType"].as_text_or("gp2");
  v.iops = c["Iops"].is_null() ? (v.type == "gp3" ? 3000 : std::max<std::int64_t>(100, 3 * v.size_gib))
                               : c["Iops"].as_integer();
  if (!c["Throughput"].is_null()) v.throughput = c["Throughput"].as_integer();
  v.encrypted = c["Encrypted"].as_bool() || (source && source->encrypted);
  v.kms_key_id = c["KmsKeyId"].is_null() && source ? source->kms_key_id : c["KmsKeyId"].as_string();
  v.multi_attach = c["MultiAttachEnabled"].as_bool();
  v.create_time = c.now;
  v.state = "creating";
  v.due = c.after(std::chrono::seconds(5));
  c.changing(c.region.volumes, v.id);
  Volume& kept = c.region.volumes.add(std::move(v));
  c.store.schedule(*kept.due, Due::volume, c.region, kept.id);
  write_volume(c.out, kept);
  return {};
}

std::expected<Volume*, Fault> own(Call& c) {
  TRY(const auto id, need_text(c, "VolumeId"));
  if (Volume* v = c.region.volumes.find(id); v && v->state != "deleting") return v;
  return std::unexpected(no_volume(id));
}

Outcome remove(Call& c) {
  TRY(Volume * v, own(c));
  if (!v->operator_principal.empty()) {
    return fault("OperationNotPermitted",
                 fmt::format("The volume '{}' is managed by {}.", v->id, v->operator_principal), 403);
  }
  if (!v->attachments.empty()) {
    return fault("VolumeInUse",
                 fmt::format("Volume {} is currently attached to {}", v->id, v->attachments.front().instance_id));
  }
  if (v->state != "available" && v->state != "error") {
    return fault("IncorrectState", fmt::format("The volume '{}' is '{}'.", v->id, v->state));
  }
  remove_volume(c, std::string(v->id));
  return {};
}

Outcome attach(Call& c) {
  TRY(Volume * v, own(c));
  TRY(const auto instance_id, need_text(c, "InstanceId"));
  TRY(const auto device, need_text(c, "Device"));
  Instance* instance = c.region.instances.find(instance_id);
  if (!instance) return std::unexpected(no_instance(instance_id));
  if (v->state != "available" && !(v->multi_attach && v->state == "in-use")) {
    return v->state == "in-use" ? fault("VolumeInUse", v->id + " is already attached to an instance")
                                : fault("IncorrectState", v->id + " is not 'available'.");
  }
  if (instance->state != "running" && instance->state != "stopped") {
    return fault("IncorrectState", "Instance '" + instance_id + "' is not 'running'.");
  }
  if (instance->zone != v->zone) {
    return fault("InvalidVolume.ZoneMismatch",
                 "The volume '" + v->id + "' is not in the same availability zone as instance '" + instance_id + "'");
  }
  for (const std::string& other : instance->volumes) {
    const Volume* taken = c.region.volumes.find(other);
    if (taken && std::ranges::any_of(taken->attachments, [&](const Attachment& a) {
          return a.instance_id == instance_id && a.device == device;
        })) {
      return fault("InvalidParameterValue",
                   "Invalid value '" + device + "' for unixDevice. Attachment point " + device + " is already in use");
    }
  }
  c.changing(c.region.volumes, v->id);
  v->state = "in-use";
  v->attachments.push_back({instance_id, device, "attaching", c.now, false});
  v->due = c.after(std::chrono::seconds(3));
  instance->volumes.insert(v->id);
  c.store.schedule(*v->due, Due::volume, c.region, v->id);
  write_attachment(c.out, v->id, v->attachments.back());
  return {};
}

Outcome detach(Call& c) {
  TRY(Volume * v, own(c));
  const std::string_view instance_id = c["InstanceId"].as_text();
  auto at = std::ranges::find_if(
      v->attachments, [&](const Attachment& a) { return instance_id.empty() || a.instance_id == instance_id; });
  if (at == v->attachments.end()) {
    return fault("IncorrectState", "Volume '" + v->id + "' is in the 'available' state.");
  }
  const Instance* instance = c.region.instances.find(at->instance_id);
  if (instance && instance->state == "running" && instance->root_device_name == at->device) {
    return fault("OperationNotPermitted", v->id + " is the root volume of a running instance");
  }
  c.changing(c.region.volumes, v->id);
  at->state = "detaching";
  v->due = c.after(std::chrono::seconds(3));
  c.store.schedule(*v->due, Due::volume, c.region, v->id);
  write_attachment(c.out, v->id, *at);
  return {};
}

/// ModifyVolume: the change completes at once; its six hours of rest are AWS's.
Outcome modify(Call& c) {
  TRY(Volume * v, own(c));
  if (!c["Size"].is_null() && c["Size"].as_integer() < v->size_gib) {
    return fault("InvalidParameterValue", "New size cannot be smaller than existing size");
  }
  const Volume before = *v;
  c.changing(c.region.volumes, v->id);
  if (!c["Size"].is_null()) v->size_gib = c["Size"].as_integer();
  if (!c["VolumeType"].is_null()) v->type = c["VolumeType"].as_string();
  if (!c["Iops"].is_null()) v->iops = c["Iops"].as_integer();
  if (!c["Throughput"].is_null()) v->throughput = c["Throughput"].as_integer();
  c.out.begin_map("VolumeModification");
  c.out.put("VolumeId", v->id);
  c.out.put("ModificationState", "completed");
  c.out.put("OriginalSize", before.size_gib);
  c.out.put("TargetSize", v->size_gib);
  c.out.put("OriginalVolumeType", before.type);
  c.out.put("TargetVolumeType", v->type);
  c.out.put("OriginalIops", before.iops);
  c.out.put("TargetIops", v->iops);
  c.out.put("Progress", 100);
  c.out.put("StartTime", c.now);
  c.out.put("EndTime", c.now);
  c.out.end();
  return {};
}

}  // namespace

void remove_volume(Call& c, const std::string& id) {
  Volume* v = c.region.volumes.find(id);
  c.changing(c.region.volumes, id);
  if (const auto stay = bin_stay(c, "EBS_VOLUME", v->tags)) {
    c.changing(c.region.volumes_in_bin, id);
    Volume binned = std::move(*v);
    binned.bin = stay;
    c.region.volumes_in_bin.add(std::move(binned));
    c.store.schedule(stay->exits, Due::volume_in_bin, c.region, id);
    c.region.volumes.erase(id);
  } else if (c.is_aws()) {
    v->state = "deleting";
    v->due = c.now + std::chrono::seconds(4);
    c.store.schedule(*v->due, Due::volume, c.region, id);
  } else {
    c.region.volumes.erase(id);
  }
}

void register_ec2_volumes(Registry& r) {
  r.add("ec2", "DescribeVolumes", describe);
  r.add("ec2", "CreateVolume", create);
  r.add("ec2", "DeleteVolume", remove);
  r.add("ec2", "AttachVolume", attach);
  r.add("ec2", "DetachVolume", detach);
  r.add("ec2", "ModifyVolume", modify);
}

}  // namespace reeve::sandbox
