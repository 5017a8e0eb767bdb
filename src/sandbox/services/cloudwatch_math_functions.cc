#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <span>

#include "sandbox/services/cloudwatch_math.h"

/// Functions of metric math.
namespace reeve::sandbox::math {
namespace {

using Numbers = std::vector<double>;

double sum_of(const Numbers& numbers) {
  double out = 0;
  for (double number : numbers) out += number;
  return out;
}
double mean_of(const Numbers& numbers) { return sum_of(numbers) / static_cast<double>(numbers.size()); }
double smallest(const Numbers& numbers) { return *std::ranges::min_element(numbers); }
double largest(const Numbers& numbers) { return *std::ranges::max_element(numbers); }
double count_of(const Numbers& numbers) { return static_cast<double>(numbers.size()); }
/// Of all data points there are, not of a sample of them.
double deviation(const Numbers& numbers) {
  const double mean = mean_of(numbers);
  double squares = 0;
  for (double number : numbers) squares += (number - mean) * (number - mean);
  return std::sqrt(squares / static_cast<double>(numbers.size()));
}

/// A series comes to a scalar, an array to a series of what its members have at each time.
struct Fold {
  std::string_view name;
  double (*fold)(const Numbers&);
  bool missing_is_zero = false;  ///< in arrays
};
constexpr Fold folds[] = {{"SUM", sum_of},  {"AVG", mean_of, true}, {"MIN", smallest},
                          {"MAX", largest}, {"STDDEV", deviation},  {"DATAPOINT_COUNT", count_of}};

const Fold* find_fold(std::string_view name) {
  const auto at = std::ranges::find(folds, name, &Fold::name);
  return at == std::end(folds) ? nullptr : at;
}

Numbers numbers_of(const Series& series) {
  Numbers out;
  for (const auto& [at, value] : series.points) out.push_back(value);
  return out;
}

Value fold(const Fold& f, const Value& value) {
  if (value.is_series()) {
    const Numbers numbers = numbers_of(value.series[0]);
    return Value::scalar(numbers.empty() ? 0 : f.fold(numbers));
  }
  std::map<Time, Numbers> by_time;
  Series out{.label = std::string(f.name)};
  for (const Series& series : value.series) {
    out.period_s = std::max(out.period_s, series.period_s);
    for (const auto& [at, number] : series.points) by_time[at].push_back(number);
  }
  for (auto& [at, numbers] : by_time) {
    if (f.missing_is_zero) numbers.resize(value.series.size(), 0);
    out.points.emplace_back(at, f.fold(numbers));
  }
  return Value::one(std::move(out));
}

/// Each series to another one.
struct Change {
  std::string_view name;
  void (*change)(SeriesPoints& points);
};

template <class Of>
void each_value(SeriesPoints& points, Of of) {
  for (auto& [at, value] : points) value = of(value);
  std::erase_if(points, [](const auto& point) { return !std::isfinite(point.second); });
}
/// From each point and the one before it.
template <class Of>
void each_pair(SeriesPoints& points, Of of) {
  SeriesPoints out;
  for (std::size_t i = 1; i < points.size(); ++i) {
    const double seconds = static_cast<double>(points[i].first.us - points[i - 1].first.us) / 1e6;
    out.emplace_back(points[i].first, of(points[i].second - points[i - 1].second, seconds));
  }
  points = std::move(out);
}

const Change changes[] = {
    {"ABS", [](SeriesPoints& p) { each_value(p, [](double v) { return std::abs(v); }); }},
    {"CEIL", [](SeriesPoints& p) { each_value(p, [](double v) { return std::ceil(v); }); }},
    {"FLOOR", [](SeriesPoints& p) { each_value(p, [](double v) { return std::floor(v); }); }},
    {"LOG", [](SeriesPoints& p) { each_value(p, [](double v) { return std::log(v); }); }},
    {"LOG10", [](SeriesPoints& p) { each_value(p, [](double v) { return std::log10(v); }); }},
    {"DIFF", [](SeriesPoints& p) { each_pair(p, [](double by, double) { return by; }); }},
    {"DIFF_TIME", [](SeriesPoints& p) { each_pair(p, [](double, double seconds) { return seconds; }); }},
    {"RATE", [](SeriesPoints& p) { each_pair(p, [](double by, double seconds) { return by / seconds; }); }},
    {"RUNNING_SUM", [](SeriesPoints& p) {
       double sum = 0;
       each_value(p, [&sum](double v) { return sum += v; });
     }}};

/// A number from each time.
struct Dated {
  std::string_view name;
  double (*of)(Time at, const Calendar& calendar);
};
constexpr Dated dates[] = {
    {"MINUTE", [](Time, const Calendar& t) { return static_cast<double>(t.minute); }},
    {"HOUR", [](Time, const Calendar& t) { return static_cast<double>(t.hour); }},
    {"DAY", [](Time, const Calendar& t) { return static_cast<double>(t.weekday == 0 ? 7 : t.weekday); }},
    {"DATE", [](Time, const Calendar& t) { return static_cast<double>(t.day); }},
    {"MONTH", [](Time, const Calendar& t) { return static_cast<double>(t.month); }},
    {"YEAR", [](Time, const Calendar& t) { return static_cast<double>(t.year); }},
    {"EPOCH", [](Time at, const Calendar&) { return static_cast<double>(at.us / 1'000'000); }}};

/// The value of a series at a time.
std::optional<double> value_at(const Series& series, Time at) {
  const auto found = std::ranges::lower_bound(series.points, at, {}, &std::pair<Time, double>::first);
  if (found == series.points.end() || found->first != at) return std::nullopt;
  return found->second;
}

class Caller {
 public:
  Caller(const Node& node, const Scope& scope) : node_(node), scope_(scope), name_(node.text) {}

