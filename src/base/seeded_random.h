#pragma once
#include <cstdint>

#include "base/seams.h"

namespace reeve {

/// Chance that is the same for the same seed, on every machine: SplitMix64 (Steele, Lea, Flood: "Fast splittable
/// pseudorandom number generators", 2014). Not for secrets.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() override {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  /// A stream of its own that does not disturb this one's order any further.
  SeededRandom split() { return SeededRandom(next() ^ 0xA5A5A5A5A5A5A5A5); }

 private:
  std::uint64_t state_;
};

}  // namespace reeve
