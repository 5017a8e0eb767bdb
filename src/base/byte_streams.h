#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/seams.h"

/// Bytes in pieces from a text or a file, and back.
namespace reeve {

/// A text that is there already, in pieces of `piece_bytes`.
class TextSource final : public ByteSource {
 public:
  explicit TextSource(std::string text, std::size_t piece_bytes = std::size_t{256} << 10);
  std::optional<std::uint64_t> size() const override;
  Result<std::unique_ptr<ByteReader>> open() override;

 private:
  std::shared_ptr<const std::string> text_;
  std::size_t piece_bytes_;
};

/// The content of a file, of the size that it has now; opened anew for each reader.
class FileSource final : public ByteSource {
 public:
  /// `disk` must outlive it. Errors: those of Disk::open; unsupported for what is no file of a known size (a pipe).
  static Result<std::shared_ptr<FileSource>> make(Disk& disk, std::string path);
  std::optional<std::uint64_t> size() const override { return size_; }
  Result<std::unique_ptr<ByteReader>> open() override;

 private:
  FileSource(Disk& disk, std::string path, std::uint64_t size) : disk_(disk), path_(std::move(path)), size_(size) {}
  Disk& disk_;
  std::string path_;
  std::uint64_t size_;
};

/// Writes all that `from` gives to `to`, from its beginning, and cuts off what stood behind. How many bytes. Errors:
/// those of both; then `to` holds a part.
Task<Result<std::uint64_t>> write_all(ByteReader& from, File& to);

/// All that `from` gives. Errors: its own; limit_exceeded past `most` bytes.
Task<Result<std::string>> read_all(ByteReader& from, std::size_t most);

}  // namespace reeve
