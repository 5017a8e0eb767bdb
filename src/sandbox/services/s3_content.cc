#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/encoding.h"
#include "sandbox/services/s3.h"

/// What makes an object from a request: its body with the checks of it, its headers, metadata, tags and locks.
namespace reeve::sandbox {
namespace {

constexpr std::array<std::string_view, 5> algorithms = {"CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"};
constexpr std::uint64_t largest_put = std::uint64_t{5} << 30;  // S3 user guide: "Uploading objects"

constexpr std::array<std::string_view, 10> storage_classes = {
    "STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING",
    "GLACIER",  "DEEP_ARCHIVE",       "GLACIER_IR",  "SNOW",       "EXPRESS_ONEZONE"};

/// Members of requests that come back with the object as they are.
constexpr std::array<std::string_view, 5> content_headers = {"CacheControl", "ContentDisposition", "ContentEncoding",
                                                             "ContentLanguage", "ContentType"};

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

Outcome read_metadata(Call& c, ObjectVersion& into) {
  constexpr std::size_t most_bytes = 2048;  // S3 user guide: "User-defined object metadata"
  std::size_t bytes = 0;
  for (auto [key, value] : c["Metadata"].entries()) {
    bytes += key.size() + value.size();
    into.metadata[lowered(key)] = value.as_string();
  }
  if (bytes > most_bytes) {
    return std::unexpected(s3_fault("MetadataTooLarge",
                                    "Your metadata headers exceed the maximum allowed metadata size", 400,
                                    {{"Size", std::to_string(bytes)}, {"MaxSizeAllowed", "2048"}}));
  }
  for (const std::string_view name : content_headers) {
    if (!c[name].is_null()) into.headers[std::string(name)] = c[name].as_string();
  }
  if (!c["Expires"].is_null()) into.expires = c["Expires"].as_time();
  if (into.headers["ContentType"].empty()) into.headers["ContentType"] = "binary/octet-stream";
  return {};
}

Outcome read_locks(Call& c, const Place& place, ObjectVersion& into) {
  into.retention_mode = c["ObjectLockMode"].as_string();
  if (!c["ObjectLockRetainUntilDate"].is_null()) into.retain_until = c["ObjectLockRetainUntilDate"].as_time();
  into.legal_hold = c["ObjectLockLegalHoldStatus"].as_string();
  const bool asked = !into.retention_mode.empty() || into.retain_until || !into.legal_hold.empty();
  if (asked && !place.bucket.object_lock) {
    return fault("InvalidRequest", "Bucket is missing Object Lock Configuration");
  }
  if (into.retention_mode.empty() != !into.retain_until) {
    return fault("InvalidArgument",
                 "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be "
                 "supplied");
  }
  const Value rule = place.bucket.document(BucketDocument::object_lock)["Rule"]["DefaultRetention"];
  if (!place.bucket.object_lock || !into.retention_mode.empty() || rule.is_null()) return {};
  const std::int64_t days = rule["Days"].as_integer() + 365 * rule["Years"].as_integer();
  into.retention_mode = rule["Mode"].as_string();
  into.retain_until = c.now + std::chrono::days(days);
  return {};
}

/// How it is encrypted: as asked, or as the bucket says.
void read_encryption(Call& c, const Place& place, ObjectVersion& into) {
  const Value rule = place.bucket.document(BucketDocument::encryption)["Rules"][0];
  const Value usual = rule["ApplyServerSideEncryptionByDefault"];
  std::string& how = into.headers["ServerSideEncryption"];
  how = c["ServerSideEncryption"].as_string();
  std::string key = c["SSEKMSKeyId"].as_string();
  if (how.empty()) {
    how = usual["SSEAlgorithm"].as_text_or("AES256");
    if (key.empty()) key = usual["KMSMasterKeyID"].as_string();
    if (rule["BucketKeyEnabled"].as_bool() && how.starts_with("aws:kms")) into.headers["BucketKeyEnabled"] = "true";
  }
  if (how.starts_with("aws:kms") && key.empty()) {
    key =
        fmt::format("arn:aws:kms:{}:{}:key/00000000-0000-4000-8000-000000000000", place.region.name, place.account.id);
  } else if (how.starts_with("aws:kms") && !key.starts_with("arn:")) {
    key = fmt::format("arn:aws:kms:{}:{}:key/{}", place.region.name, place.account.id, key);
  }
  if (!key.empty()) into.headers["SSEKMSKeyId"] = key;
  if (c["BucketKeyEnabled"].as_bool()) into.headers["BucketKeyEnabled"] = "true";
  if (!c["SSECustomerAlgorithm"].is_null()) {
    how.clear();
    into.headers["SSECustomerAlgorithm"] = c["SSECustomerAlgorithm"].as_string();
    into.headers["SSECustomerKeyMD5"] = c["SSECustomerKeyMD5"].as_string();
  }
}

}  // namespace

Outcome read_object(Call& c, const Place& place, ObjectVersion& into, bool metadata, bool tags) {
  constexpr std::size_t longest_key = 1024;
  if (c["Key"].as_text().size() > longest_key) {
    return std::unexpected(s3_fault("KeyTooLongError", "Your key is too long", 400,
                                    {{"Size", std::to_string(c["Key"].as_text().size())}, {"MaxSizeAllowed", "1024"}}));
  }
  if (metadata) TRY(read_metadata(c, into));
  if (tags) {
    TRY(into.tags, read_tag_header(c["Tagging"].as_text()));
  }
  if (!c["StorageClass"].is_null()) into.storage_class = c["StorageClass"].as_string();
  if (std::ranges::find(storage_classes, into.storage_class) == storage_classes.end()) {
    return std::unexpected(s3_fault("InvalidStorageClass", "The storage class you specified is not valid", 400,
                                    {{"StorageClassRequested", into.storage_class}}));
  }
  if (const std::string_view acl = c["ACL"].as_text(); !acl.empty() && acl != "bucket-owner-full-control") {
    const Value rule = place.bucket.document(BucketDocument::ownership)["Rules"][0]["ObjectOwnership"];
    if (rule.as_text() == "BucketOwnerEnforced" && acl != "private") {
      return fault("AccessControlListNotSupported", "The bucket does not allow ACLs");
    }
    into.headers["ACL"] = acl;
  }
  if (!c["WebsiteRedirectLocation"].is_null()) {
    into.headers["WebsiteRedirectLocation"] = c["WebsiteRedirectLocation"].as_string();
  }
  into.modified = whole_seconds(c.now);
  read_encryption(c, place, into);
  return read_locks(c, place, into);
}

void write_encryption(Builder& out, const ObjectVersion& object) {
  for (const char* name : {"ServerSideEncryption", "SSEKMSKeyId", "SSECustomerAlgorithm", "SSECustomerKeyMD5"}) {
    if (const auto at = object.headers.find(std::string_view(name)); at != object.headers.end()) {
      out.put_if(name, at->second);
    }
  }
  if (object.headers.contains("BucketKeyEnabled")) out.put("BucketKeyEnabled", true);
}

void write_object(Builder& out, const ObjectVersion& object) {
  for (const std::string_view name : content_headers) {
    if (const auto at = object.headers.find(name); at != object.headers.end()) out.put_if(name, at->second);
  }
  if (const auto at = object.headers.find("WebsiteRedirectLocation"); at != object.headers.end()) {
    out.put("WebsiteRedirectLocation", at->second);
  }
  if (object.expires) out.put("Expires", *object.expires);
  if (object.storage_class != "STANDARD") out.put("StorageClass", object.storage_class);
  if (!object.metadata.empty()) {
    out.begin_map("Metadata");
    for (const auto& [key, value] : object.metadata) out.put(key, value);
    out.end();
  }
  if (!object.tags.empty()) out.put("TagCount", object.tags.size());
  if (!object.retention_mode.empty() && object.retain_until) {
    out.put("ObjectLockMode", object.retention_mode);
    out.put("ObjectLockRetainUntilDate", *object.retain_until);
  }
  out.put_if("ObjectLockLegalHoldStatus", object.legal_hold);
  write_encryption(out, object);
}

// --- Checks ----------------------------------------------------------------------------------------------------------

std::string checksum_member(std::string_view algorithm) { return fmt::format("Checksum{}", algorithm); }

void write_checksum(Builder& out, std::string_view algorithm, std::string_view value) {
  if (!value.empty()) out.put(checksum_member(algorithm), value);
}

std::expected<std::string, Fault> sum_of(const Call& c, const BlobPtr& blob, aws::ChecksumKind kind) {
  if (blob == c.bodies->in) {
    if (const auto at = c.bodies->sums.find(kind); at != c.bodies->sums.end()) return at->second;
  }
  aws::Checksum sum(kind);
  if (const std::string* text = blob->text()) {
    sum.add(*text);
    return sum.take();
  }
  std::string piece;
  for (std::uint64_t at = 0; at < blob->size(); at += piece.size()) {
    piece.clear();
    constexpr std::size_t most = std::size_t{256} << 10;
    const auto done = blob->read(at, most, piece);
    if (!done || piece.empty()) return fault("InternalError", "The sandbox cannot read a body that it kept.", 500);
    sum.add(piece);
  }
  return sum.take();
}

Outcome take_body(Call& c, ObjectVersion& into) {
  if (!c.bodies->in) {
    auto kept = c.blobs->keep(c["Body"].as_string());  // called without the wire
    if (!kept) return fault("InternalError", kept.error().message, 500);
    c.bodies->in = *std::move(kept);
  }
  const BlobPtr& body = c.bodies->in;
  if (body->size() > largest_put) {
    return std::unexpected(
        s3_fault("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", 400,
                 {{"ProposedSize", std::to_string(body->size())}, {"MaxSizeAllowed", std::to_string(largest_put)}}));
  }
  TRY(const std::string sum, sum_of(c, body, aws::ChecksumKind::md5));
  if (const std::string_view said = c["ContentMD5"].as_text(); !c["ContentMD5"].is_null()) {
    const auto decoded = decode_base64(said);
    if (!decoded || decoded->size() != 16) {
      return std::unexpected(s3_fault("InvalidDigest", "The Content-MD5 you specified was invalid.", 400,
                                      {{"Content-MD5", std::string(said)}}));
    }
    if (*decoded != sum) {
      return std::unexpected(
          s3_fault("BadDigest", "The Content-MD5 you specified did not match what we received.", 400,
                   {{"ExpectedDigest", std::string(said)}, {"CalculatedDigest", encode_base64(sum)}}));
    }
  }
  std::string algorithm;
  for (const std::string_view one : algorithms) {
    const Value said = c[checksum_member(one)];
    if (said.is_null()) continue;
    if (!algorithm.empty()) {
      return fault("InvalidRequest",
                   "Expecting a single x-amz-checksum- header. Multiple checksum Types are not "
                   "allowed.");
    }
    algorithm = one;
    const auto decoded = decode_base64(said.as_text());
    TRY(const std::string computed, sum_of(c, body, *aws::checksum_kind(one)));
    if (!decoded || decoded->size() != computed.size()) {
      return fault("InvalidRequest", fmt::format("Value for x-amz-checksum-{} header is invalid.", lowered(one)));
    }
    if (*decoded != computed) {
      return fault("BadDigest", fmt::format("The {} you specified did not match the calculated checksum.", one));
    }
  }
  if (algorithm.empty()) algorithm = c["ChecksumAlgorithm"].as_text_or("CRC64NVME");
  const auto kind = aws::checksum_kind(algorithm);
  if (!kind || *kind == aws::ChecksumKind::md5) {
    return fault("InvalidRequest",
                 "Checksum algorithm provided is unsupported. Please try again with any of the valid "
                 "types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]");
  }
  TRY(const std::string computed, sum_of(c, body, *kind));
  into.body = body;
  into.etag = encode_hex(sum);
  into.checksum_algorithm = algorithm;
  into.checksum = encode_base64(computed);
  into.checksum_type = "FULL_OBJECT";
  return {};
}

}  // namespace reeve::sandbox
