#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "sandbox/services/s3_parts.h"

/// Multipart uploads: begun, completed, given up, listed.
namespace reeve::sandbox {
namespace {

constexpr std::uint64_t smallest_part = std::uint64_t{5} << 20;   // S3 user guide: "Amazon S3 multipart upload limits"
constexpr std::uint64_t largest_object = std::uint64_t{5} << 40;  // S3 user guide: "multipart upload limits"

Outcome create(Call& c) {
  TRY(const Place place, bucket_of(c));
  Upload upload;
  upload.initiated = c.now;
  TRY(read_object(c, place, upload.object, true, true));
  upload.object.checksum_algorithm = c["ChecksumAlgorithm"].as_string();
  std::string& type = upload.object.checksum_type;
  type = c["ChecksumType"].as_string();
  const std::string& algorithm = upload.object.checksum_algorithm;
  const bool digest = algorithm == "SHA1" || algorithm == "SHA256";
  if ((type == "FULL_OBJECT" && digest) || (type == "COMPOSITE" && algorithm == "CRC64NVME")) {
    return fault("InvalidRequest",
                 fmt::format("The {} checksum type cannot be used with the {} checksum algorithm.", type, algorithm));
  }
  if (type.empty() && !algorithm.empty()) type = algorithm == "CRC64NVME" ? "FULL_OBJECT" : "COMPOSITE";
  std::string id;
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
  while (id.size() < 48) id += letters[c.store.random().below(letters.size())];
  constexpr std::size_t most = 10'000;  // what a sandbox holds
  if (place.drawer.uploads.size() >= most) {
    return fault("ServiceUnavailable", fmt::format("The sandbox holds at most {} uploads.", most), 503);
  }
  upload.object.id = object_id(place.bucket.id, c["Key"].as_text(), 1);
  upload.id = fmt::format("{}/{}{}{}", place.bucket.id, c["Key"].as_text(), '\0', id);
  c.out.put("Bucket", place.bucket.id);
  c.out.put("Key", c["Key"].as_text());
  c.out.put("UploadId", id);
  c.out.put_if("ChecksumAlgorithm", algorithm);
  c.out.put_if("ChecksumType", type);
  write_encryption(c.out, upload.object);
  std::string name = upload.id;
  place.drawer.uploads.emplace(std::move(name), std::move(upload));
  return {};
}

std::string_view unquoted(std::string_view etag) {
  return etag.size() >= 2 && etag.front() == '"' && etag.back() == '"' ? etag.substr(1, etag.size() - 2) : etag;
}

/// The bytes of a part's ETag.
std::string raw_md5(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    unsigned byte = 0;
    std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
    out += static_cast<char>(byte);
  }
  return out;
}

std::unexpected<Fault> invalid_part(std::string_view upload, std::int64_t number, std::string_view etag) {
  return std::unexpected(s3_fault(
      "InvalidPart",
      "One or more of the specified parts could not be found.  The part may not have been "
      "uploaded, or the specified entity tag may not match the part's entity tag.",
      400, {{"UploadId", std::string(upload)}, {"PartNumber", std::to_string(number)}, {"ETag", std::string(etag)}}));
}

/// The object's own checksum from those of its parts (S3 user guide: "Checking object integrity").
std::expected<std::string, Fault> join_checksums(const ObjectVersion& object, const std::vector<BlobPtr>& bodies) {
  const auto kind = aws::checksum_kind(object.checksum_algorithm);
  if (!kind) return std::string();
  if (object.checksum_type != "FULL_OBJECT") {
    std::string all;
    for (const ObjectPart& part : object.parts) all += decode_base64(part.checksum).value_or("");
    return fmt::format("{}-{}", encode_base64(aws::checksum(*kind, all)), object.parts.size());
  }
  std::string joined = decode_base64(object.parts.front().checksum).value_or("");
  for (std::size_t i = 1; i < object.parts.size(); ++i) {
    const std::string next = decode_base64(object.parts[i].checksum).value_or("");
    joined = aws::joined_checksum(*kind, joined, next, bodies[i]->size());
  }
  return encode_base64(joined);
}

Outcome complete(Call& c) {
  TRY(const Place place, bucket_of(c));
  TRY(Upload * upload, upload_of(c, place));
  const std::string key = c["Key"].as_string();
  const Value asked = c["MultipartUpload"]["Parts"];
  if (!asked.is_list() || asked.empty()) return malformed_xml();
  ObjectVersion object = upload->object;
  std::vector<BlobPtr> bodies;
  std::string sums;
  std::int64_t before = 0;
  std::uint64_t size = 0;
  for (const Value one : asked.items()) {
    const std::int64_t number = one["PartNumber"].as_integer();
    if (number <= before) {
      return std::unexpected(s3_fault("InvalidPartOrder",
                                      "The list of parts was not in ascending order. Parts must be ordered by part "
                                      "number.",
                                      400, {{"UploadId", std::string(upload->upload_id())}}));
    }
    before = number;
  }
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const Value one = asked[i];
    const std::int64_t number = one["PartNumber"].as_integer();
    const auto at = upload->parts.find(number);
    const std::string_view etag = unquoted(one["ETag"].as_text());
    if (at == upload->parts.end() || at->second.etag != etag) return invalid_part(upload->upload_id(), number, etag);
    const UploadedPart& part = at->second;
    const Value claimed = one[checksum_member(object.checksum_algorithm)];
    if (!claimed.is_null() && claimed.as_text() != part.checksum) {
      return invalid_part(upload->upload_id(), number, etag);
    }
    if (i + 1 < asked.size() && part.body->size() < smallest_part) {
      return std::unexpected(s3_fault("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size",
                                      400,
                                      {{"ProposedSize", std::to_string(part.body->size())},
                                       {"MinSizeAllowed", std::to_string(smallest_part)},
                                       {"PartNumber", std::to_string(number)},
                                       {"ETag", part.etag}}));
    }
    sums += raw_md5(part.etag);
    size += part.body->size();
    object.parts.push_back({.number = number,
                            .size = static_cast<std::int64_t>(part.body->size()),
                            .etag = part.etag,
                            .checksum = part.checksum});
    bodies.push_back(part.body);
  }
  if (size > largest_object) {
    return std::unexpected(
        s3_fault("EntityTooLarge", "Your proposed upload exceeds the maximum allowed object size.", 400,
                 {{"ProposedSize", std::to_string(size)}, {"MaxSizeAllowed", std::to_string(largest_object)}}));
  }
  if (!c["MpuObjectSize"].is_null() && static_cast<std::uint64_t>(c["MpuObjectSize"].as_integer()) != size) {
    return fault("InvalidRequest", "The provided 'x-amz-mp-object-size' header does not match what was computed.");
  }
  TRY(check_write(c, newest(place, key), key));
  object.etag = fmt::format("{}-{}", encode_hex(md5(sums)), object.parts.size());
  if (object.checksum_type.empty()) object.checksum_type = c["ChecksumType"].as_text_or("FULL_OBJECT");
  if (object.checksum_algorithm.starts_with("SHA")) object.checksum_type = "COMPOSITE";
  TRY(object.checksum, join_checksums(object, bodies));
  const Value claimed = c[checksum_member(object.checksum_algorithm)];
  if (!claimed.is_null() && claimed.as_text() != object.checksum &&
      fmt::format("{}-{}", claimed.as_text(), object.parts.size()) != object.checksum) {
    return fault("BadDigest",
                 fmt::format("The {} you specified did not match the calculated checksum.", object.checksum_algorithm));
  }
  object.body = joined_blob(std::move(bodies));
  object.modified = whole_seconds(c.now);
  const std::string upload_name = upload->id;
  TRY(const ObjectVersion* kept, add_version(c, place, key, std::move(object)));
  place.drawer.uploads.erase(upload_name);
  c.out.put("Location", fmt::format("http://{}.s3.{}.amazonaws.com/{}", place.bucket.id, place.region.name,
                                    encode_percent(key, true)));
  c.out.put("Bucket", place.bucket.id);
  c.out.put("Key", key);
  c.out.put("ETag", quoted(kept->etag));
  write_checksum(c.out, kept->checksum_algorithm, kept->checksum);
  c.out.put_if("ChecksumType", kept->checksum_type);
  put_version_id(c.out, place, *kept);
  write_encryption(c.out, *kept);
  return {};
}

