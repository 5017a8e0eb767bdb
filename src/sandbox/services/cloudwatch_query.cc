#include "sandbox/services/cloudwatch_query.h"

#include <fmt/format.h>

#include <cctype>
#include <map>
#include <set>

#include "sandbox/services/cloudwatch_math.h"
#include "sandbox/services/cloudwatch_search.h"

/// Runs MetricDataQueries: metrics by their statistics, expressions by metric math.
namespace reeve::sandbox {

std::unexpected<Fault> metric_validation(std::string message) { return fault("ValidationError", std::move(message)); }

bool is_period(std::int64_t period_s) {
  constexpr std::int64_t day = 86'400;
  if (period_s == 1 || period_s == 5 || period_s == 10 || period_s == 20 || period_s == 30) return true;
  return period_s > 0 && period_s % 60 == 0 && period_s <= 3650 * day;
}

Time round_start(Time start, Time now, std::int64_t period_s) {
  std::int64_t grain_s = 60;
  if (start < now - std::chrono::days(63)) {
    grain_s = 3600;
  } else if (start < now - std::chrono::days(15)) {
    grain_s = 300;
  } else if (period_s < 60) {
    grain_s = std::max<std::int64_t>(period_s, 1);
  }
  const std::int64_t grain = grain_s * 1'000'000;
  return Time{start.us - ((start.us % grain) + grain) % grain};
}

namespace {

bool is_query_id(std::string_view id) {
  if (id.empty() || id.size() > 255 || !std::islower(static_cast<unsigned char>(id[0]))) return false;
  return id.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == id.npos;
}

Outcome read_stat(Value stat, MetricQuery& query) {
  const Value metric = stat["Metric"];
  query.is_metric = true;
  query.metric_namespace = metric["Namespace"].as_string();
  query.name = metric["MetricName"].as_string();
  if (query.metric_namespace.empty() || query.name.empty()) {
    return metric_validation(fmt::format("The MetricStat of query '{}' needs Namespace and MetricName.", query.id));
  }
  TRY(query.dimensions, read_dimensions(metric["Dimensions"]));
  query.statistic_name = stat["Stat"].as_string();
  const auto statistic = parse_statistic(query.statistic_name);
  if (!statistic) {
    return metric_validation(
        fmt::format("The value {} for parameter MetricDataQueries.member.1.MetricStat.Stat is "
                    "not a valid statistic.",
                    query.statistic_name));
  }
  query.statistic = *statistic;
  query.period_s = stat["Period"].as_integer();
  if (!is_period(query.period_s)) {
    return metric_validation(fmt::format("Period must be 1, 5, 10, 20, 30 or a multiple of 60, query '{}' has {}.",
                                         query.id, query.period_s));
  }
  query.unit = stat["Unit"].as_string();
  if (!query.unit.empty() && !is_unit(query.unit)) {
    return metric_validation(fmt::format("The value {} is not a valid unit.", query.unit));
  }
  return {};
}

}  // namespace

std::expected<std::vector<MetricQuery>, Fault> read_queries(Value list) {
  constexpr std::size_t most = 500;
  if (list.size() > most)
    return metric_validation("The collection MetricDataQueries must not have a size greater than 500.");
  if (list.empty()) return fault("MissingParameter", "The parameter MetricDataQueries is required.");
  std::vector<MetricQuery> out;
  std::set<std::string> ids;
  for (Value item : list.items()) {
    MetricQuery query;
    query.id = item["Id"].as_string();
    if (!is_query_id(query.id)) {
      return metric_validation(
          fmt::format("The value {} for parameter MetricDataQueries.member.1.Id is not matching the expected pattern "
                      "^[a-z][a-zA-Z0-9_]*$.",
                      query.id));
    }
    if (!ids.insert(query.id).second) {
      return metric_validation(
          fmt::format("The values for parameter id in the MetricDataQueries are not unique: {}.", query.id));
    }
    query.label = item["Label"].as_string();
    query.has_label = item["Label"].is_text();
    query.returns = item["ReturnData"].is_null() || item["ReturnData"].as_bool();
    query.account = item["AccountId"].as_string();
    const Value stat = item["MetricStat"], expression = item["Expression"];
    if (stat.is_null() == expression.is_null()) {
      return metric_validation(
          fmt::format("Exactly one of MetricStat and Expression must be specified in query '{}'.", query.id));
    }
    if (!stat.is_null()) {
      TRY(read_stat(stat, query));
    } else {
      query.expression = expression.as_string();
      query.period_s = item["Period"].as_integer();
      if (!item["Period"].is_null() && !is_period(query.period_s)) {
        return metric_validation(fmt::format("Period of query '{}' is not valid: {}.", query.id, query.period_s));
      }
      if (query.expression.empty()) return metric_validation("An Expression must not be empty.");
    }
    out.push_back(std::move(query));
  }
  return out;
}

namespace {

using math::Maybe;
using math::Series;

/// A number in a dynamic label.
std::string label_number(double value) {
  std::string text = fmt::format("{:.3f}", value);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text;
}

/// One run of queries: each is computed once, when somebody looks at it.
class Run {
 public:
  Run(CloudWatch& cloudwatch, const std::vector<MetricQuery>& queries, Time from, Time to, Time now)
      : cloudwatch_(cloudwatch), queries_(queries), from_(from), to_(to), now_(now) {}

