#pragma once
#include <memory>
#include <optional>
#include <string>

#include "aws/api.h"
#include "aws/checksum_rules.h"
#include "aws/credentials.h"
#include "aws/model.h"
#include "aws/sign.h"
#include "base/seams.h"

/// What the door does with bodies. Inside the room only.
namespace reeve::aws {

/// The member that is the whole body of a message and a stream: a blob, or events. nullptr if there is none.
const Member* streamed_member(const Shape* shape);

/// The parameters of a call as they are encoded: with what the door asks for of itself (a checksum of the answer), and
/// without the body that Request::body is in place of. A null document: as they are. Errors: invalid_params (the
/// operation takes no body of bytes).
Result<Document> params_at_the_door(const ServiceModel& model, const Operation& operation, const Request& request,
                                    ChecksumUse response_checksums);

/// Signs a request with a stream as its body, as S3 or other services want it (S3 API reference: "Authenticating
/// Requests (AWS Signature Version 4)"): S3's over TLS with a checksum behind it and without a hash, over plain http in
/// signed chunks; any other is read once for its hash, unless the model waives it. `trailer`: the checksum to send.
/// Errors: credentials, unsupported (S3 takes no body of unknown size), what the source fails with.
Task<Result<void>> sign_stream(HttpRequest& http, const Credentials& credentials, const SignOptions& options,
                               std::optional<HeldChecksum> trailer);

/// A successful answer's body as a stream, whether it came as one or whole; `http` is left without it.
std::shared_ptr<ByteReader> take_stream(HttpResponse& http);

/// A map by the model without one of its members.
Document without(const ServiceModel& model, Value map, std::string_view member);

}  // namespace reeve::aws
