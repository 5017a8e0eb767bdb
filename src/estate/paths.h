#pragma once
#include <functional>
#include <string_view>

#include "base/document.h"

namespace reeve::estate {

/// Calls `found(value, around)` for every value that a descriptor's path leads to (member names joined by dots; a list
/// on the way, or at the end, means each of its items). `around` is the map that held the last list passed, or null.
void walk_path(Value from, std::string_view path, const std::function<void(Value value, Value around)>& found);

}  // namespace reeve::estate
