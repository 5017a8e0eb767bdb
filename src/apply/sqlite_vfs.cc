#include "apply/sqlite_vfs.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>

#include "base/path.h"

namespace reeve::apply {
namespace {

/// SQLite's file object: it allocates `szOsFile` bytes and calls through `methods`.
struct VfsFile {
  sqlite3_file base;
  File* file;
  Disk* disk;
  std::string* delete_on_close;
};

VfsFile* self(sqlite3_file* file) { return reinterpret_cast<VfsFile*>(file); }
Disk& disk_of(sqlite3_vfs* vfs) { return *static_cast<Disk*>(vfs->pAppData); }

int close(sqlite3_file* f) {
  delete self(f)->file;
  if (self(f)->delete_on_close != nullptr) {
    (void)self(f)->disk->remove(*self(f)->delete_on_close);
    delete self(f)->delete_on_close;
  }
  return SQLITE_OK;
}
int read(sqlite3_file* f, void* into, int size, sqlite3_int64 offset) {
  const std::span<char> buffer(static_cast<char*>(into), static_cast<std::size_t>(size));
  const auto got = self(f)->file->read(static_cast<std::uint64_t>(offset), buffer);
  if (!got) return SQLITE_IOERR_READ;
  if (*got == buffer.size()) return SQLITE_OK;
  std::ranges::fill(buffer.subspan(*got), '\0');  // SQLite wants the rest zeroed
  return SQLITE_IOERR_SHORT_READ;
}
int write(sqlite3_file* f, const void* from, int size, sqlite3_int64 offset) {
  const std::string_view bytes(static_cast<const char*>(from), static_cast<std::size_t>(size));
  const auto written = self(f)->file->write(static_cast<std::uint64_t>(offset), bytes);
  return written ? SQLITE_OK : SQLITE_FULL;
}
int truncate(sqlite3_file* f, sqlite3_int64 size) {
  return self(f)->file->truncate(static_cast<std::uint64_t>(size)) ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
}
int sync(sqlite3_file* f, int) { return self(f)->file->sync() ? SQLITE_OK : SQLITE_IOERR_FSYNC; }
int file_size(sqlite3_file* f, sqlite3_int64* size) {
  const auto got = self(f)->file->size();
  if (!got) return SQLITE_IOERR_FSTAT;
  *size = static_cast<sqlite3_int64>(*got);
  return SQLITE_OK;
}
int lock(sqlite3_file*, int) { return SQLITE_OK; }
int check_reserved_lock(sqlite3_file*, int* out) { return *out = 0, SQLITE_OK; }
int file_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return 4096; }
int device_characteristics(sqlite3_file*) { return 0; }

constexpr sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = close,
    .xRead = read,
    .xWrite = write,
    .xTruncate = truncate,
    .xSync = sync,
    .xFileSize = file_size,
    .xLock = lock,
    .xUnlock = lock,
    .xCheckReservedLock = check_reserved_lock,
    .xFileControl = file_control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = device_characteristics,
    .xShmMap = nullptr,
    .xShmLock = nullptr,
    .xShmBarrier = nullptr,
    .xShmUnmap = nullptr,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  Disk& disk = disk_of(vfs);
  file->pMethods = nullptr;
  if (name == nullptr) return SQLITE_CANTOPEN;  // temporary files: the journal's queries need none
  const bool creates = (flags & SQLITE_OPEN_CREATE) != 0;
  const auto there = disk.exists(name);
  if (!there) return SQLITE_CANTOPEN;
  auto opened = disk.open(name, creates ? Disk::Open::create : Disk::Open::write);
  if (!opened) return SQLITE_CANTOPEN;
  // Syncing a file later does not make its name last: a log that was synced and has no name is lost.
  if (!*there && !disk.sync_folder(folder_of(name))) return SQLITE_CANTOPEN;
  VfsFile* out = self(file);
  out->file = opened->release();
  out->disk = &disk;
  out->delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0 ? new std::string(name) : nullptr;
  file->pMethods = &methods;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}
int remove(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  Disk& disk = disk_of(vfs);
  const auto removed = disk.remove(name);
  if (!removed) return removed.error().code == Code::not_found ? SQLITE_IOERR_DELETE_NOENT : SQLITE_IOERR_DELETE;
  if (sync_folder != 0) {
    if (!disk.sync_folder(folder_of(name))) return SQLITE_IOERR_DIR_FSYNC;
  }
  return SQLITE_OK;
}
int access(sqlite3_vfs* vfs, const char* name, int, int* out) {
  const auto there = disk_of(vfs).exists(name);
  *out = there && *there ? 1 : 0;
  return SQLITE_OK;
}
int full_path(sqlite3_vfs*, const char* name, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}
// Only names of temporary files and lock back-off would use these; neither happens here.
int randomness(sqlite3_vfs*, int size, char* out) {
  std::memset(out, 0, static_cast<std::size_t>(size));
  return size;
}
int sleep(sqlite3_vfs*, int us) { return us; }
int current_time(sqlite3_vfs*, double* out) { return *out = 2440587.5, SQLITE_OK; }

std::string name_of(Disk& disk) { return fmt::format("reeve-disk-{}", fmt::ptr(&disk)); }

}  // namespace

std::string register_disk_vfs(Disk& disk) {
  const std::string name = name_of(disk);
  if (sqlite3_vfs_find(name.c_str()) != nullptr) return name;
  auto vfs = std::make_unique<sqlite3_vfs>();
  auto held_name = std::make_unique<char[]>(name.size() + 1);
  std::memcpy(held_name.get(), name.c_str(), name.size() + 1);
  vfs->iVersion = 1;
  vfs->szOsFile = sizeof(VfsFile);
  vfs->mxPathname = 1024;
  vfs->zName = held_name.release();
  vfs->pAppData = &disk;
  vfs->xOpen = open;
  vfs->xDelete = remove;
  vfs->xAccess = access;
  vfs->xFullPathname = full_path;
  vfs->xRandomness = randomness;
  vfs->xSleep = sleep;
  vfs->xCurrentTime = current_time;
  sqlite3_vfs_register(vfs.release(), 0);
  // Salts of the log come from SQLite's own generator, which the machine's chance would seed.
  constexpr int seed = 1;
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, seed, static_cast<sqlite3*>(nullptr));
  return name;
}

void unregister_disk_vfs(Disk& disk) {
  const std::string name = name_of(disk);
  sqlite3_vfs* vfs = sqlite3_vfs_find(name.c_str());
  if (vfs == nullptr) return;
  sqlite3_vfs_unregister(vfs);
  delete[] vfs->zName;
  delete vfs;
}

}  // namespace reeve::apply
