#include "sim/picture.h"

#include <fmt/format.h>

#include <algorithm>

namespace reeve::sim {
namespace {

/// Whether its data can be read, and not only until it is archived (again).
bool is_readable(const sandbox::Snapshot& snapshot) {
  const bool leaves = (snapshot.tier && snapshot.tier->status == "archival-in-progress") || snapshot.restore_expires;
  return snapshot.state == "completed" && snapshot.storage_tier != "archive" && !leaves;
}

Thing thing_of(const sandbox::Snapshot& snapshot, bool live) {
  const std::string status = snapshot.tier ? snapshot.tier->status : "";
  const bool leaving = status.starts_with("permanent-restore");
  return {.live = live,
          .archived = !leaving && (snapshot.storage_tier == "archive" || status == "archival-in-progress"),
          .readable = is_readable(snapshot),
          .tags = snapshot.tags,
          .data_set = data_set_of(snapshot),
          .rest = {snapshot.volume_id, snapshot.volume_size_gib, snapshot.start_time, snapshot.description,
                   snapshot.is_public, snapshot.shared_with}};
}

bool names(const sandbox::Image& image, const std::string& id) {
  return std::ranges::any_of(image.devices, [&](const auto& device) { return device.snapshot_id == id; });
}

}  // namespace

Picture picture(const sandbox::Region& region) {
  Picture out;
  for (const auto& [id, snapshot] : region.snapshots_in_bin.rows) out[id] = thing_of(snapshot, false);
  for (const auto& [id, snapshot] : region.snapshots.rows) out[id] = thing_of(snapshot, true);
  return out;
}

std::set<std::string> changed(const Picture& before, const Picture& after) {
  std::set<std::string> out;
  for (const auto& [id, thing] : before) {
    const auto at = after.find(id);
    Thing was = thing;  // the cloud ends its transitions by itself
    if (at != after.end()) was.readable = at->second.readable;
    if (at == after.end() || !(at->second == was)) out.insert(id);
  }
  for (const auto& [id, thing] : after) {
    if (!before.contains(id)) out.insert(id);
  }
  return out;
}

std::string data_set_of(const sandbox::Snapshot& snapshot) {
  const bool copy = !snapshot.transfer_type.empty() || snapshot.description.starts_with("[Copied ") ||
                    snapshot.description.starts_with("Copied ");
  return copy || snapshot.volume_id == "vol-ffffffff" ? "" : snapshot.volume_id;
}

std::set<std::string> data_sets(const Picture& picture) {
  std::set<std::string> out;
  for (const auto& [id, thing] : picture) {
    if (thing.live && thing.readable && !thing.data_set.empty()) out.insert(thing.data_set);
  }
  return out;
}

std::string why_protected(const sandbox::Snapshot& snapshot) {
  for (const auto* key : {"reeve:protect", "cloud-nuke-excluded"}) {
    if (snapshot.tags.contains(key)) return fmt::format("tagged {}", key);
  }
  const auto janitor = snapshot.tags.find("janitor");
  return janitor == snapshot.tags.end() ? "" : "tagged janitor";
}

std::string why_in_use(const sandbox::Region& region, const sandbox::Snapshot& snapshot) {
  for (const auto& [id, image] : region.images.rows) {
    if (names(image, snapshot.id)) return "used by " + id;
  }
  for (const auto& [id, image] : region.images_in_bin.rows) {
    if (names(image, snapshot.id)) return "used by " + id + " in the bin";
  }
  if (snapshot.is_public || !snapshot.shared_with.empty()) return "shared";
  for (const auto& [key, value] : snapshot.tags) {
    if (key.starts_with("aws:backup:")) return "AWS Backup's";
    if (key.starts_with("aws:dlm:")) return "Data Lifecycle Manager's";
  }
  return "";
}

bool took_effect(const policy::Step& step, const Thing& before, const Thing& after) {
  if (step.operation == "DeleteSnapshot") return before.live && !after.live;
  if (step.operation == "ModifySnapshotTier") return !before.archived && after.archived;
  for (const Value tag : step.params["Tags"].items()) {
    const auto at = after.tags.find(tag["Key"].as_text());
    const bool there = at != after.tags.end();
    const bool as_wanted = step.operation == "DeleteTags" ? !there : there && at->second == tag["Value"].as_text();
    if (!as_wanted) return false;
  }
  return true;
}

std::string not_given_back(const policy::Step& step, const Thing& before, const Thing& after) {
  if (!after.live) return "it is not there";
  if (step.operation == "DeleteSnapshot") {
    return after.tags == before.tags && after.rest == before.rest ? "" : "it is not what it was";
  }
  if (step.operation == "ModifySnapshotTier") return after.archived ? "it is still archived" : "";
  for (const Value tag : step.params["Tags"].items()) {
    const auto key = tag["Key"].as_text();
    const auto was = before.tags.find(key), is = after.tags.find(key);
    const bool had = was != before.tags.end(), has = is != after.tags.end();
    if (had != has || (had && was->second != is->second)) {
      return fmt::format("its tag {} was {} and is {}", key, had ? was->second : "absent", has ? is->second : "absent");
    }
  }
  return "";
}

Document text_document(std::string_view text) {
  Builder b;
  b.add(text);
  return b.finish();
}

}  // namespace reeve::sim
