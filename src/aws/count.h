#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "aws/api.h"

namespace reeve::aws {

/// Calls by "service.Operation".
struct CallCounts {
  std::map<std::string, std::int64_t> calls;     ///< that AWS answered, whether with a document or with an error
  std::map<std::string, std::int64_t> attempts;  ///< requests sent for them; retries make these more than the calls
  std::int64_t total_calls() const;
  std::int64_t total_attempts() const;
  /// Adds another's counts.
  void add(const CallCounts& other);
};

/// Counts what passes. Goes around the retry layer, so that a call that took three attempts is one call.
class CountingApi : public Api {
 public:
  explicit CountingApi(Api& inner) : inner_(inner) {}
  Task<Result<Response>> call(Request request) override;
  const CallCounts& counts() const { return counts_; }
  void reset() { counts_ = {}; }

 private:
  Api& inner_;
  CallCounts counts_;
};

}  // namespace reeve::aws
