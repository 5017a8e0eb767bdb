#pragma once
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/listing.h"
#include "sandbox/service.h"
#include "sandbox/wakes.h"

/// EC2 Auto Scaling's drawer: what a region knows of its groups beyond store.h's ScalingGroup, and how groups do their
/// work.
namespace reeve::sandbox {

/// What a group is set to. A group of an estate file that nobody touched has none: it stands as it is told, and does
/// nothing by itself. The id is the group's name.
struct GroupSettings {
  std::string id, health_check = "EC2", placement_group, service_role, context;
  std::int64_t cooldown_s = 300, warmup_s = -1, grace_s = 0, max_lifetime_s = 0;
  bool protects_new = false, rebalances = false;
  std::vector<std::string> termination_policies, load_balancers, target_groups, metrics;
  std::vector<std::pair<std::string, std::string>> suspended;  ///< process and why
  std::set<std::string, std::less<>> own_tags;                 ///< keys of tags that instances do not get
  std::optional<Time> cools_until, retry_at;
  std::int64_t failures = 0;  ///< launches that failed in a row
  Document warm_pool;         ///< as PutWarmPool gave it, or null
};

/// A lifecycle hook that an instance waits for.
struct HookWait {
  std::string hook, token, otherwise;  ///< `otherwise`: the result when time runs out
  Time until, latest;
};

/// An instance of a group; the id is the instance's.
struct GroupMember {
  std::string id, group, state = "InService", health = "Healthy", activity, launched_by, cause;
  bool is_protected = false, hooks_done = false;
  Time joined;
  std::optional<Time> due, warm_until;
  std::vector<HookWait> waits;
  bool is_leaving() const { return state.starts_with("Terminating"); }
  /// Counts for the group's capacity.
  bool counts() const { return !is_leaving() && state != "Standby" && state != "EnteringStandby"; }
};

/// Ids ascend with time.
struct ScalingActivity {
  std::string id, group, group_arn, description, cause, status = "InProgress", message, details;
  Time start;
  std::optional<Time> end;
  std::int64_t progress = 0;
};

/// The id is "GROUP/POLICY".
struct ScalingPolicy {
  std::string id, arn, group, name, type = "SimpleScaling", adjustment_type, aggregation;
  std::int64_t adjustment = 0, least_magnitude = 0, cooldown_s = -1, warmup_s = -1;
  bool disabled = false;
  Document steps, tracking;
  std::vector<std::string> alarms;  ///< names of those it made
};

/// The id is "GROUP/ACTION".
struct ScheduledScaling {
  std::string id, arn, group, name, recurrence, time_zone;
  std::optional<Time> start, end, next;
  std::int64_t min = -1, max = -1, desired = -1;
};

/// The id is "GROUP/HOOK".
struct LifecycleHook {
  std::string id, group, name, transition, target, role, metadata, otherwise = "ABANDON";
  std::int64_t timeout_s = 3600;
};

/// The id is "GROUP/TYPE/TOPIC".
struct ScalingNotification {
  std::string id, group, topic, type;
};

/// The id is the refresh's.
struct InstanceRefresh {
  std::string id, group, status, reason;
  Time start;
  std::optional<Time> end;
  std::int64_t progress = 0, left = 0;
  Document preferences;
};

class AutoScaling : public Drawer {
 public:
  static constexpr std::string_view name = "autoscaling";
  Table<GroupSettings> settings;
  Table<GroupMember> members;
  Table<ScalingActivity> activities;
  Table<ScalingPolicy> policies;
  Table<ScheduledScaling> scheduled;
  Table<LifecycleHook> hooks;
  Table<ScalingNotification> notifications;
  Table<InstanceRefresh> refreshes;

  void each_table(EstateTables& tables) override;
  std::optional<Time> settle(Store& store, Region& region, Time now) override;
  /// Wakes at the next moment at which something is due, after `at`.
  void arm(Store& store, const Region& region, Time at);
  void forget_group(std::string_view group);

 private:
  Wakes wakes_;
  Burst burst_;
};

/// Calls `take(row)` for a table's rows of one group; they may be changed, not erased.
template <class T, class Take>
void each_of_group(T& table, std::string_view group, Take take) {
  for (auto& [id, row] : table.rows) {
    if (row.group == group) take(row);
  }
}

/// Lets groups work at one moment.
class Scaler {
 public:
  Scaler(Store& store, Region& region, Time at)
      : store(store), region(region), drawer(region.drawers.of<AutoScaling>()), at(at) {}
  Store& store;
  Region& region;
  AutoScaling& drawer;
  Time at;

