#include "sandbox/services/s3.h"

/// DeleteObject and DeleteObjects.
namespace reeve::sandbox {
namespace {

/// What a deletion did.
struct Deleted {
  std::string version_id;  ///< of what is gone, or of the marker that was made
  bool marker = false;     ///< a marker was made, or is what is gone
  bool made = false;
};

/// Deletes a version for good, or puts a marker on top, as the bucket's versioning says ("Deleting object versions from
/// a versioning-enabled bucket").
std::expected<Deleted, Fault> delete_one(Call& c, const Place& place, const std::string& key,
                                         const std::string& version_id) {
  auto& rows = place.drawer.objects;
  if (!version_id.empty()) {
    const ObjectVersion* version = find_version(place, key, version_id);
    if (!version) return Deleted{.version_id = version_id};  // deleting what is not there is a success
    TRY(check_mfa(c, place.bucket));
    TRY(check_lock(c, *version));
    Deleted out{.version_id = version_id, .marker = version->delete_marker};
    rows.erase(std::string(version->id));
    return out;
  }
  if (!place.versioned()) {
    if (const ObjectVersion* object = newest(place, key)) rows.erase(std::string(object->id));
    return Deleted{};
  }
  // Suspended: the marker takes the place of the version without an id.
  if (place.bucket.versioning == "Suspended") {
    if (const ObjectVersion* null = find_version(place, key, "null")) TRY(check_lock(c, *null));
  }
  ObjectVersion marker;
  marker.delete_marker = true;
  marker.modified = whole_seconds(c.now);
  TRY(const ObjectVersion* made, add_version(c, place, key, std::move(marker)));
  return Deleted{.version_id = made->version_id, .marker = true, .made = true};
}

Outcome remove(Call& c) {
  TRY(const Place place, bucket_of(c));
  const std::string key = c["Key"].as_string();
  if (!c["IfMatch"].is_null()) TRY(check_write(c, newest(place, key), key));
  TRY(const Deleted deleted, delete_one(c, place, key, c["VersionId"].as_string()));
  if (deleted.marker) c.out.put("DeleteMarker", true);
  if (!deleted.version_id.empty() && place.versioned()) c.out.put("VersionId", deleted.version_id);
  return {};
}

Outcome remove_many(Call& c) {
  constexpr std::size_t most = 1000;  // API reference: "DeleteObjects"
  TRY(const Place place, bucket_of(c));
  const Value asked = c["Delete"]["Objects"];
  if (!asked.is_list() || asked.empty() || asked.size() > most) return malformed_xml();
  const bool quiet = c["Delete"]["Quiet"].as_bool();
  struct Refused {
    std::string key, version_id;
    Fault fault;
  };
  std::vector<Refused> refused;
  c.out.begin_list("Deleted");
  for (const Value one : asked.items()) {
    const std::string key = one["Key"].as_string(), version_id = one["VersionId"].as_string();
    std::expected<Deleted, Fault> deleted = fault("UserKeyMustBeSpecified", "The bucket POST must contain the key");
    const ObjectVersion* there = newest(place, key);
    const std::string_view etag = one["ETag"].as_text();
    if (key.empty()) {
      // refused, as it stands
    } else if (!etag.empty() && etag != "*" && (!there || (etag != there->etag && etag != quoted(there->etag)))) {
      deleted = fault("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412);
    } else {
      deleted = delete_one(c, place, key, version_id);
    }
    if (!deleted) {
      refused.push_back({key, version_id, deleted.error()});
      continue;
    }
    if (quiet) continue;
    c.out.begin_map();
    c.out.put("Key", key);
    c.out.put_if("VersionId", version_id);
    if (deleted->marker) {
      c.out.put("DeleteMarker", true);
      c.out.put("DeleteMarkerVersionId", deleted->version_id);
    }
    c.out.end();
  }
  c.out.end();
  if (refused.empty()) return {};
  c.out.begin_list("Errors");
  for (const Refused& one : refused) {
    c.out.begin_map();
    c.out.put("Key", one.key);
    c.out.put_if("VersionId", one.version_id);
    c.out.put("Code", one.fault.code);
    c.out.put("Message", one.fault.message);
    c.out.end();
  }
  c.out.end();
  return {};
}

}  // namespace

void register_s3_deletes(Registry& r) {
  r.add("s3", "DeleteObject", remove);
  r.add("s3", "DeleteObjects", remove_many);
}

}  // namespace reeve::sandbox
