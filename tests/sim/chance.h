#pragma once
#include "aws/fault_script.h"
#include "base/seeded_random.h"
#include "sim/house.h"

namespace reeve::sim {

/// Policies, variables and limits that a seed plans with.
Wish random_wish(SeededRandom& random);
/// What goes wrong in one phase of a seed's life: up to three rules.
aws::FaultScript random_faults(SeededRandom& random);

}  // namespace reeve::sim
