#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "apply/execute.h"
#include "apply/state.h"
#include "plan/plan.h"

namespace reeve::apply {

/// Where and as whom this process acts: a plan is good only there.
struct Here {
  std::vector<std::string> accounts;      ///< accounts that the credentials at hand reach
  bool loopback = false;                  ///< the sandbox or a loopback endpoint
  std::vector<std::string> regions = {};  ///< that --region names; empty: the plan's own
};

struct ApplyOptions {
  std::string verb = "apply";
  bool consent = false;             ///< --allow-irreversible
  std::vector<std::string> only;    ///< --rows
  std::vector<std::string> except;  ///< --except, ids
};

/// Applies a plan: `plan` is an id of the state folder or a file. Checks the digest, the expiry, that it was not used,
/// scopes and endpoints; takes the locks; journals; executes.
/// Errors: not_found, plan_damaged, plan_expired, plan_used, plan_refused, usage (--rows), locked, journal.
Task<Result<RunResult>> apply_plan(Hands hands, StateFolder state, Here here, std::string plan, ApplyOptions options,
                                   Cancel stop, Progress progress);

/// Goes on with the last run that was interrupted, or ended in doubt, under the consent that it had.
/// nullopt: there is none. Errors: locked, journal, plan_damaged.
Task<Result<std::optional<RunResult>>> resume(Hands hands, StateFolder state, Here here, Cancel stop,
                                              Progress progress);

/// Plans the undo of a run's rows (all that were done, where `rows` is empty), newest first.
/// Errors: not_found (no such run, or row), journal.
Result<plan::Plan> plan_undo(Hands hands, const std::string& run, const std::vector<std::string>& rows);
/// Stores and executes such a plan. Errors: as apply_plan.
Task<Result<RunResult>> apply_undo(Hands hands, StateFolder state, Here here, std::string run, plan::Plan plan,
                                   Cancel stop, Progress progress);

/// All runs, newest last, without their rows. A run whose process still holds its lock is "running".
Result<std::vector<RunResult>> list_runs(Hands hands, const StateFolder& state);
/// One run with its rows, as its journal tells it.
Result<RunResult> read_run(Hands hands, const StateFolder& state, const std::string& run);

/// What our own journal protects now: for 30 days what came back (we deleted it and it is listed again, or an undo
/// brought it back), and what an undo that is still possible needs. What `but_for` did itself does not count: a run
/// that goes on. Reads the journal once. Errors: journal.
Result<JournalProtection> protection_by_journal(Journal& journal, Time now, const std::string& but_for = {});

/// A new id: "p-20260119T003626-4f3a9c" for a plan, "r-…" for a run.
std::string new_id(std::string_view prefix, World& world);

}  // namespace reeve::apply
