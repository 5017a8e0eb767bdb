#include "cli/output.h"
#include "cli/plan_view.h"
#include "cli/planning.h"
#include "cli/verbs.h"
#include "plan/plan_json.h"

namespace reeve::cli {

Task<Result<int>> plan(Engine& engine, PlanOptions options) {
  CO_TRY(const Connected connected, co_await engine.connect());
  CO_TRY(const plan::Plan made, co_await make_stored_plan(engine, connected, std::move(options)));
  if (engine.common().json()) {
    print_json(plan::plan_document(made));
  } else {
    print_plan(engine.common(), made);
  }
  co_return plan_exit(made);
}

}  // namespace reeve::cli
