#include "cli/output.h"
#include "cli/plan_view.h"
#include "cli/planning.h"
#include "cli/verbs.h"
#include "plan/plan_json.h"

namespace reeve::cli {

Task<Result<int>> plan(Engine& engine, PlanOptions options) {
  CO_TRY(const Connected connected, co_await engine.connect());
  CO_TRY(const StoredPlan made, co_await make_stored_plan(engine, connected, std::move(options)));
  CO_TRY(print_plan(engine.common(), made.plan, made.file.source()));
  co_return plan_exit(made.plan);
}

}  // namespace reeve::cli
