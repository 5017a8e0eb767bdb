#include "sandbox/service.h"

/// SQS.
namespace reeve::sandbox {

void register_sqs(Registry&) {}

}  // namespace reeve::sandbox
