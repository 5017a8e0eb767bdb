#include "aws/redirect.h"

#include "aws/protocol/common.h"
#include "aws/protocol/xml_read.h"
#include "aws/region_name.h"

namespace reeve::aws {
namespace {

std::string region_in_error(const std::string& body) {
  if (body.find("<Region>") == std::string::npos) return {};
  std::string storage;
  const auto tree = read_xml_tree(padded(body, storage));
  if (!tree) return {};
  return std::string((*tree->root().entries().begin()).second["Region"].as_text());
}

}  // namespace

std::string_view bucket_of(const ServiceModel& model, Value params) {
  if (model.service() != "s3") return {};
  const std::string_view bucket = params["Bucket"].as_text();
  return bucket.starts_with("arn:") ? std::string_view{} : bucket;
}

std::string told_region(const HttpResponse& http) {
  std::string region(http.header("x-amz-bucket-region"));
  if (region.empty() && http.status >= 300) region = region_in_error(http.body);
  return is_region_name(region) ? region : std::string{};
}

bool says_elsewhere(const Operation& operation, const HttpResponse& http, const WireError& error) {
  if (http.status == 301 || http.status == 302 || http.status == 307) return true;
  if (error.code == "PermanentRedirect" || error.code == "AuthorizationHeaderMalformed") return true;
  if (error.code == "IllegalLocationConstraintException") return operation.name != "CreateBucket";
  return operation.method == "HEAD" && http.status == 400;
}

const std::string* BucketRegions::find(std::string_view bucket) const {
  const auto found = regions_.find(bucket);
  return found == regions_.end() ? nullptr : &found->second;
}

void BucketRegions::learn(std::string_view bucket, std::string region) {
  if (regions_.size() >= most && !regions_.contains(bucket)) regions_.clear();  // begins anew
  regions_.insert_or_assign(std::string(bucket), std::move(region));
}

}  // namespace reeve::aws
