#pragma once
#include <optional>
#include <string>
#include <vector>

#include "sandbox/estate_fields.h"
#include "sandbox/estate_tables.h"
#include "sandbox/kept_rows.h"
#include "sandbox/service.h"
#include "sandbox/services/scheduler_cron.h"
#include "sandbox/wakes.h"

/// EventBridge: buses, rules and what they hand to their targets.
namespace reeve::sandbox {

struct EventBus {
  std::string id = "default";  ///< its name
  std::string description, policy;
  Time created;
  Tags tags;
};

template <class Io, like<EventBus> S>
void fields(Io& io, S& s) {
  if constexpr (Io::reads) s.id.clear();
  io("Name", s.id);
  io("Description", s.description);
  io("Policy", s.policy);
  io("CreationTime", s.created);
  io.tags("Tags", s.tags);
}

struct RuleTarget {
  std::string id;
  Document given;  ///< as PutTargets had it
};

template <class Io, like<RuleTarget> S>
void fields(Io& io, S& s) {
  io("Id", s.id);
  io("Target", s.given);
}

struct EventRule {
  std::string id;  ///< "bus/name"
  std::string name, bus = "default", pattern, schedule, state = "ENABLED", description, role;
  std::vector<RuleTarget> targets;
  Time created;
  std::optional<Time> due;  ///< when its schedule fires next
  bool ended = false;       ///< its schedule was found never to fire again; not kept, so found anew after loading
  Tags tags;
};

template <class Io, like<EventRule> S>
void fields(Io& io, S& s) {
  io("Name", s.name);
  io("EventBusName", s.bus);
  io("EventPattern", s.pattern);
  io("ScheduleExpression", s.schedule);
  io("State", s.state);
  io("Description", s.description);
  io("RoleArn", s.role);
  io.list("Targets", s.targets);
  io("CreationTime", s.created);
  io("Due", s.due);
  io.tags("Tags", s.tags);
  if constexpr (Io::reads) s.id = s.name.empty() ? "" : s.bus + "/" + s.name;
}

/// Fills in what a file may leave out.
void complete(const RowPlace& place, EventRule& rule, Time now);

/// A call of a target that no service of the sandbox takes: kept for whoever looks.
struct TargetCall {
  std::string id, source_arn, target_arn, input;
  Time time;
};

template <class Io, like<TargetCall> S>
void fields(Io& io, S& s) {
  io("Id", s.id);
  io("SourceArn", s.source_arn);
  io("TargetArn", s.target_arn);
  io("Input", s.input);
  io("Time", s.time);
}

class Events : public Drawer {
 public:
  static constexpr std::string_view name = "events";
  Table<EventBus> buses;
  Table<EventRule> rules;
  Table<TargetCall> target_calls;
  void each_table(EstateTables& tables) override {
    tables("event_buses", buses);
    tables("rules", rules);
    tables("target_calls", target_calls);
  }
  void each_tagged(const DrawerPlace& place, const TagVisitor& visit) override;
  std::optional<Time> settle(Store& store, Region& region, Time now) override;
  /// Has a rule's schedule fire, from `now` on.
  void plan(Store& store, const Region& region, EventRule& rule, Time now);
  EventBus* bus(std::string_view bus_name);

  KeptRows kept_calls;  ///< bounds target_calls

 private:
  Wakes wakes_;
  Burst burst_;
};

std::string bus_arn(const Region& region, std::string_view bus);
std::string rule_arn(const Region& region, const EventRule& rule);

/// An event in EventBridge's envelope. `detail` is JSON.
struct EventParts {
  std::string source, detail_type, detail;
  std::vector<std::string> resources;
  Time time;
};
/// Errors: malformed (the detail is not a JSON object).
Result<Document> make_event(Store& store, const Region& region, const EventParts& parts);

/// Hands an event to the targets of the bus's rules that match it.
void route_event(Store& store, Region& region, std::string_view bus, Value event, Time now);

/// What a target gets. `group_id` for FIFO queues; `dead_letter_arn` takes what cannot be delivered.
struct Invocation {
  std::string source_arn, target_arn, input, group_id, dead_letter_arn;
};
/// The largest input of a target [EventBridge user guide, "Amazon EventBridge quotas"].
constexpr std::size_t most_target_input = std::size_t{256} << 10;
/// Through Store::deliver; targets that nothing takes, and aws-sdk calls of Scheduler, are kept as target_calls. An
/// input of more than most_target_input is lost.
void invoke_target(Store& store, Region& region, const Invocation& invocation, Time now);

/// What a rule's target is given for an event: its Input, a part of the event, a transformed or the whole one.
/// What is made of a template ends soon after most_target_input.
std::string target_input(const Region& region, const EventRule& rule, Value target, Value event, Time now);

void register_event_rules(Registry& r);
void register_event_targets(Registry& r);

}  // namespace reeve::sandbox
