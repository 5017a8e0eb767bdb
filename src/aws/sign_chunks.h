#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/credentials.h"
#include "aws/sign.h"
#include "base/result.h"
#include "base/seams.h"

namespace reeve::aws {

/// How a body that is sent piece by piece is protected (S3 API reference: "Signature Calculations for the Authorization
/// Header: Transferring Payload in Multiple Chunks", "… Including Trailing Headers").
enum class ChunkMode : std::uint8_t {
  signed_payload,          ///< STREAMING-AWS4-HMAC-SHA256-PAYLOAD
  signed_payload_trailer,  ///< STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER
  unsigned_trailer,        ///< STREAMING-UNSIGNED-PAYLOAD-TRAILER
};
/// The mode's word in x-amz-content-sha256, and back.
std::string_view chunk_word(ChunkMode mode);
std::optional<ChunkMode> chunk_mode(std::string_view word);

/// Headers that come after the body, such as x-amz-checksum-crc32 (names in lower case).
using Trailers = std::vector<std::pair<std::string, std::string>>;

/// A body that will be sent in chunks.
struct StreamedBody {
  ChunkMode mode = ChunkMode::unsigned_trailer;
  std::uint64_t size_bytes = 0;            ///< of the content itself
  std::vector<std::string> trailer_names;  ///< in lower case; none in mode signed_payload
};

/// Frames the chunks of a body, each with its signature. Made by sign_streamed. Serial use.
class ChunkSigner {
 public:
  ChunkSigner(ChunkSigner&&) noexcept;
  ChunkSigner& operator=(ChunkSigner&&) noexcept;
  ~ChunkSigner();
  /// A chunk as it goes on the wire. Empty content gives nothing: an empty chunk is the end. S3 wants signed chunks of
  /// 8 KiB and more, all but the last.
  std::string chunk(std::string_view content);
  /// The last chunk, with the trailers.
  std::string end(const Trailers& trailers = {});

 private:
  friend Result<ChunkSigner> sign_streamed(HttpRequest&, const Credentials&, const SignOptions&, const StreamedBody&);
  struct State;
  explicit ChunkSigner(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Signs a request whose body follows in chunks: adds aws-chunked to Content-Encoding, X-Amz-Decoded-Content-Length,
/// X-Amz-Trailer and X-Amz-Content-SHA256, and what sign() adds. Errors: credentials.
Result<ChunkSigner> sign_streamed(HttpRequest& request, const Credentials& credentials, const SignOptions& options,
                                  const StreamedBody& body);

/// Takes such a body apart and checks it (the sandbox's side), in pieces of any size and in constant memory. What it
/// gives may be used only when ended() says that all of it was right.
class ChunkReader {
 public:
  /// Of a request that verify() passed; nullopt if its body is not in chunks. Errors: access_denied (no such key, not
  /// signed), with AWS's code in `error.aws`.
  static Result<std::optional<ChunkReader>> of(const HttpRequest& request, const SecretOf& secret_of);
  ChunkReader(ChunkReader&&) noexcept;
  ChunkReader& operator=(ChunkReader&&) noexcept;
  ~ChunkReader();
  /// Appends the content of the next piece of the body to `out`. Errors: access_denied, with AWS's code:
  /// SignatureDoesNotMatch, IncompleteBody, MalformedTrailerError.
  Result<void> feed(std::string_view piece, std::string& out);
  /// The whole body was there: its last chunk was right, and its size was the one announced. Errors: access_denied
  /// (IncompleteBody).
  Result<void> ended() const;
  const Trailers& trailers() const;

 private:
  struct State;
  explicit ChunkReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The head of a request whose body was taken apart elsewhere: without body and aws-chunked, trailers among its
/// headers.
HttpRequest chunkless_head(const HttpRequest& request, const Trailers& trailers);

/// A request as if it had been sent in one piece: the content as its body, trailers among its headers, without
/// aws-chunked; nullopt if its body is not in chunks. Errors: as ChunkReader.
Result<std::optional<HttpRequest>> without_chunks(const HttpRequest& request, const SecretOf& secret_of);

}  // namespace reeve::aws
