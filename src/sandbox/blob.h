#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/seams.h"

/// Bodies of objects: small ones in memory, large ones in a spool file, joined ones as their parts, and made-up ones
/// that take no room at all.
namespace reeve::sandbox {

/// Bytes that do not change. Loop thread only.
class Blob {
 public:
  virtual ~Blob() = default;
  virtual std::uint64_t size() const = 0;
  /// Appends the bytes from `offset` to `out`, at most `length` and maybe fewer, at least one where there are any.
  /// Errors: io.
  virtual Result<void> read(std::uint64_t offset, std::size_t length, std::string& out) const = 0;
  /// The bytes themselves where they lie in memory; nullptr elsewhere.
  virtual const std::string* text() const { return nullptr; }
  /// What made-up bytes are made from; nullptr for others.
  virtual const std::string* seed() const { return nullptr; }
};
using BlobPtr = std::shared_ptr<const Blob>;

BlobPtr text_blob(std::string bytes);
/// Letters and line feeds that follow from the seed and the place, the same on every machine.
BlobPtr generated_blob(std::string seed, std::uint64_t size);
/// One after another.
BlobPtr joined_blob(std::vector<BlobPtr> parts);

/// A part of a blob; `length` reaches no further than its end.
struct BlobPart {
  BlobPtr blob;
  std::uint64_t offset = 0, length = 0;
};
/// Reads a part in pieces.
std::unique_ptr<ByteReader> read_blob(BlobPart part);
/// The whole part. Errors: io, and limit_exceeded past `most` bytes.
Result<std::string> whole(const BlobPart& part, std::size_t most);

/// Where bodies are kept. Those of up to `small_body_bytes` stay in memory as long as there is room for them; the
/// others go to one file in `folder`, whose name is taken away as soon as it is open: it is gone with the process,
/// however that ends. Without a disk all stays in memory.
class BlobStore {
 public:
  static constexpr std::size_t small_body_bytes = std::size_t{1} << 20;
  /// Small bodies in memory, all together; then they go to the file, too.
  static constexpr std::uint64_t most_memory_bytes = std::uint64_t{512} << 20;
  /// The file: beyond the largest estates that tests make, below what would fill a disk unnoticed.
  static constexpr std::uint64_t most_spool_bytes = std::uint64_t{64} << 30;

  BlobStore(Disk* disk, std::string folder);

  /// Takes a body piece by piece.
  class Writer {
   public:
    /// Errors: limit_exceeded (memory or file are full), and those of the disk.
    Result<void> add(std::string_view piece);
    Result<BlobPtr> finish();
    std::uint64_t size() const { return size_; }

   private:
    friend class BlobStore;
    explicit Writer(BlobStore& store) : store_(store) {}
    Result<void> spill(std::size_t at_least);
    BlobStore& store_;
    std::string held_;
    std::uint64_t size_ = 0;
    std::shared_ptr<class SpooledBlob> spooled_;
  };
  Writer begin() { return Writer(*this); }
  Result<BlobPtr> keep(std::string bytes);

 private:
  friend class SpooledBlob;
  struct Room;  // shared with the blobs, which give back what they took
  std::shared_ptr<Room> room_;
};

}  // namespace reeve::sandbox
