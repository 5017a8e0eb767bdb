#include "sandbox/service.h"

/// S3.
namespace reeve::sandbox {

void register_s3(Registry&) {}

}  // namespace reeve::sandbox
