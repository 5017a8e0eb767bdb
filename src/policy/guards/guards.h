#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/guard.h"

namespace reeve::policy {

// One guard a file; the objects have no state and live as long as the program.
const Guard& protected_guard();              // guards/protected.cc
const Guard& images_guard();                 // guards/images.cc
const Guard& launch_templates_guard();       // guards/launch_templates.cc
const Guard& launch_configurations_guard();  // guards/launch_configurations.cc
const Guard& sharing_guard();                // guards/sharing.cc
const Guard& managed_guard();                // guards/managed.cc
const Guard& lock_guard();                   // guards/lock.cc
const Guard& archive_minimum_guard();        // guards/archive_minimum.cc
const Guard& archive_quota_guard();          // guards/archive_quota.cc
const Guard& fast_restore_guard();           // guards/fast_restore.cc
const Guard& recycle_bin_guard();            // guards/recycle_bin.cc

/// Column of recycle_bin_guard: {rule, retention_days, level: "tag"|"region"}, or null where no rule would keep it.
inline constexpr std::string_view recycle_bin_column = "RecycleBin";
/// Column of the tier's state (the kind's), fetched by archive_minimum_guard for archived snapshots.
inline constexpr std::string_view tier_column = "TierStatus";
/// Days for which an archived snapshot is paid at least (EBS User Guide, Archive Amazon EBS snapshots).
inline constexpr int archive_minimum_days = 90;

// --- What guards share
// -------------------------------------------------------------------------------------------------

inline GuardAnswer keep(std::string_view code, std::string message) {
  return {GuardAnswer::Kind::keep, std::string(code), std::move(message), false};
}
/// What protects from silent loss and cannot be read keeps the record.
inline GuardAnswer keep_unknown(std::string message) { return keep("unknown", std::move(message)); }
inline GuardAnswer note(std::string_view code, std::string message) {
  return {GuardAnswer::Kind::note, std::string(code), std::move(message), false};
}
/// What AWS enforces itself, or concerns only price and undo, and cannot be read: the row stays, its undo is none.
inline GuardAnswer note_undo_none(std::string_view code, std::string message) {
  return {GuardAnswer::Kind::note, std::string(code), std::move(message), true};
}
/// The other side does not know the operation: its list is empty, the row notes it, undo counts as none.
inline GuardAnswer note_unsupported(std::string_view operation) {
  return note_undo_none("unsupported", std::string(operation) + " is not known on the other side");
}

/// The items of a listing as guards need them.
struct Listed {
  std::shared_ptr<const estate::Reader::Items> items;  ///< null: it could not be read
  std::string problem;                                 ///< why
  bool unsupported() const { return items && items->unsupported; }
};
Task<Listed> list_items(Context& context, std::string_view service, std::string_view operation, Document params);

}  // namespace reeve::policy
