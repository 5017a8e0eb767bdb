#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sandbox/listing.h"
#include "sandbox/services/write.h"

/// EBS snapshots: create, copy, describe, share, delete.
namespace reeve::sandbox {

void write_snapshot(Builder& out, const Snapshot& s) {
  out.put("SnapshotId", s.id);
  out.put("VolumeId", s.volume_id);
  out.put("State", s.state);
  out.put_if("StateMessage", s.state_message);
  out.put("StartTime", s.start_time);
  out.put("Progress", s.progress);
  out.put("OwnerId", s.owner_id);
  out.put("Description", s.description);
  out.put("VolumeSize", s.volume_size_gib);
  out.put_if("OwnerAlias", s.owner_alias);
  write_tags(out, s.tags);
  out.put("Encrypted", s.encrypted);
  out.put_if("KmsKeyId", s.kms_key_id);
  out.put("StorageTier", s.storage_tier);
  if (s.restore_expires) out.put("RestoreExpiryTime", *s.restore_expires);
  out.put_if("TransferType", s.transfer_type);
  if (s.completion_time) out.put("CompletionTime", *s.completion_time);
  if (s.full_size_bytes > 0) out.put("FullSnapshotSizeInBytes", s.full_size_bytes);
}

namespace {

constexpr std::array<Field<Snapshot>, 15> fields{{
    {"description", [](const Snapshot& s, TextTest t) { return t(s.description); }},
    {"encrypted", [](const Snapshot& s, TextTest t) { return t(truth(s.encrypted)); }},
    {"owner-alias", [](const Snapshot& s, TextTest t) { return t(s.owner_alias); }},
    {"owner-id", [](const Snapshot& s, TextTest t) { return t(s.owner_id); }},
    {"progress", [](const Snapshot& s, TextTest t) { return t(s.progress); }},
    {"snapshot-id", [](const Snapshot& s, TextTest t) { return t(s.id); }},
    {"start-time", [](const Snapshot& s, TextTest t) { return t(filter_date(s.start_time)); }},
    {"completion-time",
     [](const Snapshot& s, TextTest t) { return s.completion_time && t(filter_date(*s.completion_time)); }},
    {"status", [](const Snapshot& s, TextTest t) { return t(s.state); }},
    {"storage-tier", [](const Snapshot& s, TextTest t) { return t(s.storage_tier); }},
    {"transfer-type", [](const Snapshot& s, TextTest t) { return t(s.transfer_type); }},
    {"volume-id", [](const Snapshot& s, TextTest t) { return t(s.volume_id); }},
    {"volume-size", [](const Snapshot& s, TextTest t) { return t(std::to_string(s.volume_size_gib)); }},
    {"sse-type", [](const Snapshot& s, TextTest t) { return t(s.encrypted ? "sse-kms" : "none"); }},
    {"availability-zone", [](const Snapshot&, TextTest t) { return t(""); }},
}};

/// Whether an account owns a snapshot by one of OwnerIds.
bool owned(const Call& c, const Snapshot& s, const std::vector<std::string_view>& owners) {
  return owners.empty() || std::ranges::any_of(owners, [&](std::string_view owner) {
           return owner == "self" ? s.owner_id == c.account.id
                                  : owner == s.owner_id || (!owner.empty() && owner == s.owner_alias);
         });
}

bool restorable(const Call& c, const Snapshot& s, const std::vector<std::string_view>& users) {
  return users.empty() || std::ranges::any_of(users, [&](std::string_view user) {
           if (user == "all") return s.is_public;
           const std::string_view id = user == "self" ? std::string_view(c.account.id) : user;
           return s.owner_id == id || s.shared_with.contains(id);
         });
}

Outcome describe(Call& c) {
  const auto ids = texts(c["SnapshotIds"]);
  const auto owners = texts(c["OwnerIds"]), users = texts(c["RestorableByUserIds"]);
  for (std::string_view owner : owners) {
    if (owner != "self" && owner != "amazon" && owner != "aws-marketplace" && owner != "aws-backup-vault" &&
        (owner.size() != 12 || !std::ranges::all_of(owner, [](char d) { return d >= '0' && d <= '9'; }))) {
      return fault("InvalidUserID.Malformed", fmt::format("Invalid user id: \"{}\"", owner));
    }
  }
  TRY(const auto filters, read_filters(c["Filters"]));
  TRY(const auto bound, bind(filters, fields));
  TRY(const Page page, read_page(c, !ids.empty()));
  Listed<Snapshot> listed;
  auto keep = [&](const Snapshot& s) { return owned(c, s, owners) && restorable(c, s, users); };
  if (!ids.empty()) {
    for (std::string_view id : ids) {
      const Snapshot* s = visible_snapshot(c, id);
      if (!s) return std::unexpected(no_snapshot(id));
      if (keep(*s) && passes(bound, *s)) listed.rows.push_back(s);
    }
  } else {
    for (const auto& [account_id, account] : c.store.accounts) {
      const bool own = account_id == c.account.id;
      auto region = account.regions.find(c.region.name);
      if (region == account.regions.end()) continue;
      auto sees = [&](const Snapshot& s) {
        return (own || s.is_public || s.shared_with.contains(c.account.id)) && keep(s);
      };
      list_table(c, region->second.snapshots, account_id, page, filters, "snapshot-id", bound, sees, listed);
    }
  }
  c.out.begin_list("Snapshots");
  for (const Snapshot* s : listed.rows) {
    c.out.begin_map();
    write_snapshot(c.out, *s);
    c.out.end();
  }
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

Snapshot made_now(Call& c) {
  Snapshot s;
  s.id = c.store.new_id("snap");
  s.owner_id = c.account.id;
  s.start_time = c.now;
  s.state = "pending";
  s.progress = c.is_aws() ? "0%" : "100%";
  return s;
}

/// Puts a new snapshot into the region; it completes after a time that grows with its size.
Snapshot& keep_new(Call& c, Snapshot s) {
  s.due = c.after(std::chrono::seconds(20 + 2 * s.volume_size_gib));
  c.changing(c.region.snapshots, s.id);
  Snapshot& kept = c.region.snapshots.add(std::move(s));
  c.store.schedule(*kept.due, Due::snapshot, c.region, kept.id);
  return kept;
}

Outcome full(const Call& c) {
  constexpr std::size_t quota = 100'000;  // [EBS user guide, "Quotas"]: snapshots per Region
  if (c.region.snapshots.rows.size() < quota) return {};
  return fault("SnapshotLimitExceeded", "Maximum allowed snapshot limit exceeded.");
}

Snapshot of_volume(Call& c, const Volume& volume, const Tags& tags) {
  Snapshot s = made_now(c);
  s.volume_id = volume.id;
  s.volume_size_gib = volume.size_gib;
  s.full_size_bytes = volume.size_gib * (std::int64_t{1} << 29);
  s.encrypted = volume.encrypted;
  s.kms_key_id = volume.kms_key_id;
  s.description = c["Description"].as_string();
  s.tags = tags;
  return s;
}

Outcome create(Call& c) {
  TRY(const auto volume_id, need_text(c, "VolumeId"));
  const Volume* volume = c.region.volumes.find(volume_id);
  if (!volume) return std::unexpected(no_volume(volume_id));
  TRY(const Tags tags, read_tag_specifications(c, "snapshot"));
  TRY(full(c));
  if (volume->state != "available" && volume->state != "in-use") {
    return fault("IncorrectState", fmt::format("The volume '{}' is '{}'", volume_id, volume->state));
  }
  if (c.is_aws()) {
    for (const auto& [id, s] : c.region.snapshots.rows) {
      if (s.volume_id == volume_id && c.now - s.start_time < std::chrono::seconds(15)) {
        return fault(
            "SnapshotCreationPerVolumeRateExceeded",
            "The maximum per volume CreateSnapshot request rate has been exceeded. Use an increasing or variable "
            "sleep interval between requests.");
      }
    }
  }
  write_snapshot(c.out, keep_new(c, of_volume(c, *volume, tags)));
  return {};
}

/// CreateSnapshots: one of each volume of an instance.
Outcome create_several(Call& c) {
  const Value which = c["InstanceSpecification"];
  const std::string instance_id = which["InstanceId"].as_string();
  const Instance* instance = c.region.instances.find(instance_id);
  if (!instance) return std::unexpected(no_instance(instance_id));
  TRY(const Tags tags, read_tag_specifications(c, "snapshot"));
  TRY(full(c));
  const auto left_out = texts(which["ExcludeDataVolumeIds"]);
  c.out.begin_list("Snapshots");
  for (const std::string& id : instance->volumes) {
    const Volume* volume = c.region.volumes.find(id);
    if (!volume || has(left_out, id)) continue;
    const bool root = std::ranges::any_of(volume->attachments, [&](const Attachment& a) {
      return a.instance_id == instance_id && a.device == instance->root_device_name;
    });
    if (root && which["ExcludeBootVolume"].as_bool()) continue;
    c.out.begin_map();
    write_snapshot(c.out, keep_new(c, of_volume(c, *volume, tags)));
    c.out.end();
  }
  c.out.end();
  return {};
}

Outcome copy(Call& c) {
  TRY(const auto source_region, need_text(c, "SourceRegion"));
  TRY(const auto source_id, need_text(c, "SourceSnapshotId"));
  if (!find_region_facts(source_region)) {
    return fault("InvalidParameterValue", "Value (" + source_region + ") for parameter SourceRegion is invalid.");
  }
  const Snapshot* source = nullptr;
  for (const auto& [id, account] : c.store.accounts) {
    auto region = account.regions.find(source_region);
    if (region == account.regions.end()) continue;
    const Snapshot* found = region->second.snapshots.seen(source_id, c.now);
    if (found && (id == c.account.id || found->is_public || found->shared_with.contains(c.account.id))) source = found;
  }
  if (!source) return std::unexpected(no_snapshot(source_id));
  if (source->state != "completed") {
    return fault("IncorrectState", "The snapshot '" + source_id + "' is not in the completed state.");
  }
  if (source->storage_tier == "archive") {
    return fault("InvalidParameterValue", "Snapshot " + source_id + " is archived and cannot be copied.");
  }
  TRY(const Tags tags, read_tag_specifications(c, "snapshot"));
  TRY(full(c));
  Snapshot s = made_now(c);
  s.volume_id = "vol-ffffffff";  // "an arbitrary volume ID that you should not use for any purpose" [API reference]
  s.transfer_type = c["CompletionDurationMinutes"].is_null() ? "standard" : "time-based";
  s.volume_size_gib = source->volume_size_gib;
  s.full_size_bytes = source->full_size_bytes;
  s.encrypted = source->encrypted || c["Encrypted"].as_bool();
  s.kms_key_id = c["KmsKeyId"].is_null() ? source->kms_key_id : c["KmsKeyId"].as_string();
  s.description = c["Description"].as_string();
  if (s.description.empty()) s.description = "[Copied " + source_id + " from " + source_region + "]";
  s.tags = tags;
  const Snapshot& kept = keep_new(c, std::move(s));
  c.out.put("SnapshotId", kept.id);
  write_tags(c.out, kept.tags);
  return {};
}

Outcome remove(Call& c) {
  TRY(const auto id, need_text(c, "SnapshotId"));
  return delete_snapshot(c, id);
}

/// A snapshot of this account, to change; the faults are those of a stranger's and of none.
std::expected<Snapshot*, Fault> own(Call& c, const std::string& id) {
  if (Snapshot* s = c.region.snapshots.find(id)) return s;
  if (visible_snapshot(c, id)) {
    return fault("OperationNotPermitted", "The snapshot '" + id + "' is not owned by account " + c.account.id, 403);
  }
  return std::unexpected(no_snapshot(id));
}

Outcome describe_attribute(Call& c) {
  TRY(const auto id, need_text(c, "SnapshotId"));
  TRY(const auto attribute, need_text(c, "Attribute"));
  TRY(const Snapshot* s, own(c, id));
  c.out.put("SnapshotId", id);
  if (attribute == "productCodes") {
    c.out.begin_list("ProductCodes");
  } else if (attribute == "createVolumePermission") {
    c.out.begin_list("CreateVolumePermissions");
    if (s->is_public) c.out.begin_map(), c.out.put("Group", "all"), c.out.end();
    for (const std::string& user : s->shared_with) c.out.begin_map(), c.out.put("UserId", user), c.out.end();
  } else {
    return fault("InvalidParameterValue", "Value (" + attribute + ") for parameter attribute is invalid.");
  }
  c.out.end();
  return {};
}

Outcome modify_attribute(Call& c) {
  TRY(const auto id, need_text(c, "SnapshotId"));
  TRY(Snapshot * s, own(c, id));
  if (s->encrypted && s->kms_key_id.empty()) {
    return fault("InvalidParameterValue", "Encrypted snapshots with EBS default key cannot be shared");
  }
  c.changing(c.region.snapshots, id);
  auto change = [&](std::string_view user, std::string_view group, bool add) {
    if (group == "all") s->is_public = add;
    if (user.empty()) return;
    if (add) {
      s->shared_with.emplace(user);
    } else if (auto at = s->shared_with.find(user); at != s->shared_with.end()) {
      s->shared_with.erase(at);
    }
  };
  const Value both = c["CreateVolumePermission"];
  for (Value item : both["Add"].items()) change(item["UserId"].as_text(), item["Group"].as_text(), true);
  for (Value item : both["Remove"].items()) change(item["UserId"].as_text(), item["Group"].as_text(), false);
  const bool add = c["OperationType"].as_text() != "remove";
  for (std::string_view user : texts(c["UserIds"])) change(user, "", add);
  for (std::string_view group : texts(c["GroupNames"])) change("", group, add);
  return {};
}

Outcome reset_attribute(Call& c) {
  TRY(const auto id, need_text(c, "SnapshotId"));
  TRY(Snapshot * s, own(c, id));
  c.changing(c.region.snapshots, id);
  s->is_public = false;
  s->shared_with.clear();
  return {};
}

}  // namespace

Outcome delete_snapshot(Call& c, const std::string& id) {
  TRY(Snapshot * s, own(c, id));
  if (const Image* image = image_with_root(c, id)) {
    return fault("InvalidSnapshot.InUse", fmt::format("The snapshot {} is currently in use by {}", id, image->id));
  }
  if (s->lock) {
    return fault("SnapshotLocked",
                 fmt::format("The snapshot '{}' is locked in {} mode and can't be deleted.", id, s->lock->mode));
  }
  if (s->tags.contains("aws:backup:source-resource")) {
    return fault(
        "InvalidParameterValue",
        "This snapshot is managed by the AWS Backup service and cannot be deleted via EC2 APIs. If you wish to "
        "delete this snapshot, please do so via the Backup console.");
  }
  c.changing(c.region.snapshots, id);
  const auto stay = s->state == "completed" ? bin_stay(c, "EBS_SNAPSHOT", s->tags) : std::nullopt;
  if (stay) {
    c.changing(c.region.snapshots_in_bin, id);
    Snapshot binned = std::move(*s);
    binned.bin = stay;
    binned.fast_restores.clear();  // deletion turns them off, and restoring does not turn them on again
    c.region.snapshots_in_bin.add(std::move(binned));
    c.store.schedule(stay->exits, Due::snapshot_in_bin, c.region, id);
  }
  c.region.snapshots.erase(id);
  return {};
}

void register_ec2_snapshots(Registry& r) {
  r.add("ec2", "DescribeSnapshots", describe);
  r.add("ec2", "CreateSnapshot", create);
  r.add("ec2", "CreateSnapshots", create_several);
  r.add("ec2", "CopySnapshot", copy);
  r.add("ec2", "DeleteSnapshot", remove);
  r.add("ec2", "DescribeSnapshotAttribute", describe_attribute);
  r.add("ec2", "ModifySnapshotAttribute", modify_attribute);
  r.add("ec2", "ResetSnapshotAttribute", reset_attribute);
}

}  // namespace reeve::sandbox
