#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json.h"
#include "sandbox/listing.h"
#include "sandbox/services/alarm.h"
#include "sandbox/services/cloudwatch.h"
#include "sandbox/services/cloudwatch_math.h"
#include "sandbox/services/cloudwatch_query.h"

/// Metric alarms: put, delete, set, enable, tag. Reading them is in alarm_describe.cc.
namespace reeve::sandbox {

std::string alarm_arn(const Region& region, std::string_view name) {
  return fmt::format("arn:aws:cloudwatch:{}:{}:alarm:{}", region.name, region.account, name);
}

Outcome read_alarm_frame(Call& c, Alarm& alarm) {
  constexpr std::size_t longest_name = 255, longest_description = 1024, most_actions = 5;
  alarm.id = c["AlarmName"].as_string();
  if (alarm.id.empty() || alarm.id.size() > longest_name) {
    return alarm_validation("AlarmName must be from 1 to 255 characters long.");
  }
  alarm.arn = alarm_arn(c.region, alarm.id);
  alarm.description = c["AlarmDescription"].as_string();
  if (alarm.description.size() > longest_description) {
    return alarm_validation("AlarmDescription must not be longer than 1024 characters.");
  }
  alarm.actions_disabled = !c["ActionsEnabled"].is_null() && !c["ActionsEnabled"].as_bool();
  const std::pair<const char*, std::vector<std::string>*> lists[] = {
      {"OKActions", &alarm.ok_actions},
      {"AlarmActions", &alarm.alarm_actions},
      {"InsufficientDataActions", &alarm.insufficient_actions}};
  for (const auto& [member, into] : lists) {
    if (c[member].size() > most_actions) {
      return alarm_validation(fmt::format("{} must not have more than 5 members.", member));
    }
    for (std::string_view action : texts(c[member])) {
      if (!action.starts_with("arn:")) return alarm_validation(fmt::format("Invalid arn syntax: {}", action));
      into->emplace_back(action);
    }
  }
  TRY(alarm.tags, read_tags(c["Tags"]));
  return {};
}

Outcome keep_alarm(Call& c, Alarm made) {
  constexpr std::size_t quota = 5'000;  // [quotas]: alarms per Region; AWS raises it
  auto& cloudwatch = c.region.drawers.of<CloudWatch>();
  made.configured = c.now;
  const Alarm* old = cloudwatch.alarms.find(made.id);
  if (old && old->is_composite() != made.is_composite()) {
    return alarm_validation(fmt::format("An alarm of another type exists with the name {}.", made.id));
  }
  if (!old && cloudwatch.alarms.rows.size() >= quota * 10) {
    return fault("LimitExceeded", "The maximum limit of alarms has been reached.");
  }
  if (old) {
    // A change leaves the state as it is, and takes no tags [API reference, PutMetricAlarm].
    made.state = old->state, made.reason = old->reason, made.reason_data = old->reason_data;
    made.updated = old->updated, made.transitioned = old->transitioned;
    made.tags = old->tags;
  } else {
    made.updated = made.transitioned = c.now;
  }
  const std::string what = old ? "updated" : "created";
  const Alarm& kept = cloudwatch.alarms.add(std::move(made));
  add_alarm_event(c.store, cloudwatch, kept, "ConfigurationUpdate", fmt::format("Alarm \"{}\" {}", kept.id, what),
                  fmt::format(R"({{"version":"1.0","type":"{}"}})", old ? "Update" : "Create"), c.now);
  cloudwatch.watch(c.store, c.region, c.now);
  return {};
}

namespace {

constexpr std::array<std::string_view, 4> comparisons{"GreaterThanThreshold", "GreaterThanOrEqualToThreshold",
                                                      "LessThanThreshold", "LessThanOrEqualToThreshold"};

/// What the alarm looks at where that is one metric.
Outcome read_metric(const Call& c, Alarm& alarm) {
  alarm.metric = c["MetricName"].as_string();
  alarm.metric_namespace = c["Namespace"].as_string();
  alarm.statistic = c["Statistic"].as_string();
  alarm.extended_statistic = c["ExtendedStatistic"].as_string();
  if (alarm.metric.empty() || alarm.metric_namespace.empty()) {
    return alarm_validation("Namespace and MetricName, or Metrics, must be specified.");
  }
  if (alarm.statistic.empty() == alarm.extended_statistic.empty()) {
    return alarm_validation("Exactly one of Statistic and ExtendedStatistic must be specified.");
  }
  const auto statistic = parse_statistic(alarm.statistic.empty() ? alarm.extended_statistic : alarm.statistic);
  if (!statistic || statistic->needs_values() == alarm.extended_statistic.empty()) {
    return alarm_validation(fmt::format("The statistic {}{} is not valid.", alarm.statistic, alarm.extended_statistic));
  }
  auto dimensions = read_dimensions(c["Dimensions"]);
  if (!dimensions) return alarm_validation(dimensions.error().message);
  alarm.dimensions = *std::move(dimensions);
  alarm.unit = c["Unit"].as_string();
  if (!alarm.unit.empty() && !is_unit(alarm.unit)) return alarm_validation("Unit is not one that CloudWatch has.");
  if (c["Period"].is_null()) return alarm_validation("Period must be specified.");
  alarm.period_s = c["Period"].as_integer();
  if (!is_period(alarm.period_s) || alarm.period_s == 1 || alarm.period_s == 5) {
    return alarm_validation("Period must be 10, 20, 30 or a multiple of 60");
  }
  return {};
}

/// What it looks at where that is an expression: one query returns data, and it is a single time series.
Outcome read_expression(const Call& c, Alarm& alarm) {
  constexpr std::size_t most_metrics = 10;
  for (const char* member : {"MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Unit"}) {
    if (!c[member].is_null()) return alarm_validation(fmt::format("{} must not be given with Metrics.", member));
  }
  TRY(const auto queries, read_queries(c["Metrics"]));
  std::size_t returned = 0, metrics = 0;
  alarm.period_s = 0;
  for (const MetricQuery& query : queries) {
    returned += query.returns ? 1 : 0;
    metrics += query.is_metric ? 1 : 0;
    if (query.is_metric) alarm.period_s = std::max(alarm.period_s, query.period_s);
    if (query.is_metric) continue;
    const auto node = math::parse(query.expression);
    if (!node) return alarm_validation(fmt::format("Error in expression '{}': {}", query.id, node.error().text));
    if (math::calls(*node, "SEARCH")) return alarm_validation("SEARCH is not supported in alarms");
  }
  if (returned != 1) return alarm_validation("Exactly one element of the metrics list should return data");
  if (metrics > most_metrics) return alarm_validation("An alarm may look at no more than 10 metrics.");
  if (metrics == 0) return alarm_validation("Invalid metrics list: at least one metric is wanted");
  auto& cloudwatch = c.region.drawers.of<CloudWatch>();
  const auto tried = run_queries(cloudwatch, queries, c.now - std::chrono::minutes(5), c.now, c.now);
  if (!tried) return std::unexpected(tried.error());
  if (tried->size() != 1) return alarm_validation("The expression must come to a single time series");
  alarm.metrics = deep_copy(c["Metrics"]);
  return {};
}

Outcome put(Call& c) {
  constexpr std::int64_t day_s = 86'400, week_s = 7 * day_s;
  Alarm alarm;
  TRY(read_alarm_frame(c, alarm));
  alarm.comparison = c["ComparisonOperator"].as_string();
  alarm.threshold_metric = c["ThresholdMetricId"].as_string();
  if (!has(comparisons, alarm.comparison) || !alarm.threshold_metric.empty()) {
    return alarm_validation(
        fmt::format("ComparisonOperator {} is not one of a static threshold, and the sandbox has "
                    "no anomaly detection.",
                    alarm.comparison));
  }
  if (c["Threshold"].is_null()) return alarm_validation("Threshold must be specified.");
  alarm.threshold = c["Threshold"].as_real();
  if (c["Metrics"].empty()) {
    TRY(read_metric(c, alarm));
  } else {
    TRY(read_expression(c, alarm));
  }
  alarm.evaluation_periods = c["EvaluationPeriods"].as_integer();
  if (alarm.evaluation_periods < 1) return alarm_validation("EvaluationPeriods must be at least 1.");
  const std::int64_t span = alarm.period_s >= 3600 ? week_s : day_s;
  if (alarm.evaluation_periods > week_s || alarm.evaluation_periods * alarm.period_s > span) {
    return alarm_validation(
        "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= "
        "86400), or a week for periods of an hour and more.");
  }
  alarm.datapoints_to_alarm = c["DatapointsToAlarm"].as_integer();
  if (!c["DatapointsToAlarm"].is_null() &&
      (alarm.datapoints_to_alarm < 1 || alarm.datapoints_to_alarm > alarm.evaluation_periods)) {
    return alarm_validation("DatapointsToAlarm must be from 1 to EvaluationPeriods.");
  }
  alarm.treat_missing = c["TreatMissingData"].as_text_or("missing");
  constexpr std::array<std::string_view, 4> treatments{"breaching", "notBreaching", "ignore", "missing"};
  if (!has(treatments, alarm.treat_missing)) {
    return alarm_validation("TreatMissingData must be breaching, notBreaching, ignore or missing.");
  }
  alarm.low_samples = c["EvaluateLowSampleCountPercentile"].as_string();
  if (!alarm.low_samples.empty() && alarm.low_samples != "evaluate" && alarm.low_samples != "ignore") {
    return alarm_validation("EvaluateLowSampleCountPercentile must be evaluate or ignore.");
  }
  return keep_alarm(c, std::move(alarm));
}

Outcome remove(Call& c) {
  constexpr std::size_t most = 100;
  auto& cloudwatch = c.region.drawers.of<CloudWatch>();
  const auto names = texts(c["AlarmNames"]);
  if (names.size() > most) return alarm_validation("AlarmNames must not have more than 100 members.");
  std::size_t composites = 0;
  for (std::string_view name : names) {
    const Alarm* alarm = cloudwatch.alarms.find(name);
    composites += alarm && alarm->is_composite() ? 1 : 0;
  }
  if (composites > 1 || (composites == 1 && names.size() > 1)) {
    return alarm_validation("A call deletes metric alarms, or one composite alarm.");
  }
  for (std::string_view name : names) {
    const Alarm* alarm = cloudwatch.alarms.find(name);
    if (!alarm) continue;  // AWS does not mind
    add_alarm_event(c.store, cloudwatch, *alarm, "ConfigurationUpdate", fmt::format("Alarm \"{}\" deleted", name),
                    R"({"version":"1.0","type":"Delete"})", c.now);
    cloudwatch.alarms.erase(std::string(name));
  }
  return {};
}

Outcome set_state(Call& c) {
  auto& cloudwatch = c.region.drawers.of<CloudWatch>();
  Alarm* alarm = cloudwatch.alarms.find(c["AlarmName"].as_text());
  if (!alarm) return fault("ResourceNotFound", "Unknown alarm", 404);
  const std::string_view state = c["StateValue"].as_text();
  if (state != "OK" && state != "ALARM" && state != "INSUFFICIENT_DATA") {
    return alarm_validation(fmt::format("The value {} for StateValue is not a state.", state));
  }
  if (c["StateReason"].is_null()) return alarm_validation("StateReason must be specified.");
  const std::string data = c["StateReasonData"].as_string();
  if (!data.empty() && !parse_json(data)) return fault("InvalidFormat", "StateReasonData is not JSON");
  if (alarm->state == state) {
    alarm->reason = c["StateReason"].as_string(), alarm->reason_data = data, alarm->updated = c.now;
    return {};
  }
  set_alarm_state(c.store, c.region, cloudwatch, *alarm, state, c["StateReason"].as_string(), data, c.now);
  follow_with_composites(c.store, c.region, cloudwatch, c.now);
  return {};
}

Outcome turn_actions(Call& c, bool off) {
  auto& cloudwatch = c.region.drawers.of<CloudWatch>();
  for (std::string_view name : texts(c["AlarmNames"])) {
    Alarm* alarm = cloudwatch.alarms.find(name);
    if (!alarm || alarm->actions_disabled == off) continue;
    alarm->actions_disabled = off;
    alarm->configured = c.now;
  }
  return {};
}

std::expected<Alarm*, Fault> by_arn(Call& c) {
  const std::string_view arn = c["ResourceARN"].as_text();
  Alarm* alarm = c.region.drawers.of<CloudWatch>().alarms.find(alarm_name_of(arn));
  if (!alarm || alarm->arn != arn) return fault("ResourceNotFoundException", "Unknown resource.", 404);
  return alarm;
}

Outcome tag(Call& c) {
  TRY(Alarm * alarm, by_arn(c));
  TRY(const Tags tags, read_tags(c["Tags"]));
  return merge_tags(alarm->tags, tags);
}
Outcome untag(Call& c) {
  TRY(Alarm * alarm, by_arn(c));
  for (std::string_view key : texts(c["TagKeys"])) {
    if (const auto at = alarm->tags.find(key); at != alarm->tags.end()) alarm->tags.erase(at);
  }
  return {};
}
Outcome list_tags(Call& c) {
  TRY(const Alarm* alarm, by_arn(c));
  if (alarm->tags.empty()) {
    c.out.begin_list("Tags");
    c.out.end();
  }
  write_tags(c.out, alarm->tags);
  return {};
}

}  // namespace

void register_alarms(Registry& r) {
  r.add("cloudwatch", "PutMetricAlarm", put);
  r.add("cloudwatch", "DeleteAlarms", remove);
  r.add("cloudwatch", "SetAlarmState", set_state);
  r.add("cloudwatch", "EnableAlarmActions", [](Call& c) { return turn_actions(c, false); });
  r.add("cloudwatch", "DisableAlarmActions", [](Call& c) { return turn_actions(c, true); });
  r.add("cloudwatch", "TagResource", tag);
  r.add("cloudwatch", "UntagResource", untag);
  r.add("cloudwatch", "ListTagsForResource", list_tags);
}

}  // namespace reeve::sandbox
