#include "apply/lock.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"

namespace reeve::apply {
namespace {

std::string path_of(const std::string& folder, const aws::Scope& scope) {
  return fmt::format("{}/{}-{}.lock", folder, scope.account, scope.region);
}

constexpr std::size_t lock_file_bytes = 4096;

/// What the file says of who took the lock last; null where it says nothing.
Document holder_of(Disk& disk, const std::string& path) {
  const auto text = disk.read_file(path, lock_file_bytes);
  return text ? parse_json(*text).value_or(Document{}) : Document{};
}

}  // namespace

Result<ScopeLocks> ScopeLocks::take(World& world, const std::string& folder, std::vector<aws::Scope> scopes,
                                    const std::string& run) {
  std::ranges::sort(scopes);  // one order for everybody, so that two runs can't each hold half
  scopes.erase(std::ranges::unique(scopes).begin(), scopes.end());
  TRY(world.disk.make_folders(folder));
  ScopeLocks out;
  for (const auto& scope : scopes) {
    const std::string path = path_of(folder, scope);
    TRY(auto lock, world.disk.try_lock(path));
    if (!lock) {
      const Document holder = holder_of(world.disk, path);
      const Value who = holder.root();
      return fail(
          {.code = Code::locked,
           .message = fmt::format("{} {} is being changed by run {} (process {} on {}, since {})", scope.account,
                                  scope.region, who["run"].as_text_or("unknown"), who["pid"].as_integer(),
                                  who["host"].as_text_or("an unknown host"), who["since"].as_text_or("?")),
           .resource = path,
           .hint = "Wait for it to end; a lock ends with its process"});
    }
    Builder b;
    b.begin_map();
    b.put("format", 1);
    b.put("run", run);
    b.put("pid", world.environment.process_id());
    b.put("host", world.environment.host_name());
    b.put("since", format_iso8601(world.clock.wall()));
    b.end();
    const std::string content = to_json(b.finish()) + "\n";
    TRY(auto file, world.disk.open(path, Disk::Open::create));  // in place: the lock is on this very file
    TRY(file->truncate(0));
    TRY(file->write(0, content));
    out.locks_.push_back(std::move(lock));
  }
  return out;
}

Result<bool> ScopeLocks::held(World& world, const std::string& folder, const aws::Scope& scope, std::string_view run) {
  const std::string path = path_of(folder, scope);
  TRY(const bool there, world.disk.exists(path));
  if (!there || holder_of(world.disk, path)["run"].as_text() != run) return false;
  TRY(const auto lock, world.disk.try_lock(path));
  return lock == nullptr;
}

}  // namespace reeve::apply
