#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/seeded_random.h"
#include "sandbox/sandbox.h"

/// Estates from a seed: what a few years of a company leave behind in one region, mostly snapshots.
namespace reeve::sandbox {
namespace {

using Names = std::array<std::string_view, 8>;
constexpr Names services{"checkout", "search", "billing", "reports", "inventory", "mail", "wiki", "build"};
constexpr std::array<std::string_view, 6> teams{"payments", "discovery", "platform", "data", "web", "core"};
constexpr std::array<std::string_view, 6> owners{"ada", "grace", "linus", "margaret", "dennis", "radia"};
constexpr std::array<std::string_view, 3> environments{"prod", "staging", "dev"};
constexpr std::array<std::int64_t, 12> sizes_gib{8, 8, 8, 16, 20, 30, 50, 100, 100, 200, 500, 1000};
constexpr std::string_view stranger = "210987654321";

class Generator {
 public:
  Generator(Store& store, std::uint64_t seed, std::size_t count, Time now)
      : store_(store),
        account_(*store.account(home_account)),
        region_(*store.region(account_, home_region)),
        random_(seed),
        now_(now),
        left_(count),
        offset_(random_.below(slots)) {}

  void run() {
    rules();
    const std::size_t all = left_;
    group_of_scaling();
    // Shares of the snapshots, in hundredths: two thirds are stale for one reason or another.
    while (left_ > 0) {
      const std::uint64_t share = random_.below(100);
      if (share < 22) {
        attached("running");
      } else if (share < 28) {
        attached("stopped");
      } else if (share < 36) {
        unattached();
      } else if (share < 78) {
        gone();
      } else if (share < 84) {
        copied();
      } else if (share < 88) {
        foreign();
      } else if (share < 92) {
        without_volume();
      } else {
        image();
      }
    }
    launch_templates(std::max<std::size_t>(1, all / 80));
    strangers(std::max<std::size_t>(2, all / 100));
    in_bin(std::max<std::size_t>(1, all / 60));
    store_.schedule_all(region_);
  }

 private:
  static constexpr std::uint64_t slots = 200;

