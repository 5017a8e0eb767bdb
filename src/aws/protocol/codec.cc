#include "aws/protocol/codec.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "aws/protocol/protocols.h"

namespace reeve::aws {

const Codec* find_codec(std::string_view protocol) {
  if (protocol == "ec2") return &ec2_codec();
  if (protocol == "query") return &query_codec();
  if (protocol == "rest-json") return &rest_json_codec();
  return nullptr;
}

Result<const Codec*> codec_for(const ServiceModel& model) {
  for (const std::string& protocol : model.protocols) {
    if (const Codec* codec = find_codec(protocol)) return codec;
  }
  return fail(Code::unknown_service, fmt::format("{} speaks {} only, which Reeve does not", model.service(),
                                                 fmt::join(model.protocols, ", ")));
}

}  // namespace reeve::aws
