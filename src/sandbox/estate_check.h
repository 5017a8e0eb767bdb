#pragma once
#include <string>
#include <string_view>

#include "base/document.h"
#include "sandbox/estate_io.h"

namespace reeve::sandbox {

/// What no field can tell by its type: ids by their prefix, states and tiers by their words, sizes by their bounds.
/// `item` is a map of the table; `at` its place for people.
void check_resource(std::string_view table, Value item, const std::string& at, EstateProblems& problems);

}  // namespace reeve::sandbox
