#include "cli/changing.h"
#include "cli/output.h"
#include "cli/run_view.h"
#include "cli/verbs.h"

namespace reeve::cli {

Task<Result<int>> apply(Engine& engine, ApplyOptions options) {
  CO_TRY(Changing changing, co_await begin_change(engine));
  apply::ApplyOptions how{.consent = options.allow_irreversible, .only = options.rows, .except = options.except};
  auto line = std::make_shared<Progress>(engine.common());
  apply::Progress progress = progress_of(engine, line);
  CO_TRY(apply::RunResult run,
         co_await apply::apply_plan(engine.hands(changing.prices, *changing.journal), engine.state(), changing.here,
                                    options.plan, how, engine.stop(), progress));
  line->clear();
  run.calls = engine.calls();
  CO_TRY(print_run(engine.common(), *changing.journal, run));
  co_return run_exit(run);
}

}  // namespace reeve::cli
