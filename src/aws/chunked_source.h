#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "aws/checksum_rules.h"
#include "aws/sign_chunks.h"
#include "base/bytes.h"

namespace reeve::aws {

/// A body as it goes on the wire in aws-chunked: chunks of one size, signed or not, and the checksum of what is in them
/// as a trailer. Constant memory; read as often as its source.
class ChunkedSource final : public ByteSource {
 public:
  /// Bytes of content in a chunk: S3 wants 8 KiB and more.
  static constexpr std::size_t chunk_bytes = std::size_t{64} << 10;
  /// Makes a signer that stands before the first chunk.
  using MakeSigner = std::function<Result<ChunkSigner>()>;
  /// `content` must know its size. `trailer`: the checksum to make, if any.
  ChunkedSource(std::shared_ptr<ByteSource> content, MakeSigner make_signer, ChunkMode mode,
                std::optional<HeldChecksum> trailer);
  std::optional<std::uint64_t> size() const override;
  Result<std::unique_ptr<ByteReader>> open() override;

 private:
  std::shared_ptr<ByteSource> content_;
  MakeSigner make_signer_;
  ChunkMode mode_;
  std::optional<HeldChecksum> trailer_;
};

}  // namespace reeve::aws
