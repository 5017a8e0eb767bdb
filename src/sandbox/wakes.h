#pragma once
#include <cstddef>
#include <optional>
#include <set>
#include <string_view>

#include "sandbox/store.h"

namespace reeve::sandbox {

/// The moments at which a drawer has something to do. A clock that jumps brings the drawer every one of them in turn,
/// between those of other services, so that an alarm acts before the group that it scales goes on.
///
///   settle(store, region, now): const Time at = wakes.take(now).value_or(…); …all that is due by `at`…; wakes.add(…)
class Wakes {
 public:
  /// Has the region's drawer of this name settle at `when`; a moment that is there already is not added again.
  void add(Store& store, const Region& region, std::string_view drawer, Time when) {
    if (moments_.insert(when).second) store.wake(when, region, drawer);
  }
  /// The moment for which the drawer settles now; nullopt where it is woken for none of these: after an estate is
  /// loaded.
  std::optional<Time> take(Time now) {
    if (moments_.empty() || *moments_.begin() > now) return std::nullopt;
    return moments_.extract(moments_.begin()).value();
  }

 private:
  std::set<Time> moments_;
};

/// Bounds what a clock that jumps by years sets off: past it, schedules go on from the new time.
class Burst {
 public:
  static constexpr std::size_t most = 10'000;  ///< firings of one region in one jump
  bool is_over(Time now) {
    if (now_ != now) now_ = now, count_ = 0;
    return ++count_ > most;
  }

 private:
  std::optional<Time> now_;
  std::size_t count_ = 0;
};

}  // namespace reeve::sandbox
