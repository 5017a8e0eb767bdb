#pragma once
#include <span>

#include "targets.h"

namespace reeve::fuzz {

/// The parsers of what comes over the network, on the client's side and on the server's.
std::span<const Target> wire_targets();

}  // namespace reeve::fuzz
