#include "cli/changing.h"
#include "cli/output.h"
#include "cli/plan_view.h"
#include "cli/run_view.h"
#include "cli/verbs.h"
#include "plan/plan_json.h"

namespace reeve::cli {

namespace {

/// --dry-run: what an undo would do.
Result<void> print_undo_plan(const Common& common, const apply::UndoPlan& undo) {
  if (common.json()) return print_plan_json(undo.plan, undo.rows);
  TRY(undo.rows([](const plan::Row& row) -> Result<void> {
    print(row.row + "  " + row.action + "  " + row.records.front() + "  by " + row.steps.front().operation + "\n");
    return {};
  }));
  for (const auto& kept : undo.plan.kept) print(kept.id + "  stays as it is: " + kept.message + "\n");
  if (undo.count == 0) print("Nothing is left to undo.\n");
  return {};
}

}  // namespace

Task<Result<int>> undo(Engine& engine, UndoOptions options) {
  CO_TRY(Changing changing, co_await begin_change(engine));
  const apply::Hands hands = engine.hands(changing.prices, *changing.journal);
  CO_TRY(apply::UndoPlan undo, apply::plan_undo(hands, options.run, options.rows));
  if (options.dry_run) {
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
