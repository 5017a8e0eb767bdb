#include <fmt/format.h>

#include "base/json.h"
#include "base/limits.h"
#include "sandbox/estate_check.h"
#include "sandbox/estate_fields.h"
#include "sandbox/estate_tables.h"
#include "sandbox/sandbox.h"

/// Estates into the cloud, and the cloud into an estate.
namespace reeve::sandbox {
namespace {

std::string arn(std::string_view service, const Region& region, std::string_view tail) {
  return fmt::format("arn:aws:{}:{}:{}:{}", service, region.name, region.account, tail);
}

// What a file may leave out.
void complete(Store&, Region& r, Snapshot& s, Time now) {
  if (s.owner_id.empty()) s.owner_id = r.account;
  if (s.start_time == Time{}) s.start_time = now - std::chrono::hours(24);
  if (s.state == "completed" && !s.completion_time) s.completion_time = s.start_time + std::chrono::minutes(10);
  if (s.state == "pending" && !s.due) s.progress = s.progress == "100%" ? "37%" : s.progress;
  if (s.state == "error") s.progress = "0%";
  if (s.full_size_bytes == 0) s.full_size_bytes = s.volume_size_gib * (std::int64_t{1} << 29);
  if (s.storage_tier == "archive" && !s.last_archived) s.last_archived = s.start_time;
  if (s.storage_tier == "archive" && !s.tier) s.tier = TierChange{"archival-completed", *s.last_archived, 100, ""};
  if (s.lock) {
    SnapshotLock& lock = *s.lock;
    if (lock.mode.empty()) lock.mode = "governance";
    if (lock.created == Time{}) lock.created = now - std::chrono::hours(24);
    if (lock.duration_start == Time{}) lock.duration_start = lock.created;
    if (lock.duration_days == 0) lock.duration_days = 365;
    if (lock.expires == Time{}) lock.expires = lock.duration_start + std::chrono::hours(24 * lock.duration_days);
  }
  for (auto& [zone, restore] : s.fast_restores) {
    if (restore.state.empty()) restore.state = "enabled";
    if (restore.since == Time{}) restore.since = s.start_time;
  }
}

void complete(Store&, Region& r, Volume& v, Time now) {
  if (v.zone.empty()) v.zone = r.name + "a";
  if (v.create_time == Time{}) v.create_time = now - std::chrono::hours(24);
  for (Attachment& a : v.attachments) {
    if (a.device.empty()) a.device = "/dev/sdf";
    if (a.attach_time == Time{}) a.attach_time = v.create_time;
    Instance* instance = r.instances.find(a.instance_id);
    if (!instance) continue;
    instance->volumes.insert(v.id);
    v.zone = instance->zone;
  }
  if (!v.attachments.empty() && v.state == "available") v.state = "in-use";
}

void complete(Store&, Region& r, Instance& i, Time now) {
  if (i.zone.empty()) i.zone = r.name + "a";
  if (i.launch_time == Time{}) i.launch_time = now - std::chrono::hours(24);
  if (i.image_id.empty()) i.image_id = "ami-00000000000000001";
  if (i.subnet_id.empty()) {
    for (const auto& [id, subnet] : r.subnets.rows) {
      if (subnet.zone != i.zone) continue;
      i.subnet_id = id;
      i.vpc_id = subnet.vpc_id;
    }
  }
  if (i.security_groups.empty() && !r.security_groups.rows.empty()) {
    i.security_groups.push_back(r.security_groups.rows.begin()->first);
  }
  if (i.state == "terminated" && !i.due) i.due = now + std::chrono::hours(1);
}

void complete(Store&, Region& r, Image& i, Time now) {
  if (i.owner_id.empty()) i.owner_id = r.account;
  if (i.name.empty()) i.name = i.id;
  if (i.creation_date == Time{}) i.creation_date = now - std::chrono::hours(24);
  for (ImageDevice& device : i.devices) {
    if (device.device.empty()) device.device = i.root_device_name;
  }
}

void complete(Store&, Region& r, LaunchTemplate& t, Time now) {
  if (t.create_time == Time{}) t.create_time = now - std::chrono::hours(24);
  if (t.created_by.empty()) t.created_by = "arn:aws:iam::" + r.account + ":root";
  std::int64_t number = 0;
  for (LaunchTemplateVersion& version : t.versions) {
    if (version.number <= number) version.number = number + 1;
    number = version.number;
    if (version.create_time == Time{}) version.create_time = t.create_time;
    if (version.created_by.empty()) version.created_by = t.created_by;
  }
  t.latest_version = std::max(t.latest_version, number);
}

void complete(Store&, Region& r, LaunchConfiguration& l, Time now) {
  if (l.arn.empty()) l.arn = arn("autoscaling", r, "launchConfiguration:" + l.id);
  if (l.created == Time{}) l.created = now - std::chrono::hours(24);
}

void complete(Store&, Region& r, ScalingGroup& g, Time now) {
  if (g.arn.empty()) g.arn = arn("autoscaling", r, "autoScalingGroup:" + g.id);
  if (g.created == Time{}) g.created = now - std::chrono::hours(24);
  if (g.zones.empty()) g.zones.push_back(r.name + "a");
}

template <class T>
void complete(Store&, Region&, T&, Time) {}

template <class T>
void complete_bin(T& row, std::string_view table, Time now) {
  if constexpr (requires { row.bin; }) {
    if (!table.ends_with("_in_bin")) {
      row.bin.reset();
    } else if (!row.bin || row.bin->exits == Time{}) {
      row.bin = BinStay{now, now + std::chrono::hours(24 * 7)};
    }
  }
}

struct Loader {
  Store& store;
  Time now;
  EstateProblems problems;

