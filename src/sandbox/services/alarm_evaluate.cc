#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "sandbox/services/alarm.h"
#include "sandbox/services/cloudwatch.h"
#include "sandbox/services/cloudwatch_query.h"

/// How a metric alarm decides, minute by minute.
namespace reeve::sandbox {

bool breaches(std::string_view comparison, double value, double threshold) {
  if (comparison == "GreaterThanThreshold") return value > threshold;
  if (comparison == "GreaterThanOrEqualToThreshold") return value >= threshold;
  if (comparison == "LessThanThreshold") return value < threshold;
  return value <= threshold;
}

std::optional<std::string_view> judge_datapoints(const std::vector<Breach>& range, std::int64_t periods,
                                                 std::int64_t needed, std::string_view treat) {
  constexpr std::string_view ok = "OK", alarm = "ALARM";
  std::vector<Breach> real;  // the newest first
  for (auto point = range.rbegin(); point != range.rend(); ++point) {
    if (*point != Breach::missing) real.push_back(*point);
  }
  if (std::ssize(real) > periods) real.resize(static_cast<std::size_t>(periods));
  const std::int64_t breaching = std::ranges::count(real, Breach::yes), fill = periods - std::ssize(real);
  if (breaching >= needed) return alarm;
  if (fill == 0) return ok;
  if (treat == "breaching") return breaching + fill >= needed ? alarm : ok;
  if (treat == "notBreaching") return ok;
  if (real.empty()) return treat == "ignore" ? std::nullopt : std::optional<std::string_view>("INSUFFICIENT_DATA");
  if (breaching < std::ssize(real)) return ok;
  if (treat == "ignore") return std::nullopt;
  // All there is breaches, but there is too little of it: ALARM only when the oldest breach within the evaluation
  // periods is at least as old as the number of data points that must breach.
  for (std::int64_t age = periods; age >= needed; --age) {
    if (age <= std::ssize(range) && range[range.size() - static_cast<std::size_t>(age)] == Breach::yes) return alarm;
  }
  return ok;
}

namespace {

/// The data points of one look: the beginnings of their periods, values where there are any.
struct Look {
  std::vector<std::pair<Time, std::optional<double>>> range;  ///< from the oldest
  std::int64_t period_s = 60;
  bool has_error = false;
};

Look look(CloudWatch& cloudwatch, const Alarm& alarm, Time at) {
  // AWS looks at more data points than EvaluationPeriods, without saying at how many: 5 for 3 in its examples.
  constexpr std::int64_t more = 2;
  Look out;
  out.period_s = alarm.period_s;
  std::vector<MetricQuery> queries;
  if (alarm.metrics.root().is_list()) {
    auto read = read_queries(alarm.metrics);
    if (!read) return out.has_error = true, out;
    queries = *std::move(read);
    for (const MetricQuery& query : queries) {
      if (query.returns) out.period_s = std::max<std::int64_t>(query.period_s, 1);
    }
    // An expression has the period of the metrics in it.
    for (const MetricQuery& query : queries) {
      if (query.is_metric) out.period_s = query.period_s;
    }
  }
  const std::int64_t points = alarm.evaluation_periods + more, period = out.period_s * 1'000'000;
  const Time from{at.us - points * period};
  SeriesPoints found;
  if (queries.empty()) {
    const Metric* metric = cloudwatch.metrics.find(metric_id(alarm.metric_namespace, alarm.metric, alarm.dimensions));
    const auto statistic =
        parse_statistic(alarm.extended_statistic.empty() ? alarm.statistic : alarm.extended_statistic);
    if (metric && statistic) found = read_series(*metric, *statistic, alarm.period_s, from, at, alarm.unit);
  } else {
    auto results = run_queries(cloudwatch, queries, from, at, at);
    if (!results) return out.has_error = true, out;
    for (QueryResult& result : *results) found = std::move(result.points);
  }
  for (std::int64_t i = 0; i < points; ++i) out.range.emplace_back(Time{from.us + i * period}, std::nullopt);
  for (const auto& [time, value] : found) {
    const std::int64_t i = (time.us - from.us) / period;
    if (i >= 0 && i < points) out.range[static_cast<std::size_t>(i)].second = value;
  }
  return out;
}

std::string short_date(Time time) {
  const Calendar t = to_calendar(time);
  return fmt::format("{:02}/{:02}/{:02} {:02}:{:02}:{:02}", t.day, t.month, t.year % 100, t.hour, t.minute, t.second);
}

std::string number_text(double value) {
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".en") == text.npos) text += ".0";
  return text;
}

