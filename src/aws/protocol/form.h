#pragma once
#include <string>
#include <string_view>

#include "aws/model.h"
#include "base/document.h"
#include "base/result.h"

namespace reeve::aws {

/// The two dialects of AWS's form-encoded requests ("Action=…&Version=…&Filter.1.Name=…"): EC2's, and that of the query
/// protocol (Smithy: "AWS EC2 query protocol", "AWS query protocol"). EC2 capitalises locationName and flattens every
/// list; query writes ".member.1" and ".entry.1.key".
enum class FormDialect { ec2, query };

/// The body of a call. Params must have been validated. `idempotency_token` fills what params leave out.
std::string write_form(const ServiceModel& model, const Operation& operation, Value params, FormDialect dialect,
                       std::string_view idempotency_token);

/// The value of one parameter of a body or query string, decoded; empty if there is none.
std::string form_parameter(std::string_view form, std::string_view name);

/// Reads a body (or query string) back into params by the input shape. Errors: malformed (a number that is none, nests
/// too deeply, too many parameters); invalid_params (EC2 only: a parameter that the operation does not know, as the
/// error's resource).
Result<Document> read_form(const ServiceModel& model, const Operation& operation, std::string_view form,
                           FormDialect dialect);

}  // namespace reeve::aws
