#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sandbox/store.h"

/// A metric's data points, and statistics of them.
namespace reeve::sandbox {

/// One value, or a statistic set of several.
struct MetricPoint {
  Time at;
  double count = 1, sum = 0, minimum = 0, maximum = 0;
  std::string unit;
};

/// One step of a rule of kind "steps".
struct MetricStep {
  Time at;
  double value = 0;
};

/// Points that are made up when they are read: one each `interval_s` from `from` on, at multiples of the interval.
/// Kinds: "constant" (`value`), "sine" (`value` ± `amplitude`, a wave each `wave_s`, at its middle and rising at
/// `phase_s` past midnight of 1970-01-01), "steps" (the value of the last step that began; nothing before the first).
struct MetricRule {
  std::string kind = "constant", unit;
  double value = 0, amplitude = 0;
  std::int64_t interval_s = 300, wave_s = 86'400, phase_s = 0;
  std::optional<Time> from, until;
  std::vector<MetricStep> steps;
  /// nullopt where the rule has no point at that time.
  std::optional<double> at(Time time) const;
};

struct Metric {
  std::string id;  ///< of metric_id()
  std::string metric_namespace, name;
  Tags dimensions;
  std::vector<MetricPoint> points;  ///< in order of time
  std::optional<MetricRule> rule;
  /// When the last point is or was put, for RecentlyActive.
  std::optional<Time> last(Time now) const;
};

/// Namespace, name and dimensions as one text.
std::string metric_id(std::string_view metric_namespace, std::string_view name, const Tags& dimensions);

/// Calls `take(point)` for the metric's points in [from, to), in order of time within rule and points each.
template <class Take>
void each_point(const Metric& metric, Time from, Time to, Take take) {
  const auto& points = metric.points;
  for (auto p = std::ranges::lower_bound(points, from, {}, &MetricPoint::at); p != points.end() && p->at < to; ++p) {
    take(*p);
  }
  if (!metric.rule) return;
  const MetricRule& rule = *metric.rule;
  const std::int64_t step = std::max<std::int64_t>(rule.interval_s, 1) * 1'000'000;
  if (rule.from) from = std::max(from, *rule.from);
  if (rule.until) to = std::min(to, *rule.until);
  std::int64_t tick = from.us / step * step;
  if (tick < from.us) tick += step;
  MetricPoint point;
  point.unit = rule.unit;
  for (; tick < to.us; tick += step) {
    const auto value = rule.at(Time{tick});
    if (!value) continue;
    point.at = Time{tick};
    point.sum = point.minimum = point.maximum = *value;
    take(point);
  }
}

/// A statistic by its AWS name: SampleCount, Sum, Average, Minimum, Maximum, IQM, p99.9, tm90, TM(10%:90%), PR(:300)…
/// [CloudWatch user guide, "CloudWatch statistics definitions"].
struct Statistic {
  enum class Kind : std::uint8_t {
    sample_count,
    sum,
    average,
    minimum,
    maximum,
    percentile,
    trimmed_mean,
    winsorized_mean,
    trimmed_count,
    trimmed_sum,
    percentile_rank
  };
  Kind kind = Kind::average;
  double low = 0, high = 100;  ///< percents, or values where `by_value`
  bool by_value = false;
  /// Needs each value, not only sum, count and ends.
  bool needs_values() const { return kind >= Kind::percentile; }
};
std::optional<Statistic> parse_statistic(std::string_view text);

/// The points of one period.
struct Aggregate {
  double count = 0, sum = 0, minimum = 0, maximum = 0;
  std::string unit;
  bool whole = true;                              ///< each value is known
  std::vector<std::pair<double, double>> values;  ///< value and how often; kept only where asked for
  void take(const MetricPoint& point, bool keep_values);
  /// nullopt: a statistic of single values, and they are not known.
  std::optional<double> value(const Statistic& statistic) const;
};

/// Points of a series, in order of time.
using SeriesPoints = std::vector<std::pair<Time, double>>;

/// The statistic of each period of [from, to) that has points: periods begin at `from` and bear their beginning as
/// their time. `unit` empty: any.
SeriesPoints read_series(const Metric& metric, const Statistic& statistic, std::int64_t period_s, Time from, Time to,
                         std::string_view unit = {});
/// The same with everything of each period, and each unit on its own.
std::vector<std::pair<Time, Aggregate>> read_aggregates(const Metric& metric, bool keep_values, std::int64_t period_s,
                                                        Time from, Time to, std::string_view unit);

}  // namespace reeve::sandbox
