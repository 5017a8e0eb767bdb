#include "aws/clock_skew.h"

namespace reeve::aws {

Duration ClockSkew::offset(const std::string& service, const std::string& region) const {
  const auto it = offsets_.find({service, region});
  return it == offsets_.end() ? Duration(0) : it->second;
}

bool ClockSkew::observe(const std::string& service, const std::string& region, Time date, Time local) {
  latest_ = date - local;
  observed_ = true;
  const auto it = offsets_.find({service, region});
  const Duration known = it == offsets_.end() ? Duration(0) : it->second;
  if (std::chrono::abs(latest_ - known) <= tolerance) return false;
  offsets_[{service, region}] = std::chrono::abs(latest_) <= tolerance ? Duration(0) : latest_;
  return true;
}

}  // namespace reeve::aws
