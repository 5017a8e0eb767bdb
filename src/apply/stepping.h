#pragma once
#include <cstdint>
#include <vector>

#include "apply/batch.h"
#include "apply/run_log.h"

namespace reeve::apply {

/// How a step ended: the row goes on; the row was closed (or the run is ending); or nothing was sent because what it
/// rests on became too old.
enum class StepEnd : std::uint8_t { done, closed, too_late };

/// Errors after which no further call of this run can succeed.
bool ends_run(const Error& error);

/// Carries out steps: intent, call, outcome. A row whose last step was done is closed with it.
class Stepping {
 public:
  Stepping(Hands hands, RunLog& log) : hands_(hands), log_(log) {}
  /// One call for all parts (batch.h), an intent a row before it and an outcome a row after it. A batch that AWS
  /// refuses whole is halved, down to single rows, so that each row has an outcome of its own; where no answer came,
  /// each row is looked for. One end a part, in their order.
  Task<std::vector<StepEnd>> carry_out(std::vector<Part> parts);

 private:
  struct Sending;
  Task<void> send(Sending& sending, std::vector<std::size_t> which);
  Task<void> settle_done(Sending& sending, std::vector<std::size_t> which, StepOutcome outcome);
  Task<void> settle(Sending& sending, std::vector<std::size_t> which, StepOutcome outcome, StepEnd end);
  Task<std::vector<std::size_t>> look_for(Sending& sending, std::vector<std::size_t> which, Error error);
  Hands hands_;
  RunLog& log_;
};

}  // namespace reeve::apply
