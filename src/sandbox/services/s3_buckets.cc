#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"
#include "sandbox/services/s3.h"

/// S3's buckets themselves: made, found, listed, given versions, removed.
namespace reeve::sandbox {
namespace {

bool lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/// "Bucket naming rules" of the S3 user guide.
bool good_name(std::string_view name) {
  if (name.size() < 3 || name.size() > 63) return false;
  if (!lower_or_digit(name.front()) || !lower_or_digit(name.back())) return false;
  if (!std::ranges::all_of(name, [](char c) { return lower_or_digit(c) || c == '-' || c == '.'; })) return false;
  if (name.find("..") != name.npos) return false;
  for (const std::string_view begin : {"xn--", "sthree-", "amzn-s3-demo-"}) {
    if (name.starts_with(begin)) return false;
  }
  for (const std::string_view end : {"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"}) {
    if (name.ends_with(end)) return false;
  }
  const bool like_address = std::ranges::all_of(name, [](char c) { return (c >= '0' && c <= '9') || c == '.'; }) &&
                            std::ranges::count(name, '.') == 3;
  return !like_address;
}

/// What new buckets have since 2023 (S3 user guide: "Default settings for new S3 buckets").
void set_defaults(Bucket& bucket, std::string_view ownership) {
  Builder block;
  block.begin_map();
  for (const char* which : {"BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"}) {
    block.put(which, true);
  }
  block.end();
  bucket.document(BucketDocument::public_access_block) = block.finish();
  Builder owners;
  owners.begin_map();
  owners.begin_list("Rules");
  owners.begin_map();
  owners.put("ObjectOwnership", ownership.empty() ? "BucketOwnerEnforced" : ownership);
  owners.end();
  owners.end();
  owners.end();
  bucket.document(BucketDocument::ownership) = owners.finish();
}

Outcome create(Call& c) {
  const std::string name = c["Bucket"].as_string();
  const std::string constraint = c["CreateBucketConfiguration"]["LocationConstraint"].as_string();
  if (!good_name(name)) {
    return std::unexpected(
        s3_fault("InvalidBucketName", "The specified bucket is not valid.", 400, {{"BucketName", name}}));
  }
  std::string region_name = constraint == "EU" ? "eu-west-1" : constraint;
  if (region_name.empty() || (c.region.name != "us-east-1" && region_name != c.region.name)) {
    if (c.region.name != "us-east-1") {
      return fault("IllegalLocationConstraintException",
                   fmt::format("The {} location constraint is incompatible for the region specific endpoint this "
                               "request was sent to.",
                               constraint.empty() ? "unspecified" : constraint));
    }
    region_name = c.region.name;
  }
  Region* region = c.store.region(c.account, region_name);
  if (!region || constraint == "us-east-1") {
    return std::unexpected(s3_fault("InvalidLocationConstraint", "The specified location-constraint is not valid", 400,
                                    {{"LocationConstraint", constraint}}));
  }
  if (const auto there = find_bucket(c.store, name)) {
    if (there->account.id != c.account.id) {
      return std::unexpected(s3_fault("BucketAlreadyExists",
                                      "The requested bucket name is not available. The bucket namespace is shared by "
                                      "all users of the system. Please select a different name and try again.",
                                      409, {{"BucketName", name}}));
    }
    // In us-east-1 making one's own bucket again is a success (API reference: "CreateBucket").
    if (there->region.name != "us-east-1" || region_name != "us-east-1") {
      return std::unexpected(
          s3_fault("BucketAlreadyOwnedByYou",
                   "Your previous request to create the named bucket succeeded and you already own it.", 409,
                   {{"BucketName", name}}));
    }
    c.out.put("Location", "/" + name);
    return {};
  }
  constexpr std::size_t quota = 10'000;  // buckets of an account
  std::size_t have = 0;
  for (auto& [id, one] : c.account.regions) {
    if (const auto* drawer = one.drawers.find<S3Drawer>()) have += drawer->buckets.rows.size();
  }
  if (have >= quota) return fault("TooManyBuckets", "You have attempted to create more buckets than allowed");
  Bucket bucket{.id = name, .created = whole_seconds(c.now)};
  bucket.object_lock = c["ObjectLockEnabledForBucket"].as_bool();
  if (bucket.object_lock) bucket.versioning = "Enabled";
  set_defaults(bucket, c["ObjectOwnership"].as_text());
  for (const Value tag : c["CreateBucketConfiguration"]["Tags"].items()) {
    bucket.tags.emplace(tag["Key"].as_string(), tag["Value"].as_string());
  }
  region->drawers.of<S3Drawer>().buckets.add(std::move(bucket));
  c.out.put("Location", region_name == "us-east-1" ? "/" + name : fmt::format("http://{}.s3.amazonaws.com/", name));
  return {};
}

Outcome remove(Call& c) {
  TRY(const Place place, bucket_of(c));
  const std::string prefix = place.bucket.id + "/";
  const auto& rows = place.drawer.objects.rows;
  const auto at = rows.lower_bound(prefix);
  if (at != rows.end() && at->first.starts_with(prefix)) {
    const bool versions = place.versioned();
    return std::unexpected(s3_fault("BucketNotEmpty",
                                    versions ? "The bucket you tried to delete is not empty. You must delete all "
                                               "versions in the bucket."
                                             : "The bucket you tried to delete is not empty",
                                    409, {{"BucketName", place.bucket.id}}));
  }
  std::erase_if(place.drawer.uploads, [&](const auto& entry) { return entry.first.starts_with(prefix); });
  place.drawer.buckets.erase(std::string(place.bucket.id));
  return {};
}

Outcome list(Call& c) {
  const std::string_view prefix = c["Prefix"].as_text(), only = c["BucketRegion"].as_text();
  const std::string after = decode_base64(c["ContinuationToken"].as_text()).value_or("");
  const std::int64_t most = c["MaxBuckets"].is_null() ? 10'000 : c["MaxBuckets"].as_integer();
  if (most < 1 || most > 10'000) {
    return invalid_argument("max-buckets must be between 1 and 10000", "max-buckets", std::to_string(most));
  }
  std::map<std::string_view, std::pair<const Bucket*, std::string_view>> all;
  for (const auto& [region_name, region] : c.account.regions) {
    const S3Drawer* drawer = region.drawers.find<S3Drawer>();
    if (!drawer || (!only.empty() && only != region_name)) continue;
    for (const auto& [name, bucket] : drawer->buckets.rows) {
      if (name.starts_with(prefix) && name > after) all.emplace(name, std::pair(&bucket, region_name));
    }
  }
  std::string_view last;
  std::int64_t count = 0;
  c.out.begin_list("Buckets");
  for (const auto& [name, one] : all) {
    if (count++ == most) break;
    last = name;
    c.out.begin_map();
    c.out.put("Name", name);
    c.out.put("CreationDate", one.first->created);
    if (!c["MaxBuckets"].is_null() || !only.empty() || !prefix.empty()) c.out.put("BucketRegion", one.second);
    c.out.end();
  }
  c.out.end();
  write_owner(c.out, c.account.id);
  if (count > most) c.out.put("ContinuationToken", encode_base64(last));
  c.out.put_if("Prefix", prefix);
  return {};
}

Outcome head(Call& c) {
  TRY(const Place place, bucket_of(c));
  c.out.put("BucketRegion", place.region.name);
  c.out.put("AccessPointAlias", false);
  return {};
}

Outcome location(Call& c) {
  TRY(const Place place, bucket_named(c, c["Bucket"].as_text(), true));
  if (place.region.name != "us-east-1") c.out.put("LocationConstraint", place.region.name);
  return {};
}

Outcome put_versioning(Call& c) {
  TRY(const Place place, bucket_of(c));
  const Value wanted = c["VersioningConfiguration"];
  const std::string status = wanted["Status"].as_string(), mfa = wanted["MFADelete"].as_string();
  if ((!status.empty() && status != "Enabled" && status != "Suspended") ||
      (!mfa.empty() && mfa != "Enabled" && mfa != "Disabled")) {
    return malformed_xml();
  }
  if (status.empty() && mfa.empty()) {
    return fault("IllegalVersioningConfigurationException", "The Versioning element must be specified");
  }
  if (place.bucket.mfa_delete == "Enabled" || (!mfa.empty() && mfa != place.bucket.mfa_delete && mfa == "Enabled")) {
    if (c["MFA"].as_text().empty()) {
      return fault("AccessDenied", "Mfa Authentication must be used for this request", 403);
    }
  }
  if (status == "Suspended" && place.bucket.object_lock) {
    return fault("InvalidBucketState",
                 "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
                 409);
  }
  if (!status.empty()) place.bucket.versioning = status;
  if (!mfa.empty()) place.bucket.mfa_delete = mfa;
  return {};
}

Outcome get_versioning(Call& c) {
  TRY(const Place place, bucket_of(c));
  c.out.put_if("Status", place.bucket.versioning);
  c.out.put_if("MFADelete", place.bucket.mfa_delete);
  return {};
}

}  // namespace

Outcome check_mfa(Call& c, const Bucket& bucket) {
  if (bucket.mfa_delete != "Enabled" || !c["MFA"].as_text().empty()) return {};
  return fault("AccessDenied", "Mfa Authentication must be used for this request", 403);
}

void register_s3_buckets(Registry& r) {
  r.add("s3", "CreateBucket", create);
  r.add("s3", "DeleteBucket", remove);
  r.add("s3", "ListBuckets", list);
  r.add("s3", "HeadBucket", head);
  r.add("s3", "GetBucketLocation", location);
  r.add("s3", "PutBucketVersioning", put_versioning);
  r.add("s3", "GetBucketVersioning", get_versioning);
}

}  // namespace reeve::sandbox
