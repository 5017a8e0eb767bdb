#pragma once
#include "apply/operations.h"
#include "cli/engine.h"

namespace reeve::cli {

/// What the verbs that change something share: who we are, trust, the journal, progress.
struct Changing {
  Connected connected;
  apply::Here here;
  estate::Prices prices;
  apply::Journal* journal = nullptr;
};

/// Connects and checks trust. Errors: those of connect(), trust_missing, journal.
Task<Result<Changing>> begin_change(Engine& engine);

/// Progress on a terminal; drifted and failed rows to the log.
apply::Progress progress_of(Engine& engine, std::shared_ptr<class Progress> line);

}  // namespace reeve::cli
