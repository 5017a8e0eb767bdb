#pragma once
#include <string_view>

#include "base/time.h"

namespace reeve::policy {

/// The tag that protects a resource from every policy.
inline constexpr std::string_view protect_tag = "reeve:protect";

/// Whether a tag's key was meant to be `name` (lower case): whatever its case and the blanks around it. A slip in a
/// protection must not end as none.
bool means_key(std::string_view key, std::string_view name);

/// When a protection ends that was written with a date or a time: a day later. So it reaches to the end of that day,
/// in whatever offset from UTC it was written.
constexpr Time end_of_protection(Time written) { return written + std::chrono::hours(24); }

}  // namespace reeve::policy
