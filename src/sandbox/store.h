#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/document.h"
#include "base/seams.h"
#include "sandbox/drawer.h"

/// The cloud's state: accounts → regions → resources, as open structs in ordered containers, so that the same seed and
/// the same calls always give the same answers. Members bear AWS's names in our spelling; see docs/formats/estate.md.
namespace reeve::sandbox {

/// Whether a range holds a value.
template <class Range, class T>
bool has(const Range& range, const T& value) {
  for (const auto& item : range) {
    if (item == value) return true;
  }
  return false;
}

/// How the cloud behaves: `plain` completes each transition at once, is consistent and never throttles; `aws` has AWS's
/// delays, eventual consistency, quotas and token buckets, by the sandbox's clock and seeded chance.
enum class Behaviour : std::uint8_t { plain, aws };

/// Resources of one kind in one region: past it a create is refused, so that a client cannot fill the memory.
inline constexpr std::size_t most_resources = 500'000;
/// Accounts: they appear when somebody signs with a 12-digit key.
inline constexpr std::size_t most_accounts = 1'000;
/// Sessions of AssumeRole and GetSessionToken that are kept; the oldest make room.
inline constexpr std::size_t most_sessions = 10'000;

/// A stay in the Recycle Bin.
struct BinStay {
  Time entered;
  Time exits;
};

/// LockSnapshot's state. `mode` is "governance" or "compliance".
struct SnapshotLock {
  std::string mode;
  Time created;
  std::int64_t duration_days = 0;
  std::int64_t cool_off_hours = 0;
  Time duration_start;
  std::optional<Time> cool_off_expires;  ///< compliance only
  Time expires;
};

/// The last change of a snapshot's tier, as DescribeSnapshotTierStatus tells it.
struct TierChange {
  std::string status;  ///< archival-in-progress, archival-completed, permanent-restore-in-progress, …
  Time started;
  std::int64_t progress = 0;
  std::string detail;
};

struct FastRestore {
  std::string state;  ///< enabling, optimizing, enabled, disabling, disabled
  Time since;
};

struct Snapshot {
  std::string id, volume_id, state = "completed", description, owner_id, owner_alias, kms_key_id, transfer_type;
  std::string state_message, storage_tier = "standard", progress = "100%";
  std::int64_t volume_size_gib = 8, full_size_bytes = 0;
  Time start_time;
  std::optional<Time> completion_time;
  bool encrypted = false, is_public = false;
  std::set<std::string, std::less<>> shared_with;  ///< account ids
  Tags tags;
  std::optional<SnapshotLock> lock;
  std::optional<TierChange> tier;
  std::optional<Time> last_archived, restore_expires;
  std::map<std::string, FastRestore, std::less<>> fast_restores;  ///< by zone
  std::optional<Time> due;                                        ///< when the transition under way ends
  std::optional<BinStay> bin;
};

struct Attachment {
  std::string instance_id, device, state = "attached";
  Time attach_time;
  bool delete_on_termination = false;
};

struct Volume {
  std::string id, snapshot_id, state = "available", type = "gp3", zone, kms_key_id, operator_principal;
  std::int64_t size_gib = 8, iops = 3000, throughput = 125;
  Time create_time;
  bool encrypted = false, multi_attach = false, operator_hidden = false;
  std::vector<Attachment> attachments;
  Tags tags;
  std::optional<Time> due;
  std::optional<BinStay> bin;
};

struct Instance {
  std::string id, image_id, type = "t3.micro", state = "running", zone, subnet_id, vpc_id, key_name, private_ip,
                            public_ip, root_device_name = "/dev/xvda", root_device_type = "ebs",
                            state_transition_reason, state_reason_code, state_reason_message, lifecycle,
                            operator_principal, reservation_id, user_data, profile_arn, architecture = "x86_64",
                            platform, instance_initiated_shutdown = "stop";
  Time launch_time;
  std::vector<std::string> security_groups;
  bool termination_protected = false, stop_protected = false, ebs_optimized = false, monitoring = false,
       operator_hidden = false;
  Tags tags;
  std::optional<Time> due;
  std::set<std::string> volumes;  ///< derived from the volumes' attachments
};

struct ImageDevice {
  std::string device, snapshot_id, volume_type = "gp3", virtual_name, no_device;
  std::int64_t volume_size_gib = 8;
  bool delete_on_termination = true, encrypted = false;
};

struct Image {
  std::string id, name, description, owner_id, owner_alias,
      state = "available", architecture = "x86_64", root_device_name = "/dev/xvda", root_device_type = "ebs",
      virtualization_type = "hvm", source_instance_id, source_image_id, source_image_region, image_type = "machine",
      platform, state_reason_code, state_reason_message, deregistration_protection = "disabled";
  Time creation_date;
  std::optional<Time> deprecation_time, last_launched;
  bool is_public = false;
  std::set<std::string, std::less<>> shared_with;
  std::vector<ImageDevice> devices;
  Tags tags;
  std::optional<Time> due;
  std::optional<BinStay> bin;
};

struct LaunchTemplateVersion {
  std::int64_t number = 1;
  std::string description, created_by;
  Time create_time;
  Document data;  ///< by RequestLaunchTemplateData
};

struct LaunchTemplate {
  std::string id, name, created_by;
  Time create_time;
  std::int64_t default_version = 1, latest_version = 1;
  std::vector<LaunchTemplateVersion> versions;
  Tags tags;
};

/// A Recycle Bin rule. Tags of `matches` make it a tag-level rule; without, it is region-level and `excludes` names the
/// tags that keep a resource out. An empty value of a tag matches any value.
struct BinRule {
  std::string id, description, resource_type = "EBS_SNAPSHOT", status = "available", lock_state;
  std::int64_t retention_days = 7;
  std::vector<std::pair<std::string, std::string>> matches, excludes;
  std::int64_t unlock_delay_days = 0;
  std::optional<Time> unlocks;
  Tags tags;
};

struct Vpc {
  std::string id, cidr = "172.31.0.0/16", state = "available";
  bool is_default = false;
  Tags tags;
};
struct Subnet {
  std::string id, vpc_id, cidr, zone;
  bool default_for_zone = false;
  Tags tags;
};
struct SecurityGroup {
  std::string id, name, description, vpc_id;
  Tags tags;
};

struct LaunchConfiguration {
  std::string id, arn;  ///< `id` is its name
  std::string image_id, instance_type;
  Time created;
  Document block_device_mappings;  ///< as given, or null
};

struct ScalingGroup {
  std::string id, arn;  ///< `id` is its name
  std::string launch_configuration, launch_template_id, launch_template_name, launch_template_version;
  std::int64_t min = 0, max = 0, desired = 0;
  std::vector<std::string> zones, subnets;
  std::vector<std::string> instances;  ///< ids
  Document mixed_instances;            ///< MixedInstancesPolicy, as given
  Time created;
  Tags tags;
};

/// Resources of one kind by id, and what readers still see of those that changed a moment ago (Behaviour::aws).
template <class T>
struct Table {
  using Rows = std::map<std::string, T, std::less<>>;
  struct Stale {
    Time until;
    std::optional<T> seen;  ///< nullopt: not there yet
  };
  Rows rows;
  std::map<std::string, Stale, std::less<>> stale;

