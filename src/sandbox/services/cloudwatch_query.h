#pragma once
#include <expected>
#include <string>
#include <vector>

#include "sandbox/services/cloudwatch.h"

/// Queries of GetMetricData and of alarms on expressions.
namespace reeve::sandbox {

/// One MetricDataQuery.
struct MetricQuery {
  std::string id, label, expression, unit;
  bool is_metric = false, returns = true, has_label = false;
  std::string metric_namespace, name;  ///< of a metric
  Tags dimensions;
  std::string statistic_name;
  Statistic statistic;
  std::int64_t period_s = 0;  ///< of an expression: 0 where it does not say
  std::string account;        ///< another account's metric
};

/// What came of a query: one series, or several of one expression.
struct QueryResult {
  std::string id, label;
  SeriesPoints points;  ///< from the oldest
};

/// Reads MetricDataQueries and checks what AWS checks. Faults: ValidationError.
std::expected<std::vector<MetricQuery>, Fault> read_queries(Value list);

/// Runs them over [from, to); results of those that return data, in their order. Faults: ValidationError, for an
/// expression that is wrong.
std::expected<std::vector<QueryResult>, Fault> run_queries(CloudWatch& cloudwatch,
                                                           const std::vector<MetricQuery>& queries, Time from, Time to,
                                                           Time now);

/// StartTime as CloudWatch rounds it: down to the minute, 5 minutes past 15 days ago, an hour past 63 days ago; for
/// periods of 1 to 30 s down to the period [API reference, GetMetricData].
Time round_start(Time start, Time now, std::int64_t period_s);

/// Whether it is a period that metrics may be asked with: 1, 5, 10, 20, 30 or a multiple of 60.
bool is_period(std::int64_t period_s);

/// "MetricDataQueries" is what the members of a list are called in a message.
std::unexpected<Fault> metric_validation(std::string message);

}  // namespace reeve::sandbox
