#include <fmt/format.h>

#include "apply/begin.h"

namespace reeve::apply {

Task<Result<RunResult>> apply_plan(Hands hands, StateFolder state, Here here, std::string plan, ApplyOptions options,
                                   Cancel stop, Progress progress) {
  const bool is_file = plan.find('/') != std::string::npos || plan.ends_with(".jsonl");
  auto opened = plan::PlanFile::open(hands.world.disk, is_file ? plan : state.plan(plan));
  if (!opened) {
    Error error = opened.error();
    if (error.code == Code::not_found) {
      error.message = fmt::format("there is no plan {}", plan);
      error.hint = "Give the id that `reeve plan` printed, or the path of a file that --save wrote";
    }
    co_return fail(std::move(error));
  }
  const plan::Header& header = opened->header();
  CO_TRY(check_here(header, here));
  CO_TRY(check_unused(hands.journal, header));
  if (hands.world.clock.wall() > header.expires) {
    co_return fail({.code = Code::plan_expired,
                    .message = fmt::format("plan {} expired at {}", header.id, format_iso8601(header.expires)),
                    .hint = "Plan again: the estate may have changed since"});
  }
  const Time now = header.pinned_now ? header.now : hands.policy_now();
  CO_TRY(const auto judge,
         PolicyJudge::make(header, hands.vocabulary, hands.kinds, hands.prices, hands.configuration, now));
  Chosen chosen{.only = options.only, .except = options.except};
  CO_TRY(const std::size_t rows, survey(*opened, chosen, [&judge](const plan::Row& row) { judge->will_remove(row); }));
  RunTerms terms{.run = new_run_id(hands),
                 .plan = header.id,
                 .verb = options.verb,
                 .of = {},
                 .consent = options.consent,
                 .only = options.only,
                 .except = options.except,
                 .rows = rows,
                 .pinned_now = header.pinned_now ? std::optional(header.now) : std::nullopt};
  judge->protect(protection_by_journal(hands.journal, hands.world.clock.wall(), terms.run));
  if (is_file) {  // resume needs the plan whether or not the file stays where it is
    CO_TRY(hands.world.disk.make_folders(state.plans()));
    CO_TRY(opened->copy_to(state.plan(header.id)));
  }
  CO_TRY(NextRow next, rows_of(*opened, std::move(chosen)));
  Task<Result<RunResult>> run =
      begin(hands, state, std::move(terms), header, std::move(next), *judge, stop, std::move(progress));
  co_return co_await std::move(run);
}

}  // namespace reeve::apply
