#include "aws/chunked_source.h"

#include <fmt/format.h>

#include "base/encoding.h"

namespace reeve::aws {
namespace {

constexpr std::size_t line_end = 2;
constexpr std::size_t signature_bytes = std::string_view(";chunk-signature=").size() + 64;
constexpr std::size_t trailer_signature_bytes = std::string_view("x-amz-trailer-signature:").size() + 64 + line_end;

std::uint64_t framed(std::uint64_t content, ChunkMode mode) {
  const std::size_t head = fmt::formatted_size("{:x}", content);
  return head + (mode == ChunkMode::unsigned_trailer ? 0 : signature_bytes) + line_end + content + line_end;
}

class ChunkedReader final : public ByteReader {
 public:
  ChunkedReader(std::unique_ptr<ByteReader> content, ChunkSigner signer, std::optional<HeldChecksum> trailer)
      : content_(std::move(content)), signer_(std::move(signer)), trailer_(std::move(trailer)) {
    if (trailer_) checksum_.emplace(trailer_->kind);
  }

  Task<Result<std::string>> next() override {
    if (over_) co_return std::string();
    while (!dry_ && held_.size() < ChunkedSource::chunk_bytes) {
      Task<Result<std::string>> reading = content_->next();
      CO_TRY(const std::string piece, co_await std::move(reading));
      dry_ = piece.empty();
      held_ += piece;
    }
    std::string out;
    std::string_view rest = held_;
    while (rest.size() >= ChunkedSource::chunk_bytes || (dry_ && !rest.empty())) {
      const std::string_view chunk = rest.substr(0, ChunkedSource::chunk_bytes);
      if (checksum_) checksum_->add(chunk);
      out += signer_.chunk(chunk);
      rest.remove_prefix(chunk.size());
    }
    held_.erase(0, held_.size() - rest.size());
    if (!dry_) co_return out;
    over_ = true;
    Trailers trailers;
    if (checksum_) trailers.emplace_back(trailer_->name, encode_base64(checksum_->take()));
    out += signer_.end(trailers);
    co_return out;
  }

 private:
  std::unique_ptr<ByteReader> content_;
  ChunkSigner signer_;
  std::optional<HeldChecksum> trailer_;
  std::optional<Checksum> checksum_;
  std::string held_;
  bool dry_ = false, over_ = false;
};

}  // namespace

ChunkedSource::ChunkedSource(std::shared_ptr<ByteSource> content, MakeSigner make_signer, ChunkMode mode,
                             std::optional<HeldChecksum> trailer)
    : content_(std::move(content)), make_signer_(std::move(make_signer)), mode_(mode), trailer_(std::move(trailer)) {}

std::optional<std::uint64_t> ChunkedSource::size() const {
  const auto content = content_->size();
  if (!content) return std::nullopt;
  std::uint64_t size = *content / chunk_bytes * framed(chunk_bytes, mode_);
  if (const std::uint64_t last = *content % chunk_bytes; last > 0) size += framed(last, mode_);
  size += framed(0, mode_) - line_end;  // the last chunk has no content to end
  if (trailer_) {
    const std::size_t text = encode_base64(checksum(trailer_->kind, {})).size();
    size += trailer_->name.size() + 1 + text + line_end;
  }
  if (mode_ == ChunkMode::signed_payload_trailer) size += trailer_signature_bytes;
  return size + line_end;
}

Result<std::unique_ptr<ByteReader>> ChunkedSource::open() {
  TRY(auto content, content_->open());
  TRY(ChunkSigner signer, make_signer_());
  return std::make_unique<ChunkedReader>(std::move(content), std::move(signer), trailer_);
}

}  // namespace reeve::aws
