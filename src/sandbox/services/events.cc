#include "sandbox/service.h"

/// EventBridge buses and rules.
namespace reeve::sandbox {

void register_events(Registry&) {}

}  // namespace reeve::sandbox
