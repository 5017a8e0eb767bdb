#include "cli/output.h"
#include "cli/run_view.h"
#include "cli/verbs.h"
#include "views/table.h"

namespace reeve::cli {

using views::Table;

namespace {

/// All rows of a run.
Result<void> print_rows(const Common& common, apply::Journal& journal, const apply::RunResult& run) {
  if (common.json() || common.output == "csv") return print_run(common, journal, run);
  Table table({{"row"}, {"id"}, {"action"}, {"outcome"}, {"undo"}, {"because", Table::Align::left, 120}});
  TRY(apply::each_row_outcome(journal, run.id, [&table](const apply::RowOutcome& row) -> Result<void> {
    table.add({row.row, row.id, row.action, std::string(name(row.outcome)), row.undo_class,
               row.error ? row.error->text() : ""});
    return {};
  }));
  print(table.text());
  return {};
}

}  // namespace

Task<Result<int>> runs(Engine& engine, std::string run) {
  CO_TRY(apply::Journal * journal, engine.journal());
  CO_TRY(const auto prices, engine.prices({}));
  const apply::Hands hands = engine.hands(prices, *journal);
  if (!run.empty()) {
    CO_TRY(const apply::RunResult one, apply::read_run(hands, engine.state(), run));
    CO_TRY(print_rows(engine.common(), *journal, one));
    co_return 0;
  }
  CO_TRY(const auto all, apply::list_runs(hands, engine.state()));
  if (engine.common().json()) {
    Builder b;
    b.begin_map();
    b.put("format", 1);
    b.begin_list("runs");
    for (const auto& one : all) apply::put_run(b, one);
    b.end();
    b.end();
    print_json(b.finish());
    co_return 0;
  }
  Table table({{"run"},
               {"verb"},
               {"started"},
               {"state"},
               {"done", Table::Align::right},
               {"failed", Table::Align::right},
               {"drifted", Table::Align::right},
               {"skipped", Table::Align::right},
               {"in doubt", Table::Align::right},
               {"plan"}});
  for (const auto& one : all) {
    table.add({one.id, one.verb, one.started, one.state, std::to_string(one.done), std::to_string(one.failed),
               std::to_string(one.drifted), std::to_string(one.skipped), std::to_string(one.in_doubt), one.plan});
  }
  if (table.empty() && engine.common().output == "table") {
    print("No runs yet.\n");
  } else {
    print(engine.common().output == "csv" ? table.csv() : table.text());
  }
  co_return 0;
}

}  // namespace reeve::cli
