#pragma once
#include <optional>
#include <string>
#include <vector>

#include "apply/journal.h"
#include "apply/run.h"
#include "base/seams.h"
#include "plan/plan.h"

/// The journal's bodies (docs/formats/journal.md), written and read back.
namespace reeve::apply {

NewEntry run_entry(World& world, const RunTerms& terms, const plan::Header& header);
/// The step that is about to be begun, with what its undo needs.
NewEntry intent_entry(const std::string& run, const plan::Row& row, std::size_t step);

/// What became of a step. `result`: "done", "failed", "in_doubt", "not_sent".
struct StepOutcome {
  std::string_view result;
  std::optional<Error> error = std::nullopt;
  std::string request_id = {};
  bool resolved = false;  ///< found out by looking, not from the answer
};
NewEntry outcome_entry(const std::string& run, const plan::Row& row, std::size_t step, const StepOutcome& outcome);
NewEntry row_entry(const std::string& run, const plan::Row& row, Outcome outcome, const std::optional<Error>& error);
NewEntry end_entry(const RunResult& result);

/// Of a "run" entry.
RunTerms terms_from(const Entry& run);
std::vector<aws::Scope> scopes_from(const Entry& run);
/// Of a "row" entry.
RowOutcome row_outcome_from(const Entry& closing);
/// Of an "intent" entry.
policy::Step step_from(const Entry& intent);

/// Where a row's entries leave it.
struct RowStory {
  const Entry* intent = nullptr;   ///< the last one begun
  const Entry* outcome = nullptr;  ///< of that intent
  const Entry* closing = nullptr;  ///< the row's last closing, with nothing begun since
};
RowStory story_of(const std::vector<Entry>& row);
/// The intents of a row's steps that took effect, in order. A step may have been begun more than once.
std::vector<const Entry*> effective_intents(const std::vector<Entry>& row);

}  // namespace reeve::apply
