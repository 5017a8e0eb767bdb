#include "sandbox/services/cloudwatch.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "sandbox/estate_tables.h"
#include "sandbox/metrics.h"
#include "sandbox/services/cloudwatch_fields.h"

/// CloudWatch: its drawer, and how data points get in.
namespace reeve::sandbox {

std::unexpected<Fault> invalid_value(std::string message) { return fault("InvalidParameterValue", std::move(message)); }

bool is_unit(std::string_view unit) {
  constexpr std::array<std::string_view, 27> units{
      "Seconds",          "Microseconds",     "Milliseconds", "Bytes",           "Kilobytes",        "Megabytes",
      "Gigabytes",        "Terabytes",        "Bits",         "Kilobits",        "Megabits",         "Gigabits",
      "Terabits",         "Percent",          "Count",        "Bytes/Second",    "Kilobytes/Second", "Megabytes/Second",
      "Gigabytes/Second", "Terabytes/Second", "Bits/Second",  "Kilobits/Second", "Megabits/Second",  "Gigabits/Second",
      "Terabits/Second",  "Count/Second",     "None"};
  return has(units, unit);
}

/// A row of an estate file: in order, and with an end to what a rule makes up.
void complete(const RowPlace&, Metric& row, Time now) {
  std::ranges::sort(row.points, {}, &MetricPoint::at);
  if (!row.rule) return;
  std::ranges::sort(row.rule->steps, {}, &MetricStep::at);
  row.rule->interval_s = std::max<std::int64_t>(row.rule->interval_s, 1);
  row.rule->wave_s = std::max<std::int64_t>(row.rule->wave_s, 1);
  constexpr int kept_days = 455;  // AWS keeps data points for 15 months
  if (!row.rule->from) row.rule->from = now - std::chrono::days(kept_days);
}

void complete(const RowPlace& place, Alarm& row, Time now) {
  if (row.arn.empty()) row.arn = fmt::format("arn:aws:cloudwatch:{}:{}:alarm:{}", place.region, place.account, row.id);
  for (Time* time : {&row.configured, &row.updated, &row.transitioned}) {
    if (*time == Time{}) *time = now;
  }
  row.period_s = std::max<std::int64_t>(row.period_s, 1);
  row.evaluation_periods = std::max<std::int64_t>(row.evaluation_periods, 1);
}

void CloudWatch::each_table(EstateTables& tables) {
  tables("metrics", metrics);
  tables("alarms", alarms);
  tables("alarm_history", history);
  points_.reset();
}

void CloudWatch::each_tagged(const DrawerPlace&, const TagVisitor& visit) {
  for (auto& [id, alarm] : alarms.rows) visit(alarm.arn, "cloudwatch:alarm", alarm.tags);
}

std::size_t CloudWatch::points() {
  if (!points_) {
    points_ = 0;
    for (const auto& [id, metric] : metrics.rows) *points_ += metric.points.size();
  }
  return *points_;
}

bool CloudWatch::put(std::string_view metric_namespace, std::string_view metric, const Tags& dimensions,
                     MetricPoint point) {
  if (points() >= most_points) return false;
  std::string id = metric_id(metric_namespace, metric, dimensions);
  Metric* row = metrics.find(id);
  if (!row) {
    if (metrics.rows.size() >= most_metrics) return false;
    row = &metrics.add({.id = std::move(id),
                        .metric_namespace = std::string(metric_namespace),
                        .name = std::string(metric),
                        .dimensions = dimensions});
  }
  const auto place = std::ranges::upper_bound(row->points, point.at, {}, &MetricPoint::at);
  row->points.insert(place, std::move(point));
  ++*points_;
  return true;
}

void CloudWatch::watch(Store& store, const Region& region, Time now) {
  constexpr std::int64_t minute = 60'000'000;
  if (!alarms.rows.empty()) wakes_.add(store, region, name, Time{(now.us / minute + 1) * minute});
}

std::optional<Time> CloudWatch::settle(Store& store, Region& region, Time now) {
  // A clock that jumps by years would keep a region's alarms busy for ever: past this many looks at alarms for one
  // call, the minutes up to the last hour are passed over.
  constexpr std::size_t most_evaluations = 2'000'000;
  if (settled_for_ != now) settled_for_ = now, evaluations_ = 0;
  const auto at = wakes_.take(now);
  if (at) {
    for (auto& [id, alarm] : alarms.rows) {
      if (alarm.is_composite()) continue;
      evaluate_alarm(store, region, *this, alarm, *at);
      ++evaluations_;
    }
  }
  const Time hour_before = now - std::chrono::hours(1);
  const Time from = at.value_or(now);
  watch(store, region, evaluations_ > most_evaluations && from < hour_before ? hour_before : from);
  return std::nullopt;
}

void put_metric(Region& region, std::string_view metric_namespace, std::string_view name, const Tags& dimensions,
                Time at, double value, std::string_view unit) {
  // A service's own metrics stop where there is no room left: its work must not.
  [[maybe_unused]] const bool kept = region.drawers.of<CloudWatch>().put(
      metric_namespace, name, dimensions, {at, 1, value, value, value, std::string(unit)});
}

std::expected<Tags, Fault> read_dimensions(Value list) {
  constexpr std::size_t most = 30, longest_name = 255, longest_value = 1024;
  if (list.size() > most) {
    return invalid_value(fmt::format("The collection Dimensions must not have a size greater than {}.", most));
  }
  Tags out;
  for (Value item : list.items()) {
    const std::string_view key = item["Name"].as_text(), value = item["Value"].as_text();
    if (key.empty()) return invalid_value("The parameter Dimensions.member.1.Name must have a length of at least 1.");
    if (value.empty() && item.find("Value")) {
      return invalid_value("The parameter Dimensions.member.1.Value must have a length of at least 1.");
    }
    if (key.starts_with(':') || key.size() > longest_name || value.size() > longest_value) {
      return invalid_value(fmt::format("The dimension {} is not valid.", key.substr(0, longest_name)));
    }
    out[std::string(key)] = value;
  }
  return out;
}

void write_dimensions(Builder& out, const Tags& dimensions) {
  out.begin_list("Dimensions");
  for (const auto& [name, value] : dimensions) {
    out.begin_map();
    out.put("Name", name);
    out.put("Value", value);
    out.end();
  }
  out.end();
}

namespace {

struct Datum {
  std::string name;
  Tags dimensions;
  std::vector<MetricPoint> points;
};

bool usable(double value) { return std::isfinite(value) && std::abs(value) <= std::ldexp(1.0, 360); }

/// The values of one datum, in one of the three ways to tell them.
std::expected<std::vector<MetricPoint>, Fault> read_values(Value item, const std::string& at) {
  constexpr std::size_t most_values = 150;
  const Value one = item["Value"], set = item["StatisticValues"], many = item["Values"], counts = item["Counts"];
  const int ways = !one.is_null() + !set.is_null() + !many.empty();
  if (ways > 1) {
    return fault("InvalidParameterCombination",
                 fmt::format("The parameters {0}.Value, {0}.Values and {0}.StatisticValues are mutually exclusive and "
                             "you have specified more than one.",
                             at));
  }
  std::vector<MetricPoint> out;
  auto add = [&](double value, double times) {
    if (!usable(value)) {
      return Outcome(invalid_value(fmt::format("The value {} for parameter {}.Value is invalid.", value, at)));
    }
    if (!usable(times) || times <= 0) {
      return Outcome(invalid_value(fmt::format("The value {} for parameter {}.Counts is invalid.", times, at)));
    }
    out.push_back({.count = times, .sum = value * times, .minimum = value, .maximum = value});
    return Outcome();
  };
  if (ways == 0) {
    return fault("MissingParameter",
                 fmt::format("The parameter {0}.Value, {0}.Values or {0}.StatisticValues is required.", at));
  }
  if (!one.is_null()) TRY(add(one.as_real(), 1));
  if (many.size() > most_values || counts.size() > most_values) {
    return invalid_value(
        fmt::format("The collection {}.Values must not have a size greater than {}.", at, most_values));
  }
  if (!counts.empty() && counts.size() != many.size()) {
    return invalid_value(fmt::format("The parameters {0}.Values and {0}.Counts must be of the same size.", at));
  }
  for (std::size_t i = 0; i < many.size(); ++i) TRY(add(many[i].as_real(), counts.empty() ? 1 : counts[i].as_real()));
  if (!set.is_null()) {
    for (const char* member : {"SampleCount", "Sum", "Minimum", "Maximum"}) {
      if (set[member].is_null()) {
        return fault("MissingParameter", fmt::format("The parameter {}.StatisticValues.{} is required.", at, member));
      }
      if (!usable(set[member].as_real())) {
        return invalid_value(fmt::format("The value for parameter {}.StatisticValues.{} is invalid.", at, member));
      }
    }
    const MetricPoint point{.count = set["SampleCount"].as_real(),
                            .sum = set["Sum"].as_real(),
                            .minimum = set["Minimum"].as_real(),
                            .maximum = set["Maximum"].as_real()};
    if (point.count <= 0 || point.minimum > point.maximum) {
      return invalid_value(fmt::format("The parameter {}.StatisticValues is not a statistic set.", at));
    }
    out.push_back(point);
  }
  return out;
}

std::expected<Datum, Fault> read_datum(const Call& c, Value item, const std::string& at) {
  constexpr std::size_t longest_name = 255;
  const std::string_view name = item["MetricName"].as_text();
  if (name.empty()) return fault("MissingParameter", fmt::format("The parameter {}.MetricName is required.", at));
  if (name.size() > longest_name || name.starts_with(':')) {
    return invalid_value(fmt::format("The parameter {}.MetricName is invalid.", at));
  }
  Datum out{.name = std::string(name)};
  TRY(out.dimensions, read_dimensions(item["Dimensions"]));
  TRY(out.points, read_values(item, at));
  const Time time = item["Timestamp"].is_null() ? c.now : item["Timestamp"].as_time();
  if (time < c.now - std::chrono::weeks(2) || time > c.now + std::chrono::hours(2)) {
    return invalid_value(fmt::format(
        "The parameter {}.Timestamp must specify a time no more than two hours in the future and no earlier than two "
        "weeks in the past.",
        at));
  }
  const std::string_view unit = item["Unit"].as_text();
  if (!unit.empty() && !is_unit(unit)) {
    return invalid_value(fmt::format("The parameter {}.Unit must be a value in the set of units.", at));
  }
  const std::int64_t resolution = item["StorageResolution"].is_null() ? 60 : item["StorageResolution"].as_integer();
  if (resolution != 1 && resolution != 60) {
    return invalid_value(fmt::format("The parameter {}.StorageResolution must be 1 or 60.", at));
  }
  // What is not of high resolution is kept by the minute.
  const std::int64_t grain = resolution * 1'000'000;
  for (MetricPoint& point : out.points) {
    point.at = Time{time.us / grain * grain};
    if (unit != "None") point.unit = unit;
  }
  return out;
}

/// PutMetricData: all of a call, or nothing.
Outcome put_data(Call& c) {
  constexpr std::size_t most_data = 1'000;
  const std::string_view space = c["Namespace"].as_text();
  if (space.empty()) return fault("MissingParameter", "The parameter Namespace is required.");
  if (space.starts_with("AWS/") || space.starts_with(':') || space.size() > 255) {
    return invalid_value(fmt::format("The value {} for parameter Namespace is invalid.", space.substr(0, 255)));
  }
  std::vector<Value> items;
  for (Value item : c["MetricData"].items()) items.push_back(item);
  for (Value entity : c["EntityMetricData"].items()) {
    for (Value item : entity["MetricData"].items()) items.push_back(item);
  }
  if (items.empty()) return fault("MissingParameter", "The parameter MetricData is required.");
  if (items.size() > most_data) {
    return invalid_value(fmt::format("The collection MetricData must not have a size greater than {}.", most_data));
  }
  std::vector<Datum> data;
  for (std::size_t i = 0; i < items.size(); ++i) {
    TRY(Datum datum, read_datum(c, items[i], fmt::format("MetricData.member.{}", i + 1)));
    data.push_back(std::move(datum));
  }
  auto& cloudwatch = c.region.drawers.of<CloudWatch>();
  for (Datum& datum : data) {
    for (MetricPoint& point : datum.points) {
      if (!cloudwatch.put(space, datum.name, datum.dimensions, std::move(point))) {
        return fault("LimitExceeded",
                     fmt::format("The sandbox keeps at most {} metrics and {} data points in a region.", most_metrics,
                                 most_points));
      }
    }
  }
  return {};
}

}  // namespace

void register_cloudwatch(Registry& r) {
  r.add_drawer<CloudWatch>();
  r.add("cloudwatch", "PutMetricData", put_data);
  register_metric_lists(r);
  register_metric_data(r);
  register_metric_statistics(r);
  register_alarms(r);
  register_composite_alarms(r);
  register_alarm_history(r);
}

}  // namespace reeve::sandbox
