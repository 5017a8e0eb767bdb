#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "policy/guards/guards.h"

namespace reeve::policy {

/// Snapshots that something names, by id: who names it.
using SnapshotUsers = std::map<std::string, std::string, std::less<>>;

/// Adds the snapshots of a list of block device mappings, as images, templates and launch configurations have them.
void add_users(Value block_device_mappings, const std::string& user, SnapshotUsers& users);

/// Whether a text mentions an id such as "ami-0abc" as a whole word.
bool mentions(std::string_view text, std::string_view id);

}  // namespace reeve::policy
