#include "cli/changing.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/plan_view.h"
#include "cli/planning.h"
#include "cli/run_view.h"
#include "cli/streamed_json.h"
#include "cli/verbs.h"
#include "plan/plan_json.h"

namespace reeve::cli {
namespace {

/// {"plan", "run", "rows" (the plan's that ended, each with outcome and error), "kept", "errors", "calls"}.
Result<void> print_both(apply::Journal& journal, const StoredPlan& made, const apply::RunResult& run) {
  StreamedJson json;
  auto of = [](const auto& put) {
    Builder b;
    put(b);
    return b.finish();
  };
  json.member("plan", of([&](Builder& b) { put_header(b, made.plan.header, false); }));
  json.member("run", of([&](Builder& b) { apply::put_run(b, run); }));
  json.begin_list("rows");
  TRY(made.file.each_row([&](const plan::Row& row) -> Result<void> {
    TRY(const auto ended, apply::find_row_outcome(journal, run.id, row.row));
    if (!ended) return {};
    const Document planned = of([&](Builder& b) { put_row(b, row, false); });
    json.item(of([&](Builder& b) {
      b.begin_map();
      for (const auto [key, value] : planned.root().entries()) b.put(key, value);
      b.put("outcome", name(ended->outcome));
      b.key("error");
      ended->error ? plan::put_error(b, *ended->error) : b.null();
      b.end();
    }));
    return {};
  }));
  json.end_list();
  json.begin_list("kept");
  for (const auto& kept : made.plan.kept) json.item(of([&](Builder& b) { put_kept(b, kept); }));
  json.end_list();
  json.begin_list("errors");
  for (const auto& error : made.plan.errors) json.item(of([&](Builder& b) { plan::put_error(b, error); }));
  json.end_list();
  json.member("calls", plan::calls_document(run.calls));
  return {};
}

/// The plan's rows that ended, each with how.
Result<void> print_both_csv(apply::Journal& journal, const StoredPlan& made, const apply::RunResult& run) {
  auto columns = plan_columns(made.plan.header);
  for (auto& column : outcome_columns()) {
    if (column.title == "undo") column.title = "undo now";
    columns.push_back(std::move(column));
  }
  const views::Table table(std::move(columns));
  print(table.csv_header());
  return made.file.each_row([&](const plan::Row& row) -> Result<void> {
    TRY(const auto ended, apply::find_row_outcome(journal, run.id, row.row));
    if (!ended) return {};
    auto cells = plan_cells(row);
    for (auto& cell : outcome_cells(*ended)) cells.push_back(std::move(cell));
    print(table.csv_line(cells));
    return {};
  });
}

}  // namespace

Task<Result<int>> run(Engine& engine, PlanOptions options) {
  CO_TRY(Changing changing, co_await begin_change(engine));
  const bool consent = options.allow_irreversible;
  CO_TRY(const StoredPlan made, co_await make_stored_plan(engine, changing.connected, std::move(options)));
  if (engine.common().people()) CO_TRY(print_plan(engine.common(), made.plan, made.file.source()));
  apply::ApplyOptions how{.verb = "run", .consent = consent};
  auto line = std::make_shared<Progress>(engine.common());
  apply::Progress progress = progress_of(engine, line);
  CO_TRY(apply::RunResult result,
         co_await apply::apply_plan(engine.hands(changing.prices, *changing.journal), engine.state(), changing.here,
                                    made.plan.header.id, how, engine.stop(), progress));
  line->clear();
  result.calls = engine.calls();
  if (engine.common().json()) {
    CO_TRY(print_both(*changing.journal, made, result));
    say_how_to_go_on(engine.common(), result);
  } else if (engine.common().csv()) {
    CO_TRY(print_both_csv(*changing.journal, made, result));
    say_plan_errors(made.plan);
    say_how_to_go_on(engine.common(), result);
  } else {
    CO_TRY(print_run(engine.common(), *changing.journal, result));
  }
  co_return worse(run_exit(result), plan_exit(made.plan));
}

}  // namespace reeve::cli
