#include "sandbox/blob.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "sandbox/layered_blob.h"

namespace reeve::sandbox {
namespace {

/// What one read of a body takes at most.
constexpr std::size_t piece_bytes = std::size_t{256} << 10;
constexpr std::size_t block_bytes = std::size_t{1} << 20;

class TextBlob : public Blob {
 public:
  explicit TextBlob(std::string bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size() const override { return bytes_.size(); }
  Result<void> read(std::uint64_t offset, std::size_t length, std::string& out) const override {
    out.append(std::string_view(bytes_).substr(offset, length));
    return {};
  }
  const std::string* text() const override { return &bytes_; }

 private:
  std::string bytes_;
};

class GeneratedBlob : public Blob {
 public:
  GeneratedBlob(std::string seed, std::uint64_t size) : seed_(std::move(seed)), size_(size) {
    // One line of 64 letters, repeated: the place follows from the offset alone.
    const std::string digest = sha256_hex(seed_);
    line_.reserve(lines * 64);
    for (std::size_t i = 0; i < lines; ++i) line_ += digest.substr(0, 63) + '\n';
  }
  std::uint64_t size() const override { return size_; }
  Result<void> read(std::uint64_t offset, std::size_t length, std::string& out) const override {
    const std::size_t begin = offset % 64;
    const std::uint64_t most = std::min<std::uint64_t>(line_.size() - begin, size_ - std::min(offset, size_));
    out.append(line_, begin, std::min<std::uint64_t>(length, most));
    return {};
  }
  const std::string* seed() const override { return &seed_; }

 private:
  static constexpr std::size_t lines = 256;
  std::string seed_, line_;
  std::uint64_t size_;
};

class JoinedBlob : public LayeredBlob {
 public:
  explicit JoinedBlob(std::vector<BlobPtr> parts) : parts_(std::move(parts)) {
    for (const BlobPtr& part : parts_) {
      ends_.push_back(size_ += part->size());
      layers_ = std::max(layers_, layers_of(*part) + 1);
    }
  }
  std::uint64_t size() const override { return size_; }
  Result<void> read(std::uint64_t offset, std::size_t length, std::string& out) const override {
    const auto at = static_cast<std::size_t>(std::ranges::upper_bound(ends_, offset) - ends_.begin());
    if (at == parts_.size()) return {};
    return parts_[at]->read(offset - (ends_[at] - parts_[at]->size()), length, out);
  }

 private:
  std::vector<BlobPtr> parts_;
  std::vector<std::uint64_t> ends_;
  std::uint64_t size_ = 0;
};

class BlobReader : public ByteReader {
 public:
  explicit BlobReader(BlobPart part) : part_(std::move(part)) {}
  Task<Result<std::string>> next() override {
    std::string piece;
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(part_.length, piece_bytes));
    if (want > 0) {
      auto done = part_.blob->read(part_.offset, want, piece);
      if (!done) co_return std::unexpected(std::move(done).error());
      if (piece.empty()) co_return fail(Code::io, "a body ends before its size");
    }
    part_.offset += piece.size();
    part_.length -= piece.size();
    co_return piece;
  }

 private:
  BlobPart part_;
};

}  // namespace

BlobPtr text_blob(std::string bytes) { return std::make_shared<TextBlob>(std::move(bytes)); }
BlobPtr generated_blob(std::string seed, std::uint64_t size) {
  return std::make_shared<GeneratedBlob>(std::move(seed), size);
}
BlobPtr joined_blob(std::vector<BlobPtr> parts) {
  if (parts.size() == 1) return std::move(parts.front());
  return std::make_shared<JoinedBlob>(std::move(parts));
}

std::unique_ptr<ByteReader> read_blob(BlobPart part) { return std::make_unique<BlobReader>(std::move(part)); }

Result<std::string> whole(const BlobPart& part, std::size_t most) {
  if (part.length > most) return fail(Code::limit_exceeded, fmt::format("a body of more than {} bytes", most));
  std::string out;
  out.reserve(part.length + 64);
  while (out.size() < part.length) {
    const std::size_t before = out.size();
    TRY(part.blob->read(part.offset + before, part.length - before, out));
    if (out.size() == before) return fail(Code::io, "a body ends before its size");
  }
  return out;
}

// --- The spool -------------------------------------------------------------------------------------------------------

struct BlobStore::Room {
  Disk* disk = nullptr;
  std::string folder;
  std::unique_ptr<File> file;
  std::vector<std::uint32_t> free;  // blocks of the file that were given back
  std::uint32_t blocks = 0;         // of the file
  std::uint64_t in_memory = 0;

