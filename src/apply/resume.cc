#include <fmt/format.h>

#include "apply/begin.h"
#include "apply/entries.h"
#include "apply/lock.h"

namespace reeve::apply {
namespace {

/// A run that is about to go on.
struct Resumption {
  RunTerms terms;
  plan::PlanFile file;
  std::unique_ptr<RowJudge> judge;
  NextRow next;
};

/// The plan of a run that goes on. Errors: not_found, plan_damaged, io.
Result<plan::PlanFile> plan_of(const Hands& hands, const StateFolder& state, const RunTerms& terms) {
  auto file = plan::PlanFile::open(hands.world.disk, state.plan(terms.plan));
  if (file || file.error().code != Code::not_found) return file;
  return fail({.code = Code::not_found,
               .message = fmt::format("run {} cannot go on: its plan {} is not there any more", terms.run, terms.plan),
               .resource = state.plan(terms.plan),
               .hint = fmt::format("Put the file back where it was, or leave the run: `reeve runs {0}` shows what it "
                                   "did, `reeve undo {0}` takes that back, and a new plan does the rest",
                                   terms.run)});
}

/// Looks through all that a run needs to go on; nothing is changed. Errors: journal, not_found, plan_damaged,
/// plan_refused.
Result<Resumption> prepare(const Hands& hands, const StateFolder& state, const Here& here, const Entry& first) {
  RunTerms terms = terms_from(first);
  terms.resumed = true;
  TRY(hands.journal.each_sealed(terms.run, [](const Entry&) { return Result<void>{}; }));  // its chain
  TRY(plan::PlanFile file, plan_of(hands, state, terms));
  const plan::Header& header = file.header();
  TRY(check_here(header, here));
  if (header.pinned_now) terms.pinned_now = header.now;
  terms.expired = hands.world.clock.wall() > header.expires;
  Chosen chosen{.only = terms.only, .except = terms.except};
  std::unique_ptr<RowJudge> judge;
  if (terms.verb == "undo") {
    judge = std::make_unique<UndoJudge>(hands.prices, hands.configuration);
    TRY(terms.rows, survey(file, chosen, [](const plan::Row&) {}));
  } else {
    TRY(auto by_policy,
        PolicyJudge::make(header, hands.vocabulary, hands.kinds, hands.prices, hands.configuration));
    TRY(terms.rows, survey(file, chosen, [&by_policy](const plan::Row& row) { by_policy->will_remove(row); }));
    by_policy->protect(protection_by_journal(hands.journal, hands.world.clock.wall(), terms.run));
    judge = std::move(by_policy);
  }
  TRY(NextRow next, rows_of(file, std::move(chosen)));
  return Resumption{
      .terms = std::move(terms), .file = std::move(file), .judge = std::move(judge), .next = std::move(next)};
}

/// Whether a run has come to its end. Errors: journal.
Result<bool> has_ended(Journal& journal, const std::string& run) {
  TRY(const Entry last, journal.last(run));
  const auto state = last.kind == "end" ? last.body["state"].as_text() : std::string_view{};
  return state == "done" || state == "failed";
}

/// Which runs to try, in this order. Errors: not_found, journal.
Result<std::vector<std::string>> candidates(Journal& journal, const std::string& run) {
  if (run.empty()) return journal.open_runs();
  TRY(journal.first(run));
  return std::vector<std::string>{run};
}

}  // namespace

Task<Result<std::optional<RunResult>>> resume(Hands hands, StateFolder state, Here here, Cancel stop, Progress progress,
                                              std::string wanted) {
  std::optional<Error> at_work, stuck;
  CO_TRY(const auto runs, candidates(hands.journal, wanted));
  for (const auto& run : runs) {
    CO_TRY(const Entry first, hands.journal.first(run));
    auto locks = ScopeLocks::take(hands.world, state.locks(), scopes_from(first), run);
    CO_TRY(const bool ended, has_ended(hands.journal, run));  // now, under the lock: it may have ended meanwhile
    if (ended) continue;
    if (!locks && locks.error().code != Code::locked) co_return std::unexpected(locks.error());
    if (!locks) {
      if (!at_work) at_work = locks.error();
      continue;
    }
    auto ready = prepare(hands, state, here, first);
    if (!ready) {  // nobody but a person can mend that; it is no reason to leave an older run as it is
      if (progress.note) progress.note(fmt::format("{} cannot go on: {}", run, ready.error().message));
      if (!stuck) stuck = ready.error();
      continue;
    }
    Task<Result<RunResult>> executing = execute(hands, std::move(ready->terms), ready->file.header(),
                                                std::move(ready->next), *ready->judge, stop, std::move(progress));
    auto result = co_await std::move(executing);
    if (!result) co_return std::unexpected(result.error());
    result->started = first.body["started"].as_string();
    co_return std::optional(*std::move(result));
  }
  if (stuck) co_return fail(*std::move(stuck));
  if (at_work) {
    at_work->message = "nothing to resume, a run is at work: " + at_work->message;
    co_return fail(*std::move(at_work));
  }
  co_return std::optional<RunResult>{};
}

}  // namespace reeve::apply
