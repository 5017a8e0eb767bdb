#include "sandbox/services/cloudwatch_math.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

/// Operators of metric math.
namespace reeve::sandbox::math {
namespace {

/// The result of an operator for two numbers; nullopt where the point is dropped.
std::optional<double> apply(std::string_view op, double a, double b) {
  if (op == "+") return a + b;
  if (op == "-") return a - b;
  if (op == "*") return a * b;
  if (op == "/") return b == 0 ? std::nullopt : std::optional<double>(a / b);
  if (op == "^") {
    const double out = std::pow(a, b);
    return std::isfinite(out) ? std::optional<double>(out) : std::nullopt;
  }
  if (op == "==") return a == b;
  if (op == "!=") return a != b;
  if (op == "<=") return a <= b;
  if (op == ">=") return a >= b;
  if (op == "<") return a < b;
  if (op == ">") return a > b;
  if (op == "AND") return a != 0 && b != 0;
  return a != 0 || b != 0;
}

/// Two series point by point: where one has no value, it counts as 0.
Series join(std::string_view op, const Series& a, const Series& b) {
  Series out{.label = a.label, .period_s = std::max(a.period_s, b.period_s)};
  std::size_t i = 0, k = 0;
  while (i < a.points.size() || k < b.points.size()) {
    const bool left = k >= b.points.size() || (i < a.points.size() && a.points[i].first <= b.points[k].first);
    const bool right = i >= a.points.size() || (k < b.points.size() && b.points[k].first <= a.points[i].first);
    const Time at = left ? a.points[i].first : b.points[k].first;
    const double x = left ? a.points[i++].second : 0, y = right ? b.points[k++].second : 0;
    if (const auto value = apply(op, x, y)) out.points.emplace_back(at, *value);
  }
  return out;
}

template <class Change>
Series changed(const Series& series, Change change) {
  Series out{.label = series.label, .period_s = series.period_s};
  for (const auto& [at, value] : series.points) {
    if (const std::optional<double> result = change(value)) out.points.emplace_back(at, *result);
  }
  return out;
}

Maybe<Value> binary(std::string_view op, const Value& a, const Value& b) {
  if (a.is_scalar() && b.is_scalar()) {
    const auto value = apply(op, a.number, b.number);
    if (!value) return wrong("Division by zero");
    return Value::scalar(*value);
  }
  const bool arithmetic = op == "+" || op == "-" || op == "*" || op == "/" || op == "^";
  if (a.is_array() && b.is_array()) return wrong(fmt::format("Operator '{}' cannot take two arrays", op));
  if (!arithmetic && (a.is_array() || b.is_array())) {
    return wrong(fmt::format("Operator '{}' cannot take an array of time series", op));
  }
  Value out{.kind = a.is_array() || b.is_array() ? Value::Kind::array : Value::Kind::series};
  const std::size_t count = std::max(a.is_array() ? a.series.size() : 1, b.is_array() ? b.series.size() : 1);
  const bool empty = (a.is_array() && a.series.empty()) || (b.is_array() && b.series.empty());
  for (std::size_t i = 0; i < count && !empty; ++i) {
    if (a.is_scalar()) {
      out.series.push_back(
          changed(b.series[b.is_array() ? i : 0], [&](double value) { return apply(op, a.number, value); }));
    } else if (b.is_scalar()) {
      out.series.push_back(
          changed(a.series[a.is_array() ? i : 0], [&](double value) { return apply(op, value, b.number); }));
    } else {
      out.series.push_back(join(op, a.series[a.is_array() ? i : 0], b.series[b.is_array() ? i : 0]));
      if (b.is_array()) out.series.back().label = b.series[i].label;
    }
  }
  return out;
}

}  // namespace

std::vector<Time> grid(const Scope& scope, std::int64_t period_s) {
  const std::int64_t step = std::max<std::int64_t>(period_s > 0 ? period_s : scope.period_s, 1) * 1'000'000;
  std::vector<Time> out;
  for (std::int64_t at = scope.from.us; at < scope.to.us; at += step) out.push_back(Time{at});
  return out;
}

Maybe<Value> evaluate(const Node& node, const Scope& scope) {
  switch (node.kind) {
    case Node::Kind::number:
      return Value::scalar(node.number);
    case Node::Kind::text:
      return wrong("A text is not a value");
    case Node::Kind::name:
      if (!std::islower(static_cast<unsigned char>(node.text[0]))) {
        return wrong(fmt::format("Unsupported operand '{}'", node.text));
      }
      return scope.query(node.text);
    case Node::Kind::call:
      return call(node, scope);
    case Node::Kind::array: {
      std::vector<Series> all;
      for (const Node& part : node.parts) {
        TRY(Value value, evaluate(part, scope));
        if (value.is_scalar()) return wrong("An array may hold time series only");
        for (Series& series : value.series) all.push_back(std::move(series));
      }
      return Value::array(std::move(all));
    }
    case Node::Kind::negate: {
      TRY(const Value value, evaluate(node.parts[0], scope));
      return binary("*", value, Value::scalar(-1));
    }
    case Node::Kind::binary: {
      TRY(const Value left, evaluate(node.parts[0], scope));
      TRY(const Value right, evaluate(node.parts[1], scope));
      return binary(node.text, left, right);
    }
  }
  return wrong("The expression cannot be read");
}

}  // namespace reeve::sandbox::math
