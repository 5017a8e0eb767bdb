#include "base/sim_disk.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <ranges>

#include "base/path.h"

namespace reeve {
namespace {

constexpr std::uint64_t sector_bytes = 512;

std::unexpected<Error> failed(Code code, std::string_view what, const std::string& path) {
  return fail({.code = code, .message = fmt::format("'{}': {}", path, what), .resource = path});
}

/// "/a//b/../c/" is "/a/c"; the working folder is "".
std::string normal(const std::string& path) {
  const bool absolute = path.starts_with('/');
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    auto part = path.substr(at, end - at);
    at = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == ".." && !parts.empty() && parts.back() != "..") {
      parts.pop_back();
    } else if (part != ".." || !absolute) {
      parts.push_back(std::move(part));
    }
  }
  std::string out = absolute ? "/" : "";
  for (const auto& part : parts) {
    if (!out.empty() && out != "/") out += '/';
    out += part;
  }
  return out;
}

std::string parent_of(const std::string& path) {
  const std::string folder = folder_of(path);
  return folder == "." ? "" : folder;
}

bool is_below(const std::string& path, const std::string& folder) {
  if (folder == "/") return path.size() > 1 && path.starts_with('/');
  if (folder.empty()) return !path.empty() && !path.starts_with('/');
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

void write_into(std::string& data, std::uint64_t offset, std::string_view bytes) {
  if (bytes.empty()) return;
  if (data.size() < offset + bytes.size()) data.resize(offset + bytes.size(), '\0');
  std::memcpy(data.data() + offset, bytes.data(), bytes.size());
}

}  // namespace

/// A file's content, or a folder.
struct SimDisk::Inode {
  struct Write {
    std::uint64_t offset = 0;
    std::string bytes;
    std::optional<std::uint64_t> truncate;  // instead of a write
  };
  bool folder = false;
  std::string data, synced;
  std::vector<Write> unsynced;
  Time modified;

  /// What was written is synced, too: only that is copied, since journals sync large files after small writes.
  void keep_all() {
    for (const Write& write : unsynced) {
      if (write.truncate) {
        synced.resize(*write.truncate, '\0');
      } else {
        write_into(synced, write.offset, write.bytes);
      }
    }
    unsynced.clear();
    REEVE_ASSERT(synced.size() == data.size());
  }

  /// What the disk holds after a power cut.
  std::string survived(Random& random) const {
    std::string out = synced;
    if (unsynced.empty()) return out;
    enum { nothing, everything, prefix, any };
    const auto luck = random.below(4);
    const std::size_t cut = luck == nothing ? 0 : luck == prefix ? random.below(unsynced.size() + 1) : unsynced.size();
    for (std::size_t i = 0; i < cut; ++i) {
      const Write& write = unsynced[i];
      const bool torn = luck == any || (luck == prefix && i + 1 == cut);
      if (write.truncate) {
        if (!torn || random.chance(0.5)) out.resize(*write.truncate, '\0');
        continue;
      }
      for (std::uint64_t at = 0; at < write.bytes.size();) {
        const std::uint64_t room = sector_bytes - (write.offset + at) % sector_bytes;
        const auto sector = std::string_view(write.bytes).substr(at, room);
        if (!torn || random.chance(0.5)) write_into(out, write.offset + at, sector);
        at += sector.size();
      }
    }
    return out;
  }
};

/// One change of a folder's names.
struct SimDisk::Change {
  enum class What : std::uint8_t { add, remove, rename } what = What::add;
  std::string path, to;          // `to` of a rename
  std::shared_ptr<Inode> inode;  // of add
};

class SimDisk::SimFile final : public File {
 public:
  SimFile(SimDisk& disk, std::string path, std::shared_ptr<Inode> inode, bool writable)
      : disk_(disk), path_(std::move(path)), inode_(std::move(inode)), life_(disk.life_), writable_(writable) {}

