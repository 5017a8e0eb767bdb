#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/model.h"
#include "aws/protocol/codec.h"
#include "aws/protocol/tape.h"
#include "base/document.h"
#include "base/result.h"

namespace reeve::aws {

/// The bindings of members to a URI, a query string, headers and a status (Smithy: "HTTP binding traits"), as the REST
/// protocols share them.

using Headers = std::vector<std::pair<std::string, std::string>>;

/// Fills the target (labels, query string) and headers of a request. Errors: invalid_params (an empty label).
Result<void> write_bindings(const ServiceModel& model, const Operation& operation, Value params,
                            std::string_view idempotency_token, EncodedRequest& request);

/// Fills the headers and the status of an answer.
void write_response_bindings(const Shape& shape, Value result, const Keys* keys, HttpResponse& response);

/// Puts members bound to headers and status on the tape; `status` 0 for a request. Errors: malformed.
Result<void> read_header_bindings(Tape& tape, const Shape& shape, const Headers& headers, int status);

/// Puts members bound to the path and the query string on the tape. Errors: malformed.
Result<void> read_target_bindings(Tape& tape, const Operation& operation, std::string_view target);

/// The operation whose method and URI template fit the request and whose required parameters and headers it has; the
/// one with the most of these and of fixed parts where several do, and rather one that is not deprecated. nullptr if
/// there is none.
const Operation* route_by_target(const ServiceModel& model, const HttpRequest& request);

/// The member that is the whole body; nullptr if the members share it.
const Member* payload_of(const Shape& shape);
/// Whether any member stands in the body.
bool has_body_members(const Shape& shape);
/// Whether that member is bytes or a text that are the body as they are.
bool is_raw(const Member& payload);
/// Puts such a member on the tape; an empty body counts as absent.
void read_raw_payload(Tape& tape, std::string_view body, const Member& payload);

/// Adds a content type where there is one to say and the members have not said it.
void add_content_type(Headers& headers, std::string_view type);

}  // namespace reeve::aws
