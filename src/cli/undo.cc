#include <fmt/format.h>

#include <set>

#include "cli/changing.h"
#include "cli/output.h"
#include "cli/plan_view.h"
#include "cli/run_view.h"
#include "cli/verbs.h"
#include "plan/plan_json.h"

namespace reeve::cli {

namespace {

/// Why an undo of a row is no promise; empty where it is one.
std::string no_promise(const apply::RowOutcome& done, Time now) {
  if (done.undo_class == "none") return "no way back was known when it was done; an undo looks whether there is one";
  if (done.until && *done.until <= now) {
    return fmt::format("the way back was open until {}; an undo looks whether it still is",
                       format_iso8601(*done.until));
  }
  return {};
}

/// Rows without a certain way back are kept in what is shown: an undo looks for one, but promises none.
Result<void> keep_irreversible(apply::Journal& journal, apply::UndoPlan& undo, Time now) {
  std::set<std::string> irreversible;
  TRY(undo.rows([&](const plan::Row& row) -> Result<void> {
    TRY(const auto done, apply::find_row_outcome(journal, undo.of, row.row));
    std::string why = done ? no_promise(*done, now) : std::string();
    if (why.empty()) return {};
    irreversible.insert(row.row);
    undo.plan.kept.push_back({.policy = row.policy,
                              .kind = row.kind,
                              .id = row.records.front(),
                              .scope = row.scope,
                              .code = "no-way-back",
                              .message = std::move(why),
                              .row = row.row});
    return {};
  }));
  undo.count -= irreversible.size();
  undo.rows = [rows = std::move(undo.rows), irreversible](const plan::RowSink& sink) {
    return rows([&](const plan::Row& row) -> Result<void> {
      return irreversible.contains(row.row) ? Result<void>{} : sink(row);
    });
  };
  return {};
}

/// --dry-run: what an undo would do.
Result<void> print_undo_plan(const Common& common, const apply::UndoPlan& undo) {
  if (common.json()) return print_plan_json(undo.plan, undo.rows);
  views::Table table({{"row"}, {"action"}, {"id"}, {"by"}, {"stays because", views::Table::Align::left, 200}});
  TRY(undo.rows([&table](const plan::Row& row) -> Result<void> {
    table.add({row.row, row.action, row.records.front(), row.steps.front().operation, ""});
    return {};
  }));
  for (const auto& kept : undo.plan.kept) table.add({kept.row, "stays", kept.id, "", kept.message});
  if (undo.count == 0 && common.people())
    print(table.empty() ? "Nothing is left to undo.\n" : "Nothing can be undone for certain.\n");
  if (!table.empty() || common.csv()) print_table(common, table);
  return {};
}

}  // namespace

Task<Result<int>> undo(Engine& engine, UndoOptions options) {
  CO_TRY(Changing changing, co_await begin_change(engine));
  const apply::Hands hands = engine.hands(changing.prices, *changing.journal);
  CO_TRY(apply::UndoPlan undo, apply::plan_undo(hands, options.run, options.rows));
  if (options.dry_run) {
    CO_TRY(keep_irreversible(*changing.journal, undo, engine.world().clock.wall()));
    CO_TRY(print_undo_plan(engine.common(), undo));
    co_return 0;
  }
  const std::vector<plan::Kept> kept = undo.plan.kept;
  auto line = std::make_shared<Progress>(engine.common());
  apply::Progress progress = progress_of(engine, line);
  CO_TRY(auto run,
         co_await apply::apply_undo(hands, engine.state(), changing.here, std::move(undo), engine.stop(), progress));
  line->clear();
  if (!run) {
    print_no_run(engine.common(), "Nothing is left to undo.", kept);
    co_return 0;
  }
  run->calls = engine.calls();
  run->skipped += kept.size();
  CO_TRY(print_run(engine.common(), *changing.journal, *run, kept));
  co_return run_exit(*run);
}

}  // namespace reeve::cli
