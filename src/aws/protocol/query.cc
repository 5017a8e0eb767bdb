// The query protocol (Smithy: "AWS query protocol"): answers are <OperationResponse><OperationResult>.
#include <fmt/format.h>

#include "aws/customize.h"
#include "aws/protocol/common.h"
#include "aws/protocol/form_codec.h"
#include "aws/protocol/protocols.h"
#include "aws/protocol/xml_read.h"
#include "aws/protocol/xml_write.h"

namespace reeve::aws {
namespace {

std::string wrapper_of(const Operation& operation) {
  return operation.result_wrapper.empty() ? fmt::format("{}Result", operation.name)
                                          : std::string(operation.result_wrapper);
}

class QueryCodec final : public FormCodec {
 public:
  QueryCodec() : FormCodec(FormDialect::query) {}

  Result<Document> decode_response(const ServiceModel& model, const Operation& operation,
                                   std::shared_ptr<const HttpResponse> response) const override {
    std::string storage;
    const std::string wrapper = wrapper_of(operation);
    const std::string_view body = padded(response->body, storage);
    const XmlPlace place{.first = wrapper, .optional = operation.result_wrapper.empty()};
    TRY(Document document, read_xml(body, operation.output, model.keys(), place));
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
    response.headers.emplace_back("Content-Type", "text/xml");
    std::string& out = response.body;
    out.append("<").append(operation.name).append("Response xmlns=\"").append(xml_namespace(model)).append("\">");
    if (operation.output != nullptr) {
      const std::string wrapper = wrapper_of(operation);
      out.append("<").append(wrapper).append(">");
      append_xml_members(out, result, *operation.output, model.keys().get(), "member");
      out.append("</").append(wrapper).append(">");
    }
    out += "<ResponseMetadata>";
    append_xml_element(out, "RequestId", request_id);
    out.append("</ResponseMetadata></").append(operation.name).append("Response>");
    return response;
  }

  HttpResponse encode_error(const ServiceModel& model, const WireError& error) const override {
    HttpResponse response;
    response.status = error.status;
    response.headers.emplace_back("x-amzn-RequestId", error.request_id);
    response.headers.emplace_back("Content-Type", "text/xml");
    std::string& out = response.body;
    out.append("<ErrorResponse xmlns=\"").append(xml_namespace(model)).append("\"><Error>");
    append_xml_element(out, "Type", error.status < 500 ? "Sender" : "Receiver");
    append_xml_element(out, "Code", error.code);
    append_xml_element(out, "Message", error.message);
    for (const auto [key, value] : error.detail.root().entries()) {
      if (value.is_text() && key != "Code" && key != "Message" && key != "Type") {
        append_xml_element(out, key, value.as_text());
      }
    }
    out += "</Error>";
    append_xml_element(out, "RequestId", error.request_id);
    out += "</ErrorResponse>";
    return response;
  }
};

}  // namespace

const Codec& query_codec() {
  static const QueryCodec codec;
  return codec;
}

}  // namespace reeve::aws
