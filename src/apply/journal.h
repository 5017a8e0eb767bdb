#pragma once
#include <cstdint>
#include <functional>
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
  Time at;  ///< when it was written, by the local clock
  std::string run, row, kind, subject;
  Document body;
  std::string prev_hash, hash;
};

/// The write-ahead journal: append-only, hash-chained a run. An interface over JSON bodies, so that other stores can
/// hold the same (docs/formats/journal.md). What is read is read by an index and handed over one at a time: a run may
/// have a million entries. It shows whole appends only: a reading that comes while entries are committed waits for
/// them.
class Journal {
 public:
  using Visit = std::function<Result<void>(const Entry&)>;
  virtual ~Journal() = default;
  /// Writes entries in order; they survive a crash when this returns. Callers that come together share a commit.
  /// Errors: journal (then nothing of these entries may be relied on).
  virtual Task<Result<void>> append(std::vector<NewEntry> entries) = 0;

  /// A run's entries in order, the chain checked as it goes. Errors: journal (the chain is broken: what came before
  /// holds), not_found (no such run), and what `visit` returns.
  virtual Result<void> each(std::string_view run, const Visit& visit) = 0;
  /// The same, with null bodies: for who only asks whether all is there. Errors: as each().
  virtual Result<void> each_sealed(std::string_view run, const Visit& visit) = 0;
  /// The entries that closed a run's rows, the last one of each row, in the order of closing or the reverse.
  enum class Order : std::uint8_t { oldest_first, newest_first };
  virtual Result<void> each_closed(std::string_view run, Order order, const Visit& visit) = 0;
  /// The entries of one row of a run, in order; none if it was never begun nor closed.
  virtual Result<std::vector<Entry>> of_row(std::string_view run, std::string_view row) = 0;
  /// The entry that closed one row of a run; nullopt if there is none, or the row was begun again since.
  virtual Result<std::optional<Entry>> closing_of_row(std::string_view run, std::string_view row) = 0;
  /// A run's first entry ("run"), and its last. Errors: not_found, journal.
  virtual Result<Entry> first(std::string_view run) = 0;
  virtual Result<Entry> last(std::string_view run) = 0;

  /// Ids of all runs, oldest first.
  virtual Result<std::vector<std::string>> runs() = 0;
  /// Ids of the runs that did not come to an end, or ended interrupted or in doubt, newest first.
  virtual Result<std::vector<std::string>> open_runs() = 0;
  /// Entries that close changes of a record, oldest first.
  virtual Result<std::vector<Entry>> about(std::string_view subject) = 0;
  /// The run that applied a plan, if any.
  virtual Result<std::optional<std::string>> run_of_plan(std::string_view plan) = 0;
  /// The undos of a run, oldest first.
  virtual Result<std::vector<std::string>> undos_of(std::string_view run) = 0;

  /// A run's entries, all at once: for runs known to be small.
  Result<std::vector<Entry>> read(std::string_view run);
};

/// Whose file layer SQLite works on: its own, which several processes may share, or (in a simulation) a VFS over the
/// Disk, which loses what was not synced.
enum class FileLayer : std::uint8_t { sqlite, disk };

/// The journal in one SQLite file (WAL, synchronous=FULL). Beside it, in PATH.mark, stands the run that began last: a
/// journal that does not hold that run was emptied, replaced or cut short, and is refused; so is one of a newer
/// version. Errors: journal.
Result<std::unique_ptr<Journal>> open_sqlite_journal(const std::string& path, FileLayer layer, Disk& disk, Clock& clock,
                                                     Loop& loop, Workers& workers);

}  // namespace reeve::apply
