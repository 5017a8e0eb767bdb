#pragma once
#include "sandbox/services/s3.h"

namespace reeve::sandbox {

/// What x-amz-copy-source names.
struct CopySource {
  Place place;
  const ObjectVersion* object;
};
/// Faults: as of reading it, and those of the copy's own conditions.
std::expected<CopySource, Fault> copy_source(Call& c);

}  // namespace reeve::sandbox
