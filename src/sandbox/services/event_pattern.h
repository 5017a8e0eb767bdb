#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/document.h"

/// Event patterns of EventBridge and filter policies of SNS: the same language [EventBridge user guide, "Creating event
/// patterns"; SNS developer guide, "Message filtering"].
namespace reeve::sandbox {

/// What is wrong with a pattern, in EventBridge's words; nullopt for a good one.
std::optional<std::string> check_event_pattern(Value pattern);

/// Whether an event matches a checked pattern. Fields of the pattern are and-ed, values of a field or-ed; a field of
/// the event that is a list matches where one of its members does.
bool matches_event_pattern(Value pattern, Value event);

}  // namespace reeve::sandbox
