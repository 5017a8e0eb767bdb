#include "apply/begin.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>

#include "apply/entries.h"
#include "apply/lock.h"

namespace reeve::apply {

namespace {

std::unexpected<Error> refused(std::string message, std::string hint) {
  return fail({.code = Code::plan_refused, .message = std::move(message), .hint = std::move(hint)});
}

}  // namespace

Result<void> check_here(const plan::Header& header, const Here& here) {
  if (header.loopback != here.loopback) {
    return refused(fmt::format("plan {} was made against {}, and this is {}", header.id,
                               header.loopback ? "a sandbox" : "AWS", here.loopback ? "a sandbox" : "AWS"),
                   "Apply it where it was made, or plan again here");
  }
  if (header.pinned_now && !here.loopback) {
    return refused(fmt::format("plan {} was made with --now, so its ages are not those of today", header.id),
                   "Plan again without --now");
  }
  for (const auto& scope : header.scopes) {
    if (!contains(here.accounts, scope.account)) {
      return refused(fmt::format("plan {} is for account {}, and these credentials are of {}", header.id, scope.account,
                                 fmt::join(here.accounts, ", ")),
                     "Use the credentials (--profile) of the plan's account");
    }
    for (const auto& region : scope.regions) {
      if (here.regions.empty() || contains(here.regions, region)) continue;
      return refused(
          fmt::format("plan {} is for {}, and --region says {}", header.id, region, fmt::join(here.regions, ", ")),
          "Leave --region out: a plan knows its regions");
    }
  }
  return {};
}

Result<void> check_unused(Journal& journal, const plan::Header& header) {
  TRY(const auto used, journal.run_of_plan(header.id));
  if (!used) return {};
  return fail(
      {.code = Code::plan_used,
       .message = fmt::format("plan {} was applied already, by run {}", header.id, *used),
       .hint = "A plan is good once. If that run was interrupted, `reeve resume` goes on; otherwise plan again"});
}

bool Chosen::takes(const plan::Row& row) const {
  if (!only.empty() && !contains(only, row.row)) return false;
  return std::ranges::none_of(row.records, [this](const auto& id) { return contains(except, id); });
}

Result<std::size_t> survey(const plan::PlanFile& file, const Chosen& chosen,
                           const std::function<void(const plan::Row&)>& each_chosen) {
  std::size_t count = 0;
  std::set<std::string, std::less<>> missing(chosen.only.begin(), chosen.only.end());
  std::set<std::string, std::less<>> unspared(chosen.except.begin(), chosen.except.end());
  TRY(file.each_row([&](const plan::Row& row) -> Result<void> {
    missing.erase(row.row);
    for (const auto& id : row.records) unspared.erase(id);
    if (!chosen.takes(row)) return {};
    ++count;
    each_chosen(row);
    return {};
  }));
  if (!missing.empty()) {
    return fail({.code = Code::usage,
                 .message = fmt::format("the plan has no row {}", *missing.begin()),
                 .hint = "`reeve plan -o json` shows each row's id under \"row\""});
  }
  if (!unspared.empty()) {
    return fail({.code = Code::usage,
                 .message = fmt::format("--except {} names no record of the plan: nothing was done", *unspared.begin()),
                 .hint = "Look for a slip in the id: what you mean to spare may be planned under another one"});
  }
  return count;
}

Result<NextRow> rows_of(const plan::PlanFile& file, Chosen chosen) {
  TRY(plan::RowReader reader, file.rows());
  auto rows = std::make_shared<plan::RowReader>(std::move(reader));  // std::function is copied
  return [rows, chosen = std::move(chosen)]() -> Result<std::optional<plan::Row>> {
    while (true) {
      TRY(auto row, rows->next());
      if (!row || chosen.takes(*row)) return row;
    }
  };
}

Task<Result<RunResult>> begin(Hands hands, StateFolder state, RunTerms terms, const plan::Header& header, NextRow next,
                              const RowJudge& judge, Cancel stop, Progress progress) {
  auto locks = ScopeLocks::take(hands.world, state.locks(), plan::scopes_of(header), terms.run);
  if (!locks) co_return std::unexpected(locks.error());
  CO_TRY(check_unused(hands.journal, header));  // again, under the lock
  for (const auto& scope : header.scopes) {
    if (progress.note) progress.note(fmt::format("changing {} in {}", scope.account, fmt::join(scope.regions, " ")));
  }
  std::vector<NewEntry> first;
  first.push_back(run_entry(hands.world, terms, header));
  CO_TRY(co_await hands.journal.append(std::move(first)));
  const std::string started = format_iso8601(hands.world.clock.wall());
  Task<Result<RunResult>> executing =
      execute(hands, std::move(terms), header, std::move(next), judge, stop, std::move(progress));
  auto result = co_await std::move(executing);
  if (result) result->started = started;
  co_return result;
}

std::string new_run_id(Hands& hands) {
  return hands.run_id.empty() ? new_id("r", hands.world) : std::exchange(hands.run_id, {});
}

std::string new_id(std::string_view prefix, World& world) {
  const Calendar now = to_calendar(world.clock.wall());
  return fmt::format("{}-{:04}{:02}{:02}T{:02}{:02}{:02}-{:06x}", prefix, now.year, now.month, now.day, now.hour,
                     now.minute, now.second, world.random.next() & 0xFFFFFF);
}

}  // namespace reeve::apply
