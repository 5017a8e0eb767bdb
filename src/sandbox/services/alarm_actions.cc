#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/json.h"
#include "sandbox/services/alarm.h"
#include "sandbox/services/autoscaling_instances.h"
#include "sandbox/services/cloudwatch.h"

/// A change of an alarm's state, and what is sent for it.
namespace reeve::sandbox {
namespace {

/// A region as messages call it [General reference, "Regions and endpoints"].
std::string_view long_name(std::string_view region) {
  constexpr std::pair<std::string_view, std::string_view> names[] = {{"us-east-1", "US East (N. Virginia)"},
                                                                     {"us-east-2", "US East (Ohio)"},
                                                                     {"us-west-1", "US West (N. California)"},
                                                                     {"us-west-2", "US West (Oregon)"},
                                                                     {"ca-central-1", "Canada (Central)"},
                                                                     {"eu-west-1", "EU (Ireland)"},
                                                                     {"eu-west-2", "EU (London)"},
                                                                     {"eu-west-3", "EU (Paris)"},
                                                                     {"eu-central-1", "EU (Frankfurt)"},
                                                                     {"eu-north-1", "EU (Stockholm)"},
                                                                     {"eu-south-1", "EU (Milan)"},
                                                                     {"ap-northeast-1", "Asia Pacific (Tokyo)"},
                                                                     {"ap-northeast-2", "Asia Pacific (Seoul)"},
                                                                     {"ap-southeast-1", "Asia Pacific (Singapore)"},
                                                                     {"ap-southeast-2", "Asia Pacific (Sydney)"},
                                                                     {"ap-south-1", "Asia Pacific (Mumbai)"},
                                                                     {"sa-east-1", "South America (Sao Paulo)"}};
  const auto at = std::ranges::find(names, region, &std::pair<std::string_view, std::string_view>::first);
  return at == std::end(names) ? region : at->second;
}

/// "2026-06-01T12:03:00.000+0000".
std::string message_date(Time time) {
  const Calendar t = to_calendar(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}+0000", t.year, t.month, t.day, t.hour, t.minute,
                     t.second, t.microsecond / 1000);
}

void put_texts(Builder& out, std::string_view name, const std::vector<std::string>& list) {
  out.begin_list(name);
  for (const std::string& text : list) out.add(text);
  out.end();
}

std::string upper(std::string_view text) {
  constexpr std::pair<std::string_view, std::string_view> names[] = {{"SampleCount", "SAMPLE_COUNT"},
                                                                     {"Average", "AVERAGE"},
                                                                     {"Sum", "SUM"},
                                                                     {"Minimum", "MINIMUM"},
                                                                     {"Maximum", "MAXIMUM"}};
  const auto at = std::ranges::find(names, text, &std::pair<std::string_view, std::string_view>::first);
  return std::string(at == std::end(names) ? text : at->second);
}

void put_trigger(Builder& out, const Alarm& alarm) {
  out.begin_map("Trigger");
  if (alarm.metrics.root().is_list()) {
    out.put("Period", alarm.period_s);
  } else {
    out.put("MetricName", alarm.metric);
    out.put("Namespace", alarm.metric_namespace);
    out.put("StatisticType", alarm.statistic.empty() ? "ExtendedStatistic" : "Statistic");
    if (alarm.statistic.empty()) {
      out.put("ExtendedStatistic", alarm.extended_statistic);
    } else {
      out.put("Statistic", upper(alarm.statistic));
    }
    if (alarm.unit.empty()) {
      out.put_null("Unit");
    } else {
      out.put("Unit", alarm.unit);
    }
    out.begin_list("Dimensions");
    for (const auto& [name, value] : alarm.dimensions) {
      out.begin_map();
      out.put("value", value);
      out.put("name", name);
      out.end();
    }
    out.end();
    out.put("Period", alarm.period_s);
  }
  out.put("EvaluationPeriods", alarm.evaluation_periods);
  if (alarm.datapoints_to_alarm > 0) out.put("DatapointsToAlarm", alarm.datapoints_to_alarm);
  out.put("ComparisonOperator", alarm.comparison);
  out.put("Threshold", alarm.threshold);
  out.put("TreatMissingData", alarm.treat_missing);
  out.put("EvaluateLowSampleCountPercentile", alarm.low_samples);
  if (alarm.metrics.root().is_list()) out.put("Metrics", alarm.metrics);
  out.end();
}

/// The message of an alarm's action.
std::string message(const Region& region, const Alarm& alarm, std::string_view old_state, Time at) {
  Builder out;
  out.begin_map();
  out.put("AlarmName", alarm.id);
  if (alarm.description.empty()) {
    out.put_null("AlarmDescription");
  } else {
    out.put("AlarmDescription", alarm.description);
  }
  if (alarm.is_composite()) out.put("AlarmRule", alarm.rule);
  out.put("AWSAccountId", region.account);
  out.put("AlarmConfigurationUpdatedTimestamp", message_date(alarm.configured));
  out.put("NewStateValue", alarm.state);
  out.put("NewStateReason", alarm.reason);
  out.put("StateChangeTime", message_date(at));
  out.put("Region", long_name(region.name));
  out.put("AlarmArn", alarm.arn);
  out.put("OldStateValue", old_state);
  put_texts(out, "OKActions", alarm.ok_actions);
  put_texts(out, "AlarmActions", alarm.alarm_actions);
  put_texts(out, "InsufficientDataActions", alarm.insufficient_actions);
  if (!alarm.is_composite()) put_trigger(out, alarm);
  out.end();
  return to_json(out.finish());
}

void put_state(Builder& out, std::string_view name, std::string_view value, const std::string& reason, Time at) {
  out.begin_map(name);
  out.put("value", value);
  out.put_if("reason", reason);
  out.put("timestamp", message_date(at));
  out.end();
}

/// The event for EventBridge and Lambda.
std::string event(Store& store, const Region& region, const Alarm& alarm, std::string_view old_state, Time at,
                  bool for_function) {
  Builder out;
  out.begin_map();
  out.put("source", "aws.cloudwatch");
  if (for_function) {
    out.put("alarmArn", alarm.arn);
    out.put("accountId", region.account);
  } else {
    out.put("version", "0");
    out.put("id", store.random().uuid());
    out.put("detail-type", "CloudWatch Alarm State Change");
    out.put("account", region.account);
    out.begin_list("resources");
    out.add(alarm.arn);
    out.end();
  }
  out.put("time", for_function ? message_date(at) : format_iso8601(at));
  out.put("region", region.name);
  out.begin_map(for_function ? "alarmData" : "detail");
  out.put("alarmName", alarm.id);
  put_state(out, "state", alarm.state, alarm.reason, at);
  put_state(out, "previousState", old_state, {}, alarm.transitioned);
  out.begin_map("configuration");
  out.put_if("description", alarm.description);
  out.put_if("alarmRule", alarm.rule);
  out.end();
  out.end();
  out.end();
  return to_json(out.finish());
}

/// "arn:aws:automate:REGION:ec2:stop", and the older "arn:aws:swf:…:action/actions/AWS_EC2.InstanceId.Stop/1.0".
std::string_view instance_action(std::string_view arn) {
  constexpr std::pair<std::string_view, std::string_view> ends[] = {
      {"stop", ".Stop/1.0"}, {"terminate", ".Terminate/1.0"}, {"reboot", ".Reboot/1.0"}, {"recover", ".Recover/1.0"}};
  for (const auto& [name, old_end] : ends) {
    if (arn.starts_with("arn:aws:automate:") && arn.ends_with(fmt::format(":ec2:{}", name))) return name;
    if (arn.starts_with("arn:aws:swf:") && arn.ends_with(old_end)) return name;
  }
  return {};
}

bool act_on_instance(Store& store, Region& region, const Alarm& alarm, std::string_view action, Time at) {
  const auto at_id = alarm.dimensions.find("InstanceId");
  Instance* instance = at_id == alarm.dimensions.end() ? nullptr : region.instances.find(at_id->second);
  if (!instance || instance->state != "running") return false;
  if (action == "reboot" || action == "recover") return true;
  if (action == "terminate") {
    if (instance->termination_protected) return false;
    end_instance(store, region, *instance, "shutting-down", at);
  } else {
    if (instance->stop_protected || instance->root_device_type != "ebs") return false;
    end_instance(store, region, *instance, "stopping", at);
  }
  return true;
}

bool act(Store& store, Region& region, const Alarm& alarm, const std::string& arn, std::string_view old_state,
         Time at) {
  if (const auto action = instance_action(arn); !action.empty()) {
    return act_on_instance(store, region, alarm, action, at);
  }
  Delivery delivery{.source_arn = alarm.arn,
                    .subject = fmt::format("{}: \"{}\" in {}", alarm.state, alarm.id, long_name(region.name)),
                    .at = at};
  delivery.body = arn.starts_with("arn:aws:lambda:") ? event(store, region, alarm, old_state, at, true)
                                                     : message(region, alarm, old_state, at);
  return store.deliver(arn, delivery);
}

}  // namespace

