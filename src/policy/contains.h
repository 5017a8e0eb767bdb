#pragma once
#include <algorithm>

namespace reeve::policy {

/// std::ranges::contains, which Debian 12's library lacks.
template <class Range, class T>
bool contains(const Range& range, const T& value) {
  return std::ranges::find(range, value) != std::ranges::end(range);
}

}  // namespace reeve::policy
