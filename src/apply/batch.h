#pragma once
#include <cstddef>
#include <vector>

#include "base/seams.h"
#include "plan/plan.h"

namespace reeve::apply {

/// One row's step, about to be sent.
struct Part {
  const plan::Row* row = nullptr;
  std::size_t step = 0;
  Steady start_by{INT64_MAX};  ///< what it rests on is too old after this
  const policy::Step& what() const { return row->steps[step]; }
};

/// Sorts steps into calls, in their order: steps of one batchable operation in one scope whose parameters differ only
/// in the batch's member go together, as many as one call takes; every other step goes alone.
std::vector<std::vector<Part>> into_calls(const std::vector<Part>& parts);

/// The parameters of one call for all parts, which into_calls put together: the batch's member joined.
Document joined_params(const std::vector<Part>& parts);

}  // namespace reeve::apply