  Result<void> open() {
    if (file) return {};
    TRY(disk->make_folders(folder));
    const std::string path = folder + "/bodies";
    TRY(auto opened, disk->open(path, Disk::Open::create));
    TRY(opened->truncate(0));
    TRY(disk->remove(path));                                     // it lives on while it is open
    [[maybe_unused]] const auto emptied = disk->remove(folder);  // stays where others keep something in it
    file = std::move(opened);
    return {};
  }
  Result<std::uint32_t> take() {
    if (!free.empty()) {
      const std::uint32_t block = free.back();
      free.pop_back();
      return block;
    }
    if (std::uint64_t{blocks} * block_bytes >= most_spool_bytes) {
      return fail(Code::limit_exceeded,
                  fmt::format("the sandbox keeps at most {} GiB of large bodies; delete some", most_spool_bytes >> 30));
    }
    return blocks++;
  }
  void give_back(const std::vector<std::uint32_t>& taken) {
    free.insert(free.end(), taken.begin(), taken.end());
    if (free.size() < blocks) return;
    free.clear();
    blocks = 0;
    if (file) [[maybe_unused]]
      const auto cut = file->truncate(0);  // if not, the file's room is used again
  }
};

class SpooledBlob : public Blob {
 public:
  explicit SpooledBlob(std::shared_ptr<BlobStore::Room> room) : room_(std::move(room)) {}
  ~SpooledBlob() override { room_->give_back(blocks_); }
  std::uint64_t size() const override { return size_; }
  Result<void> read(std::uint64_t offset, std::size_t length, std::string& out) const override {
    if (offset >= size_) return {};
    const std::uint64_t within = offset % block_bytes;
    const auto want = static_cast<std::size_t>(std::min({std::uint64_t{length}, block_bytes - within, size_ - offset}));
    const std::size_t before = out.size();
    out.resize(before + want);
    TRY(const std::size_t got, room_->file->read(std::uint64_t{blocks_[offset / block_bytes]} * block_bytes + within,
                                                 std::span(out).subspan(before)));
    out.resize(before + got);
    return {};
  }
  /// A block's worth of bytes; fewer at the end only.
  Result<void> append(std::string_view bytes) {
    TRY(room_->open());
    TRY(const std::uint32_t block, room_->take());
    blocks_.push_back(block);
    size_ += bytes.size();
    return room_->file->write(std::uint64_t{block} * block_bytes, bytes);
  }

 private:
  std::shared_ptr<BlobStore::Room> room_;
  std::vector<std::uint32_t> blocks_;
  std::uint64_t size_ = 0;
};

namespace {
/// A text that gives its room back.
template <class Room>
class CountedBlob : public TextBlob {
 public:
  CountedBlob(std::string bytes, std::shared_ptr<Room> room) : TextBlob(std::move(bytes)), room_(std::move(room)) {
    room_->in_memory += size();
  }
  ~CountedBlob() override { room_->in_memory -= size(); }

 private:
  std::shared_ptr<Room> room_;
};
}  // namespace

BlobStore::BlobStore(Disk* disk, std::string folder) : room_(std::make_shared<Room>()) {
  room_->disk = disk;
  room_->folder = std::move(folder);
}

Result<void> BlobStore::Writer::spill(std::size_t at_least) {
  Room& room = *store_.room_;
  if (room.disk == nullptr) {
    if (room.in_memory + held_.size() <= most_memory_bytes) return {};
    return fail(Code::limit_exceeded,
                fmt::format("this sandbox keeps at most {} MiB of bodies, all in memory", most_memory_bytes >> 20));
  }
  if (!spooled_) spooled_ = std::make_shared<SpooledBlob>(store_.room_);
  std::string_view rest = held_;
  while (rest.size() >= at_least && !rest.empty()) {
    TRY(spooled_->append(rest.substr(0, block_bytes)));
    rest.remove_prefix(std::min(rest.size(), block_bytes));
  }
  held_.erase(0, held_.size() - rest.size());
  return {};
}

Result<void> BlobStore::Writer::add(std::string_view piece) {
  while (!piece.empty()) {
    // Whole blocks, so that what is held does not grow beyond one.
    const std::size_t fits = block_bytes - held_.size() % block_bytes;
    held_.append(piece.substr(0, fits));
    size_ += std::min(fits, piece.size());
    piece.remove_prefix(std::min(fits, piece.size()));
    if (held_.size() % block_bytes == 0 && size_ > small_body_bytes) TRY(spill(block_bytes));
  }
  return {};
}

Result<BlobPtr> BlobStore::Writer::finish() {
  const bool large = size_ > small_body_bytes || store_.room_->in_memory + held_.size() > most_memory_bytes;
  if (large && !held_.empty()) TRY(spill(1));
  if (spooled_) return std::exchange(spooled_, nullptr);
  held_.shrink_to_fit();
  return std::make_shared<CountedBlob<Room>>(std::move(held_), store_.room_);
}

Result<BlobPtr> BlobStore::keep(std::string bytes) {
  if (bytes.size() <= small_body_bytes && room_->in_memory + bytes.size() <= most_memory_bytes) {
    return std::make_shared<CountedBlob<Room>>(std::move(bytes), room_);
  }
  Writer writer = begin();
  TRY(writer.add(bytes));
  return writer.finish();
}

}  // namespace reeve::sandbox
