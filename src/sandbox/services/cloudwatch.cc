#include "sandbox/service.h"

/// CloudWatch: metrics and alarms.
namespace reeve::sandbox {

void register_cloudwatch(Registry&) {}

}  // namespace reeve::sandbox