  T* find(std::string_view id) {
    auto at = rows.find(id);
    return at == rows.end() ? nullptr : &at->second;
  }
  T& add(T row) {
    std::string id = row.id;
    return rows.insert_or_assign(std::move(id), std::move(row)).first->second;
  }
  void erase(std::string_view id) {
    auto at = rows.find(id);
    if (at != rows.end()) rows.erase(at);
  }
  /// What a reader sees under this id at `now`; nullptr for nothing.
  const T* seen(std::string_view id, Time now) const {
    if (!stale.empty()) {
      auto old = stale.find(id);
      if (old != stale.end() && old->second.until > now) return old->second.seen ? &*old->second.seen : nullptr;
    }
    auto at = rows.find(id);
    return at == rows.end() ? nullptr : &at->second;
  }
  /// Before a change: until `until` readers see what is there now.
  void hide(const std::string& id, Time until, Time now) {
    if (until <= now) return;
    auto at = rows.find(id);
    Stale& old = stale[id];
    if (old.until > now) return;  // an older view still holds, and holds longest
    old.until = until;
    old.seen = at == rows.end() ? std::nullopt : std::optional<T>(at->second);
  }
  void forget(Time now) {
    std::erase_if(stale, [now](const auto& entry) { return entry.second.until <= now; });
  }
  /// Calls `take(row)` in order of ids after `after` for what a reader sees, until it answers false.
  template <class Take>
  void each_seen(Time now, std::string_view after, Take take) const {
    auto row = after.empty() ? rows.begin() : rows.upper_bound(after);
    auto old = after.empty() ? stale.begin() : stale.upper_bound(after);
    while (row != rows.end() || old != stale.end()) {
      const bool use_old = old != stale.end() && (row == rows.end() || old->first <= row->first);
      if (!use_old) {
        if (!take(row->second)) return;
        ++row;
        continue;
      }
      if (row != rows.end() && row->first == old->first) {
        if (old->second.until <= now && !take(row->second)) return;
        ++row;
      }
      if (old->second.until > now && old->second.seen && !take(*old->second.seen)) return;
      ++old;
    }
  }
};

/// One region of one account.
struct Region {
  std::string account, name;
  bool opted_in = true;
  Table<Snapshot> snapshots, snapshots_in_bin;
  Table<Volume> volumes, volumes_in_bin;
  Table<Instance> instances;
  Table<Image> images, images_in_bin;
  Table<LaunchTemplate> launch_templates;
  Table<BinRule> bin_rules;
  Table<Vpc> vpcs;
  Table<Subnet> subnets;
  Table<SecurityGroup> security_groups;
  Table<LaunchConfiguration> launch_configurations;
  Table<ScalingGroup> scaling_groups;
  std::string default_kms_key;
  Drawers drawers;  ///< of services that store.h does not know
};

struct Account {
  std::string id, alias;
  Drawers drawers;                                       ///< of services without regions
  std::map<std::string, std::string, std::less<>> keys;  ///< access key id → secret
  std::vector<std::string> deny;                         ///< "ec2:DeleteSnapshot", with * and ?
  std::map<std::string, Region, std::less<>> regions;
};

/// Temporary credentials that STS gave; or an IAM user's key, which has no token and does not end.
struct Session {
  std::string secret, token, account, arn, user_id;
  Time expires;
  std::string user_key = {};  ///< the id of an IAM user's key
};

/// What will happen by itself.
enum class Due : std::uint8_t {
  snapshot,
  snapshot_in_bin,
  volume,
  volume_in_bin,
  instance,
  image,
  image_in_bin,
  rule,
  drawer
};

class Store {
 public:
  Store(Behaviour behaviour, std::uint64_t seed, std::shared_ptr<const Keys> keys);

