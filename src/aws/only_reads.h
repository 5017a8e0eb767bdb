#pragma once
#include <string_view>

#include "base/document.h"

namespace reeve::aws {

/// Whether an operation only reads, by its name: nothing that stays is made, changed or removed by it. What is not
/// known to read counts as changing. `params`: the request's input, for EC2's DryRun.
bool only_reads(std::string_view service, std::string_view operation, Value params);

}  // namespace reeve::aws
