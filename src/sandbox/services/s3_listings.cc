#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"
#include "sandbox/services/s3.h"

/// S3's listings of objects and of versions, in the order of the keys' UTF-8 bytes.
namespace reeve::sandbox {
namespace {

using Rows = Table<ObjectVersion>::Rows;

/// What a listing asks for.
struct Asked {
  std::string prefix, delimiter, after;  ///< keys behind `after`
  std::size_t most = 1000;
};

/// A page: rows and rolled-up prefixes, in one order.
struct Page {
  std::vector<const ObjectVersion*> rows;
  std::vector<std::string> prefixes;
  std::string last;  ///< key or prefix at its end
  std::string last_version;
  bool truncated = false;
  std::size_t size() const { return rows.size() + prefixes.size(); }
};

std::expected<Asked, Fault> read_asked(Call& c) {
  Asked out{.prefix = c["Prefix"].as_string(), .delimiter = c["Delimiter"].as_string()};
  const std::int64_t most = c["MaxKeys"].is_null() ? 1000 : c["MaxKeys"].as_integer();
  if (most < 0)
    return invalid_argument("Argument maxKeys must be an integer between 0 and 2147483647", "maxKeys",
                            std::to_string(most));
  out.most = std::min<std::size_t>(static_cast<std::size_t>(most), 1000);
  if (const std::string_view type = c["EncodingType"].as_text(); !type.empty() && type != "url") {
    return invalid_argument("Invalid Encoding Method specified in Request", "encoding-type", type);
  }
  return out;
}

/// The rolled-up prefix that a key falls under; empty if it stands for itself.
std::string_view rolled(const Asked& asked, std::string_view key) {
  if (asked.delimiter.empty()) return {};
  const std::size_t at = key.find(asked.delimiter, asked.prefix.size());
  return at == key.npos ? std::string_view() : key.substr(0, at + asked.delimiter.size());
}

/// No UTF-8 text has this byte: it stands behind all that begins with what is before it.
constexpr std::string_view behind_all = "\xFF";

/// Goes over a bucket's rows: the newest of each key, or all of them, from `at` on.
Page go_over(const Place& place, const Asked& asked, Rows::const_iterator at, bool versions) {
  const Rows& rows = place.drawer.objects.rows;
  const std::string bucket = place.bucket.id + "/";
  Page page;
  std::string previous;
  bool has_previous = false;
  while (at != rows.end() && at->first.starts_with(bucket)) {
    const ObjectVersion& row = at->second;
    const std::string_view key = row.key();
    if (!key.starts_with(asked.prefix)) {
      if (key > asked.prefix) break;
      at = rows.lower_bound(bucket + asked.prefix);
      continue;
    }
    const bool older = has_previous && previous == key;
    if (!versions && (older || row.delete_marker)) {
      previous = key, has_previous = true;
      ++at;
      continue;
    }
    const std::string_view prefix = rolled(asked, key);
    if (!prefix.empty() && asked.after.starts_with(prefix) && asked.after >= prefix) {
      at = rows.lower_bound(fmt::format("{}{}{}", bucket, prefix, behind_all));  // told on an earlier page
      continue;
    }
    if (page.size() == asked.most) {
      page.truncated = asked.most > 0;
      break;
    }
    if (!prefix.empty()) {
      page.prefixes.emplace_back(prefix);
      page.last = prefix;
      page.last_version.clear();
      at = rows.lower_bound(fmt::format("{}{}{}", bucket, prefix, behind_all));
      continue;
    }
    page.rows.push_back(&row);
    page.last = key;
    page.last_version = row.version_id;
    previous = key, has_previous = true;
    ++at;
  }
  return page;
}

Page list_keys(const Place& place, const Asked& asked) {
  const Rows& rows = place.drawer.objects.rows;
  const std::string bucket = place.bucket.id + "/";
  // Behind all versions of the key: they begin with the key and a zero byte.
  const auto at = asked.after < asked.prefix || asked.after.empty()
                      ? rows.lower_bound(bucket + asked.prefix)
                      : rows.lower_bound(fmt::format("{}{}{}", bucket, asked.after, '\1'));
  return go_over(place, asked, at, false);
}

void write_prefixes(Builder& out, const Page& page) {
  if (page.prefixes.empty()) return;
  out.begin_list("CommonPrefixes");
  for (const std::string& prefix : page.prefixes) {
    out.begin_map();
    out.put("Prefix", prefix);
    out.end();
  }
  out.end();
}

void write_contents(Call& c, const Place& place, const Page& page, bool owners) {
  if (page.rows.empty()) return;
  c.out.begin_list("Contents");
  for (const ObjectVersion* row : page.rows) {
    c.out.begin_map();
    c.out.put("Key", row->key());
    c.out.put("LastModified", row->modified);
    c.out.put("ETag", quoted(row->etag));
    if (!row->checksum_algorithm.empty()) {
      c.out.begin_list("ChecksumAlgorithm");
      c.out.add(row->checksum_algorithm);
      c.out.end();
      c.out.put("ChecksumType", row->checksum_type);
    }
    c.out.put("Size", row->size());
    c.out.put("StorageClass", row->storage_class);
    if (owners) write_owner(c.out, place.account.id);
    c.out.end();
  }
  c.out.end();
}

void write_head(Call& c, const Place& place, const Asked& asked, const Page& page) {
  c.out.put("Name", place.bucket.id);
  c.out.put("Prefix", asked.prefix);
  c.out.put_if("Delimiter", asked.delimiter);
  c.out.put("MaxKeys", c["MaxKeys"].is_null() ? 1000 : c["MaxKeys"].as_integer());
  c.out.put("IsTruncated", page.truncated);
  c.out.put_if("EncodingType", c["EncodingType"].as_text());
}

Outcome list(Call& c) {
  TRY(const Place place, bucket_of(c));
  TRY(Asked asked, read_asked(c));
  asked.after = c["Marker"].as_string();
  const Page page = list_keys(place, asked);
  write_head(c, place, asked, page);
  c.out.put("Marker", asked.after);
  if (page.truncated && !asked.delimiter.empty()) c.out.put("NextMarker", page.last);
  write_contents(c, place, page, true);
  write_prefixes(c.out, page);
  return {};
}

Outcome list_v2(Call& c) {
  TRY(const Place place, bucket_of(c));
  TRY(Asked asked, read_asked(c));
  const std::string token = c["ContinuationToken"].as_string();
  asked.after = c["StartAfter"].as_string();
  if (!c["ContinuationToken"].is_null()) {
    const auto decoded = decode_base64(token);
    if (!decoded || !decoded->starts_with("after ")) {
      return invalid_argument("The continuation token provided is incorrect", "continuation-token", token);
    }
    asked.after = decoded->substr(6);
  }
  const Page page = list_keys(place, asked);
  write_head(c, place, asked, page);
  c.out.put("KeyCount", page.size());
  c.out.put_if("StartAfter", c["StartAfter"].as_text());
  c.out.put_if("ContinuationToken", token);
  if (page.truncated) c.out.put("NextContinuationToken", encode_base64("after " + page.last));
  write_contents(c, place, page, c["FetchOwner"].as_bool());
  write_prefixes(c.out, page);
  return {};
}

void write_version(Call& c, const Place& place, const ObjectVersion& row, bool latest) {
  c.out.begin_map();
  c.out.put("Key", row.key());
  c.out.put("VersionId", row.version_id);
  c.out.put("IsLatest", latest);
  c.out.put("LastModified", row.modified);
  if (!row.delete_marker) {
    c.out.put("ETag", quoted(row.etag));
    if (!row.checksum_algorithm.empty()) {
      c.out.begin_list("ChecksumAlgorithm");
      c.out.add(row.checksum_algorithm);
      c.out.end();
      c.out.put("ChecksumType", row.checksum_type);
    }
    c.out.put("Size", row.size());
    c.out.put("StorageClass", row.storage_class);
  }
  write_owner(c.out, place.account.id);
  c.out.end();
}

Outcome list_versions(Call& c) {
  TRY(const Place place, bucket_of(c));
  TRY(Asked asked, read_asked(c));
  const std::string key_marker = c["KeyMarker"].as_string(), version_marker = c["VersionIdMarker"].as_string();
  if (!version_marker.empty() && key_marker.empty()) {
    return invalid_argument("A version-id marker cannot be specified without a key marker.", "version-id-marker",
                            version_marker);
  }
  const Rows& rows = place.drawer.objects.rows;
  const std::string bucket = place.bucket.id + "/";
  auto at = rows.lower_bound(bucket + asked.prefix);
  if (!key_marker.empty() && key_marker >= asked.prefix) {
    asked.after = key_marker;
    at = rows.lower_bound(fmt::format("{}{}{}", bucket, key_marker, '\1'));
    if (!version_marker.empty()) {
      const ObjectVersion* marker = find_version(place, key_marker, version_marker);
      if (marker) at = std::next(rows.find(marker->id));
    }
  }
  const Page page = go_over(place, asked, at, true);
  write_head(c, place, asked, page);
  c.out.put("KeyMarker", key_marker);
  c.out.put("VersionIdMarker", version_marker);
  if (page.truncated) {
    c.out.put("NextKeyMarker", page.last);
    c.out.put_if("NextVersionIdMarker", page.last_version);
  }
  for (const bool markers : {false, true}) {
    if (std::ranges::none_of(page.rows, [&](const auto* row) { return row->delete_marker == markers; })) continue;
    c.out.begin_list(markers ? "DeleteMarkers" : "Versions");
    for (const ObjectVersion* row : page.rows) {
      if (row->delete_marker == markers) write_version(c, place, *row, newest(place, row->key()) == row);
    }
    c.out.end();
  }
  write_prefixes(c.out, page);
  return {};
}

}  // namespace

void register_s3_listings(Registry& r) {
  r.add("s3", "ListObjects", list);
  r.add("s3", "ListObjectsV2", list_v2);
  r.add("s3", "ListObjectVersions", list_versions);
}

}  // namespace reeve::sandbox
