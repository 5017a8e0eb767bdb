#include "sandbox/service.h"

/// EventBridge Scheduler.
namespace reeve::sandbox {

void register_scheduler(Registry&) {}

}  // namespace reeve::sandbox
