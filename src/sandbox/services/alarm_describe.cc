#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "sandbox/listing.h"
#include "sandbox/services/alarm.h"
#include "sandbox/services/cloudwatch.h"

/// Reading alarms and their history.
namespace reeve::sandbox {
namespace {

void write_texts(Builder& out, std::string_view name, const std::vector<std::string>& list) {
  out.begin_list(name);
  for (const std::string& text : list) out.add(text);
  out.end();
}

void write_alarm(Builder& out, const Alarm& a) {
  out.begin_map();
  out.put("AlarmName", a.id);
  out.put("AlarmArn", a.arn);
  out.put_if("AlarmDescription", a.description);
  out.put("AlarmConfigurationUpdatedTimestamp", a.configured);
  out.put("ActionsEnabled", !a.actions_disabled);
  write_texts(out, "OKActions", a.ok_actions);
  write_texts(out, "AlarmActions", a.alarm_actions);
  write_texts(out, "InsufficientDataActions", a.insufficient_actions);
  out.put("StateValue", a.state);
  out.put("StateReason", a.reason);
  out.put_if("StateReasonData", a.reason_data);
  out.put("StateUpdatedTimestamp", a.updated);
  out.put("StateTransitionedTimestamp", a.transitioned);
  if (a.is_composite()) {
    out.put("AlarmRule", a.rule);
    out.end();
    return;
  }
  if (a.metrics.root().is_list()) {
    out.put("Metrics", a.metrics);
  } else {
    out.put("MetricName", a.metric);
    out.put("Namespace", a.metric_namespace);
    out.put_if("Statistic", a.statistic);
    out.put_if("ExtendedStatistic", a.extended_statistic);
    write_dimensions(out, a.dimensions);
    out.put("Period", a.period_s);
    out.put_if("Unit", a.unit);
  }
  out.put("EvaluationPeriods", a.evaluation_periods);
  if (a.datapoints_to_alarm > 0) out.put("DatapointsToAlarm", a.datapoints_to_alarm);
  out.put("Threshold", a.threshold);
  out.put("ComparisonOperator", a.comparison);
  out.put("TreatMissingData", a.treat_missing);
  out.put_if("EvaluateLowSampleCountPercentile", a.low_samples);
  out.end();
}

std::expected<Page, Fault> page_of(const Call& c) {
  auto page = read_page(c, false, 1, 100, "MaxRecords");
  if (!page)
    return fault(page.error().code == "InvalidNextToken" ? "InvalidNextToken" : "ValidationError",
                 page.error().message);
  if (c["MaxRecords"].is_null()) page->size = 50;
  return *page;
}

/// The names in an alarm's rule.
std::vector<std::string> children_of(const Alarm& alarm) {
  const auto rule = AlarmRule::parse(alarm.rule);
  return alarm.is_composite() && rule ? rule->alarms() : std::vector<std::string>();
}

Outcome describe(Call& c) {
  const auto names = texts(c["AlarmNames"]);
  const std::string_view prefix = c["AlarmNamePrefix"].as_text(), state = c["StateValue"].as_text(),
                         action = c["ActionPrefix"].as_text(), parents = c["ParentsOfAlarmName"].as_text(),
                         children = c["ChildrenOfAlarmName"].as_text();
  if (!names.empty() && !prefix.empty()) {
    return fault("InvalidParameterCombination", "AlarmNames and AlarmNamePrefix cannot be used together.");
  }
  if (names.size() > 100) return alarm_validation("AlarmNames must not have more than 100 members.");
  const auto types = texts(c["AlarmTypes"]);
  // Without a type only metric alarms are told, even where names are given [API reference, DescribeAlarms].
  const bool metric_too = types.empty() || has(types, "MetricAlarm");
  const bool composite_too = has(types, "CompositeAlarm") || !parents.empty();
  auto& alarms = c.region.drawers.of<CloudWatch>().alarms;
  std::vector<std::string> of_parent;
  if (!children.empty()) {
    const Alarm* parent = alarms.find(children);
    if (!parent) return fault("ResourceNotFound", "Unknown alarm", 404);
    of_parent = children_of(*parent);
  }
  TRY(const Page page, page_of(c));
  auto has_action = [&](const Alarm& a) {
    auto starts = [&](const std::string& arn) { return arn.starts_with(action); };
    return std::ranges::any_of(a.ok_actions, starts) || std::ranges::any_of(a.alarm_actions, starts) ||
           std::ranges::any_of(a.insufficient_actions, starts);
  };
  auto keep = [&](const Alarm& a) {
    if (a.is_composite() ? !composite_too : !metric_too) return false;
    if (!names.empty() && !has(names, a.id)) return false;
    if (!a.id.starts_with(prefix) || (!state.empty() && a.state != state)) return false;
    if (!children.empty() && !has(of_parent, a.id)) return false;
    if (!parents.empty() && !has(children_of(a), parents)) return false;
    return action.empty() || has_action(a);
  };
  Listed<Alarm> listed;
  list_table(c, alarms, c.account.id, page, {}, "", {}, keep, listed);
  for (const bool composite : {true, false}) {
    c.out.begin_list(composite ? "CompositeAlarms" : "MetricAlarms");
    for (const Alarm* a : listed.rows) {
      if (a->is_composite() == composite) write_alarm(c.out, *a);
    }
    c.out.end();
  }
  c.out.put_if("NextToken", listed.next);
  return {};
}

Outcome describe_for_metric(Call& c) {
  if (c["MetricName"].is_null() || c["Namespace"].is_null()) {
    return alarm_validation("MetricName and Namespace must be specified.");
  }
  TRY(const Tags dimensions, read_dimensions(c["Dimensions"]));
  auto same = [&](const char* member, const std::string& value) {
    return c[member].is_null() || c[member].as_text() == value;
  };
  c.out.begin_list("MetricAlarms");
  for (const auto& [id, a] : c.region.drawers.of<CloudWatch>().alarms.rows) {
    if (a.is_composite() || !same("MetricName", a.metric) || !same("Namespace", a.metric_namespace)) continue;
    if (a.dimensions != dimensions || !same("Statistic", a.statistic) || !same("Unit", a.unit)) continue;
    if (!same("ExtendedStatistic", a.extended_statistic)) continue;
    if (!c["Period"].is_null() && c["Period"].as_integer() != a.period_s) continue;
    write_alarm(c.out, a);
  }
  c.out.end();
  return {};
}

Outcome describe_history(Call& c) {
  TRY(const Page page, page_of(c));
  const std::string_view name = c["AlarmName"].as_text(), kind = c["HistoryItemType"].as_text();
  const auto types = texts(c["AlarmTypes"]);
  const bool ascending = c["ScanBy"].as_text() == "TimestampAscending";
  auto keep = [&](const AlarmEvent& e) {
    if ((!name.empty() && e.alarm != name) || (!kind.empty() && e.kind != kind)) return false;
    if (!c["StartDate"].is_null() && e.at < c["StartDate"].as_time()) return false;
    if (!c["EndDate"].is_null() && e.at > c["EndDate"].as_time()) return false;
    return types.empty() ? e.alarm_type == "MetricAlarm" || !name.empty() : has(types, e.alarm_type);
  };
  std::vector<const AlarmEvent*> rows;
  for (const auto& [id, event] : c.region.drawers.of<CloudWatch>().history.rows) {
    if (keep(event)) rows.push_back(&event);
  }
  if (!ascending) std::ranges::reverse(rows);
  auto from = rows.begin();
  if (!page.after.empty()) {
    from = std::ranges::find(rows, page.after, &AlarmEvent::id);
    if (from != rows.end()) ++from;
  }
  std::size_t written = 0;
  c.out.begin_list("AlarmHistoryItems");
  for (; from != rows.end() && written < page.size; ++from, ++written) {
    const AlarmEvent& e = **from;
    c.out.begin_map();
    c.out.put("AlarmName", e.alarm);
    c.out.put("AlarmType", e.alarm_type);
    c.out.put("Timestamp", e.at);
    c.out.put("HistoryItemType", e.kind);
    c.out.put("HistorySummary", e.summary);
    c.out.put("HistoryData", e.data);
    c.out.end();
  }
  c.out.end();
  if (from != rows.end()) c.out.put("NextToken", make_token(c, c.account.id, (*std::prev(from))->id));
  return {};
}

}  // namespace

void add_alarm_event(Store&, CloudWatch& cloudwatch, const Alarm& alarm, std::string_view kind, std::string summary,
                     std::string data, Time at) {
  constexpr std::size_t most = 20'000;  // AWS keeps 30 days
  auto& rows = cloudwatch.history.rows;
  while (rows.size() >= most) rows.erase(rows.begin());
  std::uint64_t next = 1;
  if (!rows.empty()) {
    const std::string& last = rows.rbegin()->first;
    std::from_chars(last.data(), last.data() + last.size(), next);  // an id of an estate file may be no number
    ++next;
  }
  cloudwatch.history.add({.id = fmt::format("{:012}", next),
                          .alarm = alarm.id,
                          .alarm_type = alarm.is_composite() ? "CompositeAlarm" : "MetricAlarm",
                          .kind = std::string(kind),
                          .summary = std::move(summary),
                          .data = std::move(data),
                          .at = at});
}

void register_alarm_history(Registry& r) {
  r.add("cloudwatch", "DescribeAlarms", describe);
  r.add("cloudwatch", "DescribeAlarmsForMetric", describe_for_metric);
  r.add("cloudwatch", "DescribeAlarmHistory", describe_history);
}

}  // namespace reeve::sandbox
