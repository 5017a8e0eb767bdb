#include "sandbox/services/cloudwatch_series.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <map>
#include <numbers>

namespace reeve::sandbox {

std::optional<double> MetricRule::at(Time time) const {
  if (kind == "sine") {
    const double seconds = static_cast<double>(time.us) / 1e6 - static_cast<double>(phase_s);
    return value + amplitude * std::sin(2 * std::numbers::pi * seconds / static_cast<double>(wave_s));
  }
  if (kind != "steps") return value;
  const auto after = std::ranges::upper_bound(steps, time, {}, &MetricStep::at);
  if (after == steps.begin()) return std::nullopt;
  return std::prev(after)->value;
}

std::optional<Time> Metric::last(Time now) const {
  std::optional<Time> out;
  if (!points.empty()) out = points.back().at;
  if (!rule) return out;
  const Time end = rule->until ? std::min(*rule->until, now) : now;
  if (rule->from && end < *rule->from) return out;
  return out ? std::max(*out, end) : end;
}

std::string metric_id(std::string_view metric_namespace, std::string_view name, const Tags& dimensions) {
  std::string out = fmt::format("{}|{}", metric_namespace, name);
  for (const auto& [key, value] : dimensions) out += fmt::format("|{}={}", key, value);
  return out;
}

namespace {

std::optional<double> number(std::string_view text) {
  double out = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (text.empty() || error != std::errc() || stop != text.data() + text.size() || out < 0) return std::nullopt;
  return out;
}

/// "10%:90%", "150:1000", ":300", "80%:".
bool read_bounds(std::string_view text, Statistic& into) {
  const auto colon = text.find(':');
  if (colon == text.npos || text.size() < 2) return false;
  std::string_view sides[] = {text.substr(0, colon), text.substr(colon + 1)};
  const bool percent = sides[0].ends_with('%') || sides[1].ends_with('%');
  into.by_value = !percent;
  into.low = 0;
  into.high = percent ? 100 : HUGE_VAL;
  double* bounds[] = {&into.low, &into.high};
  for (int i = 0; i < 2; ++i) {
    if (sides[i].empty()) continue;
    if (sides[i].ends_with('%') != percent) return false;
    if (percent) sides[i].remove_suffix(1);
    const auto bound = number(sides[i]);
    if (!bound || (percent && *bound > 100)) return false;
    *bounds[i] = *bound;
  }
  return into.low <= into.high;
}

}  // namespace

std::optional<Statistic> parse_statistic(std::string_view text) {
  using Kind = Statistic::Kind;
  if (text == "SampleCount") return Statistic{Kind::sample_count};
  if (text == "Sum") return Statistic{Kind::sum};
  if (text == "Average") return Statistic{Kind::average};
  if (text == "Minimum") return Statistic{Kind::minimum};
  if (text == "Maximum") return Statistic{Kind::maximum};
  if (text == "IQM") return Statistic{Kind::trimmed_mean, 25, 75};
  struct Prefix {
    std::string_view lower, upper;
    Kind kind;
  };
  constexpr Prefix prefixes[] = {{"tm", "TM(", Kind::trimmed_mean},
                                 {"wm", "WM(", Kind::winsorized_mean},
                                 {"tc", "TC(", Kind::trimmed_count},
                                 {"ts", "TS(", Kind::trimmed_sum},
                                 {"p", "PR(", Kind::percentile}};
  for (const Prefix& prefix : prefixes) {
    if (text.starts_with(prefix.upper) && text.ends_with(')')) {
      Statistic out{prefix.kind == Kind::percentile ? Kind::percentile_rank : prefix.kind};
      const std::string_view inner = text.substr(3, text.size() - 4);
      if (!read_bounds(inner, out) || (out.kind == Kind::percentile_rank && !out.by_value)) return std::nullopt;
      return out;
    }
    if (!text.starts_with(prefix.lower)) continue;
    const auto percent = number(text.substr(prefix.lower.size()));
    if (!percent || *percent > 100) return std::nullopt;
    return Statistic{prefix.kind, 0, *percent};
  }
  return std::nullopt;
}

void Aggregate::take(const MetricPoint& point, bool keep_values) {
  minimum = count > 0 ? std::min(minimum, point.minimum) : point.minimum;
  maximum = count > 0 ? std::max(maximum, point.maximum) : point.maximum;
  if (count == 0) unit = point.unit;
  count += point.count;
  sum += point.sum;
  if (!keep_values) return;
  if (point.minimum != point.maximum) whole = false;
  values.emplace_back(point.minimum, point.count);
}

namespace {

/// The smallest value that at least `percent` of all are not above: the nearest rank.
double percentile(const std::vector<std::pair<double, double>>& sorted, double count, double percent) {
  double seen = 0;
  for (const auto& [value, times] : sorted) {
    seen += times;
    if (seen >= count * percent / 100 - 1e-9) return value;
  }
  return sorted.back().first;
}

}  // namespace

std::optional<double> Aggregate::value(const Statistic& s) const {
  using Kind = Statistic::Kind;
  switch (s.kind) {
    case Kind::sample_count:
      return count;
    case Kind::sum:
      return sum;
    case Kind::average:
      return count > 0 ? sum / count : 0;
    case Kind::minimum:
      return minimum;
    case Kind::maximum:
      return maximum;
    default:
      break;
  }
  if (!whole || values.empty() || count <= 0) return std::nullopt;
  auto sorted = values;
  std::ranges::sort(sorted);
  if (s.kind == Kind::percentile) return percentile(sorted, count, s.high);
  const double low = s.by_value ? s.low : s.low <= 0 ? minimum : percentile(sorted, count, s.low);
  const double high = s.by_value ? s.high : percentile(sorted, count, s.high);
  double kept = 0, kept_sum = 0, all_sum = 0;
  for (const auto& [value, times] : sorted) {
    all_sum += std::clamp(value, low, high) * times;
    if (value < low || value > high) continue;
    kept += times;
    kept_sum += value * times;
  }
  if (s.kind == Kind::winsorized_mean) return all_sum / count;
  if (s.kind == Kind::trimmed_count) return kept;
  if (s.kind == Kind::trimmed_sum) return kept_sum;
  if (s.kind == Kind::percentile_rank) return 100 * kept / count;
  if (kept <= 0) return std::nullopt;
  return kept_sum / kept;
}

SeriesPoints read_series(const Metric& metric, const Statistic& statistic, std::int64_t period_s, Time from, Time to,
                         std::string_view unit) {
  const std::int64_t period = period_s * 1'000'000;
  std::map<std::int64_t, Aggregate> periods;
  each_point(metric, from, to, [&](const MetricPoint& point) {
    if (!unit.empty() && point.unit != unit) return;
    periods[(point.at.us - from.us) / period].take(point, statistic.needs_values());
  });
  SeriesPoints out;
  for (const auto& [index, aggregate] : periods) {
    if (const auto value = aggregate.value(statistic)) out.emplace_back(Time{from.us + index * period}, *value);
  }
  return out;
}

std::vector<std::pair<Time, Aggregate>> read_aggregates(const Metric& metric, bool keep_values, std::int64_t period_s,
                                                        Time from, Time to, std::string_view unit) {
  const std::int64_t period = period_s * 1'000'000;
  std::map<std::pair<std::int64_t, std::string>, Aggregate> periods;
  each_point(metric, from, to, [&](const MetricPoint& point) {
    if (!unit.empty() && point.unit != unit) return;
    periods[{(point.at.us - from.us) / period, point.unit}].take(point, keep_values);
  });
  std::vector<std::pair<Time, Aggregate>> out;
  for (auto& [key, aggregate] : periods) out.emplace_back(Time{from.us + key.first * period}, std::move(aggregate));
  return out;
}

}  // namespace reeve::sandbox
