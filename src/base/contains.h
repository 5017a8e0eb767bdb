#pragma once
#include <algorithm>
#include <ranges>

namespace reeve {

/// Whether a range holds a value (std::ranges::contains of C++23, which this library lacks).
template <class Range, class T>
bool contains(const Range& range, const T& value) {
  return std::ranges::find(range, value) != std::ranges::end(range);
}

}  // namespace reeve
