#include "sandbox/service.h"

/// IAM users.
namespace reeve::sandbox {

void register_iam_users(Registry&) {}

}  // namespace reeve::sandbox
