#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/time.h"

namespace reeve::sandbox {

/// EC2's request throttling: a bucket of tokens for each account, region and operation [EC2 developer guide, "Request
/// throttling for the Amazon EC2 API"].
class Throttle {
 public:
  /// Takes a token for one call; false: RequestLimitExceeded. `unbounded` says that the call lists without filter, ids
  /// and page size.
  bool take(std::string_view account, std::string_view region, std::string_view operation, bool unbounded, Time now);
  /// Takes from the second bucket of RunInstances and TerminateInstances, one token an instance.
  bool take_resources(std::string_view account, std::string_view region, std::string_view operation, double count,
                      Time now);

 private:
  struct Bucket {
    double tokens;
    Time filled;
  };
  bool take(std::string key, double depth, double per_second, double count, Time now);
  std::map<std::string, Bucket, std::less<>> buckets_;
};

}  // namespace reeve::sandbox
