#include "sandbox/service.h"

/// SES v2, with a mailbox that can be read.
namespace reeve::sandbox {

void register_sesv2(Registry&) {}

}  // namespace reeve::sandbox
