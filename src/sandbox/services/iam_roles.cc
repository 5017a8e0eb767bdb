#include "sandbox/service.h"

/// IAM roles, policies and instance profiles.
namespace reeve::sandbox {

void register_iam_roles(Registry&) {}

}  // namespace reeve::sandbox