/// "2 out of the last 3 datapoints [71.0 (01/06/26 12:03:00), …] were greater than the threshold (70.0) …"
std::string reason_of(const Alarm& alarm, const Look& seen, std::string_view state) {
  std::vector<std::string> points;
  std::size_t counted = 0, breaching = 0;
  for (auto point = seen.range.rbegin(); point != seen.range.rend(); ++point) {
    if (!point->second || counted == static_cast<std::size_t>(alarm.evaluation_periods)) continue;
    ++counted;
    breaching += breaches(alarm.comparison, *point->second, alarm.threshold) ? 1 : 0;
    points.push_back(fmt::format("{} ({})", number_text(*point->second), short_date(point->first)));
  }
  if (points.empty()) return "Insufficient Data: no datapoints were received.";
  std::string_view words = "greater than the threshold";
  if (alarm.comparison == "GreaterThanOrEqualToThreshold") words = "greater than or equal to the threshold";
  if (alarm.comparison == "LessThanThreshold") words = "less than the threshold";
  if (alarm.comparison == "LessThanOrEqualToThreshold") words = "less than or equal to the threshold";
  const bool is_alarm = state == "ALARM";
  return fmt::format(
      "Threshold Crossed: {} out of the last {} datapoints [{}] {} {} ({}) (minimum {} datapoint{} for {} transition).",
      is_alarm ? breaching : counted - breaching, counted, fmt::join(points, ", "),
      counted == 1 ? (is_alarm ? "was" : "was not") : (is_alarm ? "were" : "were not"), words,
      number_text(alarm.threshold), is_alarm ? alarm.needed() : alarm.evaluation_periods - alarm.needed() + 1,
      alarm.needed() == 1 ? "" : "s", is_alarm ? "OK -> ALARM" : "ALARM -> OK");
}

/// StateReasonData: JSON.
std::string reason_data_of(const Alarm& alarm, const Look& seen, Time at) {
  Builder out;
  out.begin_map();
  out.put("version", "1.0");
  out.put("queryDate", format_iso8601(at));
  std::optional<Time> start;
  for (const auto& [time, value] : seen.range) {
    if (value && !start) start = time;
  }
  if (start) out.put("startDate", format_iso8601(*start));
  if (!alarm.statistic.empty()) out.put("statistic", alarm.statistic);
  out.put("period", seen.period_s);
  out.begin_list("recentDatapoints");
  std::size_t skip =
      seen.range.size() - std::min(seen.range.size(), static_cast<std::size_t>(alarm.evaluation_periods));
  for (const auto& [time, value] : seen.range) {
    if (skip > 0) {
      --skip;
    } else if (value) {
      out.add(*value);
    }
  }
  out.end();
  out.put("threshold", alarm.threshold);
  out.end();
  return to_json(out.finish());
}

}  // namespace

void evaluate_alarm(Store& store, Region& region, CloudWatch& cloudwatch, Alarm& alarm, Time at) {
  const Look seen = look(cloudwatch, alarm, at);
  std::optional<std::string_view> state = "INSUFFICIENT_DATA";
  if (!seen.has_error) {
    std::vector<Breach> range;
    for (const auto& [time, value] : seen.range) {
      range.push_back(!value                                                ? Breach::missing
                      : breaches(alarm.comparison, *value, alarm.threshold) ? Breach::yes
                                                                            : Breach::no);
    }
    const bool dynamo = alarm.metric_namespace == "AWS/DynamoDB";  // its alarms always ignore missing data
    state = judge_datapoints(range, alarm.evaluation_periods, alarm.needed(), dynamo ? "ignore" : alarm.treat_missing);
  }
  if (state && *state != alarm.state) {
    set_alarm_state(store, region, cloudwatch, alarm, *state, reason_of(alarm, seen, *state),
                    reason_data_of(alarm, seen, at), at);
  } else if (alarm.state == "ALARM") {
    repeat_scaling_actions(store, region, alarm, at);
  }
}

}  // namespace reeve::sandbox
