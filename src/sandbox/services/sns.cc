#include "sandbox/service.h"

/// SNS.
namespace reeve::sandbox {

void register_sns(Registry&) {}

}  // namespace reeve::sandbox
