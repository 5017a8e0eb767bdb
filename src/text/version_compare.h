#pragma once
#include <compare>
#include <optional>
#include <string_view>

namespace reeve::text {

/// Compares two versions as distutils' LooseVersion does: runs of digits are numbers, runs of lower-case letters and
/// what stands between are texts, dots separate. nullopt where a number meets a text in the same place ("1.a" and
/// "1.2"): they cannot be ordered, but they are not equal.
std::optional<std::strong_ordering> compare_versions(std::string_view a, std::string_view b);

}  // namespace reeve::text
