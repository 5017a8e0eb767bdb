#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "sandbox/services/s3.h"

/// S3's objects: put, got, looked at.
namespace reeve::sandbox {
namespace {

/// A part of an object that a request means.
struct Span {
  std::uint64_t first = 0, length = 0;
  bool partial = false;
  std::int64_t parts = 0;  // of the object, where a part was asked for by its number
};

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

/// "bytes=0-99", "bytes=100-", "bytes=-100" (RFC 9110, 14.1.2). What is no single range of bytes counts for nothing.
std::expected<Span, Fault> read_range(std::string_view text, std::uint64_t size) {
  Span whole{.first = 0, .length = size};
  constexpr std::string_view unit = "bytes=";
  if (!text.starts_with(unit)) return whole;
  text.remove_prefix(unit.size());
  const std::size_t dash = text.find('-');
  if (dash == text.npos) return whole;
  const auto first = number(text.substr(0, dash)), last = number(text.substr(dash + 1));
  auto unsatisfiable = [&] {
    return std::unexpected(
        s3_fault("InvalidRange", "The requested range is not satisfiable", 416,
                 {{"RangeRequested", fmt::format("bytes={}", text)}, {"ActualObjectSize", std::to_string(size)}}));
  };
  if (!first) {
    if (dash != 0 || !last) return whole;
    if (*last == 0 || size == 0) return unsatisfiable();
    const std::uint64_t length = std::min(*last, size);
    return Span{.first = size - length, .length = length, .partial = true};
  }
  if (!last && dash + 1 != text.size()) return whole;
  if (last && *last < *first) return whole;
  if (*first >= size) return unsatisfiable();
  const std::uint64_t end = std::min(last.value_or(size - 1), size - 1);
  return Span{.first = *first, .length = end - *first + 1, .partial = true};
}

std::expected<Span, Fault> span_of(Call& c, const ObjectVersion& object) {
  if (c["PartNumber"].is_null()) return read_range(c["Range"].as_text(), object.size());
  if (!c["Range"].is_null()) {
    return fault("InvalidRequest", "Cannot specify both Range header and partNumber query parameter");
  }
  const std::int64_t wanted = c["PartNumber"].as_integer();
  const auto count = static_cast<std::int64_t>(std::max<std::size_t>(object.parts.size(), 1));
  if (wanted < 1 || wanted > count) {
    return std::unexpected(s3_fault("InvalidPartNumber", "The requested partnumber is not satisfiable", 416,
                                    {{"ActualPartCount", std::to_string(count)}}));
  }
  if (object.parts.empty()) return Span{.first = 0, .length = object.size(), .partial = true, .parts = 0};
  Span span{.partial = true, .parts = count};
  for (std::int64_t i = 0; i < wanted; ++i) {
    span.first += span.length;
    span.length = static_cast<std::uint64_t>(object.parts[static_cast<std::size_t>(i)].size);
  }
  return span;
}

Outcome put(Call& c) {
  TRY(const Place place, bucket_of(c));
  const std::string key = c["Key"].as_string();
  TRY(check_write(c, newest(place, key), key));
  if (!c["WriteOffsetBytes"].is_null()) {
    return std::unexpected(s3_fault("NotImplemented",
                                    "A header you provided implies functionality that is not implemented", 501,
                                    {{"Header", "x-amz-write-offset-bytes"}}));
  }
  ObjectVersion object;
  TRY(read_object(c, place, object, true, true));
  TRY(take_body(c, object));
  TRY(const ObjectVersion* kept, add_version(c, place, key, std::move(object)));
  c.out.put("ETag", quoted(kept->etag));
  write_checksum(c.out, kept->checksum_algorithm, kept->checksum);
  c.out.put("ChecksumType", kept->checksum_type);
  put_version_id(c.out, place, *kept);
  write_encryption(c.out, *kept);
  return {};
}

/// Members that GetObject's response-… parameters put in place of the object's own.
constexpr auto overrides = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"ResponseCacheControl", "CacheControl"},
    {"ResponseContentDisposition", "ContentDisposition"},
    {"ResponseContentEncoding", "ContentEncoding"},
    {"ResponseContentLanguage", "ContentLanguage"},
    {"ResponseContentType", "ContentType"},
});

