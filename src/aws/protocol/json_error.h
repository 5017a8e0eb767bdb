#pragma once
#include <string>
#include <string_view>

#include "aws/model.h"
#include "aws/protocol/codec.h"
#include "base/seams.h"

namespace reeve::aws {

/// "aws.protocoltests#FooError:http://…" -> "FooError": error types come with namespaces and addresses around them.
std::string_view error_name(std::string_view text);

/// Sets code, message and `is_document` from an answer whose errors are JSON: the code from the header
/// x-amzn-ErrorType or the members "__type" and "code", the message in any of the spellings that AWS sends.
void read_json_error(const HttpResponse& response, WireError& error);

/// Appends the message and the members of an error's detail to a JSON object that `out` ends in, without braces.
void append_json_error_members(std::string& out, const ServiceModel& model, const Shape* shape, const WireError& error);

}  // namespace reeve::aws
