#pragma once
#include <string>

#include "base/seams.h"

namespace reeve::apply {

/// Makes SQLite do its files through a Disk: for simulations, where a crash loses what was not synced. Returns the
/// VFS's name, for sqlite3_open_v2. The same disk gives the same name; the disk must outlive the connections. One
/// connection a file at a time (set locking_mode=EXCLUSIVE before the first access: there is no shared memory).
std::string register_disk_vfs(Disk& disk);
/// Takes a disk's VFS away again, before the disk goes.
void unregister_disk_vfs(Disk& disk);

}  // namespace reeve::apply
