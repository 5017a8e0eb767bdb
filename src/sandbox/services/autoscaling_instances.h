#pragma once
#include <string_view>

#include "sandbox/store.h"

namespace reeve::sandbox {

/// Has an instance stop ("stopping") or end ("shutting-down") as of `at`: what services do by themselves, without a
/// call of the instance's owner.
void end_instance(Store& store, Region& region, Instance& instance, std::string_view state, Time at);

}  // namespace reeve::sandbox