  template <std::size_t N>
  std::string pick(const std::array<std::string_view, N>& from) {
    return std::string(from[random_.below(N)]);
  }
  std::string id(std::string_view prefix) { return fmt::format("{}-0{:016x}", prefix, random_.next()); }
  Time days_ago(double days) {
    return {now_.us - static_cast<std::int64_t>(days * 86'400) * 1'000'000 -
            static_cast<std::int64_t>(random_.below(1000)) * 1000};
  }
  /// Long tails: most things are some months old, some are years old.
  double age(double least, double most) {
    const double u = random_.unit();
    return least + (most - least) * u * u;
  }
  std::string zone() { return region_.name + static_cast<char>('a' + random_.below(3)); }

  Tags usual_tags(const std::string& service) {
    Tags tags;
    if (random_.chance(0.75))
      tags["Name"] = service + "-" + pick(environments) + "-" + std::to_string(random_.below(20));
    if (random_.chance(0.6)) tags["team"] = pick(teams);
    if (random_.chance(0.4)) tags["owner"] = pick(owners) + "@example.com";
    if (random_.chance(0.5)) tags["cost-centre"] = "cc-" + std::to_string(100 + random_.below(40));
    if (random_.chance(0.5)) tags["environment"] = pick(environments);
    return tags;
  }

  void rules() {
    region_.bin_rules.add({.id = "Sn4pshotBin",
                           .description = "Snapshots can be had back for a week",
                           .resource_type = "EBS_SNAPSHOT",
                           .retention_days = 7,
                           .excludes = {{"recycle-bin", "skip"}}});
    region_.bin_rules.add({.id = "Im4gesInBin",
                           .description = "Images can be had back for two weeks",
                           .resource_type = "EC2_IMAGE",
                           .retention_days = 14});
  }

  Snapshot& snapshot(const std::string& volume_id, std::int64_t size, double days, const std::string& service) {
    Snapshot s;
    s.id = id("snap");
    s.volume_id = volume_id;
    s.volume_size_gib = size;
    s.full_size_bytes =
        static_cast<std::int64_t>(static_cast<double>(size << 30) * (0.08 + 0.8 * random_.unit())) / 524'288 * 524'288;
    s.owner_id = account_.id;
    s.start_time = days_ago(days);
    s.completion_time = s.start_time + std::chrono::seconds(60 + random_.below(3000));
    s.encrypted = random_.chance(0.4);
    if (s.encrypted) {
      s.kms_key_id =
          fmt::format("arn:aws:kms:{}:{}:key/1234abcd-12ab-34cd-56ef-1234567890ab", region_.name, account_.id);
    }
    s.tags = usual_tags(service);
    switch (random_.below(6)) {
      case 0:
        s.description = "before upgrade";
        break;
      case 1:
        s.description = "nightly " + service;
        break;
      case 2:
        s.description = service + " manual backup by " + pick(owners);
        break;
      default:
        break;
    }
    decorate(s, days);
    if (left_ > 0) --left_;
    return region_.snapshots.add(std::move(s));
  }

  /// What one in some hundred snapshots has. By turns instead of by chance, so that small estates have each of it.
  void decorate(Snapshot& s, double days) {
    const std::uint64_t slot = (made_++ * 79 + offset_) % slots;
    const std::string volume = s.volume_id.empty() ? "vol-ffffffff" : s.volume_id;
    if (slot < 6) {
      s.tags["aws:backup:source-resource"] = "arn:aws:ec2:" + region_.name + ":" + account_.id + ":volume/" + volume;
      s.description = "This snapshot is created by the AWS Backup service.";
    } else if (slot < 14) {
      s.tags["aws:dlm:lifecycle-policy-id"] = "policy-0123456789abcdef0";
      s.tags["aws:dlm:lifecycle-schedule-name"] = "daily";
      s.description = "Created for policy: policy-0123456789abcdef0 schedule: daily";
    } else if (slot < 20) {
      const std::string name = fmt::format("snapshot-{:08x}", random_.next() & 0xFFFFFFFF);
      s.tags["CSIVolumeSnapshotName"] = name;
      s.tags["ebs.csi.aws.com/cluster"] = "true";
      s.tags["kubernetes.io/cluster/example"] = "owned";
      s.description = "Created by AWS EBS CSI driver for volume " + volume;
    } else if (slot < 22) {
      s.tags["reeve:protect"] = slot == 20 ? "" : format_iso8601(now_ + std::chrono::hours(24 * 200)).substr(0, 10);
    } else if (slot == 22) {
      s.tags["cloud-nuke-excluded"] = "true";
    } else if (slot == 23) {
      s.tags["janitor"] = "donotmark";
    } else if (slot < 27) {
      const bool compliance = slot == 26;
      SnapshotLock lock{
          .mode = compliance ? "compliance" : "governance", .created = s.start_time, .duration_days = 3650};
      lock.duration_start = s.start_time;
      lock.expires = s.start_time + std::chrono::hours(24 * lock.duration_days);
      s.lock = lock;
    } else if (slot < 31) {
      s.storage_tier = "archive";
      s.last_archived = days_ago(std::max(0.5, days * (slot == 27 ? 0.2 : 0.7)));
      s.tier = TierChange{"archival-completed", *s.last_archived - std::chrono::hours(5), 100, ""};
    } else if (slot == 31 && fast_restores_ < 5) {
      ++fast_restores_;
      s.fast_restores[region_.name + "a"] = {"enabled", s.start_time};
    } else if (slot < 36) {
      s.shared_with.insert(std::string(stranger));
      s.encrypted = false;
      s.kms_key_id.clear();
    } else if (slot == 36) {
      s.is_public = true;
      s.encrypted = false;
      s.kms_key_id.clear();
    } else if (slot < 45) {
      s.tags["recycle-bin"] = "skip";
    } else if (slot == 45) {
      s.state = "error";
      s.progress = "0%";
      s.completion_time.reset();
      s.state_message = "Given key ID is not accessible";
    } else if (slot == 46) {
      s.state = "pending";
      s.progress = "42%";
      s.completion_time.reset();
      s.start_time = days_ago(0.02);
    }
  }

  /// A chain of snapshots of one volume, oldest first; the newest is `newest` days old.
  void chain(const std::string& volume_id, std::int64_t size, double newest, std::size_t longest,
             const std::string& service) {
    const std::size_t count = std::min<std::size_t>(1 + random_.below(longest), left_);
    const double step = random_.chance(0.5) ? 7 : 30;
    for (std::size_t n = count; n > 0; --n) {
      snapshot(volume_id, size, newest + static_cast<double>(n - 1) * step, service);
    }
  }

  Volume& volume(const std::string& in_zone, double days, const std::string& service) {
    Volume v;
    v.id = id("vol");
    v.zone = in_zone;
    v.size_gib = sizes_gib[random_.below(sizes_gib.size())];
    v.type = random_.chance(0.6) ? "gp3" : "gp2";
    v.iops = v.type == "gp3" ? 3000 : std::max<std::int64_t>(100, 3 * v.size_gib);
    v.create_time = days_ago(days);
    v.encrypted = random_.chance(0.4);
    v.tags = usual_tags(service);
    return region_.volumes.add(std::move(v));
  }

  Instance& instance(std::string_view state, double days, const std::string& service) {
    Instance i;
    i.id = id("i");
    i.image_id = id("ami");
    i.state = state;
    i.type = random_.chance(0.5) ? "t3.medium" : "m6i.large";
    i.zone = zone();
    for (const auto& [subnet_id, subnet] : region_.subnets.rows) {
      if (subnet.zone == i.zone) i.subnet_id = subnet_id, i.vpc_id = subnet.vpc_id;
    }
    i.security_groups.push_back(region_.security_groups.rows.begin()->first);
    i.private_ip = fmt::format("172.31.{}.{}", random_.below(90), 4 + random_.below(250));
    i.launch_time = days_ago(days);
    i.tags = usual_tags(service);
    i.reservation_id = id("r");
    if (state == "stopped") {
      const Calendar t = to_calendar(days_ago(days * random_.unit()));
      i.state_transition_reason = fmt::format("User initiated ({:04}-{:02}-{:02} {:02}:{:02}:{:02} GMT)", t.year,
                                              t.month, t.day, t.hour, t.minute, t.second);
      i.state_reason_code = "Client.UserInitiatedShutdown";
      i.state_reason_message = "Client.UserInitiatedShutdown: User initiated shutdown";
    }
    return region_.instances.add(std::move(i));
  }

  void attach(Volume& v, Instance& i, std::string device, bool with_instance) {
    v.state = "in-use";
    v.zone = i.zone;
    v.attachments.push_back({i.id, std::move(device), "attached", v.create_time, with_instance});
    i.volumes.insert(v.id);
  }

  void attached(std::string_view state) {
    const std::string service = pick(services);
    const double days = age(40, 900);
    Instance& i = instance(state, days, service);
    i.termination_protected = random_.chance(0.1);
    const std::size_t disks = 1 + random_.below(3);
    for (std::size_t n = 0; n < disks && left_ > 0; ++n) {
      Volume& v = volume(i.zone, days, service);
      attach(v, i, n == 0 ? "/dev/xvda" : fmt::format("/dev/sd{}", static_cast<char>('f' + n)), n == 0);
      chain(v.id, v.size_gib, state == "running" ? age(0.3, 60) : age(20, 400), 3, service);
    }
  }

  void unattached() {
    const std::string service = pick(services);
    Volume& v = volume(zone(), age(60, 900), service);
    chain(v.id, v.size_gib, age(5, 500), 3, service);
  }

  void gone() {
    const std::int64_t size = sizes_gib[random_.below(sizes_gib.size())];
    const std::string volume_id = id("vol");
    chain(volume_id, size, random_.chance(0.15) ? age(1, 29) : age(31, 700), 6, pick(services));
  }

  void copied() {
    Snapshot& s = snapshot(random_.chance(0.7) ? "vol-ffffffff" : id("vol"), 100, age(10, 600), pick(services));
    s.transfer_type = random_.chance(0.9) ? "standard" : "time-based";
    if (!s.tags.contains("aws:backup:source-resource")) s.description = "[Copied " + id("snap") + " from us-west-2]";
  }

  void foreign() {
    Snapshot& s = snapshot("vol-ffffffff", 200, age(10, 700), pick(services));
    if (!s.tags.contains("aws:backup:source-resource")) {
      s.description = random_.chance(0.5) ? "Created by AWS-VMImport service for import-ami-0123456789abcdef0"
                                          : "written by backup appliance";
    }
  }

  void without_volume() { snapshot("", 50, age(10, 700), pick(services)); }

  void image() {
    const std::string service = pick(services);
    const double days = age(3, 800);
    Image i;
    i.id = id("ami");
    i.name = fmt::format("{}-{}-{:06x}", service, pick(environments), random_.next() & 0xFFFFFF);
    i.owner_id = account_.id;
    i.creation_date = days_ago(days);
    i.source_instance_id = id("i");
    i.tags = usual_tags(service);
    const std::size_t disks = std::min<std::size_t>(1 + random_.below(2), left_);
    for (std::size_t n = 0; n < disks; ++n) {
      Snapshot& s = snapshot(id("vol"), n == 0 ? 8 : 100, days, service);
      if (!s.tags.contains("aws:backup:source-resource"))
        s.description = "Created by CreateImage(" + i.source_instance_id + ") for " + i.id;
      if (s.storage_tier == "archive") s.storage_tier = "standard", s.tier.reset(), s.last_archived.reset();
      i.devices.push_back({.device = n == 0 ? "/dev/xvda" : "/dev/sdf",
                           .snapshot_id = s.id,
                           .volume_size_gib = s.volume_size_gib,
                           .encrypted = s.encrypted});
    }
    switch (images_++ % 6) {
      case 2:
        i.state = "disabled";
        break;
      case 3:
        i.deprecation_time = days_ago(days / 2);
        break;
      case 4:
        i.bin = BinStay{now_ - std::chrono::hours(50), now_ - std::chrono::hours(50) + std::chrono::hours(24 * 14)};
        break;
      default:
        i.last_launched = days_ago(days / 3);
    }
    if (i.bin) {
      region_.images_in_bin.add(std::move(i));
    } else {
      region_.images.add(std::move(i));
    }
  }

  /// A snapshot that nothing else names, for templates to name; "" if there is none.
  std::string any_snapshot() {
    auto at = region_.snapshots.rows.lower_bound(id("snap"));
    if (at == region_.snapshots.rows.end()) at = region_.snapshots.rows.begin();
    return at == region_.snapshots.rows.end() ? "" : at->first;
  }

  Document devices_naming(const std::string& snapshot_id) {
    Builder out;
    out.begin_list();
    out.begin_map();
    out.put("DeviceName", "/dev/sdg");
    out.begin_map("Ebs");
    out.put("SnapshotId", snapshot_id);
    out.put("VolumeSize", 1000);
    out.end();
    out.end();
    out.end();
    return out.finish();
  }

  Document template_data(const std::string& snapshot_id) {
    Builder out;
    out.begin_map();
    out.put("ImageId", region_.images.rows.empty() ? "ami-00000000000000001" : region_.images.rows.begin()->first);
    out.put("InstanceType", "t3.medium");
    if (!snapshot_id.empty()) out.put("BlockDeviceMappings", devices_naming(snapshot_id));
    out.end();
    return out.finish();
  }

  /// Templates whose old versions name snapshots, and a launch configuration from before there were templates.
  void launch_templates(std::size_t count) {
    const std::string by = "arn:aws:iam::" + account_.id + ":user/" + std::string(owners[0]);
    for (std::size_t n = 0; n < count; ++n) {
      LaunchTemplate t{
          .id = id("lt"), .name = fmt::format("{}-{}", services[n % services.size()], n), .created_by = by};
      t.create_time = days_ago(500);
      t.versions.push_back({1, "with data disk", by, t.create_time, template_data(any_snapshot())});
      t.versions.push_back({2, "", by, days_ago(100), template_data("")});
      t.default_version = t.latest_version = 2;
      region_.launch_templates.add(std::move(t));
    }
    region_.launch_configurations.add(
        {.id = "legacy-workers",
         .arn = "arn:aws:autoscaling:" + region_.name + ":" + account_.id +
                ":launchConfiguration:00000000-0000-4000-8000-000000000001:launchConfigurationName/legacy-workers",
         .image_id = "ami-00000000000000001",
         .instance_type = "m4.large",
         .created = days_ago(1500),
         .block_device_mappings = devices_naming(any_snapshot())});
  }

  void group_of_scaling() {
    ScalingGroup g{.id = "web-workers",
                   .arn = "arn:aws:autoscaling:" + region_.name + ":" + account_.id +
                          ":autoScalingGroup:00000000-0000-4000-8000-000000000002:autoScalingGroupName/web-workers",
                   .launch_configuration = "legacy-workers"};
    for (int n = 0; n < 2; ++n) {
      Instance& i = instance("running", 20, "web");
      i.tags["aws:autoscaling:groupName"] = g.id;
      Volume& v = volume(i.zone, 20, "web");
      attach(v, i, "/dev/xvda", true);
      g.instances.push_back(i.id);
    }
    g.min = 1, g.max = 6, g.desired = 2;
    g.zones = {region_.name + "a", region_.name + "b", region_.name + "c"};
    g.created = days_ago(1500);
    region_.scaling_groups.add(std::move(g));
  }

  /// Snapshots of others that this account can see.
  void strangers(std::size_t count) {
    Account* other = store_.account(stranger);
    Region* region = other ? store_.region(*other, home_region) : nullptr;
    for (std::size_t n = 0; region && n < count; ++n) {
      Snapshot s;
      s.id = id("snap");
      s.volume_id = id("vol");
      s.owner_id = stranger;
      s.start_time = days_ago(age(30, 600));
      s.completion_time = s.start_time + std::chrono::minutes(7);
      s.is_public = n % 2 == 0;
      if (!s.is_public) s.shared_with.insert(account_.id);
      s.full_size_bytes = std::int64_t{3} << 30;
      s.description = "shared by a partner";
      region->snapshots.add(std::move(s));
    }
  }

  /// Snapshots that somebody deleted a few days ago.
  void in_bin(std::size_t count) {
    for (std::size_t n = 0; n < count; ++n) {
      Snapshot s;
      s.id = id("snap");
      s.volume_id = id("vol");
      s.owner_id = account_.id;
      s.start_time = days_ago(age(60, 300));
      s.completion_time = s.start_time + std::chrono::minutes(9);
      s.full_size_bytes = std::int64_t{3} << 30;
      const Time entered = days_ago(1 + 4 * random_.unit());
      s.bin = BinStay{entered, entered + std::chrono::hours(24 * 7)};
      region_.snapshots_in_bin.add(std::move(s));
    }
  }

  Store& store_;
  Account& account_;
  Region& region_;
  SeededRandom random_;
  Time now_;
  std::size_t left_;
  std::uint64_t offset_, made_ = 0;
  int fast_restores_ = 0, images_ = 0;
};

}  // namespace

void Sandbox::generate(std::size_t count, std::uint64_t seed) {
  if (Account* home = store_.account(home_account); home->alias.empty()) home->alias = "example-sandbox";
  const std::size_t bounded = std::min(count, most_resources);
  const Time at{now().us / 1'000'000 * 1'000'000};
  Generator(store_, seed, bounded, at).run();
}

}  // namespace reeve::sandbox