  Maybe<Value> run() {
    if (const Fold* f = find_fold(name_)) {
      TRY(const Value value, series_argument(1));
      return fold(*f, value);
    }
    for (const Change& change : changes) {
      if (change.name != name_) continue;
      TRY(Value value, series_argument(1));
      for (Series& series : value.series) change.change(series.points);
      return value;
    }
    for (const Dated& dated : dates) {
      if (dated.name == name_) return from_dates(dated);
    }
    if (name_ == "METRICS") return metrics();
    if (name_ == "IF") return choose();
    if (name_ == "FILL") return fill();
    if (name_ == "PERIOD") return period();
    if (name_ == "SEARCH") return search();
    if (name_ == "SORT") return sort();
    if (name_ == "SLICE") return slice();
    if (name_ == "TIME_SERIES") return time_series();
    if (name_ == "FIRST" || name_ == "LAST" || name_ == "METRIC_COUNT" || name_ == "REMOVE_EMPTY") return of_array();
    return wrong(fmt::format("Unsupported function '{}'", name_));
  }

 private:
  const Node& node_;
  const Scope& scope_;
  std::string_view name_;

  std::unexpected<Wrong> arguments() const {
    return wrong(fmt::format("Function '{}' does not take these arguments", name_));
  }
  bool has_count(std::size_t least, std::size_t most) const {
    return node_.parts.size() >= least && node_.parts.size() <= most;
  }
  Maybe<Value> value(std::size_t index) { return evaluate(node_.parts[index], scope_); }
  Maybe<double> number(std::size_t index) {
    TRY(const Value got, value(index));
    if (!got.is_scalar()) return arguments();
    return got.number;
  }
  /// The first argument, of so many: a series or an array.
  Maybe<Value> series_argument(std::size_t most) {
    if (!has_count(1, most)) return arguments();
    TRY(Value got, value(0));
    if (got.is_scalar()) return arguments();
    return got;
  }
  Maybe<Value> array_argument(std::size_t most) {
    TRY(Value got, series_argument(most));
    if (!got.is_array()) return arguments();
    return got;
  }
  std::string_view word(std::size_t index) const {
    const Node& part = node_.parts[index];
    return part.kind == Node::Kind::name ? std::string_view(part.text) : std::string_view();
  }

  Maybe<Value> from_dates(const Dated& dated) {
    TRY(const Value got, series_argument(1));
    if (!got.is_series()) return arguments();
    Series out{.label = got.series[0].label, .period_s = got.series[0].period_s};
    for (Time at : grid(scope_, out.period_s)) out.points.emplace_back(at, dated.of(at, to_calendar(at)));
    return Value::one(std::move(out));
  }

  Maybe<Value> metrics() {
    if (!has_count(0, 1) || (node_.parts.size() == 1 && node_.parts[0].kind != Node::Kind::text)) return arguments();
    TRY(auto series, scope_.metrics(node_.parts.empty() ? std::string_view() : node_.parts[0].text));
    return Value::array(std::move(series));
  }

  /// IF(condition, then[, otherwise]).
  Maybe<Value> choose() {
    if (!has_count(2, 3)) return arguments();
    TRY(const Value condition, value(0));
    TRY(const Value then, value(1));
    Value otherwise = Value::one({});
    const bool has_otherwise = node_.parts.size() == 3;
    if (has_otherwise) {
      TRY(otherwise, value(2));
    }
    if (condition.is_array() || then.is_array() || otherwise.is_array()) return arguments();
    if (condition.is_scalar()) {
      if (!then.is_series() || !otherwise.is_series()) return arguments();
      return condition.number != 0 ? then : otherwise;
    }
    const Series& test = condition.series[0];
    Series out{.label = test.label, .period_s = test.period_s};
    for (const auto& [at, holds] : test.points) {
      const Value& chosen = holds != 0 ? then : otherwise;
      if (chosen.is_scalar()) {
        out.points.emplace_back(at, chosen.number);
      } else if (const auto there = value_at(chosen.series[0], at)) {
        out.points.emplace_back(at, *there);
      } else if (holds != 0) {
        out.points.emplace_back(at, 0);  // a missing "then" is 0, a missing "otherwise" drops the point
      }
    }
    return Value::one(std::move(out));
  }

