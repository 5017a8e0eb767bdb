#include "aws/protocol/form_codec.h"

#include "aws/customize.h"
#include "aws/protocol/common.h"
#include "aws/protocol/validate.h"
#include "aws/protocol/xml_read.h"

namespace reeve::aws {

Result<EncodedRequest> FormCodec::encode_request(const ServiceModel& model, const Operation& operation, Value params,
                                                 std::string_view idempotency_token) const {
  TRY(validate_params(model, operation, params));
  const Document changed = customize_request(model, operation, params, Direction::encode);
  if (!changed.root().is_null()) params = changed;
  EncodedRequest request;
  request.method = operation.method;
  request.target = operation.request_uri;
  TRY(request.host_prefix, fill_host_prefix(model, operation, params));
  request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  request.body = write_form(model, operation, params, dialect_, idempotency_token);
  return request;
}

WireError FormCodec::decode_error(const ServiceModel& model, const Operation& operation,
                                  const HttpResponse& response) const {
  WireError error;
  error.status = response.status;
  std::string storage;
  const std::string_view body = padded(response.body, storage);
  read_xml_error(body, error);
  if (error.request_id.empty()) error.request_id = request_id_of(response);
  if (!error.is_document) return error;
  if (const Shape* shape = find_error(model, operation, error.code)) {
    const XmlPlace place =
        dialect_ == FormDialect::ec2 ? XmlPlace{.first = "Errors", .second = "Error"} : XmlPlace{.first = "Error"};
    if (auto detail = read_xml(body, shape, model.keys(), place)) error.detail = *std::move(detail);
  }
  return error;
}

Result<const Operation*> FormCodec::route(const ServiceModel& model, const HttpRequest& request) const {
  std::string action = form_parameter(request.body, "Action");
  if (action.empty()) action = form_parameter(query_of(request.target), "Action");
  if (const Operation* found = model.find_operation(action)) return found;
  return fail(no_such_operation(model, action));
}

Result<Document> FormCodec::decode_request(const ServiceModel& model, const Operation& operation,
                                           const HttpRequest& request) const {
  std::string form(request.body);
  if (const auto query = query_of(request.target); !query.empty()) {
    if (!form.empty()) form += '&';
    form += query;
  }
  TRY(Document params, read_form(model, operation, form, dialect_));
  Document changed = customize_request(model, operation, params, Direction::decode);
  return changed.root().is_null() ? params : changed;
}

}  // namespace reeve::aws
