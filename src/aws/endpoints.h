#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aws/model.h"
#include "base/document.h"
#include "base/result.h"

namespace reeve::aws {

/// Where a call goes and how it is signed.
struct Endpoint {
  std::string url;             ///< "https://ec2.us-east-1.amazonaws.com"
  std::string signing_region;  ///< empty: the request's own region
  std::string signing_name;    ///< empty: the model's
  bool double_encode_path = true;
  std::string lacking_scheme =
      {};  ///< the way of signing that it wants, if that is none of ours: sigv4a, sigv4-s3express
  std::vector<std::pair<std::string, std::string>> headers;
};

/// Endpoint resolution by AWS's rule sets. Answers are cached. Engine thread only.
class Endpoints {
 public:
  virtual ~Endpoints() = default;
  /// `parameters` a map of the rule set's parameters (Region, UseFIPS, UseDualStack, Endpoint, Bucket, …); texts and
  /// booleans. Errors: endpoint, with the rule set's own text as the message.
  virtual Result<Endpoint> resolve(const ServiceModel& model, Value parameters) = 0;
  /// The same, raw: {"url", "properties", "headers"}, for suites. Errors: endpoint.
  virtual Result<Document> evaluate(std::string_view rule_set_json, Value parameters) = 0;
  /// The partition that a region belongs to ("aws", "aws-cn", …), by pattern where it is not listed.
  virtual std::string partition_of(std::string_view region) = 0;
  static std::unique_ptr<Endpoints> make(std::string_view partitions_json);
};

}  // namespace reeve::aws
