#include "apply/runs.h"

#include "apply/entries.h"
#include "apply/lock.h"

namespace reeve::apply {
namespace {

/// How a run that came to an end ended: its last entry holds the counts.
void take_counts(Value end, RunResult& out) {
  auto count = [&end](std::string_view key) { return static_cast<std::size_t>(end[key].as_integer()); };
  out.state = end["state"].as_string();
  out.done = count("done");
  out.failed = count("failed");
  out.drifted = count("drifted");
  out.skipped = count("skipped");
  out.in_doubt = count("in_doubt");
}

}  // namespace

Result<void> each_row_outcome(Journal& journal, const std::string& run,
                              const std::function<Result<void>(const RowOutcome&)>& visit) {
  return journal.each_closed(run, Journal::Order::oldest_first,
                             [&visit](const Entry& entry) { return visit(row_outcome_from(entry)); });
}

Result<std::optional<RowOutcome>> find_row_outcome(Journal& journal, std::string_view run, std::string_view row) {
  TRY(const auto closing, journal.closing_of_row(run, row));
  return closing ? std::optional(row_outcome_from(*closing)) : std::optional<RowOutcome>{};
}

Result<RunResult> read_run(Hands hands, const StateFolder& state, const std::string& run) {
  TRY(const Entry first, hands.journal.first(run));
  TRY(const Entry last, hands.journal.last(run));
  const RunTerms terms = terms_from(first);
  RunResult out{.id = run, .plan = terms.plan, .verb = terms.verb, .started = first.body["started"].as_string()};
  if (last.kind == "end") {
    take_counts(last.body, out);
    return out;
  }
  TRY(each_row_outcome(hands.journal, run, [&out](const RowOutcome& row) -> Result<void> {
    out.count(row);
    return {};
  }));
  out.state = "interrupted";
  for (const auto& scope : scopes_from(first)) {
    TRY(const bool held, ScopeLocks::held(hands.world, state.locks(), scope, run));
    if (held) out.state = "running";
  }
  return out;
}

Result<std::vector<RunResult>> list_runs(Hands hands, const StateFolder& state) {
  TRY(const auto runs, hands.journal.runs());
  std::vector<RunResult> out;
  for (const auto& run : runs) {
    TRY(RunResult result, read_run(hands, state, run));
    out.push_back(std::move(result));
  }
  return out;
}

}  // namespace reeve::apply
