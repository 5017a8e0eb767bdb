#include "base/byte_streams.h"

#include <fmt/format.h>

namespace reeve {
namespace {

/// What is read from a file at a time.
constexpr std::size_t file_piece_bytes = std::size_t{256} << 10;

class TextReader final : public ByteReader {
 public:
  TextReader(std::shared_ptr<const std::string> text, std::size_t piece_bytes)
      : text_(std::move(text)), piece_bytes_(piece_bytes) {}
  Task<Result<std::string>> next() override {
    std::string piece = text_->substr(at_, piece_bytes_);
    at_ += piece.size();
    co_return piece;
  }

 private:
  std::shared_ptr<const std::string> text_;
  std::size_t piece_bytes_, at_ = 0;
};

class FileReader final : public ByteReader {
 public:
  explicit FileReader(std::unique_ptr<File> file) : file_(std::move(file)) {}
  Task<Result<std::string>> next() override {
    std::string piece(file_piece_bytes, '\0');
    CO_TRY(const std::size_t read, file_->read(at_, piece));
    piece.resize(read);
    at_ += read;
    co_return piece;
  }

 private:
  std::unique_ptr<File> file_;
  std::uint64_t at_ = 0;
};

}  // namespace

TextSource::TextSource(std::string text, std::size_t piece_bytes)
    : text_(std::make_shared<const std::string>(std::move(text))), piece_bytes_(piece_bytes) {}

std::optional<std::uint64_t> TextSource::size() const { return text_->size(); }

Result<std::unique_ptr<ByteReader>> TextSource::open() { return std::make_unique<TextReader>(text_, piece_bytes_); }

Result<std::shared_ptr<FileSource>> FileSource::make(Disk& disk, std::string path) {
  TRY(const auto file, disk.open(path, Disk::Open::read));
  TRY(const std::uint64_t size, file->size());
  char first = 0;
  TRY(const std::size_t read, file->read(0, std::span(&first, 1)));
  if (size == 0 && read > 0) {
    return fail({.code = Code::unsupported,
                 .message = fmt::format("'{}' does not say how much it holds", path),
                 .resource = path,
                 .hint = "write it to a file first"});
  }
  return std::shared_ptr<FileSource>(new FileSource(disk, std::move(path), size));
}

Result<std::unique_ptr<ByteReader>> FileSource::open() {
  TRY(auto file, disk_.open(path_, Disk::Open::read));
  return std::make_unique<FileReader>(std::move(file));
}

Task<Result<std::uint64_t>> write_all(ByteReader& from, File& to) {
  std::uint64_t at = 0;
  while (true) {
    Task<Result<std::string>> next = from.next();
    CO_TRY(const std::string piece, co_await std::move(next));
    if (piece.empty()) break;
    CO_TRY(to.write(at, piece));
    at += piece.size();
  }
  CO_TRY(to.truncate(at));
  co_return at;
}

Task<Result<std::string>> read_all(ByteReader& from, std::size_t most) {
  std::string out;
  while (true) {
    Task<Result<std::string>> next = from.next();
    CO_TRY(const std::string piece, co_await std::move(next));
    if (piece.empty()) break;
    if (piece.size() > most - out.size()) {
      co_return fail(Code::limit_exceeded, fmt::format("it is larger than {} bytes", most));
    }
    out += piece;
  }
  co_return out;
}

}  // namespace reeve
