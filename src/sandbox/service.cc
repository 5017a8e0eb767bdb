#include "sandbox/service.h"

#include <fmt/format.h>

#include <algorithm>

namespace reeve::sandbox {

void Registry::add(std::string_view service, std::string_view operation, Handler handler) {
  operations_[std::string(service)][std::string(operation)] = handler;
}

Handler Registry::find(std::string_view service, std::string_view operation) const {
  auto at = operations_.find(service);
  if (at == operations_.end()) return nullptr;
  auto handler = at->second.find(operation);
  return handler == at->second.end() ? nullptr : handler->second;
}

std::vector<std::string> Registry::operations(std::string_view service) const {
  std::vector<std::string> names;
  if (auto at = operations_.find(service); at != operations_.end()) {
    for (const auto& [name, handler] : at->second) names.push_back(name);
  }
  return names;
}

std::unexpected<Fault> missing(std::string_view name) {
  return fault("MissingParameter", fmt::format("The request must contain the parameter {}", name));
}

std::expected<std::string, Fault> need_text(const Call& call, std::string_view name) {
  std::string text = call[name].as_string();
  if (text.empty()) return missing(name);
  return text;
}

std::vector<std::string_view> texts(Value list) {
  std::vector<std::string_view> out;
  out.reserve(list.size());
  for (Value item : list.items()) out.push_back(item.as_text());
  return out;
}

bool well_formed(std::string_view id, std::string_view prefix) {
  if (!id.starts_with(prefix) || id.size() <= prefix.size() || id[prefix.size()] != '-') return false;
  const std::string_view digits = id.substr(prefix.size() + 1);
  if (digits.size() != 8 && digits.size() != 17) return false;
  return std::ranges::all_of(digits, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

namespace {
Fault no_such(std::string_view id, std::string_view prefix, std::string_view malformed, std::string not_found,
              std::string message) {
  if (well_formed(id, prefix)) return {std::move(not_found), std::move(message)};
  return {fmt::format("{}.Malformed", malformed), fmt::format("Invalid id: \"{}\" (expecting \"{}-...\")", id, prefix)};
}
}  // namespace

Fault no_snapshot(std::string_view id) {
  return no_such(id, "snap", "InvalidSnapshotID", "InvalidSnapshot.NotFound",
                 fmt::format("The snapshot '{}' does not exist.", id));
}
Fault no_volume(std::string_view id) {
  return no_such(id, "vol", "InvalidVolumeID", "InvalidVolume.NotFound",
                 fmt::format("The volume '{}' does not exist.", id));
}
Fault no_instance(std::string_view id) {
  return no_such(id, "i", "InvalidInstanceID", "InvalidInstanceID.NotFound",
                 fmt::format("The instance ID '{}' does not exist", id));
}
Fault no_image(std::string_view id) {
  return no_such(id, "ami", "InvalidAMIID", "InvalidAMIID.NotFound",
                 fmt::format("The image id '[{}]' does not exist", id));
}

void write_tags(Builder& out, const Tags& tags, std::string_view name) {
  if (tags.empty()) return;
  out.begin_list(name);
  for (const auto& [key, value] : tags) {
    out.begin_map();
    out.put("Key", key);
    out.put("Value", value);
    out.end();
  }
  out.end();
}

std::expected<Tags, Fault> read_tags(Value list) {
  constexpr std::size_t longest_key = 127, longest_value = 255;  // [EC2 user guide, "Tag restrictions"]: 128 and 256
  Tags tags;
  for (Value item : list.items()) {
    const std::string key = item["Key"].as_string(), value = item["Value"].as_string();
    if (key.empty()) return fault("InvalidParameterValue", "Tag key cannot be empty.");
    if (key.starts_with("aws:")) {
      return fault("InvalidParameterValue",
                   "Value ( " + key +
                       " ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved for internal use");
    }
    if (key.size() > longest_key + 1) {
      return fault("InvalidParameterValue", "Tag key exceeds the maximum length of 128 characters");
    }
    if (value.size() > longest_value + 1) {
      return fault("InvalidParameterValue", "Tag value exceeds the maximum length of 256 characters");
    }
    if (!tags.emplace(key, value).second) {
      return fault("InvalidParameterValue", "Duplicate tag key '" + key + "' specified.");
    }
  }
  return tags;
}

Outcome merge_tags(Tags& into, const Tags& tags) {
  constexpr std::size_t most = 50;  // user tags; those of aws: don't count
  std::size_t count = tags.size();
  for (const auto& [key, value] : into) {
    if (!key.starts_with("aws:") && !tags.contains(key)) ++count;
  }
  if (count > most) {
    return fault("TagLimitExceeded",
                 fmt::format("The maximum number of Tags for a resource has been reached: {}", most));
  }
  for (const auto& [key, value] : tags) into.insert_or_assign(key, value);
  return {};
}

std::expected<Tags, Fault> read_tag_specifications(const Call& call, std::string_view type) {
  Tags all;
  for (Value item : call["TagSpecifications"].items()) {
    const std::string_view for_type = item["ResourceType"].as_text();
    if (for_type.empty()) return fault("InvalidParameterValue", "Tag specification resource type must have a value");
    if (for_type != type) continue;
    TRY(const Tags tags, read_tags(item["Tags"]));
    TRY(merge_tags(all, tags));
  }
  return all;
}

namespace {
bool rule_matches(const BinRule& rule, const Tags& tags, bool excluding) {
  const auto& wanted = excluding ? rule.excludes : rule.matches;
  return std::ranges::any_of(wanted, [&](const auto& tag) {
    auto at = tags.find(tag.first);
    return at != tags.end() && (tag.second.empty() || tag.second == at->second);
  });
}
}  // namespace

std::optional<BinStay> bin_stay(const Call& call, std::string_view resource_type, const Tags& tags) {
  std::int64_t by_tag = 0, by_region = 0;
  for (const auto& [id, rule] : call.region.bin_rules.rows) {
    if (rule.resource_type != resource_type || rule.status != "available") continue;
    if (!rule.matches.empty()) {
      if (rule_matches(rule, tags, false)) by_tag = std::max(by_tag, rule.retention_days);
    } else if (!rule_matches(rule, tags, true)) {
      by_region = std::max(by_region, rule.retention_days);
    }
  }
  const std::int64_t days = by_tag > 0 ? by_tag : by_region;
  if (days == 0) return std::nullopt;
  return BinStay{call.now, call.now + std::chrono::hours(24 * days)};
}

const Image* image_with_root(const Call& call, std::string_view snapshot_id) {
  for (const auto& [id, image] : call.region.images.rows) {
    for (const ImageDevice& device : image.devices) {
      if (device.snapshot_id == snapshot_id && device.device == image.root_device_name) return &image;
    }
  }
  return nullptr;
}

const Snapshot* visible_snapshot(const Call& call, std::string_view id) {
  if (const Snapshot* own = call.region.snapshots.seen(id, call.now)) return own;
  for (const auto& [account_id, account] : call.store.accounts) {
    if (account_id == call.account.id) continue;
    auto region = account.regions.find(call.region.name);
    if (region == account.regions.end()) continue;
    const Snapshot* other = region->second.snapshots.seen(id, call.now);
    if (other) return other->is_public || other->shared_with.contains(call.account.id) ? other : nullptr;
  }
  return nullptr;
}

const Image* visible_image(const Call& call, std::string_view id) {
  if (const Image* own = call.region.images.seen(id, call.now)) return own;
  for (const auto& [account_id, account] : call.store.accounts) {
    if (account_id == call.account.id) continue;
    auto region = account.regions.find(call.region.name);
    if (region == account.regions.end()) continue;
    const Image* other = region->second.images.seen(id, call.now);
    if (other && other->state == "disabled") return nullptr;  // only the owner sees it
    if (other) return other->is_public || other->shared_with.contains(call.account.id) ? other : nullptr;
  }
  return nullptr;
}

std::string default_zone(const Call& call) {
  const RegionFacts* facts = find_region_facts(call.region.name);
  return call.region.name + (facts ? facts->zone_letters.front() : 'a');
}

}  // namespace reeve::sandbox
