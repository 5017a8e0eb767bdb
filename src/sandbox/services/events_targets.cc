#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/json.h"
#include "sandbox/listing.h"
#include "sandbox/services/events.h"

// EventBridge: a rule's targets, and what they are given [EventBridge user guide, "Target input transformation"].
namespace reeve::sandbox {
namespace {

Events& events_of(Call& c) { return c.region.drawers.of<Events>(); }

std::string bus_of(const Call& c) {
  const std::string_view given = c["EventBusName"].as_text();
  return given.empty() ? "default" : std::string(given.substr(given.rfind('/') + 1));
}

std::expected<EventRule*, Fault> own(Call& c) {
  const std::string name = c["Rule"].as_string(), bus = bus_of(c);
  if (EventRule* rule = events_of(c).rules.find(bus + "/" + name)) return rule;
  return fault("ResourceNotFoundException", fmt::format("Rule {} does not exist on EventBus {}.", name, bus));
}

/// "$.detail.instance[0]" of an event; null for what is not there.
Value at_path(std::string_view path, Value from) {
  if (!path.starts_with('$')) return {};
  path.remove_prefix(1);
  while (!path.empty()) {
    if (path.front() == '.') {
      path.remove_prefix(1);
      const auto end = std::min(path.find_first_of(".["), path.size());
      from = from[path.substr(0, end)];
      path.remove_prefix(end);
    } else if (path.front() == '[') {
      const auto end = path.find(']');
      if (end == path.npos) return {};
      std::size_t index = 0;
      const std::string_view inner = path.substr(1, end - 1);
      const auto [stop, error] = std::from_chars(inner.data(), inner.data() + inner.size(), index);
      if (error != std::errc() || stop != inner.data() + inner.size()) return {};
      from = from[index];
      path.remove_prefix(end + 1);
    } else {
      return {};
    }
  }
  return from;
}

/// Fills "<name>" in a template: inside quotes as text, else as JSON.
std::string filled(std::string_view form, const std::function<std::optional<std::string>(std::string_view)>& json_of) {
  std::string out;
  bool quoted = false;
  for (std::size_t i = 0; i < form.size() && out.size() <= most_target_input; ++i) {
    const char c = form[i];
    if (c == '"' && (i == 0 || form[i - 1] != '\\')) quoted = !quoted;
    const auto end = c == '<' ? form.find('>', i) : form.npos;
    const auto json = end == form.npos ? std::nullopt : json_of(form.substr(i + 1, end - i - 1));
    if (!json) {
      out += c;
      continue;
    }
    const bool is_text = json->size() >= 2 && json->front() == '"';
    if (quoted && is_text) {
      out.append(*json, 1, json->size() - 2);
    } else if (quoted) {
      std::string literal;
      append_json_string(literal, *json);
      out.append(literal, 1, literal.size() - 2);
    } else {
      out += *json;
    }
    i = end;
  }
  return out;
}

std::string quoted_text(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

Outcome put_targets(Call& c) {
  constexpr std::size_t most_targets = 5;  // [EventBridge user guide, "Amazon EventBridge quotas"]
  TRY(EventRule * rule, own(c));
  std::vector<RuleTarget> all = rule->targets;
  for (Value target : c["Targets"].items()) {
    const std::string id = target["Id"].as_string();
    if (!target["Arn"].as_text().starts_with("arn:")) {
      return fault("ValidationException",
                   fmt::format("Parameter {} is not valid. Reason: Provided Arn is not in correct format.",
                               target["Arn"].as_text()));
    }
    const int inputs = (target["Input"].is_null() ? 0 : 1) + (target["InputPath"].is_null() ? 0 : 1) +
                       (target["InputTransformer"].is_null() ? 0 : 1);
    if (inputs > 1) {
      return fault(
          "ValidationException",
          fmt::format("Only one of Input, InputPath, or InputTransformer must be provided for target {}.", id));
    }
    constexpr std::size_t longest_template = 8192;  // [EventBridge API reference, "InputTransformer"]
    if (target["InputTransformer"]["InputTemplate"].size() > longest_template) {
      return fault("ValidationException", fmt::format("The input template of target {} is longer than 8192.", id));
    }
    std::erase_if(all, [&](const RuleTarget& old) { return old.id == id; });
    all.push_back({id, deep_copy(target)});
  }
  if (all.size() > most_targets) {
    return fault("LimitExceededException", "The requested resource exceeds the maximum number allowed.");
  }
  rule->targets = std::move(all);
  c.out.put("FailedEntryCount", 0);
  c.out.begin_list("FailedEntries");
  c.out.end();
  return {};
}

Outcome remove_targets(Call& c) {
  TRY(EventRule * rule, own(c));
  for (const std::string_view id : texts(c["Ids"])) {
    std::erase_if(rule->targets, [&](const RuleTarget& target) { return target.id == id; });
  }
  c.out.put("FailedEntryCount", 0);
  c.out.begin_list("FailedEntries");
  c.out.end();
  return {};
}

Outcome list_targets(Call& c) {
  TRY(const EventRule* rule, own(c));
  c.out.begin_list("Targets");
  for (const RuleTarget& target : rule->targets) c.out.add(target.given);
  c.out.end();
  return {};
}

Outcome list_names(Call& c) {
  auto page = read_page(c, false, 1, 100, "Limit", "NextToken");
  if (!page) return fault("ValidationException", page.error().message);
  const std::string_view arn = c["TargetArn"].as_text();
  const std::string bus = bus_of(c);
  auto has_target = [&](const EventRule& rule) {
    return rule.bus == bus && std::ranges::any_of(rule.targets, [&](const RuleTarget& target) {
             return target.given["Arn"].as_text() == arn;
           });
  };
  Listed<EventRule> listed;
  list_table(c, events_of(c).rules, c.account.id, *page, {}, "", {}, has_target, listed);
  c.out.begin_list("RuleNames");
  for (const EventRule* rule : listed.rows) c.out.add(rule->name);
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

}  // namespace

std::string target_input(const Region& region, const EventRule& rule, Value target, Value event, Time now) {
  if (target["Input"].is_text()) return target["Input"].as_string();
  if (target["InputPath"].is_text()) return to_json(at_path(target["InputPath"].as_text(), event));
  const Value transformer = target["InputTransformer"];
  if (!transformer.is_map()) return to_json(event);
  const Value paths = transformer["InputPathsMap"];
  return filled(transformer["InputTemplate"].as_text(), [&](std::string_view name) -> std::optional<std::string> {
    if (name == "aws.events.rule-arn") return quoted_text(rule_arn(region, rule));
    if (name == "aws.events.rule-name") return quoted_text(rule.name);
    if (name == "aws.events.event.ingestion-time") return quoted_text(filter_date(now));
    if (name == "aws.events.event" || name == "aws.events.event.json") return to_json(event);
    const auto path = paths.find(name);
    if (!path) return std::nullopt;
    return to_json(at_path(path->as_text(), event));
  });
}

void register_event_targets(Registry& r) {
  r.add("events", "PutTargets", put_targets);
  r.add("events", "RemoveTargets", remove_targets);
  r.add("events", "ListTargetsByRule", list_targets);
  r.add("events", "ListRuleNamesByTarget", list_names);
}

}  // namespace reeve::sandbox
