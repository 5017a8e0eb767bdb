#pragma once
#include "aws/protocol/codec.h"

namespace reeve::sandbox {

/// How SQS speaks on the wire: JSON, or the query protocol where a request is in a form. Today's model has lost the
/// names that the query protocol used for members and errors; they stand here. Never fails.
Result<const aws::Codec*> sqs_codec(const HttpRequest& request);

}  // namespace reeve::sandbox
