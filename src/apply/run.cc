#include "apply/run.h"

#include <array>

#include "plan/plan_json.h"

namespace reeve::apply {
namespace {
constexpr std::array<std::string_view, 5> names = {"done", "failed", "drifted", "skipped", "in_doubt"};
}

std::string_view name(Outcome outcome) { return names.at(static_cast<std::size_t>(outcome)); }

std::optional<Outcome> outcome_of(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<Outcome>(i);
  }
  return std::nullopt;
}

void RunResult::count(const RowOutcome& row) {
  switch (row.outcome) {
    case Outcome::done:
      ++done;
      break;
    case Outcome::failed:
      ++failed;
      break;
    case Outcome::drifted:
      ++drifted;
      break;
    case Outcome::skipped:
      ++skipped;
      break;
    case Outcome::in_doubt:
      ++in_doubt;
      break;
  }
  if (row.error && row.error->code == Code::consent_missing) consent_missing = true;
  if (row.error && row.error->code == Code::plan_expired) expired = true;
  if (row.outcome == Outcome::done && row.undo_class != "none") undoable = true;
}

void put_run(Builder& b, const RunResult& run) {
  b.begin_map();
  b.put("id", run.id);
  b.put("plan", run.plan);
  b.put("verb", run.verb);
  b.put("state", run.state);
  b.put("started", run.started);
  for (const auto& [key, count] :
       {std::pair("done", run.done), std::pair("failed", run.failed), std::pair("drifted", run.drifted),
        std::pair("skipped", run.skipped), std::pair("in_doubt", run.in_doubt)}) {
    b.put(key, static_cast<std::int64_t>(count));
  }
  b.end();
}

void put_row_outcome(Builder& b, const RowOutcome& row) {
  b.begin_map();
  b.put("row", row.row);
  b.put("id", row.id);
  b.put("action", row.action);
  b.put("outcome", name(row.outcome));
  b.put("undo", row.undo_class);
  if (row.error) {
    b.key("error");
    plan::put_error(b, *row.error);
  } else {
    b.put_null("error");
  }
  b.end();
}

}  // namespace reeve::apply
