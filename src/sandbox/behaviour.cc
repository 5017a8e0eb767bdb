#include "sandbox/behaviour.h"

#include <algorithm>
#include <chrono>

namespace reeve::sandbox {
namespace {

struct Rate {
  double depth, per_second;
};

Rate rate_of(std::string_view operation, bool unbounded) {
  const bool reads = operation.starts_with("Describe") || operation.starts_with("List") || operation.starts_with("Get");
  if (reads) return unbounded ? Rate{50, 10} : Rate{100, 20};
  return operation == "RunInstances" ? Rate{5, 2} : Rate{50, 5};
}

}  // namespace

bool Throttle::take(std::string key, double depth, double per_second, double count, Time now) {
  constexpr std::size_t most_buckets = 100'000;
  if (buckets_.size() >= most_buckets && !buckets_.contains(key)) buckets_.clear();
  auto [at, fresh] = buckets_.try_emplace(std::move(key), Bucket{depth, now});
  Bucket& bucket = at->second;
  const double passed = std::chrono::duration<double>(now - bucket.filled).count();
  if (passed > 0) {
    bucket.tokens = std::min(depth, bucket.tokens + passed * per_second);
    bucket.filled = now;
  }
  if (bucket.tokens < count) return false;
  bucket.tokens -= count;
  return true;
}

bool Throttle::take(std::string_view account, std::string_view region, std::string_view operation, bool unbounded,
                    Time now) {
  const Rate rate = rate_of(operation, unbounded);
  std::string key;
  key.append(account).append("/").append(region).append("/").append(operation);
  if (unbounded) key += "/unbounded";
  return take(std::move(key), rate.depth, rate.per_second, 1, now);
}

bool Throttle::take_resources(std::string_view account, std::string_view region, std::string_view operation,
                              double count, Time now) {
  const bool run = operation == "RunInstances";
  if (!run && operation != "TerminateInstances") return true;
  std::string key;
  key.append(account).append("/").append(region).append("/").append(operation).append("/instances");
  return take(std::move(key), 1000, run ? 2 : 20, count, now);
}

}  // namespace reeve::sandbox
