#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "apply/entries.h"
#include "apply/hands.h"

namespace reeve::apply {

/// How a row ends, to be written down.
struct Closing {
  const plan::Row* row = nullptr;
  Outcome outcome = Outcome::skipped;
  std::optional<Error> error = std::nullopt;
};

/// What one run writes down as it goes, and what that comes to.
class RunLog {
 public:
  /// Both outlive the log.
  RunLog(Journal& journal, const RunTerms& terms, const Progress& progress);

  const std::string& run() const { return terms_.run; }
  /// Writes entries and closes rows, in one commit. False if the journal failed: then the run ends.
  Task<bool> write(std::vector<NewEntry> entries, std::vector<Closing> closings);
  Task<bool> write(std::vector<NewEntry> entries) { return write(std::move(entries), {}); }
  Task<bool> close(const plan::Row& row, Outcome outcome, std::optional<Error> error);
  /// A row that an earlier life of this run closed.
  void closed_before(const RowOutcome& row);
  /// How a row ended; nullopt where it has not. Errors: journal.
  Result<std::optional<Outcome>> outcome(const std::string& row);
  /// What this process remembers of rows is asked for soon after, or never: forgotten between windows.
  void forget_rows() { outcomes_.clear(); }
  /// No further call of this run can succeed: it ends after those in flight, and `resume` goes on.
  void stop(const Error& error);
  /// The run is to end: the journal failed, or stop() was called.
  bool ending() const { return broken_.has_value() || stopped_; }

  /// Writes the run's end. Errors: journal.
  Task<Result<RunResult>> end();

 private:
  void note(const RowOutcome& row);
  Journal& journal_;
  const RunTerms& terms_;
  const Progress& progress_;
  RunResult result_;
  std::map<std::string, Outcome> outcomes_;
  std::optional<Error> broken_;
  bool stopped_ = false;
};

}  // namespace reeve::apply
