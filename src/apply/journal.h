#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/api.h"
#include "base/document.h"
#include "base/result.h"
#include "base/seams.h"
#include "base/task.h"

namespace reeve::apply {

/// How a record is named in the journal: "account/region/kind/id".
std::string subject_of(const aws::Scope& scope, std::string_view kind, std::string_view id);

/// What to write down. `body` is a map without the members that the journal adds (seq, run, row, kind, prev_hash).
struct NewEntry {
  std::string run;
  std::string row;      ///< empty for entries about the whole run
  std::string kind;     ///< "run", "intent", "outcome", "row", "end" (docs/formats/journal.md)
  std::string subject;  ///< "account/region/kind/id" where the entry closes a change of that record; else empty
  Document body;
};

/// What stands in the journal.
struct Entry {
  std::uint64_t seq = 0;
  std::string run, row, kind, subject;
  Document body;
  std::string prev_hash, hash;
};

/// The write-ahead journal: append-only, hash-chained a run. An interface over JSON bodies, so that other stores can
/// hold the same (docs/formats/journal.md).
class Journal {
 public:
  virtual ~Journal() = default;
  /// Writes entries in order; they survive a crash when this returns. Callers that come together share a commit.
  /// Errors: journal (then nothing of these entries may be relied on).
  virtual Task<Result<void>> append(std::vector<NewEntry> entries) = 0;
  /// A run's entries in order, the chain checked. Errors: journal (a broken chain), not_found (no such run).
  virtual Result<std::vector<Entry>> read(std::string_view run) = 0;
  /// Ids of all runs, oldest first.
  virtual Result<std::vector<std::string>> runs() = 0;
  /// Entries that close changes of a record, oldest first.
  virtual Result<std::vector<Entry>> about(std::string_view subject) = 0;
  /// All subjects with a closed change since a moment: for asking about many records at once.
  virtual Result<std::vector<Entry>> subjects_since(Time since) = 0;
  /// The run that applied a plan, if any.
  virtual Result<std::optional<std::string>> run_of_plan(std::string_view plan) = 0;
  /// The undos of a run, oldest first.
  virtual Result<std::vector<std::string>> undos_of(std::string_view run) = 0;
};

/// The journal in one SQLite file (WAL, synchronous=FULL). With `disk` null SQLite's own file layer is used, which
/// several processes may share; in a simulation a VFS over `disk` takes its place and loses what was not synced.
/// Errors: journal.
Result<std::unique_ptr<Journal>> open_sqlite_journal(const std::string& path, Disk* disk, Clock& clock, Loop& loop,
                                                     Workers& workers);

}  // namespace reeve::apply
