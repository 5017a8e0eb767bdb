#pragma once
#include "sandbox/estate_fields.h"
#include "sandbox/services/logs.h"

/// The table of log groups in estate files.
namespace reeve::sandbox {

template <class Io, like<LogEvent> S>
void fields(Io& io, S& s) {
  io("Timestamp", s.at);
  io("Message", s.message);
  io("IngestionTime", s.ingested);
  io("EventId", s.id);
}

template <class Io, like<LogStream> S>
void fields(Io& io, S& s) {
  io("LogStreamName", s.name);
  io("UploadSequenceToken", s.token);
  io("CreationTime", s.created);
  io("FirstEventTimestamp", s.first);
  io("LastEventTimestamp", s.last);
  io("LastIngestionTime", s.ingested);
  io.list("Events", s.events);
}

template <class Io, like<MetricTransformation> S>
void fields(Io& io, S& s) {
  io("MetricName", s.name);
  io("MetricNamespace", s.metric_namespace);
  io("MetricValue", s.value);
  io("Unit", s.unit);
  if (Io::reads || s.otherwise) {
    double otherwise = s.otherwise.value_or(0);
    bool has_default = s.otherwise.has_value();
    io("HasDefault", has_default);
    io("DefaultValue", otherwise);
    if constexpr (Io::reads) {
      if (has_default) s.otherwise = otherwise;
    }
  }
  io.tags("Dimensions", s.dimensions);
}

template <class Io, like<MetricFilter> S>
void fields(Io& io, S& s) {
  io("FilterName", s.name);
  io("FilterPattern", s.pattern);
  io("CreationTime", s.created);
  io.list("MetricTransformations", s.transformations);
}

template <class Io, like<SubscriptionFilter> S>
void fields(Io& io, S& s) {
  io("FilterName", s.name);
  io("FilterPattern", s.pattern);
  io("DestinationArn", s.destination);
  io("RoleArn", s.role);
  io("Distribution", s.distribution);
  io("CreationTime", s.created);
}

template <class Io, like<LogGroup> S>
void fields(Io& io, S& s) {
  io("LogGroupName", s.id);
  io("Arn", s.arn);
  io("KmsKeyId", s.kms_key);
  io("LogGroupClass", s.group_class);
  io("CreationTime", s.created);
  io("RetentionInDays", s.retention_days);
  io.list("Streams", s.streams);
  io.list("MetricFilters", s.metric_filters);
  io.list("SubscriptionFilters", s.subscriptions);
  io.tags("Tags", s.tags);
}

}  // namespace reeve::sandbox
