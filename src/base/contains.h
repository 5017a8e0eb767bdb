#pragma once
#include <algorithm>
#include <iterator>

namespace reeve {

/// Whether a range holds a value (std::ranges::contains of C++23, which this library lacks).
template <class Range, class T>
bool holds(const Range& range, const T& value) {
  return std::find(std::begin(range), std::end(range), value) != std::end(range);
}

}  // namespace reeve
