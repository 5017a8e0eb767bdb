#include "cli/changing.h"
#include "cli/output.h"
#include "cli/run_view.h"
#include "cli/verbs.h"

namespace reeve::cli {

Task<Result<int>> resume(Engine& engine, std::string run_id) {
  CO_TRY(Changing changing, co_await begin_change(engine));
  auto line = std::make_shared<Progress>(engine.common());
  apply::Progress progress = progress_of(engine, line);
  const apply::Hands hands = engine.hands(changing.prices, *changing.journal);
  CO_TRY(auto run,
         co_await apply::resume(hands, engine.state(), changing.here, engine.stop(), progress, std::move(run_id)));
  line->clear();
  if (!run) {
    print_no_run(engine.common(), "Nothing to resume.");
    co_return 0;
  }
  run->calls = engine.calls();
  CO_TRY(print_run(engine.common(), *changing.journal, *run));
  co_return run_exit(*run);
}

}  // namespace reeve::cli
