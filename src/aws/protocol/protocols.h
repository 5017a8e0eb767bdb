#pragma once
#include "aws/protocol/codec.h"

namespace reeve::aws {

/// The codecs, one a file; stateless. A further protocol is a file, a line here and one in codec.cc.
const Codec& ec2_codec();
const Codec& query_codec();
const Codec& rest_json_codec();
const Codec& rest_xml_codec();
const Codec& json_rpc_codec();
const Codec& cbor_rpc_codec();

}  // namespace reeve::aws
