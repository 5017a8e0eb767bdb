#include "sandbox/services/s3_parts.h"

#include <fmt/format.h>

#include <charconv>

#include "base/encoding.h"
#include "sandbox/layered_blob.h"
#include "sandbox/services/s3_copies.h"

/// Parts of multipart uploads: sent, copied, listed.
namespace reeve::sandbox {

std::expected<Upload*, Fault> upload_of(Call& c, const Place& place) {
  const std::string id = fmt::format("{}/{}{}{}", place.bucket.id, c["Key"].as_text(), '\0', c["UploadId"].as_text());
  const auto at = place.drawer.uploads.find(id);
  if (at != place.drawer.uploads.end()) return &at->second;
  return std::unexpected(
      s3_fault("NoSuchUpload",
               "The specified upload does not exist. The upload ID may be invalid, or the upload may "
               "have been aborted or completed.",
               404, {{"UploadId", c["UploadId"].as_string()}}));
}

namespace {

std::expected<std::int64_t, Fault> part_number(Call& c) {
  const std::int64_t number = c["PartNumber"].as_integer();
  if (number >= 1 && number <= 10'000) return number;
  return invalid_argument("Part number must be an integer between 1 and 10000, inclusive", "partNumber",
                          std::to_string(number));
}

Outcome upload_part(Call& c) {
  TRY(const Place place, bucket_of(c));
  TRY(Upload * upload, upload_of(c, place));
  TRY(const std::int64_t number, part_number(c));
  ObjectVersion content;
  TRY(take_body(c, content));
  const std::string& wanted = upload->object.checksum_algorithm;
  if (!wanted.empty() && content.checksum_algorithm != wanted) {
    for (const char* one : {"CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"}) {
      if (c[checksum_member(one)].is_null()) continue;
      return fault("InvalidRequest",
                   fmt::format("Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
                               wanted, one));
    }
    TRY(const std::string sum, sum_of(c, content.body, aws::checksum_kind(wanted).value_or(aws::ChecksumKind::crc32)));
    content.checksum = encode_base64(sum);
    content.checksum_algorithm = wanted;
  }
  upload->parts[number] = {
      .etag = content.etag, .checksum = content.checksum, .modified = whole_seconds(c.now), .body = content.body};
  if (wanted.empty()) upload->object.checksum_algorithm = content.checksum_algorithm;
  c.out.put("ETag", quoted(content.etag));
  write_checksum(c.out, content.checksum_algorithm, content.checksum);
  write_encryption(c.out, upload->object);
  return {};
}

/// A range of a blob, as a blob.
class PartBlob : public LayeredBlob {
 public:
  explicit PartBlob(BlobPart part) : part_(std::move(part)) {
    if (const auto* inner = dynamic_cast<const PartBlob*>(part_.blob.get())) {
      part_ = BlobPart{inner->part_.blob, inner->part_.offset + part_.offset, part_.length};
    }
    layers_ = layers_of(*part_.blob) + 1;
  }
  std::uint64_t size() const override { return part_.length; }
  Result<void> read(std::uint64_t offset, std::size_t length, std::string& out) const override {
    if (offset >= part_.length) return {};
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(length, part_.length - offset));
    return part_.blob->read(part_.offset + offset, want, out);
  }

 private:
  BlobPart part_;
};

std::expected<BlobPtr, Fault> copied(Call& c, const ObjectVersion& source) {
  constexpr std::uint64_t largest_part = std::uint64_t{5} << 30;  // S3 user guide: "multipart upload limits"
  if (layers_of(*source.body) >= most_layers) {
    return fault("InvalidRequest", "The sandbox keeps no copies of copies this many times over.");
  }
  auto too_large = [&] {
    return fault("InvalidRequest",
                 fmt::format("The specified copy source is larger than the maximum allowable size for a copy source: "
                             "{}",
                             largest_part));
  };
  const std::string_view range = c["CopySourceRange"].as_text();
  if (c["CopySourceRange"].is_null()) {
    if (source.size() > largest_part) return too_large();
    return source.body;
  }
  std::uint64_t first = 0, last = 0;
  constexpr std::string_view unit = "bytes=";
  const std::size_t dash = range.find('-');
  bool good = range.starts_with(unit) && dash != range.npos;
  if (good) {
    const char* end = range.data() + range.size();
    good = std::from_chars(range.data() + unit.size(), end, first).ptr == range.data() + dash &&
           std::from_chars(range.data() + dash + 1, end, last).ptr == end && last >= first;
  }
  if (!good) {
    return invalid_argument(
        "The x-amz-copy-source-range value must be of the form bytes=first-last where first and "
        "last are the zero-based offsets of the first and last bytes to copy",
        "x-amz-copy-source-range", range);
  }
  if (last >= source.size()) {
    return invalid_argument(fmt::format("Range specified is not valid for source object of size: {}", source.size()),
                            "x-amz-copy-source-range", range);
  }
  if (last - first >= largest_part) return too_large();
  return std::make_shared<PartBlob>(BlobPart{source.body, first, last - first + 1});
}

Outcome upload_part_copy(Call& c) {
  TRY(const Place place, bucket_of(c));
  TRY(Upload * upload, upload_of(c, place));
  TRY(const std::int64_t number, part_number(c));
  TRY(const CopySource from, copy_source(c));
  TRY(const BlobPtr body, copied(c, *from.object));
  TRY(const std::string md5, sum_of(c, body, aws::ChecksumKind::md5));
  UploadedPart part{.etag = encode_hex(md5), .checksum = {}, .modified = whole_seconds(c.now), .body = body};
  if (upload->object.checksum_algorithm.empty()) upload->object.checksum_algorithm = "CRC64NVME";
  if (const auto kind = aws::checksum_kind(upload->object.checksum_algorithm)) {
    TRY(const std::string sum, sum_of(c, body, *kind));
    part.checksum = encode_base64(sum);
  }
  c.out.begin_map("CopyPartResult");
  c.out.put("ETag", quoted(part.etag));
  c.out.put("LastModified", part.modified);
  write_checksum(c.out, upload->object.checksum_algorithm, part.checksum);
  c.out.end();
  if (from.place.versioned()) c.out.put("CopySourceVersionId", from.object->version_id);
  write_encryption(c.out, upload->object);
  upload->parts[number] = std::move(part);
  return {};
}

Outcome list_parts(Call& c) {
  TRY(const Place place, bucket_of(c));
  TRY(const Upload* upload, upload_of(c, place));
  const Value given = c["PartNumberMarker"];
  std::int64_t after = given.as_integer();
  if (given.is_text()) std::from_chars(given.as_text().data(), given.as_text().data() + given.as_text().size(), after);
  const std::int64_t most =
      c["MaxParts"].is_null() ? 1000 : std::clamp<std::int64_t>(c["MaxParts"].as_integer(), 0, 1000);
  c.out.put("Bucket", place.bucket.id);
  c.out.put("Key", upload->object.key());
  c.out.put("UploadId", upload->upload_id());
  c.out.put("MaxParts", most);
  c.out.put("StorageClass", upload->object.storage_class);
  write_owner(c.out, place.account.id);
  write_owner(c.out, place.account.id, "Initiator");
  const std::string& algorithm = upload->object.checksum_algorithm;
  c.out.put_if("ChecksumAlgorithm", algorithm);
  c.out.put_if("ChecksumType", upload->object.checksum_type);
  std::int64_t count = 0, last = 0;
  bool more = false;
  c.out.begin_list("Parts");
  for (auto at = upload->parts.upper_bound(after); at != upload->parts.end(); ++at) {
    if (count++ == most) {
      more = most > 0;
      break;
    }
    last = at->first;
    c.out.begin_map();
    c.out.put("PartNumber", at->first);
    c.out.put("LastModified", at->second.modified);
    c.out.put("ETag", quoted(at->second.etag));
    c.out.put("Size", at->second.body->size());
    write_checksum(c.out, algorithm, at->second.checksum);
    c.out.end();
  }
  c.out.end();
  c.out.put("PartNumberMarker", std::to_string(after));
  c.out.put("NextPartNumberMarker", std::to_string(last));
  c.out.put("IsTruncated", more);
  return {};
}

}  // namespace

void register_s3_parts(Registry& r) {
  r.add("s3", "UploadPart", upload_part);
  r.add("s3", "UploadPartCopy", upload_part_copy);
  r.add("s3", "ListParts", list_parts);
}

}  // namespace reeve::sandbox
