#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "apply/begin.h"
#include "apply/effects.h"
#include "apply/entries.h"

namespace reeve::apply {
namespace {

/// What an undo of one row would be: a row of the same id, or why it is kept.
using Draft = std::variant<plan::Row, plan::Kept>;

plan::Kept kept_of(const plan::Row& row, std::string code, std::string message) {
  return {.policy = row.policy,
          .kind = row.kind,
          .id = row.records.front(),
          .scope = row.scope,
          .code = std::move(code),
          .message = std::move(message),
          .row = row.row};
}

/// What undoing a row comes to, by the intents of its steps that took effect: at least one.
Draft draft_of(const std::vector<const Entry*>& intents, const std::string& undone_by) {
  const Entry& intent = *intents.front();
  const Value body = intent.body;
  plan::Row row;
  row.row = intent.row;
  row.policy = body["policy"].as_string();
  row.kind = body["kind"].as_string();
  row.records = {body["id"].as_string()};
  row.scope = {.partition = body["partition"].as_string(),
               .account = body["account"].as_string(),
               .region = body["region"].as_string()};
  row.action = "undo " + body["action"].as_string();
  row.undo.undo_class = policy::UndoClass::exact;  // of the undo itself: nothing is lost by it
  if (!undone_by.empty()) return kept_of(row, "undone", fmt::format("run {} took it back already", undone_by));
  // No action has several steps; an undo has, and is not undone. Two rows of one id would be mixed up.
  if (intents.size() > 1) return kept_of(row, "no-way-back", "what took several steps cannot be undone");
  const policy::Step step = step_from(intent);
  const Effect* effect = find_effect(step.service, step.operation);
  if (effect != nullptr) row.steps = effect->undo(step, body["before"]);
  if (row.steps.empty()) return kept_of(row, "no-way-back", fmt::format("{} cannot be undone", step.operation));
  Builder b;
  b.begin_map();
  b.begin_map("undone");
  b.put("service", step.service);
  b.put("operation", step.operation);
  b.put("params", step.params);
  b.put("at", format_iso8601(intent.at));
  b.end();
  b.put("before", body["before"]);
  b.end();
  row.pre_image = b.finish();
  return row;
}

/// Visits what undoing a run's rows (all that were done, where `only` is empty) comes to, newest first.
Result<void> each_draft(Journal& journal, const std::string& run, const std::vector<std::string>& only,
                        const std::function<Result<void>(Draft)>& visit) {
  TRY(const auto undos, journal.undos_of(run));
  return journal.each_closed(run, Journal::Order::newest_first, [&](const Entry& closing) -> Result<void> {
    if (closing.body["outcome"].as_text() != "done") return {};
    if (!only.empty() && !contains(only, closing.row)) return {};
    std::string undone_by;
    for (const auto& undo : undos) {
      TRY(const auto ended, find_row_outcome(journal, undo, closing.row));
      if (ended && ended->outcome == Outcome::done) undone_by = undo;
    }
    TRY(const auto entries, journal.of_row(run, closing.row));
    const auto intents = effective_intents(entries);
    return intents.empty() ? Result<void>{} : visit(draft_of(intents, undone_by));
  });
}

}  // namespace

Result<UndoPlan> plan_undo(Hands hands, const std::string& run, const std::vector<std::string>& rows) {
  Journal& journal = hands.journal;
  TRY(journal.each_sealed(run, [](const Entry&) { return Result<void>{}; }));  // its chain
  for (const auto& id : rows) {
    TRY(const auto ended, find_row_outcome(journal, run, id));
    if (ended) continue;
    return fail({.code = Code::not_found,
                 .message = fmt::format("run {} has no row {}", run, id),
                 .hint = fmt::format("`reeve runs {}` lists its rows", run)});
  }
  UndoPlan out{.of = run};
  plan::Header& header = out.plan.header;
  header.id = new_id("p", hands.world);
  header.created = header.now = hands.world.clock.wall();
  header.expires = header.created + std::chrono::hours(24);
  std::map<std::pair<std::string, std::string>, std::set<std::string>> regions;
  TRY(const Entry first, journal.first(run));
  for (const auto& scope : scopes_from(first)) regions[{scope.partition, scope.account}].insert(scope.region);
  for (const auto& [account, names] : regions) {
    header.scopes.push_back(
        {.partition = account.first, .account = account.second, .regions = {names.begin(), names.end()}});
  }
  TRY(each_draft(journal, run, rows, [&out](Draft draft) -> Result<void> {
    if (auto* kept = std::get_if<plan::Kept>(&draft)) {
      out.plan.kept.push_back(std::move(*kept));
    } else {
      ++out.count;
    }
    return {};
  }));
  out.rows = [&journal, run, rows](const plan::RowSink& sink) {
    return each_draft(journal, run, rows, [&sink](Draft draft) -> Result<void> {
      const auto* row = std::get_if<plan::Row>(&draft);
      return row == nullptr ? Result<void>{} : sink(*row);
    });
  };
  return out;
}

Task<Result<std::optional<RunResult>>> apply_undo(Hands hands, StateFolder state, Here here, UndoPlan undo, Cancel stop,
                                                  Progress progress) {
  plan::Header& header = undo.plan.header;
  header.loopback = here.loopback;
  CO_TRY(check_here(header, here));
  if (undo.count == 0) co_return std::optional<RunResult>{};
  CO_TRY(hands.world.disk.make_folders(state.plans()));
  CO_TRY(plan::write_plan(hands.world.disk, state.plan(header.id), undo.plan, undo.rows));
  CO_TRY(const auto file, plan::PlanFile::open(hands.world.disk, state.plan(header.id)));
  CO_TRY(NextRow next, rows_of(file, {}));
  RunTerms terms{.run = new_run_id(hands),
                 .plan = header.id,
                 .verb = "undo",
                 .of = undo.of,
                 .consent = true,
                 .rows = file.row_count()};
  const UndoJudge judge(hands.prices, hands.configuration);
  Task<Result<RunResult>> run =
      begin(hands, state, std::move(terms), header, std::move(next), judge, stop, std::move(progress));
  auto result = co_await std::move(run);
  if (!result) co_return std::unexpected(result.error());
  co_return std::optional(*std::move(result));
}

}  // namespace reeve::apply
