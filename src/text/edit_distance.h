#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace reeve::text {

/// Insertions, deletions, replacements and swaps of neighbours between two texts (optimal string alignment), in bytes.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate that was probably meant by `word`, for "did you mean": the nearest one, without regard to case, if it
/// is near enough (a third of the word, at least one). The first of equals.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string_view> candidates);
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

}  // namespace reeve::text
