#pragma once
#include <cstddef>
#include <functional>
#include <string>

#include "apply/journal.h"
#include "aws/api.h"
#include "aws/model.h"
#include "base/seams.h"
#include "estate/kind.h"
#include "estate/prices.h"
#include "policy/filter.h"
#include "policy/vocabulary.h"

namespace reeve::apply {

/// Rows judged again together: one re-read of 200 ids is one call.
inline constexpr std::size_t rows_a_window = 200;

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
  /// Tests make it small, so that runs cross from window to window.
  std::size_t rows_a_window = apply::rows_a_window;
  Time policy_now() const { return now ? now() : world.clock.now(); }
};

}  // namespace reeve::apply
