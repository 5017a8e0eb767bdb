#include <fmt/format.h>

#include <algorithm>

#include "sandbox/listing.h"

/// Recycle Bin's own service: retention rules.
namespace reeve::sandbox {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string arn(const Call& c, const BinRule& rule) {
  return fmt::format("arn:aws:rbin:{}:{}:rule/{}", c.region.name, c.account.id, rule.id);
}

std::unexpected<Fault> invalid(std::string message) { return fault("ValidationException", std::move(message), 400); }
std::unexpected<Fault> conflict(std::string message) { return fault("ConflictException", std::move(message), 409); }

void write_pairs(Builder& out, std::string_view name, const Pairs& pairs) {
  out.begin_list(name);
  for (const auto& [key, value] : pairs) {
    out.begin_map();
    out.put("ResourceTagKey", key);
    if (!value.empty()) out.put("ResourceTagValue", value);
    out.end();
  }
  out.end();
}

void write_rule(Call& c, const BinRule& rule, bool whole) {
  Builder& out = c.out;
  out.put("Identifier", rule.id);
  out.put("Description", rule.description);
  out.begin_map("RetentionPeriod");
  out.put("RetentionPeriodValue", rule.retention_days);
  out.put("RetentionPeriodUnit", "DAYS");
  out.end();
  out.put("LockState", rule.lock_state.empty() ? "unlocked" : rule.lock_state);
  out.put("RuleArn", arn(c, rule));
  if (!whole) return;
  out.put("ResourceType", rule.resource_type);
  write_pairs(out, "ResourceTags", rule.matches);
  write_pairs(out, "ExcludeResourceTags", rule.excludes);
  out.put("Status", rule.status);
  if (rule.unlock_delay_days > 0) {
    out.begin_map("LockConfiguration");
    out.begin_map("UnlockDelay");
    out.put("UnlockDelayValue", rule.unlock_delay_days);
    out.put("UnlockDelayUnit", "DAYS");
    out.end();
    out.end();
  }
  if (rule.unlocks) out.put("LockEndTime", *rule.unlocks);
}

Pairs read_pairs(Value list) {
  Pairs out;
  for (Value item : list.items())
    out.emplace_back(item["ResourceTagKey"].as_text(), item["ResourceTagValue"].as_text());
  return out;
}

/// Reads what a request says of a rule into it; what it leaves out stays.
Outcome read_rule(const Call& c, BinRule& rule) {
  constexpr std::size_t most_tags = 50, most_exclusions = 5;
  if (!c["ResourceType"].is_null()) rule.resource_type = c["ResourceType"].as_string();
  if (rule.resource_type != "EBS_SNAPSHOT" && rule.resource_type != "EC2_IMAGE" && rule.resource_type != "EBS_VOLUME") {
    return invalid("ResourceType must be EBS_SNAPSHOT, EC2_IMAGE or EBS_VOLUME.");
  }
  if (const Value period = c["RetentionPeriod"]; !period.is_null()) {
    rule.retention_days = period["RetentionPeriodValue"].as_integer();
    const std::int64_t most = rule.resource_type == "EBS_VOLUME" ? 7 : 365;
    if (rule.retention_days < 1 || rule.retention_days > most) {
      return invalid(fmt::format("The retention period must be from 1 to {} days.", most));
    }
  }
  if (!c["Description"].is_null()) rule.description = c["Description"].as_string();
  if (!c["ResourceTags"].is_null()) rule.matches = read_pairs(c["ResourceTags"]);
  if (!c["ExcludeResourceTags"].is_null()) rule.excludes = read_pairs(c["ExcludeResourceTags"]);
  if (rule.matches.size() > most_tags || rule.excludes.size() > most_exclusions) {
    return fault("ServiceQuotaExceededException", "Too many tags in the rule.", 402);
  }
  if (!rule.matches.empty() && !rule.excludes.empty()) {
    return invalid("Exclusion tags are for Region-level rules only.");
  }
  return {};
}

std::expected<std::int64_t, Fault> unlock_delay(Value configuration) {
  const std::int64_t days = configuration["UnlockDelay"]["UnlockDelayValue"].as_integer();
  if (days < 7 || days > 30) return invalid("The unlock delay must be from 7 to 30 days.");
  return days;
}

std::expected<BinRule*, Fault> own(Call& c) {
  const std::string id = c["Identifier"].as_string();
  if (BinRule* rule = c.region.bin_rules.find(id)) return rule;
  return fault("ResourceNotFoundException", "The rule " + id + " was not found.", 404);
}

Outcome create(Call& c) {
  constexpr std::size_t quota = 250;  // [EBS user guide, "Quotas for Recycle Bin"]: rules per Region
  if (c["ResourceType"].is_null() || c["RetentionPeriod"].is_null()) {
    return invalid("ResourceType and RetentionPeriod are required.");
  }
  if (c.region.bin_rules.rows.size() >= quota) {
    return fault("ServiceQuotaExceededException", "The number of retention rules has reached its quota.", 402);
  }
  BinRule rule;
  TRY(read_rule(c, rule));
  TRY(rule.tags, read_tags(c["Tags"]));
  if (!c["LockConfiguration"].is_null()) {
    if (!rule.matches.empty()) return invalid("Only Region-level rules can be locked.");
    TRY(rule.unlock_delay_days, unlock_delay(c["LockConfiguration"]));
    rule.lock_state = "locked";
  }
  constexpr std::string_view letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  for (int i = 0; i < 11; ++i) rule.id += letters[c.store.random().below(letters.size())];
  const BinRule& kept = c.region.bin_rules.add(std::move(rule));
  write_rule(c, kept, true);
  write_tags(c.out, kept.tags);
  return {};
}

Outcome get(Call& c) {
  TRY(const BinRule* rule, own(c));
  write_rule(c, *rule, true);
  return {};
}

Outcome list(Call& c) {
  const std::string type = c["ResourceType"].as_string();
  if (type.empty()) return invalid("ResourceType is required.");
  auto page = read_page(c, false, 1, 1000);
  if (!page) return invalid(page.error().message);
  const Pairs tags = read_pairs(c["ResourceTags"]), excluded = read_pairs(c["ExcludeResourceTags"]);
  auto holds = [](const Pairs& all, const Pairs& wanted) {
    return std::ranges::all_of(wanted, [&](const auto& pair) { return has(all, pair); });
  };
  Listed<BinRule> listed;
  auto keep = [&](const BinRule& rule) {
    const std::string_view state = rule.lock_state.empty() ? "unlocked" : std::string_view(rule.lock_state);
    return rule.resource_type == type && holds(rule.matches, tags) && holds(rule.excludes, excluded) &&
           (c["LockState"].is_null() || c["LockState"].as_text() == state);
  };
  list_table(c, c.region.bin_rules, c.account.id, *page, {}, "", {}, keep, listed);
  c.out.begin_list("Rules");
  for (const BinRule* rule : listed.rows) c.out.begin_map(), write_rule(c, *rule, false), c.out.end();
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

bool is_locked(const BinRule& rule) { return rule.lock_state == "locked" || rule.lock_state == "pending_unlock"; }

Outcome update(Call& c) {
  TRY(BinRule * rule, own(c));
  if (is_locked(*rule)) return conflict("The rule is locked.");
  BinRule trial = *rule;
  TRY(read_rule(c, trial));
  *rule = std::move(trial);
  write_rule(c, *rule, true);
  return {};
}

Outcome remove(Call& c) {
  TRY(const BinRule* rule, own(c));
  if (is_locked(*rule)) return conflict("The rule is locked.");
  c.region.bin_rules.erase(std::string(rule->id));
  return {};
}

Outcome lock(Call& c) {
  TRY(BinRule * rule, own(c));
  if (!rule->matches.empty()) return conflict("Only Region-level rules can be locked.");
  TRY(rule->unlock_delay_days, unlock_delay(c["LockConfiguration"]));
  rule->lock_state = "locked";
  rule->unlocks.reset();
  write_rule(c, *rule, true);
  return {};
}

Outcome unlock(Call& c) {
  TRY(BinRule * rule, own(c));
  if (rule->lock_state != "locked") return conflict("The rule is not locked.");
  rule->lock_state = "pending_unlock";
  rule->unlocks = c.now + std::chrono::hours(24 * rule->unlock_delay_days);
  c.store.schedule(*rule->unlocks, Due::rule, c.region, rule->id);
  write_rule(c, *rule, true);
  return {};
}

std::expected<BinRule*, Fault> by_arn(Call& c) {
  const std::string_view text = c["ResourceArn"].as_text();
  const auto slash = text.rfind('/');
  BinRule* rule = slash == text.npos ? nullptr : c.region.bin_rules.find(text.substr(slash + 1));
  if (rule && arn(c, *rule) == text) return rule;
  return fault("ResourceNotFoundException", fmt::format("The resource {} was not found.", text), 404);
}

Outcome tag(Call& c) {
  TRY(BinRule * rule, by_arn(c));
  auto tags = read_tags(c["Tags"]);
  if (!tags) return invalid(tags.error().message);
  if (!merge_tags(rule->tags, *tags)) return fault("ServiceQuotaExceededException", "Too many tags.", 402);
  return {};
}

Outcome untag(Call& c) {
  TRY(BinRule * rule, by_arn(c));
  for (std::string_view key : texts(c["TagKeys"])) {
    if (auto at = rule->tags.find(key); at != rule->tags.end()) rule->tags.erase(at);
  }
  return {};
}

Outcome list_tags(Call& c) {
  TRY(const BinRule* rule, by_arn(c));
  c.out.begin_list("Tags");
  for (const auto& [key, value] : rule->tags) {
    c.out.begin_map();
    c.out.put("Key", key);
    c.out.put("Value", value);
    c.out.end();
  }
  c.out.end();
  return {};
}

}  // namespace

void register_rbin(Registry& r) {
  r.add("rbin", "CreateRule", create);
  r.add("rbin", "GetRule", get);
  r.add("rbin", "ListRules", list);
  r.add("rbin", "UpdateRule", update);
  r.add("rbin", "DeleteRule", remove);
  r.add("rbin", "LockRule", lock);
  r.add("rbin", "UnlockRule", unlock);
  r.add("rbin", "TagResource", tag);
  r.add("rbin", "UntagResource", untag);
  r.add("rbin", "ListTagsForResource", list_tags);
}

}  // namespace reeve::sandbox
