#pragma once
#include <string>
#include <string_view>

#include "aws/model.h"
#include "aws/protocol/codec.h"
#include "base/document.h"
#include "base/result.h"
#include "base/seams.h"

namespace reeve::aws {

/// A body followed by 64 zero bytes: the answer's own where it has them, else a copy in `storage`.
std::string_view padded(const std::string& body, std::string& storage);

/// An operation's host prefix with its labels filled in from params. Errors: invalid_params.
Result<std::string> fill_host_prefix(const ServiceModel& model, const Operation& operation, Value params);

/// The modelled error shape of this code: the operation's, else the service's; nullptr if there is none.
const Shape* find_error(const ServiceModel& model, const Operation& operation, std::string_view code);

/// Sets code, message and request id from an XML error document in any of AWS's forms: EC2's
/// <Response><Errors><Error>, query's <ErrorResponse><Error>, S3's <Error>. `is_document` tells whether it was one.
void read_xml_error(std::string_view body, WireError& error);

/// What awsQueryCompatible services add to errors of their newer protocols: the code that the query protocol used, in
/// the header x-amzn-query-error as "code;fault". Reading replaces `error.code`; adding leaves other services' answers
/// alone.
void read_query_error(const ServiceModel& model, const HttpResponse& response, WireError& error);
void add_query_error(const ServiceModel& model, const WireError& error, HttpResponse& response);

/// The member that is a stream of events, which takes the whole body; nullptr if there is none.
const Member* event_stream_of(const Shape& shape);

/// The request id in an answer's headers; empty if there is none.
std::string_view request_id_of(const HttpResponse& response);

/// The XML namespace of a service's answers.
std::string xml_namespace(const ServiceModel& model);

/// The path of a request's target, without the query string; and the query string without its '?'.
std::string_view path_of(std::string_view target);
std::string_view query_of(std::string_view target);

/// An error about an operation that a service does not have, with the nearest name as hint.
Error no_such_operation(const ServiceModel& model, std::string_view wanted);

/// A header of a request without regard to case; empty if there is none.
std::string_view header_of(const HttpRequest& request, std::string_view name);
bool same_name(std::string_view a, std::string_view b);  ///< without regard to case

}  // namespace reeve::aws
