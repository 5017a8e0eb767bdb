#include "estate/snapshots.h"

namespace reeve::estate {
namespace {

constexpr std::string_view no_real_volume = "vol-ffffffff";
// What the console writes for CopySnapshot, and EC2 for the snapshots that CopyImage makes.
constexpr std::string_view copy_descriptions[] = {"[Copied snap-", "Copied for Destination"};

}  // namespace

bool is_copy(Value snapshot) {
  if (!snapshot["TransferType"].as_text().empty()) return true;
  const auto description = snapshot["Description"].as_text();
  for (const auto start : copy_descriptions) {
    if (description.starts_with(start)) return true;
  }
  return false;
}

bool is_foreign(Value snapshot) { return snapshot["VolumeId"].as_text() == no_real_volume; }

std::string_view source_volume(Value snapshot) {
  return is_copy(snapshot) || is_foreign(snapshot) ? std::string_view{} : snapshot["VolumeId"].as_text();
}

bool is_newer(Value a, Value b) {
  const Time start_a = a["StartTime"].as_time(), start_b = b["StartTime"].as_time();
  return start_a != start_b ? start_a > start_b : a["SnapshotId"].as_text() > b["SnapshotId"].as_text();
}

}  // namespace reeve::estate
