#include "apply/run_log.h"

#include <utility>

namespace reeve::apply {

RunLog::RunLog(Journal& journal, const RunTerms& terms, const Progress& progress)
    : journal_(journal), terms_(terms), progress_(progress) {
  result_.id = terms.run;
  result_.plan = terms.plan;
  result_.verb = terms.verb;
}

Task<bool> RunLog::write(std::vector<NewEntry> entries, std::vector<Closing> closings) {
  for (const Closing& closing : closings) {
    entries.push_back(row_entry(terms_.run, *closing.row, closing.outcome, closing.error));
  }
  if (entries.empty()) co_return true;
  auto written = co_await journal_.append(std::move(entries));
  if (!written) {  // what could not be written stays open, and is found by `resume`
    if (!broken_) broken_ = written.error();
    co_return false;
  }
  for (Closing& closing : closings) {
    const plan::Row& row = *closing.row;
    const bool done = closing.outcome == Outcome::done;
    note({.row = row.row,
          .id = row.records.front(),
          .action = row.action,
          .outcome = closing.outcome,
          .undo_class = std::string(done ? name(row.undo.undo_class) : "none"),
          .error = std::move(closing.error)});
  }
  co_return true;
}

Task<bool> RunLog::close(const plan::Row& row, Outcome outcome, std::optional<Error> error) {
  std::vector<Closing> closings;
  closings.push_back({.row = &row, .outcome = outcome, .error = std::move(error)});
  return write({}, std::move(closings));
}

void RunLog::note(const RowOutcome& row) {
  outcomes_[row.row] = row.outcome;
  result_.count(row);
  if (progress_.row) progress_.row(result_.ended(), terms_.rows, row);
}

void RunLog::closed_before(const RowOutcome& row) { note(row); }

Result<std::optional<Outcome>> RunLog::outcome(const std::string& row) {
  if (const auto known = outcomes_.find(row); known != outcomes_.end()) return std::optional(known->second);
  TRY(const auto entries, journal_.of_row(terms_.run, row));
  const RowStory story = story_of(entries);
  if (story.closing == nullptr) return std::optional<Outcome>{};
  return std::optional(row_outcome_from(*story.closing).outcome);
}

void RunLog::stop(const Error& error) {
  result_.broke_off = true;
  if (!std::exchange(stopped_, true) && progress_.note) progress_.note("stopping: " + error.text());
}

Task<Result<RunResult>> RunLog::end() {
  if (broken_) co_return fail(*broken_);
  const bool all_closed = result_.ended() >= terms_.rows;  // a Ctrl-C may come too late to matter
  result_.state = result_.in_doubt > 0 ? "in_doubt"
                  : !all_closed        ? "interrupted"
                  : result_.failed > 0 ? "failed"
                                       : "done";
  std::vector<NewEntry> entries;
  entries.push_back(end_entry(result_));
  CO_TRY(co_await journal_.append(std::move(entries)));
  co_return result_;
}

}  // namespace reeve::apply
