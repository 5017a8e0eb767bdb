#include "aws/checksum.h"

#include <aws/checksums/crc.h>
#include <openssl/evp.h>

#include <algorithm>
#include <utility>

#include "base/result.h"

namespace reeve::aws {
namespace {

constexpr std::array<std::string_view, 6> names = {"CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256", "MD5"};

const EVP_MD* method(ChecksumKind kind) {
  switch (kind) {
    case ChecksumKind::sha1:
      return EVP_sha1();
    case ChecksumKind::sha256:
      return EVP_sha256();
    case ChecksumKind::md5:
      return EVP_md5();
    default:
      return nullptr;
  }
}

}  // namespace

std::string_view name(ChecksumKind kind) { return names[static_cast<std::size_t>(kind)]; }

std::optional<ChecksumKind> checksum_kind(std::string_view name) {
  const auto at = std::ranges::find(names, name);
  if (at == names.end()) return std::nullopt;
  return static_cast<ChecksumKind>(at - names.begin());
}

struct Checksum::Context {
  explicit Context(ChecksumKind of) : digest(EVP_MD_CTX_new()), algorithm(method(of)) {
    REEVE_ASSERT(digest != nullptr);
    begin();
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { EVP_MD_CTX_free(digest); }
  void begin() const { REEVE_ASSERT(EVP_DigestInit_ex(digest, algorithm, nullptr) == 1); }
  EVP_MD_CTX* digest;
  const EVP_MD* algorithm;
};

Checksum::Checksum(ChecksumKind kind)
    : kind_(kind), context_(method(kind) == nullptr ? nullptr : std::make_unique<Context>(kind)) {}
Checksum::Checksum(Checksum&&) noexcept = default;
Checksum& Checksum::operator=(Checksum&&) noexcept = default;
Checksum::~Checksum() = default;

void Checksum::add(std::string_view bytes) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  switch (kind_) {
    case ChecksumKind::crc32:
      crc_ = aws_checksums_crc32_ex(data, bytes.size(), static_cast<std::uint32_t>(crc_));
      break;
    case ChecksumKind::crc32c:
      crc_ = aws_checksums_crc32c_ex(data, bytes.size(), static_cast<std::uint32_t>(crc_));
      break;
    case ChecksumKind::crc64nvme:
      crc_ = aws_checksums_crc64nvme_ex(data, bytes.size(), crc_);
      break;
    default:
      EVP_DigestUpdate(context_->digest, bytes.data(), bytes.size());
  }
}

namespace {

/// A CRC's bytes, the highest first, and back.
std::string bytes_of(std::uint64_t crc, std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[size - 1 - i] = static_cast<char>(crc >> (8 * i) & 0xFF);
  return out;
}
std::uint64_t crc_of(std::string_view bytes) {
  std::uint64_t crc = 0;
  for (const char c : bytes) crc = crc << 8 | static_cast<unsigned char>(c);
  return crc;
}

}  // namespace

std::string Checksum::take() {
  if (context_) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned size = 0;
    EVP_DigestFinal_ex(context_->digest, bytes.data(), &size);
    context_->begin();
    return {reinterpret_cast<const char*>(bytes.data()), size};
  }
  return bytes_of(std::exchange(crc_, 0), kind_ == ChecksumKind::crc64nvme ? 8 : 4);
}

std::string checksum(ChecksumKind kind, std::string_view bytes) {
  Checksum sum(kind);
  sum.add(bytes);
  return sum.take();
}

std::string joined_checksum(ChecksumKind kind, std::string_view first, std::string_view second,
                            std::uint64_t second_size) {
  const std::uint64_t a = crc_of(first), b = crc_of(second);
  switch (kind) {
    case ChecksumKind::crc32:
      return bytes_of(
          aws_checksums_crc32_combine(static_cast<std::uint32_t>(a), static_cast<std::uint32_t>(b), second_size), 4);
    case ChecksumKind::crc32c:
      return bytes_of(
          aws_checksums_crc32c_combine(static_cast<std::uint32_t>(a), static_cast<std::uint32_t>(b), second_size), 4);
    case ChecksumKind::crc64nvme:
      return bytes_of(aws_checksums_crc64nvme_combine(a, b, second_size), 8);
    default:
      return {};
  }
}

}  // namespace reeve::aws
