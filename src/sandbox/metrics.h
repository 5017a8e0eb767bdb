#pragma once
#include <string_view>

#include "sandbox/store.h"

namespace reeve::sandbox {

/// Puts one data point of a metric into the region's CloudWatch, as services do for their own ("AWS/SQS"). `dimensions`
/// by name. `unit` is CloudWatch's ("Count", "Percent"); empty for none.
void put_metric(Region& region, std::string_view metric_namespace, std::string_view name, const Tags& dimensions,
                Time at, double value, std::string_view unit = {});

}  // namespace reeve::sandbox
