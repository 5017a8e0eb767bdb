#include "cli/changing.h"

#include <fmt/format.h>

#include "base/contains.h"
#include "cli/output.h"

namespace reeve::cli {

Task<Result<Changing>> begin_change(Engine& engine) {
  Changing out;
  CO_TRY(out.connected, co_await engine.connect());
  if (engine.pinned_now() && !out.connected.loopback) {
    co_return fail({.code = Code::plan_refused,
                    .message = "--now is for looking: nothing is changed by a time that is not today's",
                    .hint = "Leave --now out"});
  }
  CO_TRY(engine.check_trust(out.connected));
  out.here = {.accounts = {out.connected.identity.account}, .loopback = out.connected.loopback};
  if (!contains(engine.common().regions, "all")) out.here.regions = engine.common().regions;
  CO_TRY(out.prices, engine.prices({}));
  CO_TRY(out.journal, engine.journal());
  co_return out;
}

apply::Progress progress_of(Engine& engine, std::shared_ptr<Progress> line) {
  const Log log = engine.log();
  return {.row =
              [line, log](std::size_t done, std::size_t total, const apply::RowOutcome& row) {
                line->show(fmt::format("{} of {}: {} {} {}", done, total, row.action, row.id, name(row.outcome)));
                log.debug("row", {{"row", row.row}, {"id", row.id}, {"outcome", name(row.outcome)}});
                if (row.error) log.info(row.error->text(), {{"row", row.row}});
              },
          .note =
              [line, quiet = engine.common().quiet](const std::string& text) {
                line->clear();
                if (!quiet) say("reeve: " + text);
              }};
}

}  // namespace reeve::cli
