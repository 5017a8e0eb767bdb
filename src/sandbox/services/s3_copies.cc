#include "sandbox/services/s3_copies.h"

#include <fmt/format.h>

#include "base/encoding.h"

/// CopyObject.
namespace reeve::sandbox {

std::expected<CopySource, Fault> copy_source(Call& c) {
  std::string text = c["CopySource"].as_string();
  if (text.starts_with('/')) text.erase(0, 1);
  std::string version;
  if (const std::size_t at = text.find("?versionId="); at != std::string::npos) {
    version = text.substr(at + 11);
    text.resize(at);
  }
  text = decode_percent(text, true);
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == text.size()) {
    return invalid_argument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
                            "x-amz-copy-source", text);
  }
  const std::string key = text.substr(slash + 1);
  TRY(const Place place, bucket_named(c, text.substr(0, slash), true));
  TRY(const ObjectVersion* object, object_named(place, key, version));
  TRY(check_copy_source(c, *object));
  if (object->storage_class == "GLACIER" || object->storage_class == "DEEP_ARCHIVE") {
    return fault("InvalidObjectState", "The operation is not valid for the object's storage class", 403);
  }
  return CopySource{place, object};
}

namespace {

constexpr std::uint64_t largest_copy = std::uint64_t{5} << 30;  // API reference: "CopyObject"

Outcome copy(Call& c) {
  TRY(const Place place, bucket_of(c));
  TRY(const CopySource from, copy_source(c));
  const std::string key = c["Key"].as_string();
  TRY(check_write(c, newest(place, key), key));
  const ObjectVersion& source = *from.object;
  if (source.size() > largest_copy) {
    return fault("InvalidRequest",
                 fmt::format("The specified copy source is larger than the maximum allowable size for "
                             "a copy source: {}",
                             largest_copy));
  }
  const bool replaces = c["MetadataDirective"].as_text() == "REPLACE";
  const bool retags = c["TaggingDirective"].as_text() == "REPLACE";
  const bool same = from.place.bucket.id == place.bucket.id && source.key() == key;
  if (same && !replaces && !retags && c["StorageClass"].is_null() && c["ServerSideEncryption"].is_null() &&
      c["WebsiteRedirectLocation"].is_null() && c["VersionId"].is_null() &&
      c["CopySource"].as_text().find("?versionId=") == std::string_view::npos) {
    return fault("InvalidRequest",
                 "This copy request is illegal because it is trying to copy an object to itself without changing the "
                 "object's metadata, storage class, website redirect location or encryption attributes.");
  }
  ObjectVersion object;
  if (!replaces) {
    object.headers = source.headers;
    object.metadata = source.metadata;
    object.expires = source.expires;
    for (const char* name : {"ServerSideEncryption", "SSEKMSKeyId", "BucketKeyEnabled", "SSECustomerAlgorithm",
                             "SSECustomerKeyMD5", "WebsiteRedirectLocation", "ACL"}) {
      object.headers.erase(name);
    }
  }
  if (!retags) object.tags = source.tags;
  TRY(read_object(c, place, object, replaces, retags));
  object.body = source.body;
  object.etag = source.etag;
  object.checksum_algorithm = source.checksum_algorithm;
  object.checksum = source.checksum;
  object.checksum_type = source.checksum_type;
  // A copy is one object, whatever its source was made of; a small one's ETag is its MD5 again.
  const std::string asked = c["ChecksumAlgorithm"].as_string();
  const bool parts = !source.parts.empty();
  if (parts || (!asked.empty() && asked != source.checksum_algorithm)) {
    if (parts) {
      TRY(const std::string sum, sum_of(c, source.body, aws::ChecksumKind::md5));
      object.etag = encode_hex(sum);
    }
    object.checksum_algorithm = !asked.empty() ? asked : source.checksum_algorithm;
    const auto kind = aws::checksum_kind(object.checksum_algorithm.empty() ? "CRC64NVME" : object.checksum_algorithm);
    if (!kind) return fault("InvalidRequest", "Checksum algorithm provided is unsupported.");
    TRY(const std::string computed, sum_of(c, source.body, *kind));
    object.checksum_algorithm = aws::name(*kind);
    object.checksum = encode_base64(computed);
    object.checksum_type = "FULL_OBJECT";
  }
  const std::string source_version = source.version_id;
  TRY(const ObjectVersion* kept, add_version(c, place, key, std::move(object)));  // `source` may be gone from here
  c.out.begin_map("CopyObjectResult");
  c.out.put("ETag", quoted(kept->etag));
  c.out.put("LastModified", kept->modified);
  write_checksum(c.out, kept->checksum_algorithm, kept->checksum);
  c.out.put_if("ChecksumType", kept->checksum_type);
  c.out.end();
  if (from.place.versioned()) c.out.put("CopySourceVersionId", source_version);
  put_version_id(c.out, place, *kept);
  write_encryption(c.out, *kept);
  return {};
}

}  // namespace

void register_s3_copies(Registry& r) { r.add("s3", "CopyObject", copy); }

}  // namespace reeve::sandbox
