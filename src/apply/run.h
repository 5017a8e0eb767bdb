#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/document.h"
#include "base/result.h"

namespace reeve::apply {

enum class Outcome : std::uint8_t { done, failed, drifted, skipped, in_doubt };
std::string_view name(Outcome outcome);
std::optional<Outcome> outcome_of(std::string_view name);

/// How one row ended.
struct RowOutcome {
  std::string row, id, action;
  Outcome outcome = Outcome::skipped;
  std::string undo_class;      ///< "exact", "approximate", "none"; what is left of it after this row
  std::optional<Error> error;  ///< also says why a row drifted or was skipped
};

/// A run, as `apply`, `undo`, `resume` and `runs` show it.
struct RunResult {
  std::string id, plan, verb;
  std::string state;  ///< "done", "failed", "interrupted", "in_doubt"
  std::string started;
  std::size_t done = 0, failed = 0, drifted = 0, skipped = 0, in_doubt = 0;
  bool broke_off = false;        ///< interrupted by an error, not by somebody
  bool consent_missing = false;  ///< rows were skipped because nobody consented
  std::vector<RowOutcome> rows;
  std::map<std::string, std::uint64_t> calls;
  void count(const RowOutcome& row);
};

/// {"id", "plan", "state", "done", "failed", "drifted", "skipped", "in_doubt"} at the builder's place.
void put_run(Builder& b, const RunResult& run);
/// {"row", "id", "action", "outcome", "undo", "error"} at the builder's place.
void put_row_outcome(Builder& b, const RowOutcome& row);
/// {"format", "run", "rows", "calls"}.
Document run_document(const RunResult& run);

}  // namespace reeve::apply
