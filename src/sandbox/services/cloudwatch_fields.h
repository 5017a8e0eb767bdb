#pragma once
#include <concepts>

#include "sandbox/estate_fields.h"
#include "sandbox/services/cloudwatch.h"

/// CloudWatch's tables in estate files.
namespace reeve::sandbox {

template <class Io, like<MetricPoint> S>
void fields(Io& io, S& s) {
  io("Timestamp", s.at);
  if constexpr (Io::reads) {
    double value = 0;
    io("Value", value);
    s.sum = s.minimum = s.maximum = value;
    io("SampleCount", s.count);
    io("Sum", s.sum);
    io("Minimum", s.minimum);
    io("Maximum", s.maximum);
  } else if (s.count == 1 && s.minimum == s.maximum) {
    io("Value", s.sum);
  } else {
    io("SampleCount", s.count);
    io("Sum", s.sum);
    io("Minimum", s.minimum);
    io("Maximum", s.maximum);
  }
  io("Unit", s.unit);
}

template <class Io, like<MetricStep> S>
void fields(Io& io, S& s) {
  io("From", s.at);
  io("Value", s.value);
}

template <class Io, like<MetricRule> S>
void fields(Io& io, S& s) {
  io("Kind", s.kind);
  io("Value", s.value);
  io("Amplitude", s.amplitude);
  io("Interval", s.interval_s);
  io("Wave", s.wave_s);
  io("Phase", s.phase_s);
  io("Unit", s.unit);
  io("From", s.from);
  io("Until", s.until);
  io.list("Steps", s.steps);
}

template <class Io, like<Metric> S>
void fields(Io& io, S& s) {
  io("Namespace", s.metric_namespace);
  io("MetricName", s.name);
  io.tags("Dimensions", s.dimensions);
  io.list("Datapoints", s.points);
  io.part("Rule", s.rule);
  if constexpr (Io::reads) {
    if (!s.metric_namespace.empty() && !s.name.empty()) s.id = metric_id(s.metric_namespace, s.name, s.dimensions);
  }
}

template <class Io, like<Alarm> S>
void fields(Io& io, S& s) {
  io("AlarmName", s.id);
  io("AlarmArn", s.arn);
  io("AlarmDescription", s.description);
  io("ActionsDisabled", s.actions_disabled);
  io("OKActions", s.ok_actions);
  io("AlarmActions", s.alarm_actions);
  io("InsufficientDataActions", s.insufficient_actions);
  io("StateValue", s.state);
  io("StateReason", s.reason);
  io("StateReasonData", s.reason_data);
  io("AlarmConfigurationUpdatedTimestamp", s.configured);
  io("StateUpdatedTimestamp", s.updated);
  io("StateTransitionedTimestamp", s.transitioned);
  io("Namespace", s.metric_namespace);
  io("MetricName", s.metric);
  io("Statistic", s.statistic);
  io("ExtendedStatistic", s.extended_statistic);
  io("Unit", s.unit);
  io("ComparisonOperator", s.comparison);
  io("TreatMissingData", s.treat_missing);
  io("EvaluateLowSampleCountPercentile", s.low_samples);
  io("ThresholdMetricId", s.threshold_metric);
  io.tags("Dimensions", s.dimensions);
  io("Metrics", s.metrics);
  io("Period", s.period_s);
  io("EvaluationPeriods", s.evaluation_periods);
  io("DatapointsToAlarm", s.datapoints_to_alarm);
  io("Threshold", s.threshold);
  io("AlarmRule", s.rule);
  io.tags("Tags", s.tags);
}

template <class Io, like<AlarmEvent> S>
void fields(Io& io, S& s) {
  io("Id", s.id);
  io("AlarmName", s.alarm);
  io("AlarmType", s.alarm_type);
  io("HistoryItemType", s.kind);
  io("HistorySummary", s.summary);
  io("HistoryData", s.data);
  io("Timestamp", s.at);
}

}  // namespace reeve::sandbox
