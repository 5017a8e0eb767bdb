#include "sandbox/services/s3.h"

#include <fmt/format.h>

#include <charconv>

#include "base/encoding.h"

/// S3's rows and how they are found.
namespace reeve::sandbox {

std::string object_id(std::string_view bucket, std::string_view key, std::uint64_t sequence) {
  return fmt::format("{}/{}{}{:016x}", bucket, key, '\0', ~sequence);
}

namespace {
constexpr std::size_t sequence_digits = 16;

bool is_of(const ObjectVersion& row, std::string_view bucket, std::string_view key) {
  return row.key() == key && row.bucket() == bucket;
}
}  // namespace

std::string_view ObjectVersion::key() const {
  const std::size_t begin = id.find('/') + 1;
  return std::string_view(id).substr(begin, id.size() - begin - sequence_digits - 1);
}

std::uint64_t ObjectVersion::sequence() const {
  std::uint64_t turned = 0;
  std::from_chars(id.data() + id.size() - sequence_digits, id.data() + id.size(), turned, 16);
  return ~turned;
}

std::optional<Place> find_bucket(Store& store, std::string_view name, const Region* likely) {
  auto in = [&](Account& account, Region& region) -> std::optional<Place> {
    S3Drawer* drawer = region.drawers.find<S3Drawer>();
    Bucket* bucket = drawer ? drawer->buckets.find(name) : nullptr;
    return bucket ? std::optional<Place>({account, region, *drawer, *bucket}) : std::nullopt;
  };
  if (likely) {
    if (auto found = in(store.accounts.at(likely->account), *store.find_region(likely->account, likely->name))) {
      return found;
    }
  }
  for (auto& [id, account] : store.accounts) {
    for (auto& [region_name, region] : account.regions) {
      if (auto found = in(account, region)) return found;
    }
  }
  return std::nullopt;
}

std::expected<Place, Fault> bucket_named(Call& c, std::string_view name, bool any_region) {
  const auto found = find_bucket(c.store, name, &c.region);
  if (!found) {
    return std::unexpected(
        s3_fault("NoSuchBucket", "The specified bucket does not exist", 404, {{"BucketName", std::string(name)}}));
  }
  const std::string_view expected = c["ExpectedBucketOwner"].as_text();
  if (found->account.id != c.account.id || (!expected.empty() && expected != found->account.id)) {
    return fault("AccessDenied", "Access Denied", 403);
  }
  if (!any_region && found->region.name != c.region.name) {
    Fault moved = s3_fault(
        "PermanentRedirect",
        "The bucket you are attempting to access must be addressed using the specified endpoint. "
        "Please send all future requests to this endpoint.",
        301,
        {{"Endpoint", fmt::format("{}.s3.{}.amazonaws.com", name, found->region.name)}, {"Bucket", std::string(name)}});
    moved.headers.emplace_back("x-amz-bucket-region", found->region.name);
    return std::unexpected(std::move(moved));
  }
  return *found;
}

std::expected<Place, Fault> bucket_of(Call& c) { return bucket_named(c, c["Bucket"].as_text()); }

ObjectVersion* newest(const Place& place, std::string_view key) {
  auto& rows = place.drawer.objects.rows;
  const auto at = rows.lower_bound(object_id(place.bucket.id, key, UINT64_MAX));
  return at != rows.end() && is_of(at->second, place.bucket.id, key) ? &at->second : nullptr;
}

ObjectVersion* find_version(const Place& place, std::string_view key, std::string_view version_id) {
  auto& rows = place.drawer.objects.rows;
  for (auto at = rows.lower_bound(object_id(place.bucket.id, key, UINT64_MAX));
       at != rows.end() && is_of(at->second, place.bucket.id, key); ++at) {
    if (at->second.version_id == version_id) return &at->second;
  }
  return nullptr;
}

std::expected<ObjectVersion*, Fault> object_named(const Place& place, std::string_view key,
                                                  std::string_view version_id) {
  auto no_key = [&] {
    return s3_fault("NoSuchKey", "The specified key does not exist.", 404, {{"Key", std::string(key)}});
  };
  if (version_id.empty()) {
    ObjectVersion* object = newest(place, key);
    if (object && !object->delete_marker) return object;
    Fault none = no_key();
    if (object) {
      none.headers = {{"x-amz-delete-marker", "true"}, {"x-amz-version-id", object->version_id}};
    }
    return std::unexpected(std::move(none));
  }
  ObjectVersion* object = find_version(place, key, version_id);
  if (!object) {
    return std::unexpected(s3_fault("NoSuchVersion", "The specified version does not exist.", 404,
                                    {{"Key", std::string(key)}, {"VersionId", std::string(version_id)}}));
  }
  if (object->delete_marker) {
    Fault marker = s3_fault("MethodNotAllowed", "The specified method is not allowed against this resource.", 405,
                            {{"ResourceType", "DeleteMarker"}});
    marker.headers = {{"x-amz-delete-marker", "true"}, {"x-amz-version-id", object->version_id}, {"Allow", "DELETE"}};
    return std::unexpected(std::move(marker));
  }
  return object;
}

std::expected<ObjectVersion*, Fault> object_of(Call& c, const Place& place) {
  return object_named(place, c["Key"].as_text(), c["VersionId"].as_text());
}

std::expected<ObjectVersion*, Fault> add_version(Call& c, const Place& place, std::string_view key,
                                                 ObjectVersion version) {
  auto& rows = place.drawer.objects.rows;
  if (rows.size() >= most_resources) {
    return fault("ServiceUnavailable", fmt::format("The sandbox holds at most {} objects.", most_resources), 503);
  }
  ObjectVersion* const last = newest(place, key);
  const std::uint64_t sequence = last ? last->sequence() + 1 : 1;
  const bool keeps = place.bucket.versioning == "Enabled";
  version.version_id = "null";
  if (keeps) {
    version.version_id.clear();
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._";
    while (version.version_id.size() < 32) {
      for (std::uint64_t chance = c.store.random().next(), n = 0; n < 8; ++n, chance >>= 8) {
        version.version_id += letters[chance % letters.size()];
      }
    }
  } else if (const ObjectVersion* old = find_version(place, key, "null")) {
    rows.erase(rows.find(old->id));
  }
  version.id = object_id(place.bucket.id, key, sequence);
  return &place.drawer.objects.add(std::move(version));
}

void put_version_id(Builder& out, const Place& place, const ObjectVersion& version) {
  if (place.versioned()) out.put("VersionId", version.version_id);
}

std::string canonical_id(std::string_view account) { return sha256_hex(fmt::format("owner {}", account)); }

void write_owner(Builder& out, std::string_view account, std::string_view member) {
  out.begin_map(member);
  out.put("ID", canonical_id(account));
  out.end();
}

std::string quoted(std::string_view etag) { return fmt::format("\"{}\"", etag); }

Time whole_seconds(Time time) { return Time{time.us - ((time.us % 1'000'000) + 1'000'000) % 1'000'000}; }

Fault s3_fault(std::string code, std::string message, int status,
               std::vector<std::pair<std::string, std::string>> elements) {
  return {std::move(code), std::move(message), status, {}, std::move(elements)};
}

std::unexpected<Fault> invalid_argument(std::string message, std::string_view name, std::string_view value) {
  return std::unexpected(s3_fault("InvalidArgument", std::move(message), 400,
                                  {{"ArgumentName", std::string(name)}, {"ArgumentValue", std::string(value)}}));
}

std::unexpected<Fault> malformed_xml() {
  return fault("MalformedXML",
               "The XML you provided was not well-formed or did not validate against our published schema", 400);
}

void register_s3(Registry& registry) {
  registry.add_drawer<S3Drawer>();
  register_s3_buckets(registry);
  register_s3_configuration(registry);
  register_s3_lists(registry);
  register_s3_acls(registry);
  register_s3_objects(registry);
  register_s3_copies(registry);
  register_s3_deletes(registry);
  register_s3_listings(registry);
  register_s3_multipart(registry);
  register_s3_parts(registry);
  register_s3_locks(registry);
  register_s3_tags(registry);
}

}  // namespace reeve::sandbox
