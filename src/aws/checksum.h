#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace reeve::aws {

/// The checks that AWS asks for and gives (S3 user guide, "Checking object integrity"), and MD5, which it began with.
enum class ChecksumKind : std::uint8_t { crc32, crc32c, crc64nvme, sha1, sha256, md5 };

/// "CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256", "MD5", as in x-amz-checksum-algorithm; and back.
std::string_view name(ChecksumKind kind);
std::optional<ChecksumKind> checksum_kind(std::string_view name);

/// A checksum of bytes that come in pieces, on any thread, one at a time.
class Checksum {
 public:
  explicit Checksum(ChecksumKind kind);
  Checksum(Checksum&&) noexcept;
  Checksum& operator=(Checksum&&) noexcept;
  ~Checksum();
  ChecksumKind kind() const { return kind_; }
  void add(std::string_view bytes);
  /// The check of what was added, as bytes: a CRC's begin with the highest. Then it begins again.
  std::string take();

 private:
  struct Context;
  ChecksumKind kind_;
  std::uint64_t crc_ = 0;
  std::unique_ptr<Context> context_;  // of a digest
};

/// Of bytes that are all there.
std::string checksum(ChecksumKind kind, std::string_view bytes);

/// A CRC of two parts, one after the other, from theirs; empty for what is no CRC.
std::string joined_checksum(ChecksumKind kind, std::string_view first, std::string_view second,
                            std::uint64_t second_size);

}  // namespace reeve::aws
