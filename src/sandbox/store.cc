#include "sandbox/store.h"

#include <fmt/format.h>

#include <algorithm>

#include "sandbox/estate_tables.h"

namespace reeve::sandbox {
namespace {
bool twelve_digits(std::string_view id) {
  return id.size() == 12 && std::ranges::all_of(id, [](char c) { return c >= '0' && c <= '9'; });
}
}  // namespace

/// SplitMix64 (Steele, Lea, Flood 2014): its whole state is one number, which the estate file can hold.
struct Store::Chance : Random {
  std::uint64_t state = 0;
  std::uint64_t next() override {
    std::uint64_t z = state += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
};

const std::vector<RegionFacts>& all_regions() {
  static const std::vector<RegionFacts> regions{
      {"af-south-1", true, "abc"},       {"ap-east-1", true, "abc"},       {"ap-northeast-1", false, "acd"},
      {"ap-northeast-2", false, "abcd"}, {"ap-northeast-3", false, "abc"}, {"ap-south-1", false, "abc"},
      {"ap-south-2", true, "abc"},       {"ap-southeast-1", false, "abc"}, {"ap-southeast-2", false, "abc"},
      {"ap-southeast-3", true, "abc"},   {"ap-southeast-4", true, "abc"},  {"ca-central-1", false, "abd"},
      {"ca-west-1", true, "abc"},        {"eu-central-1", false, "abc"},   {"eu-central-2", true, "abc"},
      {"eu-north-1", false, "abc"},      {"eu-south-1", true, "abc"},      {"eu-south-2", true, "abc"},
      {"eu-west-1", false, "abc"},       {"eu-west-2", false, "abc"},      {"eu-west-3", false, "abc"},
      {"il-central-1", true, "abc"},     {"me-central-1", true, "abc"},    {"me-south-1", true, "abc"},
      {"sa-east-1", false, "abc"},       {"us-east-1", false, "abcdef"},   {"us-east-2", false, "abc"},
      {"us-west-1", false, "bc"},        {"us-west-2", false, "abcd"}};
  return regions;
}

const RegionFacts* find_region_facts(std::string_view name) {
  const auto& regions = all_regions();
  auto at = std::ranges::find(regions, name, &RegionFacts::name);
  return at == regions.end() ? nullptr : &*at;
}

Store::Store(Behaviour b, std::uint64_t seed, std::shared_ptr<const Keys> k)
    : behaviour(b), keys(std::move(k)), chance_(std::make_shared<Chance>()), random_(chance_.get()) {
  chance_->state = seed;
}

std::uint64_t Store::random_state() const { return chance_->state; }
void Store::set_random_state(std::uint64_t state) { chance_->state = state; }

Account* Store::account(std::string_view id) {
  auto at = accounts.find(id);
  if (at != accounts.end()) return &at->second;
  if (!twelve_digits(id) || accounts.size() >= most_accounts) return nullptr;
  Account& made = accounts[std::string(id)];
  made.id = id;
  return &made;
}

Region* Store::find_region(std::string_view account_id, std::string_view name) {
  auto at = accounts.find(account_id);
  if (at == accounts.end()) return nullptr;
  auto region = at->second.regions.find(name);
  return region == at->second.regions.end() ? nullptr : &region->second;
}

Region* Store::region(Account& account, std::string_view name) {
  auto at = account.regions.find(name);
  if (at != account.regions.end()) return &at->second;
  const RegionFacts* facts = find_region_facts(name);
  if (!facts) return nullptr;
  Region& made = account.regions[std::string(name)];
  made.account = account.id;
  made.name = name;
  made.opted_in = !facts->opt_in;
  // Names of the default network come from its place, not from chance: looking at a region changes no later id.
  const auto place = static_cast<std::uint64_t>(facts - all_regions().data());
  const std::string tail = fmt::format("{}{:02x}", account.id, place);
  made.vpcs.add({.id = "vpc-0d0" + tail, .is_default = true});
  int net = 0;
  for (char letter : facts->zone_letters) {
    made.subnets.add({.id = fmt::format("subnet-0{:02x}{}", net, tail),
                      .vpc_id = "vpc-0d0" + tail,
                      .cidr = fmt::format("172.31.{}.0/20", net * 16),
                      .zone = made.name + letter,
                      .default_for_zone = true});
    ++net;
  }
  made.security_groups.add({.id = "sg-0d0" + tail,
                            .name = "default",
                            .description = "default VPC security group",
                            .vpc_id = "vpc-0d0" + tail});
  return &made;
}

std::string Store::new_id(std::string_view prefix) { return fmt::format("{}-0{:016x}", prefix, random_->next()); }

Time Store::stale_until(Time now) {
  if (behaviour == Behaviour::plain || !random_->chance(0.2)) return now;
  return now + Duration(static_cast<std::int64_t>(random_->below(5'000'000)));
}

void Store::schedule(Time when, Due kind, const Region& region, const std::string& id) {
  agenda_.emplace(when, Entry{kind, region.account, region.name, id});
}

void Store::settle(Time now) {
  while (!agenda_.empty() && agenda_.begin()->first <= now) {
    auto node = agenda_.extract(agenda_.begin());
    const Entry& entry = node.mapped();
    Region* region = find_region(entry.account, entry.region);
    if (!region) continue;
    std::optional<Time> next;
    auto leave_bin = [&](auto& table) {
      auto* row = table.find(entry.id);
      if (!row || !row->bin) return;
      if (row->bin->exits <= now) {
        table.erase(entry.id);
      } else {
        next = row->bin->exits;
      }
    };
    switch (entry.kind) {
      case Due::snapshot:
        if (Snapshot* s = region->snapshots.find(entry.id)) next = sandbox::settle(*s, now);
        break;
      case Due::image:
        if (Image* i = region->images.find(entry.id)) next = sandbox::settle(*i, now);
        break;
      case Due::volume:
        next = settle_volume(*this, *region, entry.id, now);
        break;
      case Due::instance:
        next = settle_instance(*this, *region, entry.id, now);
        break;
      case Due::snapshot_in_bin:
        leave_bin(region->snapshots_in_bin);
        break;
      case Due::image_in_bin:
        leave_bin(region->images_in_bin);
        break;
      case Due::volume_in_bin:
        leave_bin(region->volumes_in_bin);
        break;
      case Due::rule:
        if (BinRule* rule = region->bin_rules.find(entry.id); rule && rule->unlocks && rule->unlocks <= now) {
          rule->lock_state = "unlocked";
          rule->unlocks.reset();
        }
        break;
      case Due::drawer:
        if (Drawer* drawer = region->drawers.find(entry.id)) next = drawer->settle(*this, *region, now);
        break;
    }
    if (next) agenda_.emplace(std::max(*next, now + Duration(1)), std::move(node.mapped()));
  }
  if (behaviour == Behaviour::aws && now - forgot_ > Duration(60'000'000)) {
    forgot_ = now;
    auto forget_in = [now](const Drawers& drawers) {
      for (const auto& [name, drawer] : drawers) {
        EstateTables tables = EstateTables::forget(now);
        drawer->each_table(tables);
      }
    };
    for (auto& [id, account] : accounts) {
      forget_in(account.drawers);
      for (auto& [name, region] : account.regions) {
        region.snapshots.forget(now), region.volumes.forget(now), region.instances.forget(now);
        region.images.forget(now), region.snapshots_in_bin.forget(now), region.images_in_bin.forget(now);
        region.volumes_in_bin.forget(now), region.launch_templates.forget(now);
        forget_in(region.drawers);
      }
    }
  }
}

void Store::schedule_all(Region& region) {
  for (auto& [id, s] : region.snapshots.rows) {
    if (s.due || s.lock || s.restore_expires || !s.fast_restores.empty()) schedule({}, Due::snapshot, region, id);
  }
  for (auto& [id, v] : region.volumes.rows) {
    if (v.due) schedule(*v.due, Due::volume, region, id);
  }
  for (auto& [id, i] : region.instances.rows) {
    if (i.due) schedule(*i.due, Due::instance, region, id);
  }
  for (auto& [id, i] : region.images.rows) {
    if (i.due) schedule(*i.due, Due::image, region, id);
  }
  for (auto& [id, s] : region.snapshots_in_bin.rows) schedule(s.bin->exits, Due::snapshot_in_bin, region, id);
  for (auto& [id, i] : region.images_in_bin.rows) schedule(i.bin->exits, Due::image_in_bin, region, id);
  for (auto& [id, v] : region.volumes_in_bin.rows) schedule(v.bin->exits, Due::volume_in_bin, region, id);
  for (auto& [id, r] : region.bin_rules.rows) {
    if (r.unlocks) schedule(*r.unlocks, Due::rule, region, id);
  }
  for (const auto& [name, drawer] : region.drawers) wake({}, region, name);
}

bool Store::deliver(std::string_view arn, const Delivery& delivery) {
  std::array<std::string_view, 5> parts;  // arn, partition, service, region, account
  std::string_view rest = arn;
  for (std::string_view& part : parts) {
    const auto colon = rest.find(':');
    if (colon == rest.npos) return false;
    part = rest.substr(0, colon);
    rest.remove_prefix(colon + 1);
  }
  const auto target = targets.find(parts[2]);
  Region* region = find_region(parts[4], parts[3]);
  if (parts[0] != "arn" || target == targets.end() || !region) return false;
  target->second(*this, *region, arn, delivery);
  return true;
}

}  // namespace reeve::sandbox