Outcome abort(Call& c) {
  TRY(const Place place, bucket_of(c));
  TRY(const Upload* upload, upload_of(c, place));
  place.drawer.uploads.erase(std::string(upload->id));
  return {};
}

Outcome list(Call& c) {
  TRY(const Place place, bucket_of(c));
  const std::string prefix = c["Prefix"].as_string(), delimiter = c["Delimiter"].as_string();
  const std::string key_marker = c["KeyMarker"].as_string(), id_marker = c["UploadIdMarker"].as_string();
  const std::int64_t most =
      c["MaxUploads"].is_null() ? 1000 : std::clamp<std::int64_t>(c["MaxUploads"].as_integer(), 0, 1000);
  const std::string bucket = place.bucket.id + "/";
  std::vector<const Upload*> page;
  std::vector<std::string> prefixes;
  bool more = false;
  for (auto at = place.drawer.uploads.lower_bound(bucket + prefix); at != place.drawer.uploads.end(); ++at) {
    const Upload& upload = at->second;
    const std::string_view key = upload.object.key();
    if (!at->first.starts_with(bucket) || !key.starts_with(prefix)) break;
    if (key < key_marker || (key == key_marker && (id_marker.empty() || upload.upload_id() <= id_marker))) continue;
    const std::size_t cut = delimiter.empty() ? key.npos : key.find(delimiter, prefix.size());
    const std::string common(cut == key.npos ? std::string_view() : key.substr(0, cut + delimiter.size()));
    if (!common.empty() && (key_marker.starts_with(common) || (!prefixes.empty() && prefixes.back() == common)))
      continue;
    if (static_cast<std::int64_t>(page.size() + prefixes.size()) == most) {
      more = most > 0;  // as S3 has it: an empty page is the whole
      break;
    }
    if (common.empty()) {
      page.push_back(&upload);
    } else {
      prefixes.push_back(common);
    }
  }
  c.out.put("Bucket", place.bucket.id);
  c.out.put("KeyMarker", key_marker);
  c.out.put("UploadIdMarker", id_marker);
  c.out.put("Prefix", prefix);
  c.out.put_if("Delimiter", delimiter);
  c.out.put("MaxUploads", most);
  c.out.put("IsTruncated", more);
  c.out.put_if("EncodingType", c["EncodingType"].as_text());
  if (more) {
    const bool by_prefix = page.empty() || (!prefixes.empty() && prefixes.back() > page.back()->object.key());
    c.out.put("NextKeyMarker", by_prefix ? std::string_view(prefixes.back()) : page.back()->object.key());
    if (!by_prefix) c.out.put("NextUploadIdMarker", page.back()->upload_id());
  }
  c.out.begin_list("Uploads");
  for (const Upload* upload : page) {
    c.out.begin_map();
    c.out.put("UploadId", upload->upload_id());
    c.out.put("Key", upload->object.key());
    c.out.put("Initiated", upload->initiated);
    c.out.put("StorageClass", upload->object.storage_class);
    write_owner(c.out, place.account.id);
    write_owner(c.out, place.account.id, "Initiator");
    c.out.put_if("ChecksumAlgorithm", upload->object.checksum_algorithm);
    c.out.put_if("ChecksumType", upload->object.checksum_type);
    c.out.end();
  }
  c.out.end();
  if (prefixes.empty()) return {};
  c.out.begin_list("CommonPrefixes");
  for (const std::string& one : prefixes) {
    c.out.begin_map();
    c.out.put("Prefix", one);
    c.out.end();
  }
  c.out.end();
  return {};
}

}  // namespace

void register_s3_multipart(Registry& r) {
  r.add("s3", "CreateMultipartUpload", create);
  r.add("s3", "CompleteMultipartUpload", complete);
  r.add("s3", "AbortMultipartUpload", abort);
  r.add("s3", "ListMultipartUploads", list);
}

}  // namespace reeve::sandbox