  template <class T>
  void table(Region& region, const std::string& place, std::string_view name, Value list, Table<T>& into) {
    load_table(
        list, place, name, now, problems, into,
        [&](Value item, const std::string& at) { check_resource(name, item, at, problems); },
        [&](T& row) {
          complete(store, region, row, now);
          complete_bin(row, name, now);
        });
  }

  /// Reads the drawers of one place; their tables' names become known.
  void drawers_of(Drawers& drawers, const std::string& account, const std::string& region, Value map,
                  const std::string& place, std::vector<std::string_view>& known) {
    for (const DrawerKind& kind : store.drawer_kinds) {
      if (kind.of_account != region.empty()) continue;
      kind.open(drawers);
      EstateTables tables = EstateTables::load(map, {store, account, region}, place, now, problems, known);
      drawers.find(kind.name)->each_table(tables);
    }
  }

  void resources(Region& region, Value map, const std::string& place, const std::vector<std::string_view>& besides) {
    std::vector<std::string_view> known = besides;
    each_table(region, [&](std::string_view name, auto& into) {
      known.push_back(name);
      table(region, place, name, map[name], into);
    });
    drawers_of(region.drawers, region.account, region.name, map, place, known);
    for (auto [key, value] : map.entries()) {
      if (!has(known, key)) problems.add(place + "." + std::string(key), "there is no such table");
    }
    store.schedule_all(region);
  }

  void region_of(Account& account, std::string_view name, Value map, const std::string& place,
                 const std::vector<std::string_view>& besides) {
    Region* region = store.region(account, name);
    if (!region) {
      problems.add(place, fmt::format("there is no region {}", name));
      return;
    }
    if (!map["OptedIn"].is_null()) region->opted_in = map["OptedIn"].as_bool();
    resources(*region, map, place, besides);
  }

