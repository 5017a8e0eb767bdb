#include "sandbox/services/lambda.h"

/// Event source mappings, as records: nothing is polled.
namespace reeve::sandbox {
namespace {

constexpr Duration transition = std::chrono::seconds(10);

std::string arn_of(const Call& c, const EventSourceMapping& mapping) {
  return fmt::format("arn:aws:lambda:{}:{}:event-source-mapping:{}", c.region.name, c.account.id, mapping.id);
}

/// Members of the call that are kept as they came.
constexpr std::array<std::string_view, 17> kept{"FilterCriteria",
                                                "KMSKeyArn",
                                                "MetricsConfig",
                                                "ScalingConfig",
                                                "ParallelizationFactor",
                                                "StartingPositionTimestamp",
                                                "DestinationConfig",
                                                "MaximumRecordAgeInSeconds",
                                                "BisectBatchOnFunctionError",
                                                "MaximumRetryAttempts",
                                                "TumblingWindowInSeconds",
                                                "Topics",
                                                "Queues",
                                                "SourceAccessConfigurations",
                                                "SelfManagedEventSource",
                                                "FunctionResponseTypes",
                                                "ProvisionedPollerConfig"};

void write(Call& c, const EventSourceMapping& mapping, std::string_view state = {}) {
  c.out.put("UUID", mapping.id);
  c.out.put_if("StartingPosition", mapping.starting_position);
  c.out.put("BatchSize", mapping.batch_size);
  c.out.put("MaximumBatchingWindowInSeconds", mapping.window_s);
  c.out.put_if("EventSourceArn", mapping.source_arn);
  c.out.put("FunctionArn", mapping.function);
  c.out.put("LastModified", mapping.modified);
  for (auto [key, value] : mapping.settings.root().entries()) c.out.put(key, value);
  const bool under_way = mapping.due && *mapping.due > c.now;
  if (state.empty()) {
    state = under_way ? (mapping.enabled ? "Enabling" : "Disabling") : (mapping.enabled ? "Enabled" : "Disabled");
  }
  c.out.put("State", state);
  c.out.put("StateTransitionReason", "USER_INITIATED");
  c.out.put("EventSourceMappingArn", arn_of(c, mapping));
}

Outcome read(Call& c, EventSourceMapping& mapping) {
  constexpr std::int64_t most_batch = 10'000;
  if (!c["BatchSize"].is_null()) mapping.batch_size = c["BatchSize"].as_integer();
  if (!c["MaximumBatchingWindowInSeconds"].is_null()) {
    mapping.window_s = c["MaximumBatchingWindowInSeconds"].as_integer();
  }
  if (mapping.batch_size < 1 || mapping.batch_size > most_batch) return bad_value("BatchSize is from 1 to 10000.");
  if (mapping.source_arn.contains(":sqs:") && mapping.batch_size > 10 && mapping.window_s == 0) {
    return bad_value("Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10");
  }
  if (!c["Enabled"].is_null()) mapping.enabled = c["Enabled"].as_bool();
  Builder out;
  out.begin_map();
  for (const std::string_view member : kept) {
    const Value value = c[member].is_null() ? mapping.settings[member] : c[member];
    if (!value.is_null()) out.put(member, value);
  }
  out.end();
  mapping.settings = out.finish();
  mapping.modified = c.now;
  mapping.due = c.after(transition);
  return {};
}

/// The ARN of the function that the call names, which must be there.
std::expected<std::string, Fault> function_of(Call& c) {
  TRY(const LambdaFunction* function, seen_function(c));
  TRY(const FunctionName name, read_function_name(c));
  return function_arn(c, function->id, name.qualifier);
}

Outcome create(Call& c) {
  EventSourceMapping mapping;
  mapping.source_arn = c["EventSourceArn"].as_string();
  const bool queue = mapping.source_arn.contains(":sqs:");
  mapping.batch_size = queue ? 10 : 100;
  mapping.starting_position = c["StartingPosition"].as_string();
  if (mapping.source_arn.empty() && c["SelfManagedEventSource"].is_null()) {
    return bad_value("EventSourceArn is missing.");
  }
  const bool stream = mapping.source_arn.contains(":kinesis:") || mapping.source_arn.contains(":dynamodb:");
  if (stream && mapping.starting_position.empty()) {
    return bad_value(
        "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member "
        "must not be null.");
  }
  TRY(mapping.function, function_of(c));
  TRY(read(c, mapping));
  TRY(mapping.tags, read_tag_map(c["Tags"]));
  Table<EventSourceMapping>& sources = lambda(c).sources;
  for (const auto& [uuid, other] : sources.rows) {
    if (other.source_arn == mapping.source_arn && other.function == mapping.function && !mapping.source_arn.empty()) {
      return in_conflict(
          fmt::format("An event source mapping with {} arn (\" {} \") and function (\" {} \") already "
                      "exists. Please update or delete the existing mapping with UUID {}",
                      queue ? "SQS" : "event source", mapping.source_arn, mapping.function, uuid));
    }
  }
  mapping.id = c.store.random().uuid();
  c.changing(sources, mapping.id);
  const EventSourceMapping& added = sources.add(std::move(mapping));
  write(c, added, "Creating");
  return {};
}

std::expected<EventSourceMapping*, Fault> own(Call& c) {
  const std::string id = c["UUID"].as_string();
  EventSourceMapping* mapping = lambda(c).sources.find(id);
  if (!mapping) return not_there("The resource you requested does not exist.");
  c.changing(lambda(c).sources, id);
  return mapping;
}

Outcome get(Call& c) {
  const EventSourceMapping* mapping = lambda(c).sources.seen(c["UUID"].as_text(), c.now);
  if (!mapping) return not_there("The resource you requested does not exist.");
  write(c, *mapping);
  return {};
}

Outcome list(Call& c) {
  const std::string_view source = c["EventSourceArn"].as_text();
  std::string function;
  if (!c["FunctionName"].is_null()) {
    TRY(const FunctionName name, read_function_name(c));
    function = function_arn(c, name.name, name.qualifier);
  }
  std::vector<const EventSourceMapping*> mappings;
  lambda(c).sources.each_seen(c.now, "", [&](const EventSourceMapping& mapping) {
    const bool fits =
        (source.empty() || mapping.source_arn == source) &&
        (function.empty() || mapping.function == function || mapping.function == c["FunctionName"].as_text());
    if (fits) mappings.push_back(&mapping);
    return true;
  });
  return write_lambda_page(
      c, "EventSourceMappings", mappings, [](const auto* mapping) { return mapping->id; },
      [&](const auto* mapping) { write(c, *mapping); });
}

Outcome update(Call& c) {
  TRY(EventSourceMapping * mapping, own(c));
  EventSourceMapping trial = *mapping;
  if (!c["FunctionName"].is_null()) {
    TRY(trial.function, function_of(c));
  }
  TRY(read(c, trial));
  *mapping = std::move(trial);
  write(c, *mapping, "Updating");
  return {};
}

Outcome remove(Call& c) {
  TRY(EventSourceMapping * mapping, own(c));
  write(c, *mapping, "Deleting");
  lambda(c).sources.erase(std::string(mapping->id));
  return {};
}

}  // namespace

void register_lambda_sources(Registry& r) {
  r.add("lambda", "CreateEventSourceMapping", create);
  r.add("lambda", "GetEventSourceMapping", get);
  r.add("lambda", "ListEventSourceMappings", list);
  r.add("lambda", "UpdateEventSourceMapping", update);
  r.add("lambda", "DeleteEventSourceMapping", remove);
}

}  // namespace reeve::sandbox
