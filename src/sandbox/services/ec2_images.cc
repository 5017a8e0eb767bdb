#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sandbox/listing.h"
#include "sandbox/services/write.h"

/// AMIs: describe, register, create, copy, deregister. What changes their attributes is in ec2_image_attributes.cc.
namespace reeve::sandbox {

void write_image(Builder& out, const Image& i) {
  out.put("ImageId", i.id);
  out.put("Name", i.name);
  out.put("Description", i.description);
  out.put("ImageLocation", i.owner_id + "/" + i.name);
  out.put("State", i.state);
  out.put("OwnerId", i.owner_id);
  out.put_if("ImageOwnerAlias", i.owner_alias);
  out.put("CreationDate", filter_date(i.creation_date));
  out.put("Public", i.is_public);
  out.put("Architecture", i.architecture);
  out.put("ImageType", i.image_type);
  out.put_if("Platform", i.platform);
  out.put("PlatformDetails", i.platform == "windows" ? "Windows" : "Linux/UNIX");
  out.put("RootDeviceName", i.root_device_name);
  out.put("RootDeviceType", i.root_device_type);
  out.put("VirtualizationType", i.virtualization_type);
  out.put("Hypervisor", "xen");
  out.put("EnaSupport", true);
  out.put_if("SourceInstanceId", i.source_instance_id);
  out.put_if("SourceImageId", i.source_image_id);
  out.put_if("SourceImageRegion", i.source_image_region);
  out.put("DeregistrationProtection", i.deregistration_protection);
  if (i.deprecation_time) out.put("DeprecationTime", filter_date(*i.deprecation_time));
  if (i.last_launched) out.put("LastLaunchedTime", filter_date(*i.last_launched));
  if (!i.state_reason_code.empty()) {
    out.begin_map("StateReason");
    out.put("Code", i.state_reason_code);
    out.put("Message", i.state_reason_message);
    out.end();
  }
  out.begin_list("BlockDeviceMappings");
  for (const ImageDevice& d : i.devices) {
    out.begin_map();
    out.put("DeviceName", d.device);
    if (!d.virtual_name.empty()) {
      out.put("VirtualName", d.virtual_name);
    } else {
      out.begin_map("Ebs");
      out.put("DeleteOnTermination", d.delete_on_termination);
      out.put_if("SnapshotId", d.snapshot_id);
      out.put("VolumeSize", d.volume_size_gib);
      out.put("VolumeType", d.volume_type);
      out.put("Encrypted", d.encrypted);
      out.end();
    }
    out.end();
  }
  out.end();
  write_tags(out, i.tags);
}

namespace {

template <class Get>
bool any_device(const Image& i, TextTest test, Get get) {
  return std::ranges::any_of(i.devices, [&](const ImageDevice& d) { return test(get(d)); });
}

constexpr std::array<Field<Image>, 22> fields{{
    {"architecture", [](const Image& i, TextTest t) { return t(i.architecture); }},
    {"block-device-mapping.delete-on-termination",
     [](const Image& i, TextTest t) {
       return any_device(i, t, [](const ImageDevice& d) { return truth(d.delete_on_termination); });
     }},
    {"block-device-mapping.device-name",
     [](const Image& i, TextTest t) {
       return any_device(i, t, [](const ImageDevice& d) { return std::string_view(d.device); });
     }},
    {"block-device-mapping.encrypted",
     [](const Image& i, TextTest t) {
       return any_device(i, t, [](const ImageDevice& d) { return truth(d.encrypted); });
     }},
    {"block-device-mapping.snapshot-id",
     [](const Image& i, TextTest t) {
       return any_device(i, t, [](const ImageDevice& d) { return std::string_view(d.snapshot_id); });
     }},
    {"block-device-mapping.volume-type",
     [](const Image& i, TextTest t) {
       return any_device(i, t, [](const ImageDevice& d) { return std::string_view(d.volume_type); });
     }},
    {"creation-date", [](const Image& i, TextTest t) { return t(filter_date(i.creation_date)); }},
    {"description", [](const Image& i, TextTest t) { return t(i.description); }},
    {"hypervisor", [](const Image&, TextTest t) { return t("xen"); }},
    {"image-id", [](const Image& i, TextTest t) { return t(i.id); }},
    {"image-type", [](const Image& i, TextTest t) { return t(i.image_type); }},
    {"is-public", [](const Image& i, TextTest t) { return t(truth(i.is_public)); }},
    {"name", [](const Image& i, TextTest t) { return t(i.name); }},
    {"owner-alias", [](const Image& i, TextTest t) { return t(i.owner_alias); }},
    {"owner-id", [](const Image& i, TextTest t) { return t(i.owner_id); }},
    {"platform", [](const Image& i, TextTest t) { return t(i.platform); }},
    {"root-device-name", [](const Image& i, TextTest t) { return t(i.root_device_name); }},
    {"root-device-type", [](const Image& i, TextTest t) { return t(i.root_device_type); }},
    {"source-instance-id", [](const Image& i, TextTest t) { return t(i.source_instance_id); }},
    {"source-image-id", [](const Image& i, TextTest t) { return t(i.source_image_id); }},
    {"state", [](const Image& i, TextTest t) { return t(i.state); }},
    {"virtualization-type", [](const Image& i, TextTest t) { return t(i.virtualization_type); }},
}};

Outcome describe(Call& c) {
  const auto ids = texts(c["ImageIds"]), owners = texts(c["Owners"]), users = texts(c["ExecutableUsers"]);
  TRY(const auto filters, read_filters(c["Filters"]));
  TRY(const auto bound, bind(filters, fields));
  TRY(const Page page, read_page(c, !ids.empty(), 1));
  const bool deprecated_too = c["IncludeDeprecated"].as_bool(), disabled_too = c["IncludeDisabled"].as_bool();
  auto keep = [&](const Image& i) {
    const bool own = i.owner_id == c.account.id;
    if (i.state == "disabled" && (!disabled_too || !own)) return false;
    if (i.deprecation_time && *i.deprecation_time <= c.now && !own && !deprecated_too) return false;
    if (!owners.empty() && std::ranges::none_of(owners, [&](std::string_view owner) {
          return owner == "self" ? own && i.owner_alias.empty()
                                 : owner == i.owner_id || (!owner.empty() && owner == i.owner_alias);
        })) {
      return false;
    }
    return users.empty() || std::ranges::any_of(users, [&](std::string_view user) {
             return user == "all" ? i.is_public
                                  : i.shared_with.contains(user == "self" ? std::string_view(c.account.id) : user);
           });
  };
  Listed<Image> listed;
  if (!ids.empty()) {
    for (std::string_view id : ids) {
      const Image* i = visible_image(c, id);
      if (!i) return std::unexpected(no_image(id));
      if (keep(*i) && passes(bound, *i)) listed.rows.push_back(i);
    }
  } else {
    for (const auto& [account_id, account] : c.store.accounts) {
      const bool own = account_id == c.account.id;
      auto region = account.regions.find(c.region.name);
      if (region == account.regions.end()) continue;
      auto sees = [&](const Image& i) {
        return (own || i.is_public || i.shared_with.contains(c.account.id)) && keep(i);
      };
      list_table(c, region->second.images, account_id, page, filters, "image-id", bound, sees, listed);
    }
  }
  c.out.begin_list("Images");
  for (const Image* i : listed.rows) c.out.begin_map(), write_image(c.out, *i), c.out.end();
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

Outcome name_is_free(const Call& c, const std::string& name) {
  for (const auto& [id, image] : c.region.images.rows) {
    if (image.name == name) {
      return fault("InvalidAMIName.Duplicate", fmt::format("AMI name {} is already in use by AMI {}", name, id));
    }
  }
  if (c.region.images.rows.size() >= most_resources) return fault("AMILimitExceeded", "Too many AMIs.");
  return {};
}

Image& keep_new(Call& c, Image i) {
  i.owner_id = c.account.id;
  i.creation_date = c.now;
  i.state = "pending";
  i.due = c.after(std::chrono::minutes(2));
  c.changing(c.region.images, i.id);
  Image& kept = c.region.images.add(std::move(i));
  c.store.schedule(*kept.due, Due::image, c.region, kept.id);
  c.out.put("ImageId", kept.id);
  return kept;
}

Outcome register_image(Call& c) {
  TRY(const auto name, need_text(c, "Name"));
  TRY(name_is_free(c, name));
  Image i;
  i.name = name;
  i.description = c["Description"].as_string();
  i.architecture = c["Architecture"].as_text_or("x86_64");
  i.root_device_name = c["RootDeviceName"].as_text_or("/dev/sda1");
  i.virtualization_type = c["VirtualizationType"].as_text_or("paravirtual");
  for (Value mapping : c["BlockDeviceMappings"].items()) {
    const Value ebs = mapping["Ebs"];
    ImageDevice d{.device = mapping["DeviceName"].as_string()};
    d.virtual_name = mapping["VirtualName"].as_string();
    d.snapshot_id = ebs["SnapshotId"].as_string();
    const Snapshot* snapshot = nullptr;
    if (!d.snapshot_id.empty()) {
      snapshot = visible_snapshot(c, d.snapshot_id);
      if (!snapshot) return std::unexpected(no_snapshot(d.snapshot_id));
      if (snapshot->storage_tier == "archive") {
        return fault("InvalidParameterValue", "The snapshot '" + d.snapshot_id + "' is archived.");
      }
    }
    d.volume_size_gib = !ebs["VolumeSize"].is_null() ? ebs["VolumeSize"].as_integer()
                        : snapshot                   ? snapshot->volume_size_gib
                                                     : 8;
    d.volume_type = ebs["VolumeType"].as_text_or("gp2");
    d.delete_on_termination = ebs["DeleteOnTermination"].is_null() || ebs["DeleteOnTermination"].as_bool();
    d.encrypted = snapshot && snapshot->encrypted;
    i.devices.push_back(std::move(d));
  }
  TRY(i.tags, read_tag_specifications(c, "image"));
  i.id = c.store.new_id("ami");
  keep_new(c, std::move(i)).state = "available";
  return {};
}

/// A completed snapshot behind a new image's device.
std::string image_snapshot(Call& c, const std::string& volume_id, std::int64_t size_gib, bool encrypted,
                           std::string description, std::string transfer_type, const Tags& tags) {
  Snapshot s;
  s.id = c.store.new_id("snap");
  s.volume_id = volume_id;
  s.volume_size_gib = size_gib;
  s.full_size_bytes = size_gib * (std::int64_t{1} << 29);
  s.encrypted = encrypted;
  s.description = std::move(description);
  s.transfer_type = std::move(transfer_type);
  s.owner_id = c.account.id;
  s.start_time = c.now;
  s.state = "pending";
  s.due = c.after(std::chrono::minutes(2));
  s.tags = tags;
  c.store.schedule(*s.due, Due::snapshot, c.region, s.id);
  return c.region.snapshots.add(std::move(s)).id;
}

Outcome create(Call& c) {
  TRY(const auto instance_id, need_text(c, "InstanceId"));
  TRY(const auto name, need_text(c, "Name"));
  const Instance* instance = c.region.instances.find(instance_id);
  if (!instance) return std::unexpected(no_instance(instance_id));
  if (instance->state != "running" && instance->state != "stopped") {
    return fault("IncorrectState", "The instance '" + instance_id + "' is '" + instance->state + "'.");
  }
  TRY(name_is_free(c, name));
  TRY(const Tags snapshot_tags, read_tag_specifications(c, "snapshot"));
  Image i;
  TRY(i.tags, read_tag_specifications(c, "image"));
  i.id = c.store.new_id("ami");
  i.name = name;
  i.description = c["Description"].as_string();
  i.architecture = instance->architecture;
  i.platform = instance->platform;
  i.root_device_name = instance->root_device_name;
  i.source_instance_id = instance_id;
  for (const std::string& volume_id : instance->volumes) {
    const Volume* v = c.region.volumes.find(volume_id);
    if (!v) continue;
    for (const Attachment& a : v->attachments) {
      if (a.instance_id != instance_id) continue;
      i.devices.push_back({.device = a.device,
                           .snapshot_id = image_snapshot(
                               c, volume_id, v->size_gib, v->encrypted,
                               fmt::format("Created by CreateImage({}) for {}", instance_id, i.id), "", snapshot_tags),
                           .volume_type = v->type,
                           .volume_size_gib = v->size_gib,
                           .delete_on_termination = a.delete_on_termination,
                           .encrypted = v->encrypted});
    }
  }
  keep_new(c, std::move(i));
  return {};
}

Outcome copy(Call& c) {
  TRY(const auto source_id, need_text(c, "SourceImageId"));
  TRY(const auto source_region, need_text(c, "SourceRegion"));
  TRY(const auto name, need_text(c, "Name"));
  const Image* source = nullptr;
  for (const auto& [id, account] : c.store.accounts) {
    auto region = account.regions.find(source_region);
    if (region == account.regions.end()) continue;
    const Image* found = region->second.images.seen(source_id, c.now);
    if (found && (id == c.account.id || found->is_public || found->shared_with.contains(c.account.id))) source = found;
  }
  if (!source) return std::unexpected(no_image(source_id));
  TRY(name_is_free(c, name));
  TRY(const Tags snapshot_tags, read_tag_specifications(c, "snapshot"));
  Image i = *source;
  i.tags.clear();
  if (c["CopyImageTags"].as_bool()) i.tags = source->tags;
  TRY(const Tags tags, read_tag_specifications(c, "image"));
  TRY(merge_tags(i.tags, tags));
  i.id = c.store.new_id("ami");
  i.name = name;
  i.description = c["Description"].is_null() ? source->description : c["Description"].as_string();
  i.is_public = false;
  i.shared_with.clear();
  i.deprecation_time.reset();
  i.source_image_id = source_id;
  i.source_image_region = source_region;
  i.source_instance_id.clear();
  for (ImageDevice& d : i.devices) {
    if (d.snapshot_id.empty()) continue;
    d.encrypted |= c["Encrypted"].as_bool();
    d.snapshot_id = image_snapshot(c, "vol-ffffffff", d.volume_size_gib, d.encrypted,
                                   fmt::format("Copied for DestinationAmi {} from SourceAmi {} for SourceSnapshot {}.",
                                               i.id, source_id, d.snapshot_id),
                                   "standard", snapshot_tags);
  }
  keep_new(c, std::move(i));
  return {};
}

Outcome deregister(Call& c) {
  TRY(const auto id, need_text(c, "ImageId"));
  Image* i = c.region.images.find(id);
  if (!i && visible_image(c, id)) {
    return fault("AuthFailure", "Not authorized for image:" + id, 403);
  }
  if (!i) return std::unexpected(no_image(id));
  if (i->deregistration_protection.starts_with("enabled")) {
    return fault("OperationNotPermitted", "The image '" + id + "' has deregistration protection.", 403);
  }
  if (i->owner_alias == "aws-backup-vault" || i->tags.contains("aws:backup:source-resource")) {
    return fault(
        "InvalidParameterValue",
        "This image is managed by the AWS Backup service and cannot be deregistered via EC2 APIs. If you wish to "
        "delete this image, please do so via the Backup console.");
  }
  std::vector<std::string> snapshots;
  for (const ImageDevice& d : i->devices) {
    if (!d.snapshot_id.empty()) snapshots.push_back(d.snapshot_id);
  }
  c.changing(c.region.images, id);
  if (const auto stay = bin_stay(c, "EC2_IMAGE", i->tags)) {
    c.changing(c.region.images_in_bin, id);
    Image binned = std::move(*i);
    binned.bin = stay;
    c.region.images_in_bin.add(std::move(binned));
    c.store.schedule(stay->exits, Due::image_in_bin, c.region, id);
  }
  c.region.images.erase(id);
  c.out.put("Return", true);
  if (!c["DeleteAssociatedSnapshots"].as_bool()) return {};
  c.out.begin_list("DeleteSnapshotResults");
  for (const std::string& snapshot_id : snapshots) {
    const bool elsewhere = std::ranges::any_of(c.region.images.rows, [&](const auto& row) {
      return std::ranges::any_of(row.second.devices,
                                 [&](const ImageDevice& d) { return d.snapshot_id == snapshot_id; });
    });
    c.out.begin_map();
    c.out.put("SnapshotId", snapshot_id);
    c.out.put("ReturnCode", elsewhere ? "skipped" : delete_snapshot(c, snapshot_id) ? "success" : "client-error");
    c.out.end();
  }
  c.out.end();
  return {};
}

}  // namespace

void register_ec2_images(Registry& r) {
  r.add("ec2", "DescribeImages", describe);
  r.add("ec2", "RegisterImage", register_image);
  r.add("ec2", "CreateImage", create);
  r.add("ec2", "CopyImage", copy);
  r.add("ec2", "DeregisterImage", deregister);
  register_image_attributes(r);
}

}  // namespace reeve::sandbox
