#pragma once
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "aws/model.h"
#include "aws/protocol/codec.h"
#include "base/seams.h"

namespace reeve::aws {

/// The bucket that a call of S3 is about; empty where there is none, or an ARN, which names its region itself.
std::string_view bucket_of(const ServiceModel& model, Value params);

/// What an answer says of a bucket's region: the header x-amz-bucket-region, else the error's Region. Empty: nothing
/// that is a region's name.
std::string told_region(const HttpResponse& http);

/// Whether an answer is S3's way to say that the bucket is in another region (S3 API reference: "Error responses";
/// S3 User Guide: "Making requests using the REST API", redirection): the statuses 301, 302 and 307, PermanentRedirect,
/// AuthorizationHeaderMalformed, IllegalLocationConstraintException, and a HEAD's 400, which has no body to say more
/// in.
bool says_elsewhere(const Operation& operation, const HttpResponse& http, const WireError& error);

/// Which regions buckets were found in. Loop thread only.
class BucketRegions {
 public:
  /// Buckets remembered; more than any account has (S3 User Guide: "General purpose bucket quotas").
  static constexpr std::size_t most = 100'000;
  /// nullptr where nothing is known.
  const std::string* find(std::string_view bucket) const;
  void learn(std::string_view bucket, std::string region);

 private:
  std::map<std::string, std::string, std::less<>> regions_;
};

}  // namespace reeve::aws
