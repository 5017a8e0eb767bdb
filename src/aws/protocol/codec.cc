#include "aws/protocol/codec.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "aws/protocol/common.h"
#include "aws/protocol/form.h"
#include "aws/protocol/protocols.h"

namespace reeve::aws {

const Codec* find_codec(std::string_view protocol) {
  if (protocol == "ec2") return &ec2_codec();
  if (protocol == "query") return &query_codec();
  if (protocol == "rest-json") return &rest_json_codec();
  if (protocol == "rest-xml") return &rest_xml_codec();
  if (protocol == "smithy-rpc-v2-cbor") return &cbor_rpc_codec();
  if (protocol == "json") return &json_rpc_codec();
  return nullptr;
}

Result<const Codec*> codec_for(const ServiceModel& model) {
  for (const std::string& protocol : model.protocols) {
    if (const Codec* codec = find_codec(protocol)) return codec;
  }
  return fail(Code::unknown_service, fmt::format("{} speaks {} only, which Reeve does not", model.service(),
                                                 fmt::join(model.protocols, ", ")));
}

Result<const Codec*> codec_of(const ServiceModel& model, const HttpRequest& request) {
  auto speaks = [&](std::string_view protocol) {
    return std::ranges::find(model.protocols, protocol) != model.protocols.end();
  };
  auto in_form = [&] {
    return header_of(request, "content-type").starts_with("application/x-www-form-urlencoded") ||
           !form_parameter(query_of(request.target), "Action").empty();
  };
  std::string_view said;
  if (header_of(request, "smithy-protocol") == "rpc-v2-cbor") {
    said = "smithy-rpc-v2-cbor";
  } else if (!header_of(request, "x-amz-target").empty()) {
    said = "json";
  } else if (in_form()) {
    said = speaks("ec2") ? "ec2" : "query";
  }
  if (!said.empty() && speaks(said)) {
    if (const Codec* codec = find_codec(said)) return codec;
  }
  return codec_for(model);
}

}  // namespace reeve::aws
