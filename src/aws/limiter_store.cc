#include "aws/limiter_store.h"

namespace reeve::aws {

Task<Result<void>> MemoryRateStore::update(RateKey key, Change change) {
  change(states_[std::move(key)], static_cast<double>(clock_.steady().us) * 1e-6);
  co_return Result<void>{};
}

}  // namespace reeve::aws
