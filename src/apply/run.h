#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/document.h"
#include "base/result.h"
#include "base/time.h"

namespace reeve::apply {

enum class Outcome : std::uint8_t { done, failed, drifted, skipped, in_doubt };
std::string_view name(Outcome outcome);
std::optional<Outcome> outcome_of(std::string_view name);

/// How one row ended.
struct RowOutcome {
  std::string row, id, action;
  Outcome outcome = Outcome::skipped;
  std::string undo_class;      ///< "exact", "approximate", "none"; what is left of it after this row
  std::optional<Time> until;   ///< when the way back ends, where that is known
  std::optional<Error> error;  ///< also says why a row drifted or was skipped
};

/// A run, as `apply`, `undo`, `resume` and `runs` show it. Its rows are read from the journal (runs.h).
struct RunResult {
  std::string id, plan, verb;
  std::string state;  ///< "done", "failed", "interrupted", "in_doubt"; of a run at work "running"
  std::string started;
  std::size_t done = 0, failed = 0, drifted = 0, skipped = 0, in_doubt = 0;
  bool broke_off = false;        ///< interrupted by an error, not by somebody
  bool consent_missing = false;  ///< rows were skipped because nobody consented
  bool expired = false;          ///< rows were skipped because the plan had expired when the run went on
  bool undoable = false;         ///< rows were done that can be taken back
  std::map<std::string, std::uint64_t> calls;
  void count(const RowOutcome& row);
  std::size_t ended() const { return done + failed + drifted + skipped + in_doubt; }  ///< rows
};

/// Facts of a run that its first journal entry holds, so that `resume` goes on under them.
struct RunTerms {
  std::string run, plan, verb;      ///< verb: "apply", "run" or "undo"
  std::string of;                   ///< of an undo: the run that it takes back
  bool consent = false;             ///< --allow-irreversible
  std::vector<std::string> only;    ///< --rows; empty = all
  std::vector<std::string> except;  ///< --except: ids
  std::size_t rows = 0;             ///< how many were chosen
  std::optional<Time> pinned_now;   ///< the plan's now, where it was pinned
  bool expired = false;             ///< the plan has expired since: what was begun is closed, nothing more is done
  bool resumed = false;             ///< an earlier life of this run left entries in the journal
};

/// For people: after each row, and when the phase changes.
struct Progress {
  std::function<void(std::size_t done, std::size_t total, const RowOutcome&)> row;
  std::function<void(const std::string&)> note;
};

/// {"id", "plan", "state", "done", "failed", "drifted", "skipped", "in_doubt"} at the builder's place.
void put_run(Builder& b, const RunResult& run);
/// {"row", "id", "action", "outcome", "undo", "error"} at the builder's place.
void put_row_outcome(Builder& b, const RowOutcome& row);

}  // namespace reeve::apply
