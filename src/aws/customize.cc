#include "aws/customize.h"

#include <array>
#include <string>
#include <string_view>

#include "base/encoding.h"

namespace reeve::aws {
namespace {

enum class Side { request, response };
enum class Encoding { base64, url, s3_url };

/// A member by its path; every list on the way is gone through.
struct Rule {
  std::string_view service, operation;
  Side side;
  std::string_view path;
  Encoding encoding;
};

constexpr std::array rules{
    Rule{"ec2", "RunInstances", Side::request, "UserData", Encoding::base64},
    Rule{"ec2", "RequestSpotInstances", Side::request, "LaunchSpecification.UserData", Encoding::base64},
    Rule{"ec2", "GetConsoleOutput", Side::response, "Output", Encoding::base64},
    Rule{"autoscaling", "CreateLaunchConfiguration", Side::request, "UserData", Encoding::base64},
    Rule{"s3", "ListObjects", Side::response, "Delimiter", Encoding::s3_url},
    Rule{"s3", "ListObjects", Side::response, "Marker", Encoding::s3_url},
    Rule{"s3", "ListObjects", Side::response, "NextMarker", Encoding::s3_url},
    Rule{"s3", "ListObjects", Side::response, "Prefix", Encoding::s3_url},
    Rule{"s3", "ListObjects", Side::response, "Contents.Key", Encoding::s3_url},
    Rule{"s3", "ListObjects", Side::response, "CommonPrefixes.Prefix", Encoding::s3_url},
    Rule{"s3", "ListObjectsV2", Side::response, "Delimiter", Encoding::s3_url},
    Rule{"s3", "ListObjectsV2", Side::response, "Prefix", Encoding::s3_url},
    Rule{"s3", "ListObjectsV2", Side::response, "StartAfter", Encoding::s3_url},
    Rule{"s3", "ListObjectsV2", Side::response, "Contents.Key", Encoding::s3_url},
    Rule{"s3", "ListObjectsV2", Side::response, "CommonPrefixes.Prefix", Encoding::s3_url},
    Rule{"s3", "ListObjectVersions", Side::response, "Delimiter", Encoding::s3_url},
    Rule{"s3", "ListObjectVersions", Side::response, "KeyMarker", Encoding::s3_url},
    Rule{"s3", "ListObjectVersions", Side::response, "NextKeyMarker", Encoding::s3_url},
    Rule{"s3", "ListObjectVersions", Side::response, "Prefix", Encoding::s3_url},
    Rule{"s3", "ListObjectVersions", Side::response, "Versions.Key", Encoding::s3_url},
    Rule{"s3", "ListObjectVersions", Side::response, "DeleteMarkers.Key", Encoding::s3_url},
    Rule{"s3", "ListObjectVersions", Side::response, "CommonPrefixes.Prefix", Encoding::s3_url},
    Rule{"s3", "ListMultipartUploads", Side::response, "Delimiter", Encoding::s3_url},
    Rule{"s3", "ListMultipartUploads", Side::response, "KeyMarker", Encoding::s3_url},
    Rule{"s3", "ListMultipartUploads", Side::response, "NextKeyMarker", Encoding::s3_url},
    Rule{"s3", "ListMultipartUploads", Side::response, "Prefix", Encoding::s3_url},
    Rule{"s3", "ListMultipartUploads", Side::response, "Uploads.Key", Encoding::s3_url},
    Rule{"s3", "ListMultipartUploads", Side::response, "CommonPrefixes.Prefix", Encoding::s3_url},
    Rule{"iam", "GetRole", Side::response, "Role.AssumeRolePolicyDocument", Encoding::url},
    Rule{"iam", "CreateRole", Side::response, "Role.AssumeRolePolicyDocument", Encoding::url},
    Rule{"iam", "ListRoles", Side::response, "Roles.AssumeRolePolicyDocument", Encoding::url},
    Rule{"iam", "GetRolePolicy", Side::response, "PolicyDocument", Encoding::url},
    Rule{"iam", "GetUserPolicy", Side::response, "PolicyDocument", Encoding::url},
    Rule{"iam", "GetGroupPolicy", Side::response, "PolicyDocument", Encoding::url},
    Rule{"iam", "GetPolicyVersion", Side::response, "PolicyVersion.Document", Encoding::url},
    Rule{"iam", "ListPolicyVersions", Side::response, "Versions.Document", Encoding::url},
    Rule{"iam", "GetInstanceProfile", Side::response, "InstanceProfile.Roles.AssumeRolePolicyDocument", Encoding::url},
    Rule{"iam", "ListInstanceProfiles", Side::response, "InstanceProfiles.Roles.AssumeRolePolicyDocument",
         Encoding::url},
    Rule{"iam", "ListInstanceProfilesForRole", Side::response, "InstanceProfiles.Roles.AssumeRolePolicyDocument",
         Encoding::url},
    Rule{"iam", "GetAccountAuthorizationDetails", Side::response, "RoleDetailList.AssumeRolePolicyDocument",
         Encoding::url},
    Rule{"iam", "GetAccountAuthorizationDetails", Side::response, "RoleDetailList.RolePolicyList.PolicyDocument",
         Encoding::url},
    Rule{"iam", "GetAccountAuthorizationDetails", Side::response, "UserDetailList.UserPolicyList.PolicyDocument",
         Encoding::url},
    Rule{"iam", "GetAccountAuthorizationDetails", Side::response, "GroupDetailList.GroupPolicyList.PolicyDocument",
         Encoding::url},
    Rule{"iam", "GetAccountAuthorizationDetails", Side::response, "Policies.PolicyVersionList.Document", Encoding::url},
};

std::string changed(std::string_view text, Encoding encoding, Direction direction) {
  if (encoding == Encoding::s3_url) {  // a space is '+' there
    return direction == Direction::encode ? encode_percent(text, true) : decode_percent(text, true);
  }
  if (encoding == Encoding::url) {
    return direction == Direction::encode ? encode_percent(text) : decode_percent(text);
  }
  if (direction == Direction::encode) return encode_base64(text);
  return decode_base64(text).value_or(std::string(text));
}

/// Copies `value` with the texts at the rules' paths changed. `prefix` is the path to `value`.
void copy(Builder& b, Value value, const std::string& prefix, std::span<const Rule* const> active,
          Direction direction) {
  if (value.is_list()) {
    b.begin_list();
    for (const Value item : value.items()) copy(b, item, prefix, active, direction);
    return b.end();
  }
  bool inside = false;
  for (const Rule* rule : active) {
    if (rule->path == prefix && value.is_text()) return b.add(changed(value.as_text(), rule->encoding, direction));
    inside = inside || prefix.empty() ||
             (rule->path.starts_with(prefix) && rule->path.size() > prefix.size() && rule->path[prefix.size()] == '.');
  }
  if (!inside || !value.is_map()) return b.add(value);
  b.begin_map();
  for (const auto [key, item] : value.entries()) {
    b.key(key);
    copy(b, item, prefix.empty() ? std::string(key) : prefix + "." + std::string(key), active, direction);
  }
  b.end();
}

/// Whether any text at the rules' paths would change: listings of S3 are long, and few keys have something to decode.
bool is_encoded(Value value, const std::string& prefix, std::span<const Rule* const> active) {
  if (value.is_list()) {
    for (const Value item : value.items()) {
      if (is_encoded(item, prefix, active)) return true;
    }
    return false;
  }
  if (value.is_text()) return value.as_text().find_first_of("%+") != std::string_view::npos;
  for (const Rule* rule : active) {
    if (!prefix.empty() && !rule->path.starts_with(prefix + ".")) continue;
    const std::string_view rest = rule->path.substr(prefix.empty() ? 0 : prefix.size() + 1);
    const std::string_view name = rest.substr(0, rest.find('.'));
    if (value.is_map() &&
        is_encoded(value[name], prefix.empty() ? std::string(name) : prefix + "." + std::string(name), active))
      return true;
  }
  return false;
}

bool has_rules(std::string_view service) {
  return service == "ec2" || service == "iam" || service == "autoscaling" || service == "s3";
}

Document customize(const ServiceModel& model, const Operation& operation, Value value, Direction direction, Side side) {
  if (!has_rules(model.service())) return {};
  std::vector<const Rule*> active;
  for (const Rule& rule : rules) {
    if (rule.side == side && rule.operation == operation.name && rule.service == model.service()) {
      active.push_back(&rule);
    }
  }
  if (active.empty() || !value.is_map()) return {};
  if (active.front()->encoding == Encoding::s3_url) {
    if (value["EncodingType"].as_text() != "url") return {};
    if (direction == Direction::decode && !is_encoded(value, "", active)) return {};
  }
  Builder b(model.keys());
  copy(b, value, "", active, direction);
  return b.finish();
}

/// Listings of S3 whose keys XML may not carry.
bool lists_keys(const ServiceModel& model, const Operation& operation) {
  return model.service() == "s3" && operation.input != nullptr && operation.input->find("EncodingType") != nullptr;
}

Document with_encoding_type(const ServiceModel& model, Value params) {
  Builder b(model.keys());
  b.begin_map();
  for (const auto [key, value] : params.entries()) b.put(key, value);
  b.put("EncodingType", "url");
  b.end();
  return b.finish();
}

}  // namespace

Document customize_request(const ServiceModel& model, const Operation& operation, Value params, Direction direction) {
  if (direction == Direction::encode && lists_keys(model, operation) && !params.find("EncodingType")) {
    return with_encoding_type(model, params);
  }
  return customize(model, operation, params, direction, Side::request);
}

Document customize_response(const ServiceModel& model, const Operation& operation, Value result, Direction direction) {
  return customize(model, operation, result, direction, Side::response);
}

}  // namespace reeve::aws
