#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include "base/path.h"
#include "base/real_seams.h"

namespace reeve {
namespace {

constexpr mode_t file_mode = 0600;
constexpr mode_t folder_mode = 0700;

std::unexpected<Error> failed(std::string_view what, const std::string& path, int number) {
  const Code code = number == ENOENT || number == ENOTDIR ? Code::not_found : Code::io;
  return fail({.code = code,
               .message = fmt::format("cannot {} '{}': {}", what, path, std::generic_category().message(number)),
               .resource = path});
}

/// Calls until it is not merely interrupted by a signal.
template <class F>
auto uninterrupted(F call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

/// Owns a descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }

 private:
  int fd_;
};

Descriptor open_at(const std::string& path, int flags) {
  return Descriptor(uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, file_mode); }));
}

class RealFile final : public File {
 public:
  RealFile(std::string path, Descriptor descriptor) : path_(std::move(path)), descriptor_(std::move(descriptor)) {}

  Result<std::size_t> read(std::uint64_t offset, std::span<char> into) override {
    std::size_t done = 0;
    while (done < into.size()) {
      const auto rest = into.subspan(done);
      ssize_t n = uninterrupted(
          [&] { return ::pread(descriptor_.get(), rest.data(), rest.size(), static_cast<off_t>(offset + done)); });
      if (n < 0 && errno == ESPIPE && offset + done == streamed_) {  // a pipe: <(…), /dev/stdin
        n = uninterrupted([&] { return ::read(descriptor_.get(), rest.data(), rest.size()); });
        if (n > 0) streamed_ += static_cast<std::uint64_t>(n);
      }
      if (n < 0) return failed("read", path_, errno);
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    return done;
  }

  Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = uninterrupted(
          [&] { return ::pwrite(descriptor_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
      if (n <= 0) return failed("write to", path_, n < 0 ? errno : EIO);
      bytes.remove_prefix(static_cast<std::size_t>(n));
      offset += static_cast<std::uint64_t>(n);
    }
    return {};
  }

  Result<void> truncate(std::uint64_t size) override {
    if (uninterrupted([&] { return ::ftruncate(descriptor_.get(), static_cast<off_t>(size)); }) < 0) {
      return failed("change the size of", path_, errno);
    }
    return {};
  }

  Result<void> sync() override {
    if (uninterrupted([&] { return ::fsync(descriptor_.get()); }) < 0) return failed("sync", path_, errno);
    return {};
  }

  Result<std::uint64_t> size() override {
    struct stat info{};
    if (::fstat(descriptor_.get(), &info) < 0) return failed("look at", path_, errno);
    return static_cast<std::uint64_t>(info.st_size);
  }

 private:
  std::string path_;
  Descriptor descriptor_;
  std::uint64_t streamed_ = 0;  // how far a pipe has been read
};

class RealLock final : public FileLock {
 public:
  explicit RealLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  Descriptor descriptor_;  // closing it unlocks
};

}  // namespace

Result<std::unique_ptr<File>> RealDisk::open(const std::string& path, Open how) {
  const int flags = how == Open::read ? O_RDONLY : how == Open::write ? O_RDWR : O_RDWR | O_CREAT;
  Descriptor descriptor = open_at(path, flags);
  if (!descriptor.ok()) return failed("open", path, errno);
  struct stat info{};
  if (::fstat(descriptor.get(), &info) == 0 && S_ISDIR(info.st_mode)) return failed("open", path, EISDIR);
  return std::make_unique<RealFile>(path, std::move(descriptor));
}

Result<void> RealDisk::remove(const std::string& path) {
  if (::remove(path.c_str()) < 0) return failed("remove", path, errno);
  return {};
}

Result<void> RealDisk::rename(const std::string& from, const std::string& to) {
  // A device, a pipe or a socket of that name is somebody's, and no file that a new one could stand for.
  struct stat there{};
  if (::stat(to.c_str(), &there) == 0 && !S_ISREG(there.st_mode) && !S_ISDIR(there.st_mode)) {
    return fail({.code = Code::io,
                 .message = "'" + to + "' is no regular file, and stays as it is",
                 .resource = to,
                 .hint = "Write to a file; for a pipe, to standard output"});
  }
  if (std::rename(from.c_str(), to.c_str()) < 0) return failed("rename to '" + to + "' the file", from, errno);
  return {};
}

Result<bool> RealDisk::exists(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return failed("look at", path, errno);
}

Result<bool> RealDisk::is_folder(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) == 0) return S_ISDIR(info.st_mode);
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return failed("look at", path, errno);
}

Result<void> RealDisk::make_folders(const std::string& path) {
  std::size_t end = 0;
  while (end != path.size()) {
    const auto slash = path.find('/', end + 1);
    end = slash == std::string::npos ? path.size() : slash;
    const std::string folder = path.substr(0, end);
    if (::mkdir(folder.c_str(), folder_mode) == 0) {
      TRY(sync_folder(folder_of(folder)));
      continue;
    }
    const int number = errno;
    TRY(const bool there, is_folder(folder));
    if (!there) return failed("make the folder", folder, number);
  }
  return {};
}

Result<std::vector<std::string>> RealDisk::list(const std::string& path) {
  DIR* folder = ::opendir(path.c_str());
  if (folder == nullptr) return failed("list", path, errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> closer(folder, ::closedir);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(folder)) {  // NOLINT(concurrency-mt-unsafe): the stream is ours alone
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return failed("list", path, errno);
  std::ranges::sort(names);
  return names;
}

Result<void> RealDisk::sync_folder(const std::string& path) {
  const Descriptor folder = open_at(path, O_RDONLY | O_DIRECTORY);
  if (!folder.ok()) return failed("open the folder", path, errno);
  // EINVAL: a file system without folders to sync (some network and FUSE ones) has nothing to lose here either.
  if (uninterrupted([&] { return ::fsync(folder.get()); }) < 0 && errno != EINVAL) {
    return failed("sync the folder", path, errno);
  }
  return {};
}

Result<std::unique_ptr<FileLock>> RealDisk::try_lock(const std::string& path) {
  Descriptor descriptor = open_at(path, O_RDWR | O_CREAT);
  if (!descriptor.ok()) return failed("open the lock", path, errno);
  if (uninterrupted([&] { return ::flock(descriptor.get(), LOCK_EX | LOCK_NB); }) < 0) {
    if (errno == EWOULDBLOCK) return std::unique_ptr<FileLock>();
    return failed("lock", path, errno);
  }
  return std::make_unique<RealLock>(std::move(descriptor));
}

Result<std::optional<Time>> RealDisk::modified(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<Time>();
    return failed("look at", path, errno);
  }
  return std::optional(Time{std::int64_t{info.st_mtim.tv_sec} * 1'000'000 + info.st_mtim.tv_nsec / 1000});
}

}  // namespace reeve