  Result<std::size_t> read(std::uint64_t offset, std::span<char> into) override {
    TRY(alive());
    if (offset >= inode_->data.size()) return std::size_t{0};
    return inode_->data.copy(into.data(), into.size(), offset);
  }

  Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    TRY(may_change());
    const bool full = disk_.free_bytes_ && *disk_.free_bytes_ < bytes.size();
    if (full) bytes = bytes.substr(0, *disk_.free_bytes_);
    if (disk_.free_bytes_) *disk_.free_bytes_ -= bytes.size();
    write_into(inode_->data, offset, bytes);
    inode_->unsynced.push_back({.offset = offset, .bytes = std::string(bytes), .truncate = {}});
    inode_->modified = disk_.clock_.wall();
    if (full) return failed(Code::io, "no space left on the device", path_);
    return {};
  }

  Result<void> truncate(std::uint64_t size) override {
    TRY(may_change());
    inode_->data.resize(size, '\0');
    inode_->unsynced.push_back({.offset = 0, .bytes = {}, .truncate = size});
    inode_->modified = disk_.clock_.wall();
    return {};
  }

  Result<void> sync() override {
    TRY(alive());
    TRY(disk_.change(path_));
    inode_->keep_all();
    return {};
  }

  Result<std::uint64_t> size() override {
    TRY(alive());
    return inode_->data.size();
  }

 private:
  Result<void> alive() const {
    if (life_ != disk_.life_) return failed(Code::io, "the file was open before the crash", path_);
    return disk_.usable(path_);
  }
  Result<void> may_change() {
    TRY(alive());
    if (!writable_) return failed(Code::io, "the file is open for reading only", path_);
    return disk_.change(path_);
  }
  SimDisk& disk_;
  std::string path_;
  std::shared_ptr<Inode> inode_;
  std::uint64_t life_;
  bool writable_;
};

class SimDisk::SimLock final : public FileLock {
 public:
  SimLock(SimDisk& disk, std::string path, std::uint64_t id) : disk_(disk), path_(std::move(path)), id_(id) {}
  ~SimLock() override {
    const auto held = disk_.locks_.find(path_);
    if (held != disk_.locks_.end() && held->second == id_) disk_.locks_.erase(held);
  }
  SimLock(const SimLock&) = delete;
  SimLock& operator=(const SimLock&) = delete;

 private:
  SimDisk& disk_;
  std::string path_;
  std::uint64_t id_;
};

SimDisk::SimDisk(Clock& clock) : clock_(clock) {
  auto folder = std::make_shared<Inode>();
  folder->folder = true;
  folder->modified = clock.wall();
  names_ = {{"/", folder}, {"", folder}};
  durable_ = names_;
}

SimDisk::~SimDisk() = default;

Result<void> SimDisk::usable(const std::string& path) const {
  if (changes_left_ && *changes_left_ == 0) return failed(Code::io, "the machine is stopping", path);
  return {};
}

Result<void> SimDisk::change(const std::string& path) {
  TRY(usable(path));
  if (changes_left_) --*changes_left_;
  ++changes_;
  return {};
}

void SimDisk::apply(Names& names, const Change& change) const {
  const std::string parent = parent_of(change.what == Change::What::rename ? change.to : change.path);
  switch (change.what) {
    case Change::What::add:
      if (names.contains(parent)) names[change.path] = change.inode;
      break;
    case Change::What::remove:
      names.erase(change.path);
      break;
    case Change::What::rename: {
      if (!names.contains(parent)) break;
      Names moved;
      for (auto at = names.begin(); at != names.end();) {
        if (at->first == change.path || is_below(at->first, change.path)) {
          moved[change.to + at->first.substr(change.path.size())] = at->second;
          at = names.erase(at);
        } else {
          ++at;
        }
      }
      for (auto& [path, inode] : moved) names[path] = inode;
      break;
    }
  }
}

void SimDisk::record(Change change) {
  apply(names_, change);
  unsynced_.push_back(std::move(change));
}

Result<std::unique_ptr<File>> SimDisk::open(const std::string& given, Open how) {
  const std::string path = normal(given);
  TRY(usable(path));
  auto found = names_.find(path);
  if (found != names_.end() && found->second->folder) return failed(Code::io, "is a folder", given);
  if (found == names_.end()) {
    const auto parent = names_.find(parent_of(path));
    if (how != Open::create || parent == names_.end() || !parent->second->folder) {
      return failed(Code::not_found, "no such file", given);
    }
    TRY(change(path));
    auto inode = std::make_shared<Inode>();
    inode->modified = clock_.wall();
    record({.what = Change::What::add, .path = path, .to = {}, .inode = std::move(inode)});
    found = names_.find(path);
  }
  return std::make_unique<SimFile>(*this, path, found->second, how != Open::read);
}

Result<void> SimDisk::remove(const std::string& given) {
  const std::string path = normal(given);
  TRY(usable(path));
  const auto found = names_.find(path);
  if (found == names_.end()) return failed(Code::not_found, "no such file", given);
  if (std::ranges::any_of(names_, [&](const auto& name) { return is_below(name.first, path); })) {
    return failed(Code::io, "the folder is not empty", given);
  }
  TRY(change(path));
  record({.what = Change::What::remove, .path = path, .to = {}, .inode = nullptr});
  return {};
}

