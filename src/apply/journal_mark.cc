#include "apply/journal_mark.h"

#include <fmt/format.h>

#include "base/json.h"

namespace reeve::apply {
namespace {

constexpr std::size_t mark_bytes = 4096;

std::string mark_path(const std::string& path) { return path + ".mark"; }

}  // namespace

void set_mark(Disk& disk, const std::string& path, const std::string& run) {
  Builder b;
  b.begin_map();
  b.put("format", 1);
  b.put("run", run);
  b.end();
  static_cast<void>(disk.write_file(mark_path(path), to_json(b.finish()) + "\n"));
}

Result<void> check_mark(Disk& disk, const std::string& path, Journal& journal) {
  const auto text = disk.read_file(mark_path(path), mark_bytes);
  if (!text && text.error().code == Code::not_found) return {};
  if (!text) return fail(text.error());
  const auto mark = parse_json(*text);
  const std::string run = mark ? (*mark)["run"].as_string() : std::string();
  std::string lost;
  if (run.empty()) {  // we write it whole or not at all: somebody damaged it, and some run was begun
    TRY(const auto runs, journal.runs());
    if (!runs.empty()) return {};
    lost = fmt::format("the journal holds no run, and {}, which names the last one, is damaged", mark_path(path));
  } else {
    const auto entry = journal.first(run);
    if (entry || entry.error().code != Code::not_found) return entry ? Result<void>{} : fail(entry.error());
    lost = fmt::format("the journal does not hold run {}, which {} says was begun", run, mark_path(path));
  }
  return fail({.code = Code::journal,
               .message = lost + ": it was emptied, replaced or cut short",
               .resource = path,
               .hint = fmt::format("Put a copy of {0} back. To go on without it, keep what is left elsewhere and "
                                   "remove {1}: {2}",
                                   path, mark_path(path), without_journal)});
}

}  // namespace reeve::apply
