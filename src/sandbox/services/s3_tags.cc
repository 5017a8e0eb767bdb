#include <fmt/format.h>

#include "base/encoding.h"
#include "sandbox/services/s3.h"

/// Tags of S3's buckets and objects.
namespace reeve::sandbox {
namespace {

constexpr std::size_t bucket_tags = 50, object_tags = 10;  // S3 user guide: "Categorizing your objects using tags"

Outcome add_tag(Tags& tags, std::string key, std::string value) {
  constexpr std::size_t longest_key = 128, longest_value = 256;
  // Lengths count characters, not bytes.
  auto characters = [](std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
  };
  if (key.empty() || characters(key) > longest_key) {
    return std::unexpected(
        s3_fault("InvalidTag", "The TagKey you have provided is invalid", 400, {{"TagKey", std::move(key)}}));
  }
  if (characters(value) > longest_value) {
    return std::unexpected(
        s3_fault("InvalidTag", "The TagValue you have provided is invalid", 400, {{"TagKey", std::move(key)}}));
  }
  if (key.starts_with("aws:")) {
    return std::unexpected(s3_fault("InvalidTag", "System tags cannot be added/updated by requester", 400));
  }
  if (!tags.emplace(std::move(key), std::move(value)).second) {
    return std::unexpected(s3_fault("InvalidTag", "Cannot provide multiple Tags with the same key", 400));
  }
  return {};
}

Outcome check_count(const Tags& tags, std::size_t most) {
  if (tags.size() <= most) return {};
  return fault("BadRequest",
               fmt::format("{} tags cannot be greater than {}", most == object_tags ? "Object" : "Bucket", most));
}

void write_tag_set(Builder& out, const Tags& tags) {
  out.begin_list("TagSet");
  for (const auto& [key, value] : tags) {
    out.begin_map();
    out.put("Key", key);
    out.put("Value", value);
    out.end();
  }
  out.end();
}

Outcome put_bucket(Call& c) {
  TRY(const Place place, bucket_of(c));
  TRY(Tags tags, read_tag_set(c["Tagging"], bucket_tags));
  for (const auto& [key, value] : place.bucket.tags) {
    if (key.starts_with("aws:")) tags.emplace(key, value);  // AWS's own stay
  }
  place.bucket.tags = std::move(tags);
  return {};
}

Outcome get_bucket(Call& c) {
  TRY(const Place place, bucket_of(c));
  if (place.bucket.tags.empty()) {
    return std::unexpected(
        s3_fault("NoSuchTagSet", "The TagSet does not exist", 404, {{"BucketName", place.bucket.id}}));
  }
  write_tag_set(c.out, place.bucket.tags);
  return {};
}

Outcome delete_bucket(Call& c) {
  TRY(const Place place, bucket_of(c));
  std::erase_if(place.bucket.tags, [](const auto& tag) { return !tag.first.starts_with("aws:"); });
  return {};
}

Outcome put_object(Call& c) {
  TRY(const Place place, bucket_of(c));
  TRY(ObjectVersion * object, object_of(c, place));
  TRY(object->tags, read_tag_set(c["Tagging"], object_tags));
  put_version_id(c.out, place, *object);
  return {};
}

Outcome get_object(Call& c) {
  TRY(const Place place, bucket_of(c));
  TRY(const ObjectVersion* object, object_of(c, place));
  write_tag_set(c.out, object->tags);
  put_version_id(c.out, place, *object);
  return {};
}

Outcome delete_object(Call& c) {
  TRY(const Place place, bucket_of(c));
  TRY(ObjectVersion * object, object_of(c, place));
  object->tags.clear();
  put_version_id(c.out, place, *object);
  return {};
}

}  // namespace

std::expected<Tags, Fault> read_tag_set(Value tagging, std::size_t most) {
  if (!tagging["TagSet"].is_list() && !tagging["TagSet"].is_null()) return malformed_xml();
  Tags tags;
  for (const Value tag : tagging["TagSet"].items()) {
    TRY(add_tag(tags, tag["Key"].as_string(), tag["Value"].as_string()));
  }
  TRY(check_count(tags, most));
  return tags;
}

std::expected<Tags, Fault> read_tag_header(std::string_view text) {
  Tags tags;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    const std::size_t equals = pair.find('=');
    const std::string_view value = equals == pair.npos ? std::string_view() : pair.substr(equals + 1);
    if (pair.empty() || value.find('=') != value.npos) {
      return invalid_argument(
          "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query "
          "parameters without tag name duplicates.",
          "x-amz-tagging", pair);
    }
    TRY(add_tag(tags, decode_percent(pair.substr(0, equals), true), decode_percent(value, true)));
  }
  TRY(check_count(tags, object_tags));
  return tags;
}

void register_s3_tags(Registry& r) {
  r.add("s3", "PutBucketTagging", put_bucket);
  r.add("s3", "GetBucketTagging", get_bucket);
  r.add("s3", "DeleteBucketTagging", delete_bucket);
  r.add("s3", "PutObjectTagging", put_object);
  r.add("s3", "GetObjectTagging", get_object);
  r.add("s3", "DeleteObjectTagging", delete_object);
}

}  // namespace reeve::sandbox
