#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "sandbox/listing.h"
#include "sandbox/services/cloudwatch_query.h"

/// GetMetricData and GetMetricStatistics.
namespace reeve::sandbox {
namespace {

/// Data points of a call that nobody limits [API reference, GetMetricData].
constexpr std::int64_t most_datapoints = 100'800;
/// Steps of a query's time range by its period: an expression may fill each. The 15 months that metrics are kept have
/// 655,200 minutes.
constexpr std::int64_t most_steps = 700'000;
/// Steps of all the queries of a call.
constexpr std::int64_t most_steps_a_call = 10 * most_steps;

Outcome check_times(Time start, Time end) {
  if (start < end) return {};
  return metric_validation("The parameter StartTime must be less than the parameter EndTime.");
}

Outcome check_steps(const std::vector<MetricQuery>& queries, Time start, Time end) {
  // An expression that names no period takes that of the metrics it is made of, or a minute.
  std::int64_t shortest = 60;
  for (const MetricQuery& query : queries) {
    if (query.period_s > 0) shortest = std::min(shortest, query.period_s);
  }
  std::int64_t all = 0;
  for (const MetricQuery& query : queries) {
    const std::int64_t period = query.period_s > 0 ? query.period_s : shortest;
    const std::int64_t steps = (end - start).count() / 1'000'000 / period;
    if (steps > most_steps || (all += steps) > most_steps_a_call) {
      return invalid_value("The time range is too long for the periods and the number of queries asked for.");
    }
  }
  return {};
}

/// Where a page begins: so many data points were told before.
std::expected<std::size_t, Fault> page_start(const Call& c) {
  TRY(const Page page, read_page(c, false));
  std::size_t out = 0;
  std::from_chars(page.after.data(), page.after.data() + page.after.size(), out);
  return out;
}

void write_result(Builder& out, const QueryResult& result, std::size_t from, std::size_t count, bool descending) {
  const std::size_t all = result.points.size();
  auto each = [&](auto take) {
    for (std::size_t i = from; i < from + count; ++i) take(result.points[descending ? all - 1 - i : i]);
  };
  out.begin_map();
  out.put("Id", result.id);
  out.put("Label", result.label);
  out.begin_list("Timestamps");
  each([&](const auto& point) { out.add(point.first); });
  out.end();
  out.begin_list("Values");
  each([&](const auto& point) { out.add(point.second); });
  out.end();
  out.put("StatusCode", from + count < all ? "PartialData" : "Complete");
  out.end();
}

Outcome get_data(Call& c) {
  TRY(const auto queries, read_queries(c["MetricDataQueries"]));
  if (c["StartTime"].is_null() || c["EndTime"].is_null()) {
    return fault("MissingParameter", "The parameters StartTime and EndTime are required.");
  }
  const Time start = c["StartTime"].as_time(), end = c["EndTime"].as_time();
  TRY(check_times(start, end));
  TRY(check_steps(queries, start, end));
  const std::string scan = c["ScanBy"].as_string();
  if (!scan.empty() && scan != "TimestampDescending" && scan != "TimestampAscending") {
    return metric_validation(fmt::format("The value {} for parameter ScanBy is invalid.", scan));
  }
  const bool descending = scan != "TimestampAscending";
  const Value asked = c["MaxDatapoints"];
  if (!asked.is_null() && asked.as_integer() < 1) return metric_validation("MaxDatapoints must be at least 1.");
  const auto size = static_cast<std::size_t>(
      asked.is_null() ? most_datapoints : std::min<std::int64_t>(asked.as_integer(), most_datapoints));
  TRY(const std::size_t first, page_start(c));
  TRY(const auto results, run_queries(c.region.drawers.of<CloudWatch>(), queries, start, end, c.now));
  c.out.begin_list("MetricDataResults");
  std::size_t told = 0, written = 0;  // data points before this page, and on it
  bool more = false;
  for (const QueryResult& result : results) {
    const std::size_t all = result.points.size();
    const std::size_t skip = std::min(all, first > told ? first - told : 0);
    told += all;
    if (skip == all && (all > 0 || first > 0)) continue;
    const std::size_t count = std::min(all - skip, size - written);
    more = more || skip + count < all;
    if (count == 0 && all > 0) continue;
    write_result(c.out, result, skip, count, descending);
    written += count;
  }
  c.out.end();
  c.out.begin_list("Messages");
  c.out.end();
  if (more) c.out.put("NextToken", make_token(c, c.account.id, std::to_string(first + written)));
  return {};
}

struct Asked {
  std::vector<std::string> plain;
  std::vector<std::pair<std::string, Statistic>> extended;
};

std::expected<Asked, Fault> read_statistics(const Call& c) {
  constexpr std::size_t most_extended = 10;
  Asked out;
  for (std::string_view name : texts(c["Statistics"])) {
    const auto statistic = parse_statistic(name);
    if (!statistic || statistic->needs_values()) {
      return invalid_value(fmt::format("The value {} for parameter Statistics.member.1 is invalid.", name));
    }
    out.plain.emplace_back(name);
  }
  for (std::string_view name : texts(c["ExtendedStatistics"])) {
    const auto statistic = parse_statistic(name);
    if (!statistic || !statistic->needs_values()) {
      return invalid_value(fmt::format("The value {} for parameter ExtendedStatistics.member.1 is invalid.", name));
    }
    out.extended.emplace_back(name, *statistic);
  }
  if (out.plain.empty() && out.extended.empty()) {
    return fault("MissingParameter", "At least one of Statistics and ExtendedStatistics must be specified.");
  }
  if (out.extended.size() > most_extended) return invalid_value("At most 10 extended statistics may be specified.");
  return out;
}

Outcome get_statistics(Call& c) {
  constexpr std::int64_t most_points_a_call = 1'440;
  for (const char* name : {"Namespace", "MetricName", "StartTime", "EndTime", "Period"}) {
    if (c[name].is_null()) return fault("MissingParameter", fmt::format("The parameter {} is required.", name));
  }
  TRY(const Asked asked, read_statistics(c));
  TRY(const Tags dimensions, read_dimensions(c["Dimensions"]));
  const std::int64_t period = c["Period"].as_integer();
  if (!is_period(period)) {
    return invalid_value("The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.");
  }
  const Time end = c["EndTime"].as_time(), given = c["StartTime"].as_time();
  if (given >= end) {
    return fault("InvalidParameterCombination", "The parameter StartTime must be less than the parameter EndTime.");
  }
  const std::int64_t wanted = (end - given).count() / (period * 1'000'000);
  if (wanted > most_points_a_call) {
    return fault("InvalidParameterCombination",
                 fmt::format("You have requested up to {} datapoints, which exceeds the limit of {}. You may reduce "
                             "the datapoints requested by increasing Period, or decreasing the time range.",
                             wanted, most_points_a_call));
  }
  const std::string unit = c["Unit"].as_string();
  if (!unit.empty() && !is_unit(unit))
    return invalid_value(fmt::format("The value {} for parameter Unit is invalid.", unit));
  const std::string name = c["MetricName"].as_string();
  c.out.put("Label", name);
  c.out.begin_list("Datapoints");
  const auto& metrics = c.region.drawers.of<CloudWatch>().metrics;
  const auto at = metrics.rows.find(metric_id(c["Namespace"].as_text(), name, dimensions));
  if (at != metrics.rows.end()) {
    const Time start = round_start(given, c.now, period);
    const auto found = read_aggregates(at->second, !asked.extended.empty(), period, start, end, unit);
    for (const auto& [time, aggregate] : found) {
      c.out.begin_map();
      c.out.put("Timestamp", time);
      for (const std::string& plain : asked.plain) c.out.put(plain, *aggregate.value(*parse_statistic(plain)));
      c.out.put("Unit", aggregate.unit.empty() ? "None" : aggregate.unit);
      if (!asked.extended.empty()) {
        c.out.begin_map("ExtendedStatistics");
        for (const auto& [extended, statistic] : asked.extended) {
          if (const auto value = aggregate.value(statistic)) c.out.put(extended, *value);
        }
        c.out.end();
      }
      c.out.end();
    }
  }
  c.out.end();
  return {};
}

}  // namespace

void register_metric_data(Registry& r) { r.add("cloudwatch", "GetMetricData", get_data); }
void register_metric_statistics(Registry& r) { r.add("cloudwatch", "GetMetricStatistics", get_statistics); }

}  // namespace reeve::sandbox
