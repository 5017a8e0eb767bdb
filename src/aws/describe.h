#pragma once
#include <string>

#include "aws/model.h"

namespace reeve::aws {

/// The parameters of an operation, a line each: name, type, "required", and what an enumeration allows; members of
/// members below them, indented. Empty for an operation that takes none.
std::string describe_parameters(const Operation& operation);

/// Parameters to begin from, as JSON: what is required, filled with values of the right types; where nothing is, one of
/// everything at the top.
std::string parameters_skeleton(const Operation& operation);

}  // namespace reeve::aws
