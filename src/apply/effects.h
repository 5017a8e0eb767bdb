#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/document.h"
#include "base/result.h"
#include "base/task.h"
#include "estate/reader.h"
#include "policy/action.h"

namespace reeve::apply {

/// What looking at the cloud says about a step whose answer never came.
enum class Observed : std::uint8_t { took_effect, no_effect };

/// How one changing operation is observed and taken back. One object an operation, found by find_effect; what Reeve may
/// call to change something must be in that table.
class Effect {
 public:
  virtual ~Effect() = default;
  /// Looks whether a step took effect. `before` is the row's pre-image. Errors: those of the calls that look.
  virtual Task<Result<Observed>> observe(estate::Reader& reader, policy::Step step, Document before) const = 0;
  /// Steps that take it back, from the pre-image; empty if nothing can.
  virtual std::vector<policy::Step> undo(const policy::Step& step, Value before) const = 0;
  /// Whether the way back is still open and would not undo somebody else's later change. nullopt = it is; otherwise
  /// the reason. Errors: those of the calls that look.
  virtual Task<Result<std::optional<std::string>>> undo_blocked(estate::Reader& reader, policy::Step step,
                                                                Document before) const = 0;
  /// What the pre-image of a step is after an earlier row on the same record did `earlier`: rows on one record are
  /// judged together, before the first acts.
  virtual Document before_after(Document before, const policy::Step& earlier) const {
    (void)earlier;
    return before;
  }
  /// The record as it would be had `step`, which this run carried out, not taken place; `before` is its pre-image. What
  /// somebody else changed since stays as it is. For judging again: a field that the run changed itself is no drift.
  virtual Document without(Document record, const policy::Step& step, Value before) const {
    (void)step, (void)before;
    return record;
  }
  /// An error that means the wish is already fulfilled: a delete of what is gone.
  virtual bool fulfilled_by(const Error& error) const {
    (void)error;
    return false;
  }
};

/// nullptr for an operation that is not in the table.
const Effect* find_effect(std::string_view service, std::string_view operation);

/// How steps of one operation go together in one call.
struct Batch {
  std::string_view member = {};  ///< the list of their parameters that is joined; all others must be equal
  std::size_t most = 1;          ///< steps in one call; 1: each goes alone, as everything that destroys does
};
/// A single one for an operation that is not in the table.
Batch batch_of(std::string_view service, std::string_view operation);

}  // namespace reeve::apply
