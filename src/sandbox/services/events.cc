#include "sandbox/services/events.h"

#include <fmt/format.h>

#include "base/json.h"
#include "sandbox/listing.h"
#include "sandbox/services/event_pattern.h"
#include "sandbox/services/sqs.h"

// EventBridge: buses, events and tags.
namespace reeve::sandbox {
namespace {

/// The event on its way: buses may feed each other in a circle, of one region or several. In the first account, which
/// is the same one for all of them.
struct Routing : Drawer {
  static constexpr std::string_view name = "event_routing";
  static constexpr int most_hops = 5;
  static constexpr int most_events = 1'000;  ///< that come of one from outside
  int hops = 0, events = 0;
  void each_table(EstateTables&) override {}  // nothing of it lasts longer than a call
};

Events& events_of(Call& c) { return c.region.drawers.of<Events>(); }

std::unexpected<Fault> invalid(std::string message) { return fault("ValidationException", std::move(message)); }

std::unexpected<Fault> no_bus(std::string_view name) {
  return fault("ResourceNotFoundException", fmt::format("Event bus {} does not exist.", name));
}

/// A bus's name of its name or ARN; "default" for none.
std::string bus_name(std::string_view given) {
  if (given.empty()) return "default";
  return std::string(given.substr(given.rfind('/') + 1));
}

void deliver_to_bus(Store& store, Region& region, std::string_view arn, const Delivery& delivery) {
  const auto event = parse_json(delivery.body);
  if (event && event->root().is_map()) route_event(store, region, bus_name(arn), *event, delivery.at);
}

Outcome create_bus(Call& c) {
  const std::string name = c["Name"].as_string();
  if (name == "default" || events_of(c).bus(name)) {
    return fault("ResourceAlreadyExistsException", fmt::format("Event bus {} already exists.", name));
  }
  if (name.empty() || name.find('/') != std::string::npos) return invalid("The name of the event bus is not valid.");
  constexpr std::size_t quota = 100;  // [EventBridge user guide, "Amazon EventBridge quotas"]
  if (events_of(c).buses.rows.size() > quota) return fault("LimitExceededException", "Too many event buses.");
  auto tags = read_tags(c["Tags"]);
  if (!tags) return invalid(tags.error().message);
  events_of(c).buses.add({.id = name, .description = c["Description"].as_string(), .created = c.now, .tags = *tags});
  c.out.put("EventBusArn", bus_arn(c.region, name));
  return {};
}

void write_bus(Call& c, const EventBus& bus) {
  c.out.put("Name", bus.id);
  c.out.put("Arn", bus_arn(c.region, bus.id));
  c.out.put_if("Description", bus.description);
  c.out.put_if("Policy", bus.policy);
  if (bus.created != Time{}) c.out.put("CreationTime", bus.created);  // the default bus was always there
}

Outcome describe_bus(Call& c) {
  const std::string name = bus_name(c["Name"].as_text());
  const EventBus* bus = events_of(c).bus(name);
  if (!bus) return no_bus(name);
  write_bus(c, *bus);
  return {};
}

Outcome list_buses(Call& c) {
  auto page = read_page(c, false, 1, 100, "Limit", "NextToken");
  if (!page) return invalid(page.error().message);
  events_of(c).bus("default");
  const std::string prefix = c["NamePrefix"].as_string();
  Listed<EventBus> listed;
  list_table(
      c, events_of(c).buses, c.account.id, *page, {}, "", {},
      [&](const EventBus& bus) { return bus.id.starts_with(prefix); }, listed);
  c.out.begin_list("EventBuses");
  for (const EventBus* bus : listed.rows) c.out.begin_map(), write_bus(c, *bus), c.out.end();
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

Outcome delete_bus(Call& c) {
  const std::string name = bus_name(c["Name"].as_text());
  if (name == "default") return invalid("Cannot delete event bus default.");
  for (const auto& [id, rule] : events_of(c).rules.rows) {
    if (rule.bus == name) return invalid(fmt::format("Cannot delete event bus {} since it has rules.", name));
  }
  events_of(c).buses.erase(name);
  return {};
}

struct EntryFault {
  std::string code, message;
};

std::expected<std::string, EntryFault> put_one(Call& c, Value entry) {
  auto required = [](std::string_view what) {
    return std::unexpected(EntryFault{
        "InvalidArgument", fmt::format("Parameter {0} is not valid. Reason: {0} is a required argument.", what)});
  };
  EventParts parts{.source = entry["Source"].as_string(),
                   .detail_type = entry["DetailType"].as_string(),
                   .detail = entry["Detail"].as_string(),
                   .time = entry["Time"].is_null() ? c.now : entry["Time"].as_time()};
  if (parts.source.empty()) return required("Source");
  if (parts.detail_type.empty()) return required("DetailType");
  if (parts.detail.empty()) return required("Detail");
  if (parts.source.starts_with("aws.")) {
    return std::unexpected(EntryFault{"NotAuthorizedForSourceException", "Not authorized for the source."});
  }
  for (Value resource : entry["Resources"].items()) parts.resources.push_back(resource.as_string());
  const std::string bus = bus_name(entry["EventBusName"].as_text());
  const auto event = make_event(c.store, c.region, parts);
  if (!event) return std::unexpected(EntryFault{"MalformedDetail", "Detail is malformed."});
  // Events for a bus that is not there are taken and lost, as on AWS.
  if (events_of(c).bus(bus)) route_event(c.store, c.region, bus, *event, c.now);
  return (*event)["id"].as_string();
}

Outcome put_events(Call& c) {
  constexpr std::size_t most_entries = 10, most_bytes = 1'048'576;
  const Value entries = c["Entries"];
  if (entries.empty() || entries.size() > most_entries) {
    return invalid(
        "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have "
        "length less than or equal to 10");
  }
  std::size_t bytes = 0;
  for (Value entry : entries.items())
    bytes += entry["Detail"].size() + entry["Source"].size() + entry["DetailType"].size();
  if (bytes > most_bytes) return invalid("Total size of the entries in the request is over the limit.");
  std::int64_t failed = 0;
  c.out.begin_list("Entries");
  for (Value entry : entries.items()) {
    const auto id = put_one(c, entry);
    c.out.begin_map();
    if (id) {
      c.out.put("EventId", *id);
    } else {
      ++failed;
      c.out.put("ErrorCode", id.error().code);
      c.out.put("ErrorMessage", id.error().message);
    }
    c.out.end();
  }
  c.out.end();
  c.out.put("FailedEntryCount", failed);
  return {};
}

Outcome test_pattern(Call& c) {
  const auto pattern = parse_json(c["EventPattern"].as_text());
  auto problem = pattern ? check_event_pattern(*pattern) : std::optional<std::string>("Filter is not an object");
  if (problem) {
    return fault("InvalidEventPatternException", fmt::format("Event pattern is not valid. Reason: {}", *problem));
  }
  const auto event = parse_json(c["Event"].as_text());
  if (!event || !event->root().is_map()) return invalid("Parameter Event is not valid.");
  for (const char* name : {"id", "account", "source", "time", "region", "resources", "detail-type"}) {
    if ((*event)[name].is_null()) return invalid("Parameter Event is not valid.");
  }
  c.out.put("Result", matches_event_pattern(*pattern, *event));
  return {};
}

std::expected<Tags*, Fault> tags_of(Call& c) {
  const std::string arn = c["ResourceARN"].as_string();
  for (auto& [id, rule] : events_of(c).rules.rows) {
    if (rule_arn(c.region, rule) == arn) return &rule.tags;
  }
  EventBus* bus = events_of(c).bus(bus_name(arn));
  if (bus && bus_arn(c.region, bus->id) == arn) return &bus->tags;
  return fault("ResourceNotFoundException", fmt::format("{} does not exist.", arn));
}

Outcome tag(Call& c) {
  TRY(Tags * tags, tags_of(c));
  auto added = read_tags(c["Tags"]);
  if (!added) return invalid(added.error().message);
  if (auto merged = merge_tags(*tags, *added); !merged) return invalid(merged.error().message);
  return {};
}

Outcome untag(Call& c) {
  TRY(Tags * tags, tags_of(c));
  for (const std::string_view key : texts(c["TagKeys"])) {
    if (const auto at = tags->find(key); at != tags->end()) tags->erase(at);
  }
  return {};
}

Outcome list_tags(Call& c) {
  TRY(const Tags* tags, tags_of(c));
  c.out.begin_list("Tags");
  for (const auto& [key, value] : *tags) {
    c.out.begin_map();
    c.out.put("Key", key);
    c.out.put("Value", value);
    c.out.end();
  }
  c.out.end();
  return {};
}

}  // namespace

std::string bus_arn(const Region& region, std::string_view bus) {
  return fmt::format("arn:aws:events:{}:{}:event-bus/{}", region.name, region.account, bus);
}

EventBus* Events::bus(std::string_view bus_name) {
  if (EventBus* found = buses.find(bus_name)) return found;
  return bus_name == "default" ? &buses.add({}) : nullptr;
}

void Events::each_tagged(const DrawerPlace& place, const TagVisitor& visit) {
  Region at;
  at.account = place.account, at.name = place.region;
  for (auto& [id, rule] : rules.rows) visit(rule_arn(at, rule), "events:rule", rule.tags);
  for (auto& [id, row] : buses.rows) visit(bus_arn(at, id), "events:event-bus", row.tags);
}

Result<Document> make_event(Store& store, const Region& region, const EventParts& parts) {
  TRY(const Document detail, parse_json(parts.detail));
  if (!detail.root().is_map()) return fail(Code::malformed, "a detail is a JSON object");
  Builder out;
  out.begin_map();
  out.put("version", "0");
  out.put("id", store.random().uuid());
  out.put("detail-type", parts.detail_type);
  out.put("source", parts.source);
  out.put("account", region.account);
  out.put("time", format_iso8601({parts.time.us - parts.time.us % 1'000'000}));
  out.put("region", region.name);
  out.begin_list("resources");
  for (const std::string& resource : parts.resources) out.add(resource);
  out.end();
  out.put("detail", detail);
  out.end();
  return out.finish();
}

void route_event(Store& store, Region& region, std::string_view bus, Value event, Time now) {
  Routing& routing = store.accounts.begin()->second.drawers.of<Routing>();
  if (routing.hops == 0) routing.events = 0;
  if (routing.hops >= Routing::most_hops || routing.events >= Routing::most_events) return;
  ++routing.hops, ++routing.events;
  Events& drawer = region.drawers.of<Events>();
  for (const auto& [id, rule] : drawer.rules.rows) {
    if (rule.bus != bus || rule.state == "DISABLED" || rule.pattern.empty()) continue;
    const auto pattern = parse_json(rule.pattern);
    if (!pattern || !matches_event_pattern(*pattern, event)) continue;
    for (const RuleTarget& target : rule.targets) {
      const Value given = target.given;
      invoke_target(store, region,
                    {.source_arn = rule_arn(region, rule),
                     .target_arn = given["Arn"].as_string(),
                     .input = target_input(region, rule, given, event, now),
                     .group_id = given["SqsParameters"]["MessageGroupId"].as_string(),
                     .dead_letter_arn = given["DeadLetterConfig"]["Arn"].as_string()},
                    now);
    }
  }
  --routing.hops;
}

void invoke_target(Store& store, Region& region, const Invocation& call, Time now) {
  if (call.input.size() > most_target_input) return;  // nor would a dead-letter queue be of use
  Delivery delivery{.source_arn = call.source_arn, .subject = {}, .body = call.input, .attributes = {}, .at = now};
  if (!call.group_id.empty()) delivery.attributes["MessageGroupId"] = call.group_id;
  const bool is_queue = call.target_arn.starts_with("arn:aws:sqs:");
  const bool lost = is_queue && find_queue(store, call.target_arn).queue == nullptr;
  if (!lost && store.deliver(call.target_arn, delivery)) return;
  const bool is_sdk_call = call.target_arn.starts_with("arn:aws:scheduler:::aws-sdk:");
  if (!call.dead_letter_arn.empty() && !is_sdk_call) {
    delivery.attributes = {{"ERROR_CODE", lost ? "NO_RESOURCE" : "NO_PERMISSIONS"}, {"TARGET_ARN", call.target_arn}};
    if (store.deliver(call.dead_letter_arn, delivery)) return;
  }
  Events& drawer = region.drawers.of<Events>();
  drawer.kept_calls.add(drawer.target_calls,
                        {.id = fmt::format("{:016x}-{}", now.us, store.random().uuid()),  // sorts by time
                         .source_arn = call.source_arn,
                         .target_arn = call.target_arn,
                         .input = call.input,
                         .time = now},
                        [](const TargetCall& row) { return row.input.size() + row.target_arn.size(); });
}

void register_events(Registry& r) {
  r.add_drawer<Events>();
  r.targets["events"] = deliver_to_bus;
  r.add("events", "CreateEventBus", create_bus);
  r.add("events", "DescribeEventBus", describe_bus);
  r.add("events", "ListEventBuses", list_buses);
  r.add("events", "DeleteEventBus", delete_bus);
  r.add("events", "PutEvents", put_events);
  r.add("events", "TestEventPattern", test_pattern);
  r.add("events", "TagResource", tag);
  r.add("events", "UntagResource", untag);
  r.add("events", "ListTagsForResource", list_tags);
  register_event_rules(r);
  register_event_targets(r);
}

}  // namespace reeve::sandbox
