#pragma once
#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/services/cloudwatch_series.h"

/// Metric math: expressions over time series [CloudWatch user guide, "Using math expressions with CloudWatch metrics"].
namespace reeve::sandbox::math {

/// What is wrong with an expression.
struct Wrong {
  std::string text;
};
template <class T>
using Maybe = std::expected<T, Wrong>;
inline std::unexpected<Wrong> wrong(std::string text) { return std::unexpected(Wrong{std::move(text)}); }

struct Series {
  std::string label;
  std::int64_t period_s = 0;  ///< 0: of no metric
  SeriesPoints points;        ///< from the oldest
};

/// A scalar, a time series, or an array of them.
struct Value {
  enum class Kind : std::uint8_t { scalar, series, array } kind = Kind::scalar;
  double number = 0;
  std::vector<Series> series;  ///< one of a series
  static Value scalar(double number) { return {.number = number}; }
  static Value one(Series series) { return {.kind = Kind::series, .series = {std::move(series)}}; }
  static Value array(std::vector<Series> series) { return {.kind = Kind::array, .series = std::move(series)}; }
  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_series() const { return kind == Kind::series; }
  bool is_array() const { return kind == Kind::array; }
};

/// A node of a parsed expression.
struct Node {
  enum class Kind : std::uint8_t { number, text, name, call, array, negate, binary } kind = Kind::number;
  double number = 0;
  std::string text;  ///< of a text; the name of a name or call; the operator
  std::vector<Node> parts;
};

/// Faults tell what is wrong and where.
Maybe<Node> parse(std::string_view text);
/// All names of other queries in it, and whether METRICS() or SEARCH() is.
void each_name(const Node& node, const std::function<void(std::string_view)>& take);
bool calls(const Node& node, std::string_view function);

/// What an expression may look at.
struct Scope {
  Time from, to;
  std::int64_t period_s = 60;  ///< of series that no metric gives a period
  /// The value of another query; an error where there is none, or where it is this one again.
  std::function<Maybe<Value>(const std::string& id)> query;
  /// The metrics of the request whose ids hold the text, in their order.
  std::function<Maybe<std::vector<Series>>(std::string_view part)> metrics;
  std::function<Maybe<std::vector<Series>>(std::string_view search, std::string_view statistic, std::int64_t period_s)>
      search;
  /// The period of a metric of the request; nullopt where the id is not a metric's.
  std::function<std::optional<std::int64_t>(const std::string& id)> period_of;
};

Maybe<Value> evaluate(const Node& node, const Scope& scope);
/// A function's value. `node` is a call.
Maybe<Value> call(const Node& node, const Scope& scope);
/// Times of the scope at which a series of this period may have points.
std::vector<Time> grid(const Scope& scope, std::int64_t period_s);

}  // namespace reeve::sandbox::math
