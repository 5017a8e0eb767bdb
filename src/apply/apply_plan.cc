#include <fmt/format.h>

#include "apply/begin.h"

namespace reeve::apply {

namespace {

/// Opens a plan. Errors: not_found, saying what may be given; plan_damaged, io.
Result<plan::PlanFile> open_plan(Disk& disk, const std::string& path, const std::string& given) {
  auto opened = plan::PlanFile::open(disk, path);
  if (opened || opened.error().code != Code::not_found) return opened;
  Error error = opened.error();
  error.message = fmt::format("there is no plan {}", given);
  error.hint = "Give the id that `reeve plan` printed, or the path of a file that --save wrote";
  return fail(std::move(error));
}

/// Takes a plan into the state folder, and gives the copy: whatever becomes of the file, the run is of one plan, and
/// `resume` finds it. Errors: plan_damaged (it is being changed), io.
Result<plan::PlanFile> take_in(Disk& disk, const StateFolder& state, const plan::PlanFile& from) {
  const plan::Header& header = from.header();
  TRY(disk.make_folders(state.plans()));
  TRY(from.copy_to(state.plan(header.id)));
  TRY(plan::PlanFile copy, plan::PlanFile::open(disk, state.plan(header.id)));
  if (copy.header().digest == header.digest) return copy;
  return fail({.code = Code::plan_damaged,
               .message = fmt::format("the file of plan {} was changed while it was read", header.id),
               .resource = state.plan(header.id),
               .hint = "Make the plan again"});
}

}  // namespace

Task<Result<RunResult>> apply_plan(Hands hands, StateFolder state, Here here, std::string plan, ApplyOptions options,
                                   Cancel stop, Progress progress) {
  const bool is_file = plan.find('/') != std::string::npos || plan.ends_with(".jsonl");
  CO_TRY(plan::PlanFile file, open_plan(hands.world.disk, is_file ? plan : state.plan(plan), plan));
  CO_TRY(check_here(file.header(), here));
  CO_TRY(check_unused(hands.journal, file.header()));
  if (hands.world.clock.wall() > file.header().expires) {
    co_return fail(
        {.code = Code::plan_expired,
         .message = fmt::format("plan {} expired at {}", file.header().id, format_iso8601(file.header().expires)),
         .hint = "Plan again: the estate may have changed since"});
  }
  if (is_file) {
    CO_TRY(file, take_in(hands.world.disk, state, file));
  }
  const plan::Header& header = file.header();
  CO_TRY(const auto judge,
         PolicyJudge::make(header, hands.vocabulary, hands.kinds, hands.prices, hands.configuration));
  Chosen chosen{.only = options.only, .except = options.except};
  CO_TRY(const std::size_t rows, survey(file, chosen, [&judge](const plan::Row& row) { judge->will_remove(row); }));
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
  CO_TRY(NextRow next, rows_of(file, std::move(chosen)));
  Task<Result<RunResult>> run =
      begin(hands, state, std::move(terms), header, std::move(next), *judge, stop, std::move(progress));
  co_return co_await std::move(run);
}

}  // namespace reeve::apply
