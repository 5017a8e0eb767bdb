#include "cli/changing.h"
#include "cli/output.h"
#include "cli/plan_view.h"
#include "cli/run_view.h"
#include "cli/verbs.h"
#include "plan/plan_json.h"

namespace reeve::cli {

Task<Result<int>> undo(Engine& engine, UndoOptions options) {
  CO_TRY(Changing changing, co_await begin_change(engine));
  const apply::Hands hands = engine.hands(changing.prices, *changing.journal);
  CO_TRY(plan::Plan plan, apply::plan_undo(hands, options.run, options.rows));
  if (options.dry_run) {
    if (engine.common().json()) {
      print_json(plan::plan_document(plan));
    } else {
      for (const auto& row : plan.rows) {
        print(row.row + "  " + row.action + "  " + row.records.front() + "  by " + row.steps.front().operation + "\n");
      }
      for (const auto& kept : plan.kept) print(kept.id + "  stays as it is: " + kept.message + "\n");
    }
    co_return 0;
  }
  const std::vector<plan::Kept> kept = plan.kept;
  auto line = std::make_shared<Progress>(engine.common());
  apply::Progress progress = progress_of(engine, line);
  CO_TRY(apply::RunResult run, co_await apply::apply_undo(hands, engine.state(), changing.here, options.run,
                                                          std::move(plan), engine.stop(), progress));
  line->clear();
  run.calls = engine.calls();
  for (const auto& stays : kept) {
    apply::RowOutcome row{.row = stays.row, .id = stays.id, .action = "undo", .outcome = apply::Outcome::skipped};
    row.undo_class = "none";
    row.error = Error{.code = Code::nothing_to_do, .message = stays.message};
    run.count(row);
    run.rows.push_back(std::move(row));
  }
  if (engine.common().json()) {
    print_json(apply::run_document(run));
    say_how_to_go_on(engine.common(), run);
  } else {
    print_run(engine.common(), run);
  }
  co_return run_exit(run);
}

}  // namespace reeve::cli
