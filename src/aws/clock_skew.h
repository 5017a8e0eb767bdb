#pragma once
#include <map>
#include <string>
#include <utility>

#include "base/time.h"

namespace reeve::aws {

/// How far AWS's clock is from ours, by service and region, as answers' Date headers say. Engine thread only.
class ClockSkew {
 public:
  /// To add to the local clock to have AWS's; zero until an answer showed more than `tolerance`.
  Duration offset(const std::string& service, const std::string& region) const;
  /// An answer's Date, and the local time half-way between request and answer. True if the two differ by more than
  /// `tolerance` and the offset changed by it.
  bool observe(const std::string& service, const std::string& region, Time date, Time local);
  /// The latest difference that any answer showed (AWS minus local), to the Date header's second; zero before the
  /// first.
  Duration latest() const { return latest_; }
  bool observed() const { return observed_; }

  /// AWS refuses a signature that is five minutes off; corrected before that.
  static constexpr Duration tolerance = std::chrono::minutes(4);

 private:
  std::map<std::pair<std::string, std::string>, Duration> offsets_;
  Duration latest_{0};
  bool observed_ = false;
};

}  // namespace reeve::aws
