#pragma once
#include "apply/stepping.h"

namespace reeve::apply {

/// Takes up a row that an earlier life of this run began, by what the journal holds of it: an intent without an outcome
/// is resolved by looking, and a row whose first step was done is finished.
/// True if the row is closed now; false if it is to be judged and done as if it had not been begun.
Task<bool> take_up(Hands hands, RunLog& log, const plan::Row& row, const std::vector<Entry>& entries);

}  // namespace reeve::apply
