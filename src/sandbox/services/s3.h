#pragma once
#include <array>
#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/checksum.h"
#include "sandbox/estate_tables.h"
#include "sandbox/service.h"

/// S3: buckets with their documents, objects with their versions, uploads in parts. What the service's files share.
namespace reeve::sandbox {

/// Documents that a bucket is configured with, one of each.
enum class BucketDocument : std::uint8_t {
  encryption,
  logging,
  lifecycle,
  public_access_block,
  ownership,
  cors,
  website,
  notification,
  replication,
  accelerate,
  request_payment,
  object_lock,
  acl,
  count
};
/// Documents of which a bucket has many, each with an id.
enum class BucketList : std::uint8_t { inventory, analytics, metrics, tiering, count };

struct Bucket {
  std::string id;  ///< its name
  Time created;
  std::string versioning;  ///< "", "Enabled", "Suspended"
  std::string mfa_delete;  ///< "", "Enabled", "Disabled"
  bool object_lock = false;
  std::string policy;  ///< JSON, or empty
  Tags tags;
  std::array<Document, static_cast<std::size_t>(BucketDocument::count)> documents;  ///< null: none
  std::array<Document, static_cast<std::size_t>(BucketList::count)> lists;          ///< maps by id, or null
  Document& document(BucketDocument which) { return documents[static_cast<std::size_t>(which)]; }
  const Document& document(BucketDocument which) const { return documents[static_cast<std::size_t>(which)]; }
};

/// A part of an object that was uploaded in parts.
struct ObjectPart {
  std::int64_t number = 0, size = 0;
  std::string etag;  ///< without quotes
  std::string checksum;
};

/// One version of an object, or a delete marker. Its id says bucket, key and place among the key's versions, so that a
/// bucket's rows stand in S3's order, the newest version of a key first.
struct ObjectVersion {
  std::string id;
  std::string version_id;  ///< "null" for what was made without versioning
  bool delete_marker = false;
  Time modified;
  std::string etag;  ///< without quotes
  BlobPtr body;
  std::string storage_class = "STANDARD";
  std::map<std::string, std::string, std::less<>> headers;   ///< by the API's member names, such as ContentType
  std::map<std::string, std::string, std::less<>> metadata;  ///< without "x-amz-meta-"
  Tags tags;
  std::optional<Time> expires;
  std::string checksum_algorithm, checksum, checksum_type;  ///< "CRC32", base64, "FULL_OBJECT" or "COMPOSITE"
  std::vector<ObjectPart> parts;
  std::string retention_mode, legal_hold;
  std::optional<Time> retain_until;
  Document acl;