  Maybe<Value> fill() {
    if (!has_count(2, 2)) return arguments();
    TRY(Value got, series_argument(2));
    const std::string_view how = word(1);
    const bool repeat = how == "REPEAT", linear = how == "LINEAR";
    Value filler;
    if (!repeat && !linear) {
      TRY(filler, value(1));
      if (filler.is_array()) return arguments();
    }
    for (Series& series : got.series) {
      SeriesPoints out;
      std::size_t next = 0;
      const auto& points = series.points;
      auto until = [&](Time at) {
        while (next < points.size() && points[next].first < at) out.push_back(points[next++]);
      };
      for (Time at : grid(scope_, series.period_s)) {
        until(at);
        if (next < points.size() && points[next].first == at) continue;
        std::optional<double> value;
        if (repeat) {
          if (!out.empty()) value = out.back().second;
        } else if (linear) {
          value = between(points, next, at);
        } else {
          value = filler.is_scalar() ? filler.number : value_at(filler.series[0], at);
        }
        if (value) out.emplace_back(at, *value);
      }
      until(Time{INT64_MAX});
      series.points = std::move(out);
    }
    return got;
  }
  /// On the line between the points before and after; nullopt at the ends.
  static std::optional<double> between(const SeriesPoints& points, std::size_t next, Time at) {
    if (next == 0 || next >= points.size()) return std::nullopt;
    const auto& [before, from] = points[next - 1];
    const auto& [after, to] = points[next];
    return from + (to - from) * static_cast<double>(at.us - before.us) / static_cast<double>(after.us - before.us);
  }

  Maybe<Value> period() {
    if (!has_count(1, 1)) return arguments();
    const auto seconds = scope_.period_of(std::string(word(0)));
    if (!seconds) return wrong("PERIOD takes the id of a metric");
    return Value::scalar(static_cast<double>(*seconds));
  }

  Maybe<Value> search() {
    using Kind = Node::Kind;
    const auto& parts = node_.parts;
    if (!has_count(2, 3) || parts[0].kind != Kind::text || parts[1].kind != Kind::text) return arguments();
    std::int64_t seconds = scope_.period_s;
    if (parts.size() == 3) {
      TRY(const double given, number(2));
      seconds = static_cast<std::int64_t>(std::clamp(given, 1.0, 1e9));
    }
    TRY(auto found, scope_.search(parts[0].text, parts[1].text, seconds));
    return Value::array(std::move(found));
  }

  Maybe<Value> sort() {
    if (!has_count(3, 4)) return arguments();
    TRY(Value got, array_argument(4));
    const std::string_view by = word(1), order = word(2);
    const Fold* f = by == "AVG" || by == "MIN" || by == "MAX" || by == "SUM" ? find_fold(by) : nullptr;
    if (!f || (order != "ASC" && order != "DESC")) return arguments();
    std::vector<std::pair<double, std::size_t>> keys;
    for (std::size_t i = 0; i < got.series.size(); ++i) {
      const Numbers numbers = numbers_of(got.series[i]);
      const double key = numbers.empty() ? -HUGE_VAL : f->fold(numbers);
      keys.emplace_back(order == "DESC" ? -key : key, i);
    }
    std::ranges::sort(keys);
    if (node_.parts.size() == 4) {
      TRY(const double most, number(3));
      keys.resize(std::min(keys.size(), static_cast<std::size_t>(std::clamp(most, 0.0, 1e6))));
    }
    std::vector<Series> out;
    for (const auto& [key, index] : keys) out.push_back(std::move(got.series[index]));
    return Value::array(std::move(out));
  }

  Maybe<Value> slice() {
    if (!has_count(2, 3)) return arguments();
    TRY(const Value got, array_argument(3));
    TRY(const double from, number(1));
    double to = static_cast<double>(got.series.size());
    if (node_.parts.size() == 3) {
      TRY(to, number(2));
    }
    std::vector<Series> out;
    for (std::size_t i = 0; i < got.series.size(); ++i) {
      const auto index = static_cast<double>(i);
      if (index >= from && index < to) out.push_back(got.series[i]);
    }
    return Value::array(std::move(out));
  }

  Maybe<Value> time_series() {
    if (!has_count(1, 1)) return arguments();
    TRY(const double constant, number(0));
    Series out{.label = "TIME_SERIES", .period_s = scope_.period_s};
    for (Time at : grid(scope_, out.period_s)) out.points.emplace_back(at, constant);
    return Value::one(std::move(out));
  }

  Maybe<Value> of_array() {
    TRY(Value got, array_argument(1));
    if (name_ == "METRIC_COUNT") return Value::scalar(static_cast<double>(got.series.size()));
    if (name_ == "REMOVE_EMPTY") {
      std::erase_if(got.series, [](const Series& series) { return series.points.empty(); });
      return got;
    }
    if (got.series.empty()) return Value::one({});
    return Value::one(name_ == "FIRST" ? std::move(got.series.front()) : std::move(got.series.back()));
  }
};

}  // namespace

Maybe<Value> call(const Node& node, const Scope& scope) { return Caller(node, scope).run(); }

}  // namespace reeve::sandbox::math
