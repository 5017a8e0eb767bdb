#pragma once
#include "cases/run_case.h"

namespace reeve::cases {

/// Compares what came with what is expected and adds what differs to the outcome's reasons. `selected` are the records
/// behind its ids: an expected id may have another form of theirs (an ARN for a name).
void compare(const Case& one, const std::vector<estate::Record>& selected, Outcome& out);

}  // namespace reeve::cases
