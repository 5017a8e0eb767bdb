#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "aws/model.h"
#include "aws/protocol/codec.h"
#include "base/result.h"
#include "base/seams.h"

namespace reeve::aws {

/// Which bodies are compressed (AWS SDKs and Tools Reference Guide: "Request compression").
struct CompressionRules {
  bool disabled = false;
  std::size_t smallest_body_bytes = 10'240;  ///< below this, what is saved is not worth the work
};

/// Compresses the body of a request where the operation takes it so and the body is worth it (Smithy:
/// "requestCompression trait"), and adds to Content-Encoding. Gzip is the only encoding that models name.
void compress_body(const Operation& operation, EncodedRequest& request, const CompressionRules& rules = {});

/// Whether a request's body is packed by its protocol. With rest-xml the header speaks of the object that is in it.
bool has_packed_body(const HttpRequest& request, const Codec& codec);

/// Undoes `compress_body` for a server, before anything reads the body. Errors: malformed (not gzip), limit_exceeded
/// (more than limits::request_body_bytes unpacked).
Result<void> decompress_body(HttpRequest& request);

/// Unpacks gzip (RFC 1952). Errors: malformed, limit_exceeded (more than `most` bytes).
Result<std::string> gunzip(std::string_view packed, std::size_t most);

}  // namespace reeve::aws
