#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace reeve::cli {

/// Whether a text can be a region at all: lower-case letters, digits and hyphens, as in a host name's label; or "all".
/// Errors: usage.
Result<void> check_region_form(const std::string& region);

/// Whether AWS's table of partitions (`partitions_json`, botocore's) has the region, by name or by a partition's
/// pattern for regions that are newer than the table. Errors: endpoint, with the nearest region.
Result<void> check_region_known(const std::string& region, std::string_view partitions_json);

}  // namespace reeve::cli
