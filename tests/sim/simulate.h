#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "sim/house.h"

namespace reeve::sim {

struct SimOptions {
  std::uint64_t seed = 1;
  std::size_t snapshots = 0;  ///< size of the estate; 0: 20 to 120, by the seed
  bool tell = false;          ///< say on standard error what happens
};

/// What a seed's life did, to see that simulations do not pass by doing nothing.
struct Tally {
  std::size_t rows = 0, done = 0, drifted = 0, failed = 0, skipped = 0, undone = 0;
  std::size_t crashes = 0, interrupts = 0, resumes = 0, requests = 0;
};

/// One seed's life: a random estate and policies → plan → the world drifts → apply under faults, Ctrl-C and crashes →
/// restart and resume until nothing is left → undo of a part, the same way → planning again. Returns what broke the
/// invariants of safety.md, section 8: (a) nothing protected is touched, be it by tag or by configuration, (b) every
/// effect has an intent written before, (c) every intent closes, and tells the truth, (d) effects are rows of the plan,
/// (e) at most the limit, (f) with faults off the run finishes, (g) undo gives back what it promised, and finds no
/// drift where there is none; a data set keeps a copy.
std::vector<std::string> simulate(Library& library, const SimOptions& options, Tally& tally);

}  // namespace reeve::sim
