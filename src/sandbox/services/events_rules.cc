#include <fmt/format.h>

#include "base/json.h"
#include "sandbox/listing.h"
#include "sandbox/services/event_pattern.h"
#include "sandbox/services/events.h"

// EventBridge: rules and their schedules.
namespace reeve::sandbox {
namespace {

Events& events_of(Call& c) { return c.region.drawers.of<Events>(); }

std::unexpected<Fault> invalid(std::string message) { return fault("ValidationException", std::move(message)); }

std::string bus_of(const Call& c) {
  const std::string_view given = c["EventBusName"].as_text();
  return given.empty() ? "default" : std::string(given.substr(given.rfind('/') + 1));
}

std::expected<EventRule*, Fault> own(Call& c) {
  const std::string name = c["Name"].as_string(), bus = bus_of(c);
  if (EventRule* rule = events_of(c).rules.find(bus + "/" + name)) return rule;
  return fault("ResourceNotFoundException", fmt::format("Rule {} does not exist on EventBus {}.", name, bus));
}

Outcome put_rule(Call& c) {
  constexpr std::size_t quota = 300;  // [EventBridge user guide, "Amazon EventBridge quotas"]: rules of a bus
  const std::string name = c["Name"].as_string(), bus = bus_of(c);
  const bool plain =
      name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.") == name.npos;
  if (name.empty() || name.size() > 64 || !plain) {
    return invalid(
        fmt::format("1 validation error detected: Value '{}' at 'name' failed to satisfy constraint: Member "
                    "must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+",
                    name));
  }
  Events& events = events_of(c);
  if (!events.bus(bus)) {
    return fault("ResourceNotFoundException", fmt::format("Event bus {} does not exist.", bus));
  }
  const std::string pattern = c["EventPattern"].as_string(), schedule = c["ScheduleExpression"].as_string();
  if (pattern.empty() && schedule.empty()) {
    return invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.");
  }
  if (!pattern.empty()) {
    const auto json = parse_json(pattern);
    const auto problem = json ? check_event_pattern(*json) : std::optional<std::string>("Filter is not an object");
    if (problem) {
      return fault("InvalidEventPatternException", fmt::format("Event pattern is not valid. Reason: {}", *problem));
    }
  }
  if (!schedule.empty()) {
    if (bus != "default") return invalid("ScheduleExpression is supported only on the default event bus.");
    const auto expression = ScheduleExpression::parse(schedule);
    if (!expression || expression->type == ScheduleExpression::Type::at) {
      return invalid("Parameter ScheduleExpression is not valid.");
    }
  }
  auto tags = read_tags(c["Tags"]);
  if (!tags) return invalid(tags.error().message);
  const std::string id = bus + "/" + name;
  EventRule* rule = events.rules.find(id);
  if (!rule) {
    std::size_t count = 0;
    for (const auto& [other, row] : events.rules.rows) count += row.bus == bus ? 1 : 0;
    if (count >= quota) {
      return fault("LimitExceededException", "The requested resource exceeds the maximum number allowed.");
    }
    rule = &events.rules.add({.id = id, .name = name, .bus = bus, .created = c.now, .tags = *tags});
  }
  if (rule->schedule != schedule) rule->created = c.now;  // a rate counts from here
  rule->pattern = pattern;
  rule->schedule = schedule;
  rule->state = std::string(c["State"].as_text_or("ENABLED"));
  rule->description = c["Description"].as_string();
  rule->role = c["RoleArn"].as_string();
  rule->due.reset();
  rule->ended = false;
  events.plan(c.store, c.region, *rule, c.now);
  c.out.put("RuleArn", rule_arn(c.region, *rule));
  return {};
}

void write_rule(Call& c, const EventRule& rule) {
  Builder& out = c.out;
  out.put("Name", rule.name);
  out.put("Arn", rule_arn(c.region, rule));
  out.put_if("EventPattern", rule.pattern);
  out.put_if("ScheduleExpression", rule.schedule);
  out.put("State", rule.state);
  out.put_if("Description", rule.description);
  out.put_if("RoleArn", rule.role);
  out.put("EventBusName", rule.bus);
}

Outcome describe(Call& c) {
  TRY(const EventRule* rule, own(c));
  write_rule(c, *rule);
  c.out.put("CreatedBy", c.account.id);
  return {};
}

Outcome list(Call& c) {
  auto page = read_page(c, false, 1, 100, "Limit", "NextToken");
  if (!page) return invalid(page.error().message);
  const std::string prefix = c["NamePrefix"].as_string(), bus = bus_of(c);
  if (!events_of(c).bus(bus)) {
    return fault("ResourceNotFoundException", fmt::format("Event bus {} does not exist.", bus));
  }
  Listed<EventRule> listed;
  list_table(
      c, events_of(c).rules, c.account.id, *page, {}, "", {},
      [&](const EventRule& rule) { return rule.bus == bus && rule.name.starts_with(prefix); }, listed);
  c.out.begin_list("Rules");
  for (const EventRule* rule : listed.rows) c.out.begin_map(), write_rule(c, *rule), c.out.end();
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

Outcome remove(Call& c) {
  const auto rule = own(c);
  if (!rule) return {};  // a rule that is not there is deleted
  if (!(*rule)->targets.empty()) return invalid("Rule can't be deleted since it has targets.");
  events_of(c).rules.erase(std::string((*rule)->id));
  return {};
}

Outcome set_state(Call& c, std::string_view state) {
  TRY(EventRule * rule, own(c));
  rule->state = state;
  rule->due.reset();
  rule->ended = false;
  events_of(c).plan(c.store, c.region, *rule, c.now);
  return {};
}
Outcome enable(Call& c) { return set_state(c, "ENABLED"); }
Outcome disable(Call& c) { return set_state(c, "DISABLED"); }

void fire(Store& store, Region& region, const EventRule& rule, Time at) {
  const EventParts parts{.source = "aws.events",
                         .detail_type = "Scheduled Event",
                         .detail = "{}",
                         .resources = {rule_arn(region, rule)},
                         .time = at};
  const auto event = make_event(store, region, parts);
  if (!event) return;
  for (const RuleTarget& target : rule.targets) {
    const Value given = target.given;
    invoke_target(store, region,
                  {.source_arn = rule_arn(region, rule),
                   .target_arn = given["Arn"].as_string(),
                   .input = target_input(region, rule, given, *event, at),
                   .group_id = given["SqsParameters"]["MessageGroupId"].as_string(),
                   .dead_letter_arn = given["DeadLetterConfig"]["Arn"].as_string()},
                  at);
  }
}

}  // namespace

std::string rule_arn(const Region& region, const EventRule& rule) {
  const std::string bus = rule.bus == "default" ? "" : rule.bus + "/";
  return fmt::format("arn:aws:events:{}:{}:rule/{}{}", region.name, region.account, bus, rule.name);
}

void complete(const RowPlace&, EventRule& rule, Time now) {
  if (rule.created == Time{}) rule.created = now;
}

void Events::plan(Store& store, const Region& region, EventRule& rule, Time now) {
  if (rule.schedule.empty() || rule.state == "DISABLED") return;
  if (!rule.due && !rule.ended) {
    const auto expression = ScheduleExpression::parse(rule.schedule);
    if (expression) rule.due = expression->next(now, rule.created, "UTC");
    rule.ended = !rule.due;
  }
  if (rule.due) wakes_.add(store, region, name, *rule.due);
}

std::optional<Time> Events::settle(Store& store, Region& region, Time now) {
  const std::optional<Time> moment = wakes_.take(now);  // none: an estate was loaded
  const Time at = moment.value_or(now);
  for (auto& [id, rule] : rules.rows) {
    const bool fires = rule.due && *rule.due <= at && rule.state != "DISABLED";
    if (fires) {
      const Time fired = *rule.due;
      const bool skips = burst_.is_over(now);
      if (!skips) fire(store, region, rule, fired);
      const auto expression = ScheduleExpression::parse(rule.schedule);
      rule.due = expression ? expression->next(skips ? now : fired, rule.created, "UTC") : std::nullopt;
      rule.ended = !rule.due;
    }
    if (fires || !moment) plan(store, region, rule, at);
  }
  return std::nullopt;
}

void register_event_rules(Registry& r) {
  r.add("events", "PutRule", put_rule);
  r.add("events", "DescribeRule", describe);
  r.add("events", "ListRules", list);
  r.add("events", "DeleteRule", remove);
  r.add("events", "EnableRule", enable);
  r.add("events", "DisableRule", disable);
}

}  // namespace reeve::sandbox
