#include "sandbox/service.h"

/// The tagging API over all services.
namespace reeve::sandbox {

void register_tagging(Registry&) {}

}  // namespace reeve::sandbox
