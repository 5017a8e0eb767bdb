#include "sandbox/services/s3.h"

/// S3 Object Lock: retention and legal holds of versions (S3 user guide: "Locking objects with Object Lock").
namespace reeve::sandbox {
namespace {

std::expected<std::pair<Place, ObjectVersion*>, Fault> lockable(Call& c) {
  TRY(const Place place, bucket_of(c));
  if (!place.bucket.object_lock) {
    return fault("InvalidRequest", "Bucket is missing Object Lock Configuration");
  }
  TRY(ObjectVersion * object, object_of(c, place));
  return std::pair(place, object);
}

Outcome put_retention(Call& c) {
  TRY(const auto found, lockable(c));
  ObjectVersion& object = *found.second;
  const Value wanted = c["Retention"];
  const std::string mode = wanted["Mode"].as_string();
  if (!mode.empty() && mode != "GOVERNANCE" && mode != "COMPLIANCE") return malformed_xml();
  if (mode.empty() != wanted["RetainUntilDate"].is_null()) return malformed_xml();
  const Time until = wanted["RetainUntilDate"].as_time();
  if (!mode.empty() && until <= c.now) {
    return fault("InvalidArgument", "The retain until date must be in the future!");
  }
  const bool active = object.retain_until && *object.retain_until > c.now;
  const bool weaker = mode.empty() || until < object.retain_until.value_or(Time{}) ||
                      (object.retention_mode == "COMPLIANCE" && mode != "COMPLIANCE") ||
                      (object.retention_mode == "GOVERNANCE" && mode != "GOVERNANCE" && mode != "COMPLIANCE");
  if (active && weaker && (object.retention_mode == "COMPLIANCE" || !c["BypassGovernanceRetention"].as_bool())) {
    return fault("AccessDenied", "Access Denied because object protected by object lock.", 403);
  }
  object.retention_mode = mode;
  object.retain_until = mode.empty() ? std::nullopt : std::optional(until);
  return {};
}

std::unexpected<Fault> no_lock() {
  return fault("NoSuchObjectLockConfiguration", "The specified object does not have a ObjectLock configuration", 404);
}

Outcome get_retention(Call& c) {
  TRY(const auto found, lockable(c));
  const ObjectVersion& object = *found.second;
  if (object.retention_mode.empty()) return no_lock();
  c.out.begin_map("Retention");
  c.out.put("Mode", object.retention_mode);
  c.out.put("RetainUntilDate", object.retain_until.value_or(Time{}));
  c.out.end();
  return {};
}

Outcome put_hold(Call& c) {
  TRY(const auto found, lockable(c));
  const std::string status = c["LegalHold"]["Status"].as_string();
  if (status != "ON" && status != "OFF") return malformed_xml();
  found.second->legal_hold = status;
  return {};
}

Outcome get_hold(Call& c) {
  TRY(const auto found, lockable(c));
  if (found.second->legal_hold.empty()) return no_lock();
  c.out.begin_map("LegalHold");
  c.out.put("Status", found.second->legal_hold);
  c.out.end();
  return {};
}

}  // namespace

Outcome check_lock(Call& c, const ObjectVersion& version) {
  const bool retained = version.retain_until && *version.retain_until > c.now;
  const bool bypassed = version.retention_mode == "GOVERNANCE" && c["BypassGovernanceRetention"].as_bool();
  if (version.legal_hold != "ON" && (!retained || bypassed)) return {};
  return fault("AccessDenied", "Access Denied because object protected by object lock.", 403);
}

void register_s3_locks(Registry& r) {
  r.add("s3", "PutObjectRetention", put_retention);
  r.add("s3", "GetObjectRetention", get_retention);
  r.add("s3", "PutObjectLegalHold", put_hold);
  r.add("s3", "GetObjectLegalHold", get_hold);
}

}  // namespace reeve::sandbox
