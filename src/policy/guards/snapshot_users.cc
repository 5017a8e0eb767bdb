#include "policy/guards/snapshot_users.h"

#include <cctype>

namespace reeve::policy {

void add_users(Value block_device_mappings, const std::string& user, SnapshotUsers& users) {
  for (const Value device : block_device_mappings.items()) {
    const auto snapshot = device["Ebs"]["SnapshotId"].as_text();
    if (!snapshot.empty()) users.emplace(snapshot, user);
  }
}

bool mentions(std::string_view text, std::string_view id) {
  for (auto at = text.find(id); at != text.npos; at = text.find(id, at + 1)) {
    const auto end = at + id.size();
    if (end == text.size() || std::isalnum(static_cast<unsigned char>(text[end])) == 0) return true;
  }
  return false;
}

}  // namespace reeve::policy
