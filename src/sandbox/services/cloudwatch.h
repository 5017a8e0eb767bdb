#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/service.h"
#include "sandbox/services/alarm.h"
#include "sandbox/services/cloudwatch_series.h"
#include "sandbox/wakes.h"

/// CloudWatch's drawer: metrics and alarms of one region.
namespace reeve::sandbox {

/// Data points in one region; what would go past it is refused.
inline constexpr std::size_t most_points = 2'000'000;
/// Metrics in one region.
inline constexpr std::size_t most_metrics = 100'000;

class CloudWatch : public Drawer {
 public:
  static constexpr std::string_view name = "cloudwatch";
  Table<Metric> metrics;
  Table<Alarm> alarms;
  Table<AlarmEvent> history;

  void each_table(EstateTables& tables) override;
  std::optional<Time> settle(Store& store, Region& region, Time now) override;
  void each_tagged(const DrawerPlace& place, const TagVisitor& visit) override;

  /// Adds a point in its place by time; false where there is no room left.
  bool put(std::string_view metric_namespace, std::string_view metric, const Tags& dimensions, MetricPoint point);
  /// Has alarms judged from the next full minute on, where there are any.
  void watch(Store& store, const Region& region, Time now);

 private:
  std::size_t points();
  std::optional<std::size_t> points_;  ///< counted when first asked for
  Wakes wakes_;
  std::optional<Time> settled_for_;  ///< the clock of the calls that come one moment after the other
  std::size_t evaluations_ = 0;      ///< since then
};

/// Dimensions of a request. Faults: InvalidParameterValue (more than 30, empty names or values).
std::expected<Tags, Fault> read_dimensions(Value list);
void write_dimensions(Builder& out, const Tags& dimensions);
/// A fault in CloudWatch's words for a parameter that is not valid.
std::unexpected<Fault> invalid_value(std::string message);
/// Whether CloudWatch has a unit of this name.
bool is_unit(std::string_view unit);

void register_metric_lists(Registry& r);
void register_metric_data(Registry& r);
void register_metric_statistics(Registry& r);

}  // namespace reeve::sandbox
