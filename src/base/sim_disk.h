#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/seams.h"

namespace reeve {

/// Files in memory that lose what a real disk may lose. What survives a crash:
///  - of a file's content: what was synced, and any choice of the writes since then, sector by sector (512 bytes), in
///    any order, a truncation included; where a later write survives and an earlier one does not, the gap reads as
///    zeros or as what was synced;
///  - of a folder: the names as of its last sync_folder, and a prefix of the changes since then. make_folders is
///    durable at once, as RealDisk makes it. File::sync does not make the file's name durable; sync_folder does.
/// A rename is one change: a crash leaves the old name or the new, never both or neither.
/// (Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014: what applications may not rely on.)
class SimDisk final : public Disk {
 public:
  explicit SimDisk(Clock& clock);
  ~SimDisk() override;
  SimDisk(const SimDisk&) = delete;
  SimDisk& operator=(const SimDisk&) = delete;

  Result<std::unique_ptr<File>> open(const std::string& path, Open how) override;
  Result<void> remove(const std::string& path) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<bool> exists(const std::string& path) override;
  Result<bool> is_folder(const std::string& path) override;
  Result<void> make_folders(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  Result<void> sync_folder(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> try_lock(const std::string& path) override;
  Result<std::optional<Time>> modified(const std::string& path) override;

  /// The machine stops and starts again: unsynced changes are lost or kept by chance, locks are gone, open files fail
  /// with `io` for ever.
  void crash(Random& random);
  /// Only the process dies (kill -9): all that was written stays, locks are gone, open files fail.
  void kill();
  /// The next `changes` changes (write, truncate, sync, new name, remove, rename, sync_folder) work; after them every
  /// call fails with `io` until crash() or kill(). nullopt takes it back.
  void stop_after(std::optional<std::uint64_t> changes) { changes_left_ = changes; }
  /// Writes fail with `io` ("no space left") once `bytes` more were written; the last one is cut short. nullopt:
  /// enough.
  void set_free_bytes(std::optional<std::uint64_t> bytes) { free_bytes_ = bytes; }
  /// Changes so far, to choose where to stop.
  std::uint64_t changes() const { return changes_; }

 private:
  struct Inode;
  struct Change;
  class SimFile;
  class SimLock;
  using Names = std::map<std::string, std::shared_ptr<Inode>>;  // by path; folders too

  Result<void> usable(const std::string& path) const;
  Result<void> change(const std::string& path);
  void apply(Names& names, const Change& change) const;
  void record(Change change);
  void power_cut();

  Clock& clock_;
  Names names_, durable_;
  std::vector<Change> unsynced_;                // of all folders, in order
  std::map<std::string, std::uint64_t> locks_;  // path → who
  std::uint64_t next_lock_ = 1, life_ = 0, changes_ = 0;
  std::optional<std::uint64_t> changes_left_, free_bytes_;
};

}  // namespace reeve
