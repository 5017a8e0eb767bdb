#pragma once
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "apply/journal.h"
#include "apply/rejudge.h"
#include "apply/run.h"
#include "aws/api.h"
#include "aws/model.h"
#include "base/seams.h"
#include "plan/plan.h"

namespace reeve::apply {

/// What an execution stands on. All of it outlives the execution.
struct Hands {
  World& world;
  aws::Api& api;
  aws::Models& models;
  const estate::Kinds& kinds;
  const estate::Prices& prices;
  const policy::Vocabulary& vocabulary;
  Journal& journal;
  /// The policy's now, by AWS's clock; empty: the world's.
  std::function<Time()> now = {};
  /// The id of the run that this process may begin, as it already stands in its requests; empty: a new one.
  std::string run_id = {};
  /// What is protected here and now; null: there is no configuration.
  const policy::Configuration* configuration = nullptr;
  Time policy_now() const { return now ? now() : world.clock.now(); }
};

/// Facts of a run that its first journal entry holds, so that `resume` goes on under them.
struct RunTerms {
  std::string run, plan, verb;      ///< verb: "apply", "run" or "undo"
  std::string of;                   ///< of an undo: the run that it takes back
  bool consent = false;             ///< --allow-irreversible
  std::vector<std::string> only;    ///< --rows; empty = all
  std::vector<std::string> except;  ///< --except: ids
  std::optional<Time> pinned_now;   ///< the plan's now, where it was pinned
  bool expired = false;             ///< the plan has expired since: what was begun is closed, nothing more is done
};

/// For people: after each row, and when the phase changes.
struct Progress {
  std::function<void(std::size_t done, std::size_t total, const RowOutcome&)> row;
  std::function<void(const std::string&)> note;
};

/// Carries out a plan's rows: judge again, intent, call, outcome. `finished` are rows that the journal already closed,
/// and `started` what stands in it of rows that were begun (both empty but for resume). `stop` ends it after the calls
/// in flight. Errors: journal (the run cannot go on without it).
Task<Result<RunResult>> execute(Hands hands, RunTerms terms, const plan::Header& header, std::vector<plan::Row> rows,
                                const RowJudge& judge, const std::map<std::string, std::vector<Entry>>& started,
                                std::vector<RowOutcome> finished, Cancel stop, Progress progress);

}  // namespace reeve::apply
