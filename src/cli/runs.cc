#include "cli/output.h"
#include "cli/run_view.h"
#include "cli/verbs.h"

namespace reeve::cli {

using views::Table;

Task<Result<int>> runs(Engine& engine, std::string run) {
  CO_TRY(apply::Journal * journal, engine.journal());
  CO_TRY(const auto prices, engine.prices({}));
  const apply::Hands hands = engine.hands(prices, *journal);
  if (!run.empty()) {
    CO_TRY(const apply::RunResult one, apply::read_run(hands, engine.state(), run));
    CO_TRY(print_all_rows(engine.common(), *journal, one));
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
    table.add({one.id, one.verb, one.started, one.state, one.done, one.failed, one.drifted, one.skipped, one.in_doubt,
               one.plan});
  }
  if (table.empty() && engine.common().people()) {
    print("No runs yet.\n");
  } else {
    print_table(engine.common(), table);
  }
  co_return 0;
}

}  // namespace reeve::cli