Outcome read(Call& c, bool with_body) {
  TRY(const Place place, bucket_of(c));
  TRY(const ObjectVersion* object, object_of(c, place));
  TRY(check_read(c, *object));
  const bool archived = object->storage_class == "GLACIER" || object->storage_class == "DEEP_ARCHIVE";
  if (with_body && archived) {
    return std::unexpected(s3_fault("InvalidObjectState", "The operation is not valid for the object's storage class",
                                    403, {{"StorageClass", object->storage_class}}));
  }
  TRY(const Span span, span_of(c, *object));
  ObjectVersion shown = *object;
  for (const auto& [parameter, member] : overrides) {
    if (!c[parameter].is_null()) shown.headers[std::string(member)] = c[parameter].as_string();
  }
  if (!c["ResponseExpires"].is_null()) shown.expires = c["ResponseExpires"].as_time();
  c.out.put("AcceptRanges", "bytes");
  c.out.put("LastModified", object->modified);
  c.out.put("ETag", quoted(object->etag));
  c.out.put("ContentLength", span.length);
  put_version_id(c.out, place, *object);
  write_object(c.out, shown);
  if (span.partial) {
    c.bodies->status = 206;
    c.out.put("ContentRange", fmt::format("bytes {}-{}/{}", span.first, span.first + span.length - 1, object->size()));
    if (span.length == 0) c.bodies->status = 200;
  } else if (c["ChecksumMode"].as_text() == "ENABLED" && !object->checksum.empty()) {
    write_checksum(c.out, object->checksum_algorithm, object->checksum);
    c.out.put("ChecksumType", object->checksum_type);
  }
  if (span.parts > 0) c.out.put("PartsCount", span.parts);
  if (with_body) c.bodies->out = BlobPart{object->body, span.first, span.length};
  return {};
}

Outcome get(Call& c) { return read(c, true); }
Outcome head(Call& c) { return read(c, false); }

Outcome attributes(Call& c) {
  TRY(const Place place, bucket_of(c));
  TRY(const ObjectVersion* object, object_of(c, place));
  auto asked = [&](std::string_view name) {
    return any_item(c["ObjectAttributes"], [&](Value one) { return one.as_text() == name; });
  };
  c.out.put("LastModified", object->modified);
  put_version_id(c.out, place, *object);
  if (asked("ETag")) c.out.put("ETag", object->etag);
  if (asked("Checksum") && !object->checksum.empty()) {
    c.out.begin_map("Checksum");
    write_checksum(c.out, object->checksum_algorithm, object->checksum);
    c.out.put("ChecksumType", object->checksum_type);
    c.out.end();
  }
  if (asked("ObjectParts") && !object->parts.empty()) {
    const std::int64_t most =
        c["MaxParts"].is_null() ? 1000 : std::clamp<std::int64_t>(c["MaxParts"].as_integer(), 0, 1000);
    const std::int64_t after = c["PartNumberMarker"].is_number()
                                   ? c["PartNumberMarker"].as_integer()
                                   : static_cast<std::int64_t>(number(c["PartNumberMarker"].as_text()).value_or(0));
    std::int64_t count = 0, last = after;
    bool more = false;
    c.out.begin_map("ObjectParts");
    c.out.begin_list("Parts");
    for (const ObjectPart& part : object->parts) {
      if (part.number <= after) continue;
      if (count++ == most) {
        more = most > 0;
        break;
      }
      last = part.number;
      c.out.begin_map();
      c.out.put("PartNumber", part.number);
      c.out.put("Size", part.size);
      write_checksum(c.out, object->checksum_algorithm, part.checksum);
      c.out.end();
    }
    c.out.end();
    c.out.put("TotalPartsCount", object->parts.size());
    c.out.put("PartNumberMarker", std::to_string(after));
    if (more) c.out.put("NextPartNumberMarker", std::to_string(last));
    c.out.put("MaxParts", most);
    c.out.put("IsTruncated", more);
    c.out.end();
  }
  if (asked("StorageClass")) c.out.put("StorageClass", object->storage_class);
  if (asked("ObjectSize")) c.out.put("ObjectSize", object->size());
  return {};
}

}  // namespace

void register_s3_objects(Registry& r) {
  r.add("s3", "PutObject", put);
  r.add("s3", "GetObject", get);
  r.add("s3", "HeadObject", head);
  r.add("s3", "GetObjectAttributes", attributes);
}

}  // namespace reeve::sandbox
