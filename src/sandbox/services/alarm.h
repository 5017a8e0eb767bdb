#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/service.h"

/// Alarms of CloudWatch: what they are, and how they decide.
namespace reeve::sandbox {

class CloudWatch;

/// A metric or a composite alarm; its id is its name.
struct Alarm {
  std::string id, description, arn;
  bool actions_disabled = false;
  std::vector<std::string> ok_actions, alarm_actions, insufficient_actions;
  std::string state = "INSUFFICIENT_DATA", reason = "Unchecked: Initial alarm creation", reason_data;
  Time configured, updated, transitioned;
  Tags tags;

  // Of metric alarms.
  std::string metric_namespace, metric, statistic, extended_statistic, unit, comparison, treat_missing = "missing",
                                                                                         low_samples, threshold_metric;
  Tags dimensions;
  Document metrics;  ///< MetricDataQueries where it watches an expression
  std::int64_t period_s = 60, evaluation_periods = 1, datapoints_to_alarm = 0;
  double threshold = 0;

  // Of composite alarms.
  std::string rule;
  bool is_composite() const { return !rule.empty(); }
  /// How many of the periods must breach.
  std::int64_t needed() const { return datapoints_to_alarm > 0 ? datapoints_to_alarm : evaluation_periods; }
};

/// One line of an alarm's history; ids ascend with time.
struct AlarmEvent {
  std::string id, alarm, alarm_type, kind, summary, data;
  Time at;
};

/// A datapoint as an alarm sees it.
enum class Breach : std::uint8_t { missing, no, yes };

/// The state that the newest data points call for; nullopt: the state stays. `range` from the oldest to the newest,
/// longer than `periods`; `treat` is TreatMissingData [CloudWatch user guide, "How alarm state is evaluated when data
/// is missing"].
std::optional<std::string_view> judge_datapoints(const std::vector<Breach>& range, std::int64_t periods,
                                                 std::int64_t needed, std::string_view treat);

/// Whether a value breaches. The comparison is an AWS name such as "GreaterThanThreshold".
bool breaches(std::string_view comparison, double value, double threshold);

/// Looks at a metric alarm's data as of `at` and changes its state where it should.
void evaluate_alarm(Store& store, Region& region, CloudWatch& cloudwatch, Alarm& alarm, Time at);

/// Changes the state, writes history and does the actions of the new state; composite alarms that name it follow.
void set_alarm_state(Store& store, Region& region, CloudWatch& cloudwatch, Alarm& alarm, std::string_view state,
                     std::string reason, std::string reason_data, Time at);

/// Does what a state's actions say. `old_state` is where it came from.
void send_alarm_actions(Store& store, Region& region, CloudWatch& cloudwatch, Alarm& alarm, std::string_view old_state,
                        Time at);
/// Does again those of an alarm's actions that go on while it is in ALARM: scaling policies, each minute [Auto Scaling
/// user guide, "Step and simple scaling policies"].
void repeat_scaling_actions(Store& store, Region& region, Alarm& alarm, Time at);

/// Adds a line of history. Kinds: StateUpdate, ConfigurationUpdate, Action.
void add_alarm_event(Store& store, CloudWatch& cloudwatch, const Alarm& alarm, std::string_view kind,
                     std::string summary, std::string data, Time at);

/// A composite alarm's rule: what it comes to, given the state of each alarm by name or ARN.
/// Fault: ValidationError with what is wrong and where.
class AlarmRule {
 public:
  static std::expected<AlarmRule, Fault> parse(std::string_view text);
  /// Names of the alarms it looks at.
  std::vector<std::string> alarms() const;
  template <class StateOf>
  bool holds(StateOf state_of) const {
    return holds(parts_.size() - 1, state_of);
  }

 private:
  enum class Op : std::uint8_t { constant, state, negate, both, either };
  struct Part {
    Op op = Op::constant;
    bool value = false;
    std::string state, alarm;
    std::size_t left = 0, right = 0;
  };
  struct Parser;
  template <class StateOf>
  bool holds(std::size_t index, StateOf& state_of) const {
    const Part& part = parts_[index];
    switch (part.op) {
      case Op::constant:
        return part.value;
      case Op::state:
        return state_of(part.alarm) == part.state;
      case Op::negate:
        return !holds(part.left, state_of);
      case Op::both:
        return holds(part.left, state_of) && holds(part.right, state_of);
      case Op::either:
        return holds(part.left, state_of) || holds(part.right, state_of);
    }
    return false;
  }
  std::vector<Part> parts_;  ///< the root is the last
};

/// The end of an ARN of an alarm, or the name as it is.
std::string_view alarm_name_of(std::string_view name_or_arn);

void register_alarms(Registry& r);
void register_alarm_history(Registry& r);
void register_composite_alarms(Registry& r);

// --- In other files of this service, for what changes alarms
// ----------------------------------------------------------

std::string alarm_arn(const Region& region, std::string_view name);
/// What every alarm has, from a Put call. Faults: ValidationError, LimitExceeded.
Outcome read_alarm_frame(Call& c, Alarm& alarm);
/// Keeps what a Put call made: a new alarm, or a change that leaves state and tags as they were.
Outcome keep_alarm(Call& c, Alarm made);
/// Composite alarms judge again.
void follow_with_composites(Store& store, Region& region, CloudWatch& cloudwatch, Time at);
std::unexpected<Fault> alarm_validation(std::string message);

}  // namespace reeve::sandbox