  Behaviour behaviour;
  std::shared_ptr<const Keys> keys;
  std::map<std::string, Account, std::less<>> accounts;
  std::map<std::string, Session, std::less<>> sessions;  ///< by access key id
  Duration clock_offset{};                               ///< added to the Clock seam's wall
  std::string made_from;                                 ///< what the state began as; see begin.h

  /// An account, made on first use; nullptr past most_accounts or where the id is not twelve digits.
  Account* account(std::string_view id);
  /// A region of an account with its zones' default VPC, made on first use; nullptr where there is no such region.
  Region* region(Account& account, std::string_view name);
  Region* find_region(std::string_view account, std::string_view name);

  /// "snap-0" and 16 hex digits more.
  std::string new_id(std::string_view prefix);
  Random& random() { return *random_; }
  /// The state of chance, to save and to go on with.
  std::uint64_t random_state() const;
  void set_random_state(std::uint64_t state);

  /// Remembers that something may happen to a resource at `when`.
  void schedule(Time when, Due kind, const Region& region, const std::string& id);
  /// Has a service's drawer settle at `when`, at the next call after it. Several wakes do no harm.
  void wake(Time when, const Region& region, std::string_view drawer) {
    schedule(when, Due::drawer, region, std::string(drawer));
  }
  /// Does all that is due: transitions end, stays in the bin run out, terminated instances vanish.
  void settle(Time now);
  /// Puts everything that is under way in `region` on the agenda: after loading.
  void schedule_all(Region& region);

  std::vector<DrawerKind> drawer_kinds;
  /// What takes deliveries, by the service in an ARN ("sqs").
  using Target = void (*)(Store& store, Region& region, std::string_view arn, const Delivery& delivery);
  std::map<std::string, Target, std::less<>> targets;
  /// Hands something to the resource of this ARN. False where its service takes nothing, or its region is not there;
  /// a resource that is not there swallows it, as AWS does.
  bool deliver(std::string_view arn, const Delivery& delivery);

  /// How long readers may see the old state of what changes now.
  Time stale_until(Time now);

 private:
  struct Entry {
    Due kind;
    std::string account, region, id;
  };
  std::multimap<Time, Entry> agenda_;
  struct Chance;
  std::shared_ptr<Chance> chance_;
  Random* random_;
  Time forgot_;
};

/// The transitions themselves: do what is due, and say when something is due next (nullopt: nothing).
std::optional<Time> settle(Snapshot& snapshot, Time now);
std::optional<Time> settle(Image& image, Time now);
/// Volumes that end are erased from the region; `id` need not exist any more.
std::optional<Time> settle_volume(Store& store, Region& region, const std::string& id, Time now);
std::optional<Time> settle_instance(Store& store, Region& region, const std::string& id, Time now);

/// Regions as AWS lists them.
struct RegionFacts {
  std::string_view name;
  bool opt_in;  ///< must be enabled by the account
  std::string_view zone_letters;
};
const std::vector<RegionFacts>& all_regions();
const RegionFacts* find_region_facts(std::string_view name);

}  // namespace reeve::sandbox
