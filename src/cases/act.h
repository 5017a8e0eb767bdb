#pragma once
#include <string>
#include <vector>

#include "aws/flight.h"
#include "policy/judge.h"

namespace reeve::cases {

/// Carries out what a policy's actions would do to what it matched, on recorded answers: no guards, no limits, nothing
/// judged again. Steps that go together in one call are joined as an executor joins them; a row whose step fails ends
/// there. Gives what could not be drafted ("ID: why").
Task<std::vector<std::string>> act(const policy::Policy& policy, std::vector<policy::Candidate>& matched,
                                   policy::Context& context, aws::Flight& flight);

}  // namespace reeve::cases
