#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/model.h"
#include "base/document.h"
#include "base/result.h"
#include "text/jmespath.h"

namespace reeve::aws {

/// What a user may choose about S3's and STS's endpoints (AWS SDKs and Tools Reference Guide: "Amazon S3 access
/// points", "Amazon S3 Multi-Region Access Points", "AWS STS Regional endpoints"). Not set: as the rules themselves
/// say.
struct EndpointChoices {
  bool accelerate = false;  ///< s3 use_accelerate_endpoint
  /// s3 addressing_style: path or virtual. Not set: virtual at AWS, path where an endpoint was given.
  std::optional<bool> force_path_style = {};
  bool use_global_endpoint = false;  ///< s3_us_east_1_regional_endpoint=legacy
  bool disable_multi_region_access_points = false;
  std::optional<bool> use_arn_region = {};  ///< of S3 and S3 Control
  bool sts_global_endpoint = false;         ///< sts_regional_endpoints=legacy
};

/// Where and as whom a client calls: what the rules call built-in parameters.
struct BuiltIns {
  std::string region;
  bool use_fips = false, use_dual_stack = false;
  std::string endpoint;                        ///< a URL that somebody gave; empty: none
  std::optional<std::string> account_id = {};  ///< of the credentials, where they say it
  std::string account_id_endpoint_mode;        ///< preferred, disabled, required; empty: the rules' own
  EndpointChoices choices = {};
};

/// The parameters of one service's endpoint rules: which there are, and their values for a call (Smithy: "Endpoint
/// rules engine"). What an operation fixes wins over what its input says, that over what its input's members say, that
/// over what the client was told, that over built-ins. Engine thread only.
class EndpointParameters {
 public:
  /// `rule_set_json` as in ServiceModel::endpoint_rules. Errors: malformed.
  static Result<EndpointParameters> parse(std::string_view rule_set_json);
  /// The parameters for one call, as Endpoints::resolve takes them. `operation` may be null: nothing is known of the
  /// call. Errors: endpoint (a parameter of the model cannot be read).
  Result<Document> of(const Operation* operation, Value input, const BuiltIns& known) const;
  /// No parameter depends on the operation: one region has one endpoint.
  bool only_built_ins() const { return only_built_ins_; }
  /// The rules may put the account of the credentials into the endpoint.
  bool by_account() const { return by_account_; }

 private:
  struct Parameter {
    std::string name, built_in, type;
  };
  Result<void> put_context(Builder& out, const Operation& operation, Value input,
                           std::vector<std::string_view>& done) const;
  std::vector<Parameter> parameters_;
  bool only_built_ins_ = true, by_account_ = false;
  mutable std::map<std::string, text::Jmespath, std::less<>> paths_;  // by expression
};

/// The bucket that the rules put into the endpoint, as it stands at the start of an encoded target; the target without
/// it. S3's models write every path with the bucket in front, and since there are rules the endpoint has it.
std::string target_without_bucket(std::string target, std::string_view bucket);

}  // namespace reeve::aws