  std::expected<std::vector<QueryResult>, Fault> results() {
    std::vector<QueryResult> out;
    for (const MetricQuery& query : queries_) {
      auto value = value_of(query.id);
      if (!value) return metric_validation(fmt::format("Error in expression '{}': {}", blamed_, value.error().text));
      if (value->is_scalar()) {
        return metric_validation(
            fmt::format("Error in expression '{}': The final result of an expression must be a "
                        "time series or an array of time series",
                        query.id));
      }
      if (!query.returns) continue;
      constexpr std::size_t most_series = 500;
      if (value->series.size() > most_series) value->series.resize(most_series);
      for (Series& series : value->series) {
        QueryResult result{.id = query.id, .label = label_of(query, *value, series)};
        result.points = std::move(series.points);
        out.push_back(std::move(result));
      }
    }
    return out;
  }

 private:
  CloudWatch& cloudwatch_;
  const std::vector<MetricQuery>& queries_;
  Time from_, to_, now_;
  std::map<std::string, math::Value, std::less<>> done_;
  std::set<std::string, std::less<>> under_way_;
  std::string blamed_;

  const MetricQuery* find(std::string_view id) const {
    const auto at = std::ranges::find(queries_, id, &MetricQuery::id);
    return at == queries_.end() ? nullptr : &*at;
  }

  Series read(const Metric* metric, const Statistic& statistic, std::int64_t period_s, std::string_view unit) const {
    Series out{.period_s = period_s};
    const Time end = std::min(to_, now_ + std::chrono::hours(2));
    if (metric) {
      out.points = read_series(*metric, statistic, period_s, round_start(from_, now_, period_s), end, unit);
      out.label = metric->name;
    }
    return out;
  }

  Series read(const MetricQuery& query) const {
    const std::string id = metric_id(query.metric_namespace, query.name, query.dimensions);
    Series out = read(cloudwatch_.metrics.find(id), query.statistic, query.period_s, query.unit);
    out.label = query.has_label && !query.label.empty() ? query.label : usual_label(query);
    return out;
  }
  /// The metric's name; with the dimensions where the call has the name several times.
  std::string usual_label(const MetricQuery& query) const {
    std::size_t same = 0;
    for (const MetricQuery& other : queries_) same += other.is_metric && other.name == query.name ? 1 : 0;
    std::string out;
    if (same > 1) {
      for (const auto& [name, value] : query.dimensions) out += value + " ";
    }
    return out + query.name;
  }

  Maybe<math::Value> value_of(const std::string& id) {
    if (const auto at = done_.find(id); at != done_.end()) return at->second;
    const MetricQuery* query = find(id);
    if (!query) return math::wrong(fmt::format("Undefined variable '{}'", id));
    if (query->is_metric) return done_.emplace(id, math::Value::one(read(*query))).first->second;
    if (!under_way_.insert(id).second) return math::wrong(fmt::format("Circular reference to '{}'", id));
    blamed_ = id;
    TRY(const math::Node node, math::parse(query->expression));
    TRY(math::Value value, math::evaluate(node, scope(*query, node)));
    under_way_.erase(id);
    return done_.emplace(id, std::move(value)).first->second;
  }

  /// The longest period of the metrics in an expression.
  std::int64_t period_in(const MetricQuery& query, const math::Node& node, int depth) const {
    constexpr int deepest = 20;
    std::int64_t period = 0;
    const bool all = math::calls(node, "METRICS");
    for (const MetricQuery& other : queries_) {
      if (all && other.is_metric) period = std::max(period, other.period_s);
    }
    math::each_name(node, [&](std::string_view id) {
      const MetricQuery* other = find(id);
      if (!other || other->id == query.id || depth > deepest) return;
      if (other->is_metric) {
        period = std::max(period, other->period_s);
      } else if (const auto inner = math::parse(other->expression)) {
        period = std::max(period, period_in(*other, *inner, depth + 1));
      }
    });
    return period;
  }

