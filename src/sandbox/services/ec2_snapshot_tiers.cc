#include <fmt/format.h>

#include <array>

#include "sandbox/listing.h"

/// The archive tier and fast snapshot restore.
namespace reeve::sandbox {
namespace {

std::expected<Snapshot*, Fault> own(Call& c, const std::string& id) {
  if (Snapshot* s = c.region.snapshots.find(id)) return s;
  return std::unexpected(no_snapshot(id));
}

/// Tier changes under way in the account's region whose status begins so.
std::size_t under_way(const Call& c, std::string_view part) {
  std::size_t count = 0;
  for (const auto& [id, s] : c.region.snapshots.rows) {
    count +=
        s.tier && s.tier->status.find(part) != std::string::npos && s.tier->status.ends_with("in-progress") ? 1 : 0;
  }
  return count;
}

/// A registered image that has the snapshot behind any of its devices; disabled ones don't count [EBS user guide,
/// "Considerations and limitations for archiving"].
const Image* image_with(const Call& c, const std::string& id) {
  for (const auto& [image_id, image] : c.region.images.rows) {
    if (image.state == "disabled") continue;
    for (const ImageDevice& device : image.devices) {
      if (device.snapshot_id == id) return &image;
    }
  }
  return nullptr;
}

Outcome archive(Call& c) {
  constexpr std::size_t quota = 25;  // [EBS user guide, "Quotas"]: archives in progress
  TRY(const auto id, need_text(c, "SnapshotId"));
  if (const auto tier = c["StorageTier"].as_text_or("archive"); tier != "archive") {
    return fault("InvalidParameterValue", fmt::format("Value ({}) for parameter StorageTier is invalid.", tier));
  }
  TRY(Snapshot * s, own(c, id));
  if (s->state != "completed")
    return fault("IncorrectState", "The snapshot '" + id + "' is not in the completed state.");
  if (s->storage_tier == "archive") return fault("IncorrectState", "The snapshot '" + id + "' is already archived.");
  if (s->tier && s->tier->status.ends_with("in-progress")) {
    return fault("IncorrectState", "The tier of the snapshot '" + id + "' is being changed.");
  }
  if (const Image* image = image_with(c, id)) {
    return fault("InvalidSnapshot.InUse", fmt::format("The snapshot {} is currently in use by {}", id, image->id));
  }
  if (s->tags.contains("aws:backup:source-resource")) {
    return fault("InvalidParameterValue", "The snapshot '" + id + "' is managed by AWS Backup and cannot be archived.");
  }
  if (under_way(c, "archival") >= quota) {
    return fault("ConcurrentSnapshotLimitExceeded",
                 fmt::format("The limit of {} concurrent snapshot archives has been reached.", quota));
  }
  c.changing(c.region.snapshots, id);
  s->tier = TierChange{"archival-in-progress", c.now, 0, ""};
  s->fast_restores.clear();
  s->due = c.after(std::chrono::hours(1 + static_cast<int>(c.store.random().below(23))));
  c.store.schedule(*s->due, Due::snapshot, c.region, id);
  c.out.put("SnapshotId", id);
  c.out.put("TieringStartTime", c.now);
  return {};
}

Outcome restore(Call& c) {
  constexpr std::size_t quota = 5;  // [EBS user guide, "Quotas"]: restores in progress
  TRY(const auto id, need_text(c, "SnapshotId"));
  TRY(Snapshot * s, own(c, id));
  const bool permanent = c["PermanentRestore"].as_bool();
  const std::int64_t days = c["TemporaryRestoreDays"].as_integer();
  if (permanent == (days != 0)) {
    return fault("InvalidParameterCombination", "Specify either PermanentRestore or TemporaryRestoreDays.");
  }
  if (!permanent && (days < 1 || days > 180)) {
    return fault("InvalidParameterValue", "TemporaryRestoreDays must be from 1 to 180.");
  }
  const bool temporary_now = s->tier && s->tier->status == "temporary-restore-completed";
  if (s->storage_tier != "archive" && !temporary_now) {
    return fault("IncorrectState", "The snapshot '" + id + "' is not archived.");
  }
  if (s->tier && s->tier->status.ends_with("in-progress")) {
    return fault("IncorrectState", "The tier of the snapshot '" + id + "' is being changed.");
  }
  if (under_way(c, "restore") >= quota) {
    return fault("ConcurrentSnapshotLimitExceeded",
                 fmt::format("The limit of {} concurrent snapshot restores has been reached.", quota));
  }
  c.changing(c.region.snapshots, id);
  // One that is restored for a time already only gets another time, or stays.
  const Duration takes =
      temporary_now ? Duration(0) : Duration(std::chrono::hours(24 + static_cast<int>(c.store.random().below(48))));
  s->tier = TierChange{permanent ? "permanent-restore-in-progress" : "temporary-restore-in-progress", c.now, 0, ""};
  s->due = c.after(takes);
  if (permanent) {
    s->restore_expires.reset();
  } else {
    s->restore_expires = *s->due + std::chrono::hours(24 * days);
  }
  c.store.schedule(*s->due, Due::snapshot, c.region, id);
  c.out.put("SnapshotId", id);
  c.out.put("RestoreStartTime", c.now);
  if (!permanent) c.out.put("RestoreDuration", days);
  c.out.put("IsPermanentRestore", permanent);
  return {};
}

constexpr std::array<Field<Snapshot>, 3> tier_fields{{
    {"snapshot-id", [](const Snapshot& s, TextTest t) { return t(s.id); }},
    {"volume-id", [](const Snapshot& s, TextTest t) { return t(s.volume_id); }},
    {"last-tiering-operation", [](const Snapshot& s, TextTest t) { return s.tier && t(s.tier->status); }},
}};

Outcome describe_tiers(Call& c) {
  TRY(const auto filters, read_filters(c["Filters"]));
  TRY(const auto bound, bind(filters, tier_fields));
  TRY(const Page page, read_page(c, false));
  Listed<Snapshot> listed;
  list_table(
      c, c.region.snapshots, c.account.id, page, filters, "snapshot-id", bound, [](const Snapshot&) { return true; },
      listed);
  c.out.begin_list("SnapshotTierStatuses");
  for (const Snapshot* s : listed.rows) {
    c.out.begin_map();
    c.out.put("SnapshotId", s->id);
    c.out.put("VolumeId", s->volume_id);
    c.out.put("Status", s->state);
    c.out.put("OwnerId", s->owner_id);
    write_tags(c.out, s->tags);
    c.out.put("StorageTier", s->storage_tier);
    if (s->tier) {
      c.out.put("LastTieringStartTime", s->tier->started);
      c.out.put("LastTieringProgress", s->tier->progress);
      c.out.put("LastTieringOperationStatus", s->tier->status);
      c.out.put_if("LastTieringOperationStatusDetail", s->tier->detail);
    }
    if (s->last_archived) c.out.put("ArchivalCompleteTime", *s->last_archived);
    if (s->restore_expires) c.out.put("RestoreExpiryTime", *s->restore_expires);
    c.out.end();
  }
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

// --- fast restore
// -----------------------------------------------------------------------------------------------------

/// One zone of one snapshot, as answers show it.
struct RestoreRow {
  std::string id;  ///< "snap-…/us-east-1a", for pages
  std::string snapshot, zone, owner;
  FastRestore restore;
  Tags tags;
};

void write_restore(Builder& out, const RestoreRow& row) {
  out.put("SnapshotId", row.snapshot);
  out.put("AvailabilityZone", row.zone);
  out.put("State", row.restore.state);
  out.put("StateTransitionReason", row.restore.state == "enabled" ? "Client.UserInitiated - Lifecycle state transition"
                                                                  : "Client.UserInitiated");
  out.put("OwnerId", row.owner);
  if (row.restore.state == "enabled") out.put("EnabledTime", row.restore.since);
  if (row.restore.state == "enabling") out.put("EnablingTime", row.restore.since);
  if (row.restore.state == "optimizing") out.put("OptimizingTime", row.restore.since);
  if (row.restore.state == "disabling") out.put("DisablingTime", row.restore.since);
}

Outcome change_restores(Call& c, bool enable) {
  constexpr std::size_t quota = 5;  // [EBS user guide, "Quotas"]: snapshots with fast restore in a Region
  const auto ids = texts(c["SourceSnapshotIds"]), zones = texts(c["AvailabilityZones"]);
  if (ids.empty()) return missing("SourceSnapshotId");
  if (zones.empty()) return missing("AvailabilityZone");
  std::vector<RestoreRow> done;
  std::vector<std::array<std::string, 4>> failed;  // snapshot, zone, code, message
  for (std::string_view id : ids) {
    const std::string key(id);
    Snapshot* s = c.region.snapshots.find(id);
    for (std::string_view zone : zones) {
      const std::string z(zone);
      std::size_t used = 0;
      for (const auto& [other, row] : c.region.snapshots.rows) used += row.fast_restores.empty() ? 0 : 1;
      if (!s) {
        failed.push_back({key, z, no_snapshot(id).code, no_snapshot(id).message});
      } else if (enable && s->fast_restores.empty() && used >= quota) {
        failed.push_back(
            {key, z, "FastSnapshotRestoreLimitExceeded", "The fast snapshot restore limit has been exceeded."});
      } else if (enable && s->storage_tier == "archive") {
        failed.push_back({key, z, "InvalidParameterValue", "Archived snapshots cannot be enabled."});
      } else if (!enable && !s->fast_restores.contains(z)) {
        failed.push_back({key, z, "InvalidParameterValue", "Fast snapshot restore is not enabled in this zone."});
      } else {
        c.changing(c.region.snapshots, key);
        FastRestore& restore = s->fast_restores[z];
        restore = {enable ? (c.is_aws() ? "enabling" : "enabled") : "disabling", c.now};
        done.push_back({"", key, z, s->owner_id, restore, {}});
        if (!enable && !c.is_aws()) s->fast_restores.erase(z);
        c.store.schedule(c.now, Due::snapshot, c.region, key);
      }
    }
  }
  c.out.begin_list("Successful");
  for (const RestoreRow& row : done) c.out.begin_map(), write_restore(c.out, row), c.out.end();
  c.out.end();
  c.out.begin_list("Unsuccessful");
  for (const auto& [id, zone, code, message] : failed) {
    c.out.begin_map();
    c.out.put("SnapshotId", id);
    c.out.begin_list("FastSnapshotRestoreStateErrors");
    c.out.begin_map();
    c.out.put("AvailabilityZone", zone);
    c.out.begin_map("Error");
    c.out.put("Code", code);
    c.out.put("Message", message);
    c.out.end();
    c.out.end();
    c.out.end();
    c.out.end();
  }
  c.out.end();
  return {};
}

Outcome enable_restores(Call& c) { return change_restores(c, true); }
Outcome disable_restores(Call& c) { return change_restores(c, false); }

constexpr std::array<Field<RestoreRow>, 4> restore_fields{{
    {"availability-zone", [](const RestoreRow& r, TextTest t) { return t(r.zone); }},
    {"owner-id", [](const RestoreRow& r, TextTest t) { return t(r.owner); }},
    {"snapshot-id", [](const RestoreRow& r, TextTest t) { return t(r.snapshot); }},
    {"state", [](const RestoreRow& r, TextTest t) { return t(r.restore.state); }},
}};

Outcome describe_restores(Call& c) {
  TRY(const auto filters, read_filters(c["Filters"]));
  TRY(const auto bound, bind(filters, restore_fields));
  TRY(const Page page, read_page(c, false, 0, 200));
  Table<RestoreRow> all;
  c.region.snapshots.each_seen(c.now, "", [&](const Snapshot& s) {
    for (const auto& [zone, restore] : s.fast_restores) {
      all.add({s.id + "/" + zone, s.id, zone, s.owner_id, restore, {}});
    }
    return true;
  });
  Listed<RestoreRow> listed;
  list_table(c, all, c.account.id, page, filters, "", bound, [](const RestoreRow&) { return true; }, listed);
  c.out.begin_list("FastSnapshotRestores");
  for (const RestoreRow* row : listed.rows) c.out.begin_map(), write_restore(c.out, *row), c.out.end();
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

}  // namespace

void register_ec2_snapshot_tiers(Registry& r) {
  r.add("ec2", "ModifySnapshotTier", archive);
  r.add("ec2", "RestoreSnapshotTier", restore);
  r.add("ec2", "DescribeSnapshotTierStatus", describe_tiers);
  r.add("ec2", "EnableFastSnapshotRestores", enable_restores);
  r.add("ec2", "DisableFastSnapshotRestores", disable_restores);
  r.add("ec2", "DescribeFastSnapshotRestores", describe_restores);
}

}  // namespace reeve::sandbox
