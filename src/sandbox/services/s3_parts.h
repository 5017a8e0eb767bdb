#pragma once
#include "sandbox/services/s3.h"

namespace reeve::sandbox {

/// The upload under way that the call's Key and UploadId name. Faults: NoSuchUpload.
std::expected<Upload*, Fault> upload_of(Call& c, const Place& place);

}  // namespace reeve::sandbox
