#pragma once
#include <span>
#include <string_view>

namespace reeve::aws {

/// The name among `names` that is nearest to `wrong` by edits (letter case costs nothing); empty if none is near enough
/// to be meant (more than a third of the letters, and more than 2, differ).
std::string_view nearest_name(std::string_view wrong, std::span<const std::string_view> names);

}  // namespace reeve::aws