Result<void> SimDisk::rename(const std::string& given, const std::string& given_to) {
  const std::string from = normal(given);
  const std::string to = normal(given_to);
  TRY(usable(from));
  const auto found = names_.find(from);
  const auto parent = names_.find(parent_of(to));
  if (found == names_.end()) return failed(Code::not_found, "no such file", given);
  if (parent == names_.end() || !parent->second->folder) return failed(Code::not_found, "no such folder", given_to);
  const auto target = names_.find(to);
  if (target != names_.end() && target->second->folder) return failed(Code::io, "is a folder", given_to);
  if (is_below(to, from)) return failed(Code::io, "cannot be moved into itself", given);
  if (from == to) return {};
  TRY(change(from));
  record({.what = Change::What::rename, .path = from, .to = to, .inode = nullptr});
  return {};
}

Result<bool> SimDisk::exists(const std::string& path) {
  TRY(usable(path));
  return names_.contains(normal(path));
}

Result<bool> SimDisk::is_folder(const std::string& path) {
  TRY(usable(path));
  const auto found = names_.find(normal(path));
  return found != names_.end() && found->second->folder;
}

Result<void> SimDisk::make_folders(const std::string& given) {
  const std::string path = normal(given);
  TRY(usable(path));
  std::vector<std::string> missing;
  std::string at = path;
  while (!names_.contains(at)) {
    missing.push_back(at);
    at = parent_of(at);
  }
  if (!names_.at(at)->folder) return failed(Code::io, "is not a folder", given);
  for (const std::string& folder : missing | std::views::reverse) {
    TRY(change(given));
    auto inode = std::make_shared<Inode>();
    inode->folder = true;
    inode->modified = clock_.wall();
    record({.what = Change::What::add, .path = folder, .to = {}, .inode = std::move(inode)});
    TRY(sync_folder(parent_of(folder)));
  }
  return {};
}

Result<std::vector<std::string>> SimDisk::list(const std::string& given) {
  const std::string path = normal(given);
  TRY(usable(path));
  const auto found = names_.find(path);
  if (found == names_.end() || !found->second->folder) return failed(Code::not_found, "no such folder", given);
  std::vector<std::string> out;
  for (const auto& [name, inode] : names_) {
    if (is_below(name, path) && parent_of(name) == path) out.push_back(name.substr(name.find_last_of('/') + 1));
  }
  std::ranges::sort(out);
  return out;
}

Result<void> SimDisk::sync_folder(const std::string& given) {
  const std::string path = normal(given);
  TRY(usable(path));
  const auto found = names_.find(path);
  if (found == names_.end() || !found->second->folder) return failed(Code::not_found, "no such folder", given);
  TRY(change(path));
  std::erase_if(unsynced_, [&](const Change& change) {
    const bool here = parent_of(change.path) == path || (!change.to.empty() && parent_of(change.to) == path);
    if (here) apply(durable_, change);
    return here;
  });
  return {};
}

Result<std::unique_ptr<FileLock>> SimDisk::try_lock(const std::string& given) {
  const std::string path = normal(given);
  TRY(auto file, open(path, Open::create));  // made if missing
  const std::uint64_t id = next_lock_++;
  if (!locks_.emplace(path, id).second) return std::unique_ptr<FileLock>();
  return std::make_unique<SimLock>(*this, path, id);
}

Result<std::optional<Time>> SimDisk::modified(const std::string& path) {
  TRY(usable(path));
  const auto found = names_.find(normal(path));
  return found == names_.end() ? std::optional<Time>() : std::optional(found->second->modified);
}

void SimDisk::power_cut() {
  ++life_;
  locks_.clear();
  changes_left_.reset();
}

void SimDisk::kill() { power_cut(); }

void SimDisk::crash(Random& random) {
  power_cut();
  std::map<std::string, std::size_t> unsynced_of;  // by folder
  auto folder_of = [](const Change& change) { return parent_of(change.to.empty() ? change.path : change.to); };
  for (const Change& change : unsynced_) ++unsynced_of[folder_of(change)];
  for (auto& [folder, count] : unsynced_of) count = random.below(count + 1);  // how many of its changes survive
  for (const Change& change : unsynced_) {
    auto& left = unsynced_of[folder_of(change)];
    if (left == 0) continue;
    --left;
    apply(durable_, change);
  }
  unsynced_.clear();

  std::map<const Inode*, std::shared_ptr<Inode>> after;  // an inode may have two names for a moment
  for (auto& [path, inode] : durable_) {
    auto& fresh = after[inode.get()];
    if (!fresh) {
      fresh = std::make_shared<Inode>();
      fresh->folder = inode->folder;
      fresh->modified = inode->modified;
      fresh->synced = fresh->data = inode->survived(random);
    }
    inode = fresh;
  }
  names_ = durable_;
}

}  // namespace reeve
