#include "cli/changing.h"
#include "cli/output.h"
#include "cli/run_view.h"
#include "cli/verbs.h"

namespace reeve::cli {

Task<Result<int>> resume(Engine& engine) {
  CO_TRY(Changing changing, co_await begin_change(engine));
  auto line = std::make_shared<Progress>(engine.common());
  apply::Progress progress = progress_of(engine, line);
  const apply::Hands hands = engine.hands(changing.prices, *changing.journal);
  CO_TRY(auto run, co_await apply::resume(hands, engine.state(), changing.here, engine.stop(), progress));
  line->clear();
  if (!run) {
    if (engine.common().json()) {
      Builder b;
      b.begin_map();
      b.put("format", 1);
      b.put_null("run");
      b.begin_list("rows");
      b.end();
      b.begin_map("calls");
      b.end();
      b.end();
      print_json(b.finish());
    } else {
      print("Nothing to resume.\n");
    }
    co_return 0;
  }
  run->calls = engine.calls();
  if (engine.common().json()) {
    print_json(apply::run_document(*run));
    say_how_to_go_on(engine.common(), *run);
  } else {
    print_run(engine.common(), *run);
  }
  co_return run_exit(*run);
}

}  // namespace reeve::cli
