#pragma once
#include "sandbox/services/events.h"

/// EventBridge Scheduler: schedules and their groups. Rules: [EventBridge Scheduler user guide].
namespace reeve::sandbox {

struct ScheduleGroup {
  std::string id;  ///< its name
  Time created;
  Tags tags;
};

template <class Io, like<ScheduleGroup> S>
void fields(Io& io, S& s) {
  io("Name", s.id);
  io("CreationDate", s.created);
  io.tags("Tags", s.tags);
}

struct Schedule {
  std::string id;  ///< "group/name"
  std::string name, group = "default", expression, zone = "UTC", state = "ENABLED", description, kms_key,
                    after_completion = "NONE", client_token;
  std::int64_t window_minutes = 0;  ///< 0: not flexible
  Document target;                  ///< as given
  Time created, modified;
  std::optional<Time> start, end;
  std::optional<Time> nominal;  ///< when it fires next by its expression
  std::optional<Time> due;      ///< and when within the window
  bool completed = false;       ///< it never fires again
};

template <class Io, like<Schedule> S>
void fields(Io& io, S& s) {
  io("Name", s.name);
  io("GroupName", s.group);
  io("ScheduleExpression", s.expression);
  io("ScheduleExpressionTimezone", s.zone);
  io("State", s.state);
  io("Description", s.description);
  io("KmsKeyArn", s.kms_key);
  io("ActionAfterCompletion", s.after_completion);
  io("ClientToken", s.client_token);
  io("MaximumWindowInMinutes", s.window_minutes);
  io("Target", s.target);
  io("CreationDate", s.created);
  io("LastModificationDate", s.modified);
  io("StartDate", s.start);
  io("EndDate", s.end);
  io("Nominal", s.nominal);
  io("Due", s.due);
  io("Completed", s.completed);
  if constexpr (Io::reads) s.id = s.name.empty() ? "" : s.group + "/" + s.name;
}

/// Fills in what a file may leave out.
void complete(const RowPlace& place, Schedule& schedule, Time now);

std::string schedule_group_arn(std::string_view region, std::string_view account, std::string_view group);
std::string schedule_arn(const Region& region, const Schedule& schedule);

class Scheduler : public Drawer {
 public:
  static constexpr std::string_view name = "scheduler";
  Table<Schedule> schedules;
  Table<ScheduleGroup> groups;
  void each_table(EstateTables& tables) override {
    tables("schedules", schedules);
    tables("schedule_groups", groups);
  }
  void each_tagged(const DrawerPlace& place, const TagVisitor& visit) override {
    for (auto& [id, group] : groups.rows) {
      visit(schedule_group_arn(place.region, place.account, id), "scheduler:schedule-group", group.tags);
    }
  }
  std::optional<Time> settle(Store& store, Region& region, Time now) override;
  /// Works out when a schedule fires next after `after`, or that it is completed.
  void plan(Store& store, const Region& region, Schedule& schedule, Time after);
  /// nullptr for a group that is not there; "default" always is.
  ScheduleGroup* group(std::string_view group_name, Time now) {
    if (ScheduleGroup* found = groups.find(group_name)) return found;
    return group_name == "default" ? &groups.add({.id = "default", .created = now}) : nullptr;
  }

 private:
  Wakes wakes_;
  Burst burst_;
};

/// Whether a schedule or a group may be called so.
bool is_schedule_name(std::string_view name);

void register_schedules(Registry& r);
void register_schedule_groups(Registry& r);

}  // namespace reeve::sandbox