  std::string_view bucket() const { return std::string_view(id).substr(0, id.find('/')); }
  std::string_view key() const;
  std::uint64_t sequence() const;  ///< the greater the newer
  std::uint64_t size() const { return body ? body->size() : 0; }
};
std::string object_id(std::string_view bucket, std::string_view key, std::uint64_t sequence);

struct UploadedPart {
  std::string etag, checksum;
  Time modified;
  BlobPtr body;
};

/// A multipart upload under way. It holds what the object will be, but its body.
struct Upload {
  std::string id;  ///< bucket/key, a zero byte, the upload's own id: the order of ListMultipartUploads
  Time initiated;
  ObjectVersion object;
  std::map<std::int64_t, UploadedPart> parts;
  std::string_view upload_id() const { return std::string_view(id).substr(id.rfind('\0') + 1); }
};

struct S3Drawer : Drawer {
  static constexpr std::string_view name = "s3";
  Table<Bucket> buckets;
  Table<ObjectVersion> objects;
  std::map<std::string, Upload, std::less<>> uploads;  ///< not kept: an upload ends with the process
  void each_table(EstateTables& tables) override;
  void each_tagged(const DrawerPlace&, const TagVisitor& visit) override {
    for (auto& [id, bucket] : buckets.rows) visit("arn:aws:s3:::" + id, "s3:bucket", bucket.tags);
  }
};

/// A bucket and where it lies.
struct Place {
  Account& account;
  Region& region;
  S3Drawer& drawer;
  Bucket& bucket;
  bool versioned() const { return !bucket.versioning.empty(); }
};

/// The bucket of this name, whosever it is; nullopt for none. Names are one for all accounts.
std::optional<Place> find_bucket(Store& store, std::string_view name, const Region* likely = nullptr);
/// The bucket that the call names. Faults: NoSuchBucket; AccessDenied for another account's; PermanentRedirect where
/// the call was signed for another region.
std::expected<Place, Fault> bucket_of(Call& c);
std::expected<Place, Fault> bucket_named(Call& c, std::string_view name, bool any_region = false);

/// The newest version of a key, delete markers too; nullptr for none.
ObjectVersion* newest(const Place& place, std::string_view key);
ObjectVersion* find_version(const Place& place, std::string_view key, std::string_view version_id);
/// The version that a call's Key and VersionId mean. Faults: NoSuchKey, NoSuchVersion, MethodNotAllowed for a delete
/// marker that was named.
std::expected<ObjectVersion*, Fault> object_of(Call& c, const Place& place);
std::expected<ObjectVersion*, Fault> object_named(const Place& place, std::string_view key,
                                                  std::string_view version_id);
/// Adds a version, in place of the one that it replaces by the bucket's versioning; sets its version id. Faults:
/// ServiceUnavailable past what a sandbox holds.
std::expected<ObjectVersion*, Fault> add_version(Call& c, const Place& place, std::string_view key,
                                                 ObjectVersion version);
/// The version id as answers show it: nothing where the bucket never had versions.
void put_version_id(Builder& out, const Place& place, const ObjectVersion& version);

/// Fills what an object is beside its body from a request that makes one (PutObject, CopyObject,
/// CreateMultipartUpload). Faults: InvalidStorageClass, InvalidTag, MetadataTooLarge, InvalidRequest.
Outcome read_object(Call& c, const Place& place, ObjectVersion& into, bool metadata, bool tags);
/// Writes these members into an answer that gives them (GetObject, HeadObject).
void write_object(Builder& out, const ObjectVersion& object);
/// What encrypts the object, as all answers of changes tell it.
void write_encryption(Builder& out, const ObjectVersion& object);

/// Takes the body of the call, checked against Content-MD5 and the checksums that come with it, as the content of
/// `into`: body, etag and checksum. Faults: BadDigest, InvalidDigest, InvalidRequest, EntityTooLarge.
Outcome take_body(Call& c, ObjectVersion& into);
/// The check of a blob, from the body's own sums where it is that.
std::expected<std::string, Fault> sum_of(const Call& c, const BlobPtr& blob, aws::ChecksumKind kind);
/// "ChecksumCRC32" and so on, of an algorithm's name.
std::string checksum_member(std::string_view algorithm);
void write_checksum(Builder& out, std::string_view algorithm, std::string_view value);

/// If-Match, If-None-Match and the dates, for reads and for writes (`existing` may be nullptr). Faults: 304
/// NotModified, PreconditionFailed, NoSuchKey.
Outcome check_read(Call& c, const ObjectVersion& object);
Outcome check_copy_source(Call& c, const ObjectVersion& object);
Outcome check_write(Call& c, const ObjectVersion* existing, std::string_view key);

/// Refuses to delete this version for good while it is locked. Faults: AccessDenied.
Outcome check_lock(Call& c, const ObjectVersion& version);
/// Refuses what only a caller with MFA may do. Faults: AccessDenied.
Outcome check_mfa(Call& c, const Bucket& bucket);

template <class Is>
bool any_item(Value list, Is is) {
  for (const Value item : list.items()) {
    if (is(item)) return true;
  }
  return false;
}

/// The canonical user id of an account, and Owner as answers write it.
std::string canonical_id(std::string_view account);
void write_owner(Builder& out, std::string_view account, std::string_view member = "Owner");
std::string quoted(std::string_view etag);
/// ISO 8601 time as LastModified holds it: whole seconds.
Time whole_seconds(Time time);

/// Faults with the elements that S3's documents carry.
Fault s3_fault(std::string code, std::string message, int status,
               std::vector<std::pair<std::string, std::string>> elements = {});
std::unexpected<Fault> invalid_argument(std::string message, std::string_view name, std::string_view value);
std::unexpected<Fault> malformed_xml();

/// Tags of objects and buckets from {TagSet: [{Key, Value}]}. Faults: InvalidTag, BadRequest, MalformedXML.
std::expected<Tags, Fault> read_tag_set(Value tagging, std::size_t most);
/// Tags from the header "a=b&c=d". Faults: InvalidArgument, InvalidTag.
std::expected<Tags, Fault> read_tag_header(std::string_view text);

void register_s3_buckets(Registry&);
void register_s3_configuration(Registry&);
void register_s3_lists(Registry&);
void register_s3_acls(Registry&);
void register_s3_objects(Registry&);
void register_s3_copies(Registry&);
void register_s3_deletes(Registry&);
void register_s3_listings(Registry&);
void register_s3_multipart(Registry&);
void register_s3_parts(Registry&);
void register_s3_locks(Registry&);
void register_s3_tags(Registry&);

}  // namespace reeve::sandbox
