#include <fmt/format.h>

#include "apply/begin.h"
#include "apply/entries.h"
#include "apply/lock.h"

namespace reeve::apply {
namespace {

/// Goes on with a run whose locks are held. Errors: journal, plan_damaged, plan_refused.
Task<Result<RunResult>> go_on(Hands hands, StateFolder state, Here here, Entry first, Cancel stop, Progress progress) {
  RunTerms terms = terms_from(first);
  terms.resumed = true;
  CO_TRY(hands.journal.each(terms.run, [](const Entry&) { return Result<void>{}; }));  // its chain
  CO_TRY(const auto file, plan::PlanFile::open(hands.world.disk, state.plan(terms.plan)));
  const plan::Header& header = file.header();
  CO_TRY(check_here(header, here));
  if (header.pinned_now) terms.pinned_now = header.now;
  terms.expired = hands.world.clock.wall() > header.expires;
  Chosen chosen{.only = terms.only, .except = terms.except};
  std::unique_ptr<RowJudge> judge;
  if (terms.verb == "undo") {
    judge = std::make_unique<UndoJudge>(hands.prices, hands.configuration);
    CO_TRY(terms.rows, survey(file, chosen, [](const plan::Row&) {}));
  } else {
    const Time now = terms.pinned_now.value_or(hands.policy_now());
    CO_TRY(auto by_policy,
           PolicyJudge::make(header, hands.vocabulary, hands.kinds, hands.prices, hands.configuration, now));
    CO_TRY(terms.rows, survey(file, chosen, [&by_policy](const plan::Row& row) { by_policy->will_remove(row); }));
    by_policy->protect(protection_by_journal(hands.journal, hands.world.clock.wall(), terms.run));
    judge = std::move(by_policy);
  }
  CO_TRY(NextRow next, rows_of(file, std::move(chosen)));
  Task<Result<RunResult>> executing =
      execute(hands, std::move(terms), header, std::move(next), *judge, stop, std::move(progress));
  auto result = co_await std::move(executing);
  if (result) result->started = first.body["started"].as_string();
  co_return result;
}

}  // namespace

Task<Result<std::optional<RunResult>>> resume(Hands hands, StateFolder state, Here here, Cancel stop,
                                              Progress progress) {
  std::optional<Error> at_work;
  CO_TRY(const auto runs, hands.journal.open_runs());
  for (const auto& run : runs) {
    CO_TRY(const Entry first, hands.journal.first(run));
    auto locks = ScopeLocks::take(hands.world, state.locks(), scopes_from(first), run);
    CO_TRY(const Entry last, hands.journal.last(run));  // now, under the lock: it may have ended meanwhile
    if (!locks && locks.error().code == Code::locked && last.kind != "end") {
      if (!at_work) at_work = locks.error();
      continue;
    }
    if (!locks) co_return std::unexpected(locks.error());
    const auto state_now = last.kind == "end" ? last.body["state"].as_text() : std::string_view{};
    if (state_now == "done" || state_now == "failed") continue;
    Task<Result<RunResult>> going = go_on(hands, state, here, first, stop, std::move(progress));
    auto result = co_await std::move(going);
    if (!result) co_return std::unexpected(result.error());
    co_return std::optional(*std::move(result));
  }
  if (at_work) {
    at_work->message = "nothing to resume, a run is at work: " + at_work->message;
    co_return fail(*std::move(at_work));
  }
  co_return std::optional<RunResult>{};
}

}  // namespace reeve::apply