  void account_of(std::string_view id, Value map, const std::string& place) {
    Account* account = store.account(id);
    if (!account) {
      problems.add(place, "an account's id has twelve digits; at most 1000 accounts");
      return;
    }
    EstateReader reader(map, place, now, problems);
    reader("alias", account->alias);
    Tags keys;
    reader.tags("keys", keys);
    account->keys.insert(keys.begin(), keys.end());
    reader("deny", account->deny);
    const Value all = map["regions"];
    for (auto [name, region] : all.entries()) {
      region_of(*account, name, region, place + ".regions." + std::string(name), {"OptedIn"});
    }
    reader.know("regions");
    std::vector<std::string_view> known;
    drawers_of(account->drawers, account->id, "", map, place, known);
    for (const std::string_view name : known) reader.know(name);
    reader.finish();
  }
};

}  // namespace

Result<void> Sandbox::load_estate(Value estate) {
  if (!estate.is_map()) return fail(Code::invalid_input, "an estate is a map, see docs/formats/estate.md");
  if (!estate["format"].is_null() && estate["format"].as_integer() != 1) {
    return fail(Code::invalid_input, "this estate's format is not 1, which is the one that is read here");
  }
  Loader loader{store_, now(), {}};
  for (auto [id, map] : estate["accounts"].entries()) loader.account_of(id, map, "accounts." + std::string(id));
  const std::string account_id(estate["account"].kind() == Kind::integer
                                   ? std::to_string(estate["account"].as_integer())
                                   : std::string(estate["account"].as_text_or(home_account)));
  if (Account* account = store_.account(account_id)) {
    const std::string_view region = estate["region"].as_text_or(home_region);
    std::vector<std::string_view> known{"format",         "accounts", "account",  "region",
                                        "clock_offset_s", "chance",   "made_from"};
    loader.drawers_of(account->drawers, account->id, "", estate, "estate", known);
    loader.region_of(*account, region, estate, "estate", known);
  } else {
    loader.problems.add("account", "an account's id has twelve digits");
  }
  if (!estate["clock_offset_s"].is_null()) {
    store_.clock_offset = std::chrono::seconds(estate["clock_offset_s"].as_integer());
  }
  if (estate["made_from"].is_text()) store_.made_from = estate["made_from"].as_string();
  if (estate["chance"].is_text()) {
    store_.set_random_state(std::strtoull(estate["chance"].as_string().c_str(), nullptr, 16));
  }
  if (loader.problems.lines.empty()) return {};
  std::string message = "the estate has mistakes";
  for (const std::string& line : loader.problems.lines) message += "\n  " + line;
  return fail(Code::invalid_input, std::move(message));
}

Document Sandbox::state() const {
  Builder out(store_.keys);
  EstateWriter writer(out);
  auto save_drawers = [&](const Drawers& drawers) {
    for (const auto& [name, drawer] : drawers) {
      EstateTables tables = EstateTables::save(out, now());
      drawer->each_table(tables);
    }
  };
  out.begin_map();
  out.put("format", 1);
  out.put("clock_offset_s",
          std::int64_t{std::chrono::duration_cast<std::chrono::seconds>(store_.clock_offset).count()});
  out.put("chance", fmt::format("{:016x}", store_.random_state()));
  out.put_if("made_from", store_.made_from);
  out.begin_map("accounts");
  for (const auto& [id, account] : store_.accounts) {
    out.begin_map(id);
    out.put_if("alias", account.alias);
    if (!account.keys.empty()) {
      out.begin_map("keys");
      for (const auto& [key, secret] : account.keys) out.put(key, secret);
      out.end();
    }
    writer("deny", account.deny);
    save_drawers(account.drawers);
    out.begin_map("regions");
    for (const auto& [name, region] : account.regions) {
      out.begin_map(name);
      out.put("OptedIn", region.opted_in);
      each_table(region, [&](std::string_view table_name, const auto& table) { save_table(out, table_name, table); });
      save_drawers(region.drawers);
      out.end();
    }
    out.end();
    out.end();
  }
  out.end();
  out.end();
  return out.finish();
}

Result<void> Sandbox::save(Disk& disk, const std::string& path) const {
  return disk.write_file(path, to_json(state().root()));
}

Result<void> Sandbox::load(Disk& disk, const std::string& path) {
  constexpr std::size_t most = std::size_t{1} << 30;  // 500,000 snapshots of half a KB, and then some
  TRY(const std::string text, disk.read_file(path, most));
  TRY(const Document estate, parse_json(text));
  return load_estate(estate);
}

}  // namespace reeve::sandbox
