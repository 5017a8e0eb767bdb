#include <fmt/format.h>

#include "base/encoding.h"
#include "sandbox/estate_fields.h"
#include "sandbox/services/s3.h"

/// S3's rows in estate files.
namespace reeve::sandbox {
namespace {

/// Their names in estate files, in the order of the enums.
constexpr std::array<std::string_view, static_cast<std::size_t>(BucketDocument::count)> document_names = {
    "Encryption",   "Logging",     "Lifecycle",  "PublicAccessBlock", "OwnershipControls", "Cors", "Website",
    "Notification", "Replication", "Accelerate", "RequestPayment",    "ObjectLock",        "Acl"};
constexpr std::array<std::string_view, static_cast<std::size_t>(BucketList::count)> list_names = {
    "Inventory", "Analytics", "Metrics", "IntelligentTiering"};

bool is_text(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t size = utf8_sequence(bytes);
    if (size == 0) return false;
    bytes.remove_prefix(size);
  }
  return true;
}

using Texts = std::map<std::string, std::string, std::less<>>;

}  // namespace

template <class Io, like<Bucket> S>
void fields(Io& io, S& s) {
  io("Name", s.id);
  io("CreationDate", s.created);
  io("Versioning", s.versioning);
  io("MfaDelete", s.mfa_delete);
  io("ObjectLockEnabled", s.object_lock);
  io("Policy", s.policy);
  io.tags("Tags", s.tags);
  for (std::size_t i = 0; i < document_names.size(); ++i) io(document_names[i], s.documents[i]);
  for (std::size_t i = 0; i < list_names.size(); ++i) io(list_names[i], s.lists[i]);
}

template <class Io, like<ObjectPart> S>
void fields(Io& io, S& s) {
  io("PartNumber", s.number);
  io("Size", s.size);
  io("ETag", s.etag);
  io("Checksum", s.checksum);
}

template <class Io, like<ObjectVersion> S>
void fields(Io& io, S& s) {
  std::string bucket, key, body, encoded, seed;
  std::int64_t sequence = 1, size = -1;
  if constexpr (!Io::reads) {
    bucket = s.bucket(), key = s.key(), sequence = static_cast<std::int64_t>(s.sequence());
    if (const std::string* text = s.body ? s.body->text() : nullptr) {
      (is_text(*text) ? body : encoded) = is_text(*text) ? *text : encode_base64(*text);
    } else {
      // What lies in the spool is not kept: its size is, and bytes that follow from its place.
      size = static_cast<std::int64_t>(s.size());
      if (s.body && s.body->seed()) seed = *s.body->seed();
    }
  }
  io("Bucket", bucket);
  io("Key", key);
  if (Io::reads || sequence != 1) io("Sequence", sequence);
  io("VersionId", s.version_id);
  io("DeleteMarker", s.delete_marker);
  io("LastModified", s.modified);
  io("ETag", s.etag);
  if (Io::reads || size >= 0) io("Size", size);
  io("Body", body);
  io("BodyBase64", encoded);
  io("Seed", seed);
  io("StorageClass", s.storage_class);
  io.tags("Tags", s.tags);
  io.tags("Metadata", s.metadata);
  io.tags("Headers", s.headers);
  io("Expires", s.expires);
  io("ChecksumAlgorithm", s.checksum_algorithm);
  io("Checksum", s.checksum);
  io("ChecksumType", s.checksum_type);
  io.list("Parts", s.parts);
  io("RetentionMode", s.retention_mode);
  io("RetainUntilDate", s.retain_until);
  io("LegalHold", s.legal_hold);
  io("Acl", s.acl);
  if constexpr (Io::reads) {
    if (bucket.empty() || key.empty() || bucket.find('/') != std::string::npos || size > (std::int64_t{5} << 40)) {
      return;  // without an id it is refused
    }
    s.id = object_id(bucket, key, static_cast<std::uint64_t>(std::max<std::int64_t>(sequence, 0)));
    if (s.delete_marker) return;
    const auto decoded = decode_base64(encoded);
    if (size >= 0 && body.empty() && encoded.empty()) {
      if (seed.empty()) seed = fmt::format("{}/{}", bucket, key);
      s.body = generated_blob(std::move(seed), static_cast<std::uint64_t>(size));
    } else {
      s.body = text_blob(encoded.empty() ? std::move(body) : decoded.value_or(""));
    }
  }
}

void complete(const RowPlace&, Bucket& row, Time now) {
  if (row.created == Time{}) row.created = now - std::chrono::days(1);
}

void complete(const RowPlace&, ObjectVersion& row, Time now) {
  if (row.modified == Time{}) row.modified = now - std::chrono::days(1);
  if (row.version_id.empty()) row.version_id = "null";
  if (!row.body || !row.etag.empty()) return;
  const std::string* text = row.body->text();
  row.etag = encode_hex(md5(text ? *text : fmt::format("{} {}", *row.body->seed(), row.body->size())));
}

void S3Drawer::each_table(EstateTables& tables) {
  tables("buckets", buckets);
  tables("objects", objects);
}

}  // namespace reeve::sandbox
