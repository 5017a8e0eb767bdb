#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/seams.h"

struct aws_http_header;
struct aws_http_message;

namespace reeve::aws::crt {

/// Writes method, target and headers of a request; adds Host, and Content-Length where `body_bytes` says a size and no
/// header does. 0, or the library's error number for what cannot be written as HTTP.
int write_head(aws_http_message* message, const HttpRequest& request, std::optional<std::uint64_t> body_bytes);

bool has_header(const HttpRequest& request, std::string_view name);  ///< without regard to case

/// Gathers the head of an answer within the limits of base/limits.h. Called on the library's thread.
class AnswerHead {
 public:
  /// The next headers of a block; those of the main one go to `response`. False: more than the limits allow.
  bool take(int block, const aws_http_header* headers, std::size_t count, HttpResponse& response);
  /// A block ended. False: more interim answers than the limits allow.
  bool end_block(int block);
  /// Whether the answer says where its body ends.
  bool framed() const { return framed_; }
  /// Its Content-Length; nullopt where it says none.
  std::optional<std::uint64_t> size() const { return size_; }
  /// A success whose body would be passed over: the library takes an answer without a length as one without a body (RFC
  /// 9112 section 6.3 has it end with the connection). What would be read as an empty answer may be a list of
  /// thousands. Refusals are told by their status.
  bool lacks_body(const HttpRequest& request, int status) const;

 private:
  std::size_t headers_ = 0, bytes_ = 0, interim_ = 0;
  std::optional<std::uint64_t> size_;
  bool framed_ = false;
};

}  // namespace reeve::aws::crt