void send_alarm_actions(Store& store, Region& region, CloudWatch& cloudwatch, Alarm& alarm, std::string_view old_state,
                        Time at) {
  if (alarm.actions_disabled) return;
  const std::vector<std::string> actions = alarm.state == "ALARM" ? alarm.alarm_actions
                                           : alarm.state == "OK"  ? alarm.ok_actions
                                                                  : alarm.insufficient_actions;
  for (const std::string& arn : actions) {
    const bool done = act(store, region, alarm, arn, old_state, at);
    add_alarm_event(
        store, cloudwatch, alarm, "Action",
        fmt::format("{} action {}", done ? "Successfully executed" : "Failed to execute", arn),
        fmt::format(R"({{"actionState":"{}","notificationResource":"{}"}})", done ? "Succeeded" : "Failed", arn), at);
  }
}

void repeat_scaling_actions(Store& store, Region& region, Alarm& alarm, Time at) {
  if (alarm.actions_disabled) return;
  const std::vector<std::string> actions = alarm.alarm_actions;
  for (const std::string& arn : actions) {
    if (arn.starts_with("arn:aws:autoscaling:")) act(store, region, alarm, arn, alarm.state, at);
  }
}

void set_alarm_state(Store& store, Region& region, CloudWatch& cloudwatch, Alarm& alarm, std::string_view state,
                     std::string reason, std::string reason_data, Time at) {
  const std::string old = std::exchange(alarm.state, std::string(state));
  const std::string old_reason = std::exchange(alarm.reason, std::move(reason));
  alarm.reason_data = std::move(reason_data);
  alarm.updated = at;
  Builder data;
  data.begin_map();
  data.put("version", "1.0");
  put_state(data, "oldState", old, old_reason, alarm.transitioned);
  put_state(data, "newState", alarm.state, alarm.reason, at);
  data.end();
  add_alarm_event(store, cloudwatch, alarm, "StateUpdate", fmt::format("Alarm updated from {} to {}", old, state),
                  to_json(data.finish()), at);
  store.deliver(fmt::format("arn:aws:events:{}:{}:event-bus/default", region.name, region.account),
                {.source_arn = alarm.arn,
                 .subject = "CloudWatch Alarm State Change",
                 .body = event(store, region, alarm, old, at, false),
                 .at = at});
  alarm.transitioned = at;
  send_alarm_actions(store, region, cloudwatch, alarm, old, at);
  // Composites are followed round by round by who changes them: they may look at each other in a circle.
  if (!alarm.is_composite()) follow_with_composites(store, region, cloudwatch, at);
}

}  // namespace reeve::sandbox
