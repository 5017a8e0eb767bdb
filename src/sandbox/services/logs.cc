#include "sandbox/service.h"

/// CloudWatch Logs.
namespace reeve::sandbox {

void register_logs(Registry&) {}

}  // namespace reeve::sandbox