  /// The group's settings, and a member for each of its instances: made where they are not there yet.
  GroupSettings& take_over(ScalingGroup& group);
  std::int64_t capacity(const ScalingGroup& group) const;
  bool runs(const GroupSettings& settings, std::string_view process) const;
  /// Launches and ends instances until the capacity is the desired one. `cause` is the sentence that says why.
  void reconcile(ScalingGroup& group, const std::string& cause);
  /// Sets the desired capacity and reconciles.
  void scale(ScalingGroup& group, std::int64_t desired, const std::string& cause);
  /// Does what is due for a member by now. False where the member is gone.
  bool step(ScalingGroup& group, const std::string& id);
  /// Has a member end; `cause` is the whole cause of its activity, whose id is the answer.
  std::string end_member(ScalingGroup& group, GroupMember& member, const std::string& cause);
  /// Ends what is not healthy, or no longer there, and replaces it.
  void check_health(ScalingGroup& group);
  /// The result of a hook; CONTINUE or ABANDON.
  void complete_hook(ScalingGroup& group, GroupMember& member, std::string_view hook, std::string_view result);
  ScalingActivity& begin_activity(const ScalingGroup& group, std::string description, std::string cause,
                                  std::int64_t progress);
  void end_activity(const std::string& id, std::string_view status, std::string message = {});
  /// Takes a member out of the group's lists, whatever the instance does.
  void remove(ScalingGroup& group, const std::string& id);
  /// "2026-06-01T12:03:00Z".
  std::string when() const;
  /// JSON of an activity's details.
  std::string details(const Instance& instance) const;
  /// A notification of an event such as "autoscaling:EC2_INSTANCE_LAUNCH" to the group's topics.
  void notify(const ScalingGroup& group, std::string_view event, const ScalingActivity& activity,
              const std::string& instance);

 private:
  bool launch(ScalingGroup& group, const std::string& cause);
  GroupMember* victim(ScalingGroup& group);
  bool wait_for_hooks(ScalingGroup& group, GroupMember& member, std::string_view transition);
  void go_into_service(ScalingGroup& group, GroupMember& member);
  void leave(ScalingGroup& group, GroupMember& member);
  void send_hook(const ScalingGroup& group, GroupMember member, const LifecycleHook& hook, const std::string& token);
};

/// What RunInstances is asked for to launch one instance of a group. Faults: ValidationError, where launch
/// configuration or template are gone.
std::expected<Document, Fault> launch_parameters(const Region& region, const ScalingGroup& group,
                                                 const std::shared_ptr<const Keys>& keys, std::string_view zone,
                                                 std::string_view subnet);
/// The name of what a group launches from, to tell old instances from new ones.
std::string launched_by(const Region& region, const ScalingGroup& group);

/// The next moment of a cron line of five fields after `after`, in UTC; nullopt where there is none within 5 years.
std::optional<Time> next_of_cron(std::string_view line, Time after);
bool is_cron(std::string_view line);

/// What a policy changes the capacity to; nullopt: nothing, or not now. `value` and `threshold` are the metric's and
/// the alarm's.
std::optional<std::int64_t> capacity_by(Scaler& scaler, const ScalingGroup& group, const ScalingPolicy& policy,
                                        std::optional<double> value, double threshold);
/// A new capacity by AdjustmentType, AWS's rounding and MinAdjustmentMagnitude, without the group's bounds.
std::int64_t adjusted(std::int64_t capacity, std::string_view type, std::int64_t adjustment, std::int64_t least);
/// The step of StepAdjustments that a breach of this size falls into; nullopt for none.
std::optional<std::int64_t> step_of(Value steps, double breach);
/// Does what a policy says because of an alarm: the target of deliveries to scaling policies.
void act_on_alarm(Store& store, Region& region, std::string_view arn, const Delivery& delivery);

// --- What this service's files share
// ----------------------------------------------------------------------------------

std::unexpected<Fault> scaling_validation(std::string message);
/// The group that a call names, taken over. Faults: ValidationError.
std::expected<ScalingGroup*, Fault> group_of(Call& c);
/// The group that a call names, as it is: for calls that read. Faults: ValidationError.
std::expected<ScalingGroup*, Fault> known_group(Call& c);
/// MaxRecords and NextToken.
std::expected<Page, Fault> scaling_page(const Call& c, std::int64_t most = 100);
/// Creates the hooks of a list, or one of a call. Faults: ValidationError, LimitExceeded.
Outcome read_hook(Call& c, const ScalingGroup& group, Value asked);
/// What Create and Update say of a group's settings. Faults: ValidationError.
Outcome read_settings(const Call& c, ScalingGroup& group, GroupSettings& settings);
void write_activity(Builder& out, const ScalingActivity& activity);

void register_scaling_groups(Registry& r);
void register_scaling_capacity(Registry& r);
void register_scaling_policies(Registry& r);
void register_scaling_schedule(Registry& r);
void register_scaling_hooks(Registry& r);
void register_scaling_extras(Registry& r);

}  // namespace reeve::sandbox