  math::Scope scope(const MetricQuery& query, const math::Node& node) {
    math::Scope out;
    std::int64_t period = query.period_s > 0 ? query.period_s : period_in(query, node, 0);
    if (period == 0) period = 60;
    out.from = round_start(from_, now_, period);
    out.to = to_;
    out.period_s = period;
    out.query = [this](const std::string& id) { return value_of(id); };
    out.metrics = [this](std::string_view part) -> Maybe<std::vector<Series>> {
      std::vector<Series> all;
      for (const MetricQuery& other : queries_) {
        if (!other.is_metric || !other.id.contains(part)) continue;
        TRY(const math::Value value, value_of(other.id));
        all.push_back(value.series[0]);
      }
      return all;
    };
    out.search = [this](std::string_view text, std::string_view stat, std::int64_t period_s) {
      return search(text, stat, period_s);
    };
    out.period_of = [this](const std::string& id) -> std::optional<std::int64_t> {
      const MetricQuery* other = find(id);
      return other && other->is_metric ? std::optional(other->period_s) : std::nullopt;
    };
    return out;
  }

  Maybe<std::vector<Series>> search(std::string_view text, std::string_view stat, std::int64_t period_s) const {
    constexpr std::size_t most = 500;
    const auto parsed = MetricSearch::parse(text);
    if (!parsed) return math::wrong("SEARCH: " + parsed.error());
    const auto statistic = parse_statistic(stat);
    if (!statistic || !is_period(period_s)) return math::wrong("SEARCH wants a statistic and a period");
    std::vector<Series> all;
    for (const auto& [id, metric] : cloudwatch_.metrics.rows) {
      if (!parsed->matches(metric) || all.size() == most) continue;
      Series series = read(&metric, *statistic, period_s, {});
      series.label.clear();
      for (const auto& [name, value] : metric.dimensions) series.label += value + " ";
      series.label += metric.name;
      all.push_back(std::move(series));
    }
    return all;
  }

  std::string label_of(const MetricQuery& query, const math::Value& value, const Series& series) const {
    std::string usual = query.is_metric ? usual_label(query) : value.is_array() ? series.label : query.id;
    if (!query.has_label || query.label.empty()) return usual;
    if (value.is_array() && !query.label.contains("${")) return query.label + " " + usual;
    return filled(query, usual, series);
  }

  /// A label with its ${…} in place [CloudWatch user guide, "Using dynamic labels"]; what is not known stays.
  static std::string filled(const MetricQuery& query, const std::string& usual, const Series& series) {
    std::string out;
    std::string_view rest = query.label;
    for (std::size_t from = rest.find("${"); from != rest.npos; from = rest.find("${")) {
      const std::size_t end = rest.find('}', from);
      if (end == rest.npos) break;
      out += rest.substr(0, from);
      out += property(query, usual, series, rest.substr(from + 2, end - from - 2));
      rest.remove_prefix(end + 1);
    }
    return out.append(rest);
  }
  static std::string property(const MetricQuery& query, const std::string& usual, const Series& series,
                              std::string_view name) {
    if (name == "LABEL") return usual;
    if (name.starts_with("PROP('") && name.ends_with("')")) {
      const std::string_view of = name.substr(6, name.size() - 8);
      if (of == "MetricName") return query.name;
      if (of == "Namespace") return query.metric_namespace;
      if (of == "Stat") return query.statistic_name;
      if (of == "Period") return std::to_string(query.period_s);
      if (of.starts_with("Dim.")) {
        const auto at = query.dimensions.find(of.substr(4));
        return at == query.dimensions.end() ? std::string() : at->second;
      }
    }
    const auto& points = series.points;
    Aggregate all;
    for (const auto& [at, value] : points) all.take({at, 1, value, value, value, {}}, false);
    if (name == "DATAPOINT_COUNT") return std::to_string(points.size());
    if (name == "SUM") return label_number(all.sum);
    if (!points.empty()) {
      if (name == "AVG") return label_number(all.sum / all.count);
      if (name == "MIN") return label_number(all.minimum);
      if (name == "MAX") return label_number(all.maximum);
      if (name == "FIRST") return label_number(points.front().second);
      if (name == "LAST") return label_number(points.back().second);
      if (name == "FIRST_TIME") return format_iso8601(points.front().first);
      if (name == "LAST_TIME") return format_iso8601(points.back().first);
    } else if (name == "AVG" || name == "MIN" || name == "MAX" || name == "FIRST" || name == "LAST") {
      return "--";
    }
    return fmt::format("${{{}}}", name);
  }
};

}  // namespace

std::expected<std::vector<QueryResult>, Fault> run_queries(CloudWatch& cloudwatch,
                                                           const std::vector<MetricQuery>& queries, Time from, Time to,
                                                           Time now) {
  return Run(cloudwatch, queries, from, to, now).results();
}

}  // namespace reeve::sandbox
