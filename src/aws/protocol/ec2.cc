// EC2's protocol (Smithy: "AWS EC2 query protocol"): answers are <OperationResponse> with the members right below.
#include "aws/customize.h"
#include "aws/protocol/common.h"
#include "aws/protocol/form_codec.h"
#include "aws/protocol/protocols.h"
#include "aws/protocol/xml_read.h"
#include "aws/protocol/xml_write.h"

namespace reeve::aws {
namespace {

class Ec2Codec final : public FormCodec {
 public:
  Ec2Codec() : FormCodec(FormDialect::ec2) {}

  Result<Document> decode_response(const ServiceModel& model, const Operation& operation,
                                   std::shared_ptr<const HttpResponse> response) const override {
    std::string storage;
    TRY(Document document, read_xml(padded(response->body, storage), operation.output, model.keys(), {}));
    Document changed = customize_response(model, operation, document, Direction::decode);
    return changed.root().is_null() ? document : changed;
  }

  HttpResponse encode_response(const ServiceModel& model, const Operation& operation, Value result,
                               std::string_view request_id) const override {
    const Document changed = customize_response(model, operation, result, Direction::encode);
    if (!changed.root().is_null()) result = changed;
    HttpResponse response;
    response.status = 200;
    response.headers.emplace_back("x-amzn-RequestId", request_id);
    response.headers.emplace_back("Content-Type", "text/xml;charset=UTF-8");
    std::string& out = response.body;
    out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<";
    out.append(operation.name).append("Response xmlns=\"").append(xml_namespace(model)).append("\">");
    append_xml_element(out, "requestId", request_id);
    if (operation.output != nullptr) {
      append_xml_members(out, result, *operation.output, model.keys().get(), "item");
    } else {
      append_xml_element(out, "return", "true");  // what EC2 answers where the model has no output
    }
    out.append("</").append(operation.name).append("Response>");
    return response;
  }

  HttpResponse encode_error(const ServiceModel&, const WireError& error) const override {
    HttpResponse response;
    response.status = error.status;
    response.headers.emplace_back("x-amzn-RequestId", error.request_id);
    response.headers.emplace_back("Content-Type", "text/xml;charset=UTF-8");
    std::string& out = response.body;
    out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error>";
    append_xml_element(out, "Code", error.code);
    append_xml_element(out, "Message", error.message);
    out += "</Error></Errors>";
    append_xml_element(out, "RequestID", error.request_id);
    out += "</Response>";
    return response;
  }
};

}  // namespace

const Codec& ec2_codec() {
  static const Ec2Codec codec;
  return codec;
}

}  // namespace reeve::aws
