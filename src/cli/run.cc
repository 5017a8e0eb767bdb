#include <map>

#include "cli/changing.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/plan_view.h"
#include "cli/planning.h"
#include "cli/run_view.h"
#include "cli/verbs.h"
#include "plan/plan_json.h"

namespace reeve::cli {
namespace {

/// {"plan", "run", "rows" (the plan's, each with outcome and error), "kept", "calls"}.
Document document(const plan::Plan& plan, const apply::RunResult& run) {
  std::map<std::string, const apply::RowOutcome*> outcomes;
  for (const auto& row : run.rows) outcomes[row.row] = &row;
  const Document whole = plan::plan_document(plan);
  Builder b;
  b.begin_map();
  b.put("format", 1);
  b.put("plan", whole["plan"]);
  b.key("run");
  apply::put_run(b, run);
  b.begin_list("rows");
  for (const Value row : whole["rows"].items()) {
    b.begin_map();
    for (const auto [key, value] : row.entries()) b.put(key, value);
    const auto outcome = outcomes.find(row["row"].as_string());
    if (outcome == outcomes.end()) {
      b.put("outcome", "skipped");
      b.put_null("error");
    } else {
      b.put("outcome", name(outcome->second->outcome));
      if (outcome->second->error) {
        b.key("error");
        plan::put_error(b, *outcome->second->error);
      } else {
        b.put_null("error");
      }
    }
    b.end();
  }
  b.end();
  b.put("kept", whole["kept"]);
  b.put("errors", whole["errors"]);
  plan::put_calls(b, run.calls);
  b.end();
  return b.finish();
}

}  // namespace

Task<Result<int>> run(Engine& engine, PlanOptions options) {
  CO_TRY(Changing changing, co_await begin_change(engine));
  const bool consent = options.allow_irreversible;
  CO_TRY(const plan::Plan made, co_await make_stored_plan(engine, changing.connected, std::move(options)));
  if (!engine.common().json()) print_plan(engine.common(), made);
  apply::ApplyOptions how{.verb = "run", .consent = consent};
  auto line = std::make_shared<Progress>(engine.common());
  apply::Progress progress = progress_of(engine, line);
  CO_TRY(apply::RunResult result,
         co_await apply::apply_plan(engine.hands(changing.prices, *changing.journal), engine.state(), changing.here,
                                    made.header.id, how, engine.stop(), progress));
  line->clear();
  result.calls = engine.calls();
  if (engine.common().json()) {
    print_json(document(made, result));
    say_how_to_go_on(engine.common(), result);
  } else {
    print_run(engine.common(), result);
  }
  co_return worse(run_exit(result), plan_exit(made));
}

}  // namespace reeve::cli
