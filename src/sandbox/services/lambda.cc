#include "sandbox/service.h"

/// Lambda functions as records.
namespace reeve::sandbox {

void register_lambda(Registry&) {}

}  // namespace reeve::sandbox
