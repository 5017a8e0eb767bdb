#pragma once
#include <compare>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "aws/limiter_rates.h"
#include "base/result.h"
#include "base/seams.h"
#include "base/task.h"

namespace reeve::aws {

/// What a rate is kept for. No operation: all of the service; no account and region: all calls, wherever they go.
struct RateKey {
  std::string account, region, service, operation;
  friend auto operator<=>(const RateKey&, const RateKey&) = default;
};

/// What is kept of one rate: numbers only, with times in seconds of the store's clock, so that they can be kept
/// anywhere.
struct RateState {
  std::optional<TokenBucket> fixed;     ///< a limit that is known: published by AWS, or chosen by people
  std::optional<TokenBucket> adaptive;  ///< a limit that was learned; from the first throttle on
  std::optional<CubicRate> cubic;       ///< how the learned limit moves
  MeasuredRate measured;                ///< what was really sent
};

/// Where the limiter keeps its numbers. The one here is of this process; one that many processes share keeps the same
/// numbers elsewhere. What is waited for, and in which order, is the limiter's own (RateLimits).
class RateStore {
 public:
  /// Alters a state; `now_s` in seconds of a clock that all who share the store agree on. Does nothing else: it is done
  /// again on a newer state where somebody else was faster.
  using Change = std::function<void(RateState& state, double now_s)>;
  virtual ~RateStore() = default;
  /// Reads the state of a key (empty at first), changes and keeps it, as one step in the eyes of all who share the
  /// store. Errors: those of the place where it is kept.
  virtual Task<Result<void>> update(RateKey key, Change change) = 0;
};

/// In memory, by the steady clock. Never fails. Engine thread only.
class MemoryRateStore final : public RateStore {
 public:
  explicit MemoryRateStore(Clock& clock) : clock_(clock) {}
  Task<Result<void>> update(RateKey key, Change change) override;

 private:
  Clock& clock_;
  std::map<RateKey, RateState> states_;
};

}  // namespace reeve::aws
