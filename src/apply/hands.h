#pragma once
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

}  // namespace reeve::apply
