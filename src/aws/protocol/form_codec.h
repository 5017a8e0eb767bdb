#pragma once
#include "aws/protocol/codec.h"
#include "aws/protocol/form.h"

namespace reeve::aws {

/// What EC2 and the query protocol share: form-encoded requests that name their Action, and errors in XML.
class FormCodec : public Codec {
 public:
  explicit FormCodec(FormDialect dialect) : dialect_(dialect) {}
  Result<EncodedRequest> encode_request(const ServiceModel& model, const Operation& operation, Value params,
                                        std::string_view idempotency_token) const override;
  WireError decode_error(const ServiceModel& model, const Operation& operation,
                         const HttpResponse& response) const override;
  Result<const Operation*> route(const ServiceModel& model, const HttpRequest& request) const override;
  Result<Document> decode_request(const ServiceModel& model, const Operation& operation,
                                  const HttpRequest& request) const override;

 private:
  FormDialect dialect_;
};

}  // namespace reeve::aws
