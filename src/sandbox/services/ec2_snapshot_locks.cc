#include <fmt/format.h>

#include <array>

#include "sandbox/listing.h"

/// Snapshot locks [EBS user guide, "Amazon EBS snapshot lock"].
namespace reeve::sandbox {
namespace {

std::string_view lock_state(const SnapshotLock& lock, Time now) {
  if (lock.mode == "governance") return "governance";
  return lock.cool_off_expires && *lock.cool_off_expires > now ? "compliance-cooloff" : "compliance";
}

void write_lock(Builder& out, const SnapshotLock& lock, Time now) {
  out.put("LockState", lock_state(lock, now));
  out.put("LockDuration", lock.duration_days);
  if (lock.mode == "compliance") {
    out.put("CoolOffPeriod", lock.cool_off_hours);
    if (lock.cool_off_expires) out.put("CoolOffPeriodExpiresOn", *lock.cool_off_expires);
  }
  out.put("LockCreatedOn", lock.created);
  out.put("LockDurationStartTime", lock.duration_start);
  out.put("LockExpiresOn", lock.expires);
}

Outcome lock(Call& c) {
  constexpr std::int64_t longest_days = 36'500, longest_cool_off_hours = 72;
  constexpr std::int64_t day_us = 86'400'000'000;
  TRY(const auto id, need_text(c, "SnapshotId"));
  TRY(const auto mode, need_text(c, "LockMode"));
  if (mode != "governance" && mode != "compliance") {
    return fault("InvalidParameterValue", "Value (" + mode + ") for parameter LockMode is invalid.");
  }
  const Value duration = c["LockDuration"], until = c["ExpirationDate"], cool_off = c["CoolOffPeriod"];
  if (duration.is_null() == until.is_null()) {
    return fault("InvalidParameterCombination", "Specify either LockDuration or ExpirationDate.");
  }
  if (!cool_off.is_null() && mode == "governance") {
    return fault("InvalidParameterCombination", "CoolOffPeriod is for compliance mode only.");
  }
  if (!cool_off.is_null() && (cool_off.as_integer() < 1 || cool_off.as_integer() > longest_cool_off_hours)) {
    return fault("InvalidParameterValue", "CoolOffPeriod must be from 1 to 72 hours.");
  }
  const Time asked_end =
      until.kind() == Kind::timestamp ? until.as_time() : parse_iso8601(until.as_text()).value_or(Time{});
  const std::int64_t days =
      duration.is_null() ? ((asked_end - c.now).count() + day_us - 1) / day_us : duration.as_integer();
  if (days < 1 || days > longest_days) {
    return fault("InvalidParameterValue", "The lock must last from 1 to 36500 days.");
  }
  Snapshot* s = c.region.snapshots.find(id);
  if (!s) return std::unexpected(no_snapshot(id));
  const Time end = duration.is_null() ? asked_end : c.now + Duration(days * day_us);
  if (s->lock && lock_state(*s->lock, c.now) == "compliance" && (mode != "compliance" || end < s->lock->expires)) {
    return fault("SnapshotLocked",
                 "The snapshot '" + id + "' is locked in compliance mode: its lock can only be extended.");
  }
  c.changing(c.region.snapshots, id);
  SnapshotLock made{.mode = mode, .created = s->lock ? s->lock->created : c.now, .duration_days = days};
  made.duration_start = c.now;
  if (!cool_off.is_null()) {
    made.cool_off_hours = cool_off.as_integer();
    made.cool_off_expires = c.now + std::chrono::hours(made.cool_off_hours);
  }
  made.expires = end;
  s->lock = made;
  c.store.schedule(end, Due::snapshot, c.region, id);
  c.out.put("SnapshotId", id);
  write_lock(c.out, *s->lock, c.now);
  return {};
}

Outcome unlock(Call& c) {
  TRY(const auto id, need_text(c, "SnapshotId"));
  Snapshot* s = c.region.snapshots.find(id);
  if (!s) return std::unexpected(no_snapshot(id));
  if (!s->lock) return fault("SnapshotNotLocked", "The snapshot '" + id + "' is not locked.");
  if (lock_state(*s->lock, c.now) == "compliance") {
    return fault("SnapshotLocked", "The snapshot '" + id + "' is locked in compliance mode and can't be unlocked.");
  }
  c.changing(c.region.snapshots, id);
  s->lock.reset();
  c.out.put("SnapshotId", id);
  return {};
}

Outcome describe(Call& c) {
  const auto ids = texts(c["SnapshotIds"]);
  TRY(const auto filters, read_filters(c["Filters"]));
  for (const Filter& filter : filters) {
    if (filter.name != "lock-state")
      return fault("InvalidParameterValue", "The filter '" + filter.name + "' is invalid");
  }
  TRY(const Page page, read_page(c, !ids.empty()));
  auto locked = [&](const Snapshot& s) {
    if (!s.lock) return false;
    for (const Filter& filter : filters) {
      if (!filter.matches(lock_state(*s.lock, c.now))) return false;
    }
    return true;
  };
  Listed<Snapshot> listed;
  for (std::string_view id : ids) {
    const Snapshot* s = c.region.snapshots.seen(id, c.now);
    if (!s) return std::unexpected(no_snapshot(id));
    if (locked(*s)) listed.rows.push_back(s);
  }
  if (ids.empty()) list_table(c, c.region.snapshots, c.account.id, page, {}, "", {}, locked, listed);
  c.out.begin_list("Snapshots");
  for (const Snapshot* s : listed.rows) {
    c.out.begin_map();
    c.out.put("SnapshotId", s->id);
    c.out.put("OwnerId", s->owner_id);
    write_lock(c.out, *s->lock, c.now);
    c.out.end();
  }
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

}  // namespace

void register_ec2_snapshot_locks(Registry& r) {
  r.add("ec2", "LockSnapshot", lock);
  r.add("ec2", "UnlockSnapshot", unlock);
  r.add("ec2", "DescribeLockedSnapshots", describe);
}

}  // namespace reeve::sandbox
