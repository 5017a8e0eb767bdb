#include "cli/run_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/exit_code.h"
#include "cli/output.h"
#include "views/table.h"

namespace reeve::cli {

using views::Table;

void print_run(const Common& common, const apply::RunResult& run) {
  if (common.output == "csv") {
    Table table({{"row"}, {"id"}, {"action"}, {"outcome"}, {"undo"}, {"message"}});
    for (const auto& row : run.rows) {
      table.add({row.row, row.id, row.action, std::string(name(row.outcome)), row.undo_class,
                 row.error ? row.error->text() : ""});
    }
    print(table.csv());
    return;
  }
  print(fmt::format("Run {} {}: {} done, {} failed, {} drifted, {} skipped, {} in doubt\n", run.id, run.state, run.done,
                    run.failed, run.drifted, run.skipped, run.in_doubt));
  Table table({{"row"}, {"id"}, {"action"}, {"outcome"}, {"because", Table::Align::left, 120}});
  constexpr std::size_t shown = 40;
  std::size_t others = 0;
  for (const auto& row : run.rows) {
    if (row.outcome == apply::Outcome::done) continue;
    if (++others > shown) continue;
    table.add({row.row, row.id, row.action, std::string(name(row.outcome)), row.error ? row.error->text() : ""});
  }
  if (others > 0) print(table.text("  "));
  if (others > shown) print(fmt::format("  … and {} more: reeve runs {}\n", others - shown, run.id));
  const std::string sandbox = common.same_place();
  if (run.state == "interrupted" || run.state == "in_doubt") print(fmt::format("To go on: reeve resume{}\n", sandbox));
  const bool undoable = std::ranges::any_of(run.rows, [](const apply::RowOutcome& row) {
    return row.outcome == apply::Outcome::done && row.undo_class != "none";
  });
  if (undoable && run.verb != "undo") {
    print(
        fmt::format("To take it back: reeve undo {}{} (a row's id behind it takes back that row)\n", run.id, sandbox));
  }
  if (run.consent_missing)
    print("Rows that cannot be undone were skipped: apply a new plan with --allow-irreversible\n");
}

void say_how_to_go_on(const Common& common, const apply::RunResult& run) {
  if (run.state != "interrupted" && run.state != "in_doubt") return;
  say(fmt::format("reeve: to go on: reeve resume{}", common.sandbox == "generated" ? " --sandbox" : ""));
}

int run_exit(const apply::RunResult& run) {
  int code = Exit::ok;
  if (run.failed > 0 || run.in_doubt > 0 || run.broke_off) code = worse(code, Exit::failed);
  const bool expired = std::ranges::any_of(
      run.rows, [](const apply::RowOutcome& row) { return row.error && row.error->code == Code::plan_expired; });
  if (run.consent_missing || expired) code = worse(code, Exit::stopped);
  if (run.state == "interrupted") code = worse(code, Exit::interrupted);
  return code;
}

}  // namespace reeve::cli
