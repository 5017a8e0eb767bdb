#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "apply/hands.h"
#include "apply/protection.h"
#include "apply/run.h"
#include "apply/runs.h"
#include "apply/state.h"
#include "plan/plan_file.h"

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

/// Goes on with the newest run that was interrupted, or ended in doubt, and can go on; or with the run `wanted`. Under
/// the consent that it had. nullopt: there is none. Errors: where none goes on, why the newest cannot: not_found (no
/// such run, or its plan is gone), plan_damaged, plan_refused, journal, locked (a run is at work: by whom).
Task<Result<std::optional<RunResult>>> resume(Hands hands, StateFolder state, Here here, Cancel stop, Progress progress,
                                              std::string wanted = {});

/// The undo of a run: a plan without its rows, which are read from the journal when it is written.
struct UndoPlan {
  std::string of;          ///< the run
  plan::Plan plan;         ///< its `kept` are rows that cannot be taken back, or were already
  std::size_t count = 0;   ///< rows
  plan::RowSource rows{};  ///< newest first; good as long as the journal
};
/// Plans the undo of a run's rows (all that were done, where `rows` is empty).
/// Errors: not_found (no such run, or row), journal.
Result<UndoPlan> plan_undo(Hands hands, const std::string& run, const std::vector<std::string>& rows);
/// Stores and executes such a plan. nullopt: nothing is left to undo, and no run was begun. Errors: as apply_plan.
Task<Result<std::optional<RunResult>>> apply_undo(Hands hands, StateFolder state, Here here, UndoPlan undo, Cancel stop,
                                                  Progress progress);

/// A new id: "p-20260119T003626-4f3a9c" for a plan, "r-…" for a run.
std::string new_id(std::string_view prefix, World& world);

}  // namespace reeve::apply
