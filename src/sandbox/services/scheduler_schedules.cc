#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "sandbox/listing.h"
#include "sandbox/services/scheduler.h"
#include "text/dates.h"

// EventBridge Scheduler: operations on schedules.
namespace reeve::sandbox {
namespace {

Scheduler& scheduler_of(Call& c) { return c.region.drawers.of<Scheduler>(); }

std::unexpected<Fault> invalid(std::string message) { return fault("ValidationException", std::move(message)); }

std::string id_of(const Call& c) {
  return fmt::format("{}/{}", c["GroupName"].as_text_or("default"), c["Name"].as_text());
}

std::expected<Schedule*, Fault> own(Call& c) {
  if (Schedule* found = scheduler_of(c).schedules.find(id_of(c))) return found;
  return fault("ResourceNotFoundException", fmt::format("Schedule {} does not exist.", c["Name"].as_text()), 404);
}

/// Reads all that CreateSchedule and UpdateSchedule say; what they leave out has its default.
std::expected<Schedule, Fault> read_schedule(Call& c) {
  Schedule s{.id = id_of(c),
             .name = c["Name"].as_string(),
             .group = std::string(c["GroupName"].as_text_or("default")),
             .expression = c["ScheduleExpression"].as_string(),
             .zone = std::string(c["ScheduleExpressionTimezone"].as_text_or("UTC")),
             .state = std::string(c["State"].as_text_or("ENABLED")),
             .description = c["Description"].as_string(),
             .kms_key = c["KmsKeyArn"].as_string(),
             .after_completion = std::string(c["ActionAfterCompletion"].as_text_or("NONE")),
             .client_token = c["ClientToken"].as_string(),
             .target = deep_copy(c["Target"]),
             .created = c.now,
             .modified = c.now};
  if (!is_schedule_name(s.name)) {
    return invalid(
        fmt::format("1 validation error detected: Value '{}' at 'name' failed to satisfy constraint: Member "
                    "must satisfy regular expression pattern: ^[0-9a-zA-Z-_.]+$",
                    s.name));
  }
  if (!ScheduleExpression::parse(s.expression))
    return invalid(fmt::format("Invalid Schedule Expression {}.", s.expression));
  if (!text::is_zone(s.zone)) return invalid(fmt::format("The timezone {} is not valid.", s.zone));
  const Value window = c["FlexibleTimeWindow"];
  const std::int64_t minutes = window["MaximumWindowInMinutes"].as_integer();
  if (window["Mode"].as_text() == "FLEXIBLE") {
    if (minutes < 1 || minutes > 1440) return invalid("MaximumWindowInMinutes must be from 1 to 1440.");
    s.window_minutes = minutes;
  } else if (minutes != 0) {
    return invalid("MaximumWindowInMinutes must not be set when the flexible time window is off.");
  }
  if (!c["StartDate"].is_null()) s.start = c["StartDate"].as_time();
  if (!c["EndDate"].is_null()) s.end = c["EndDate"].as_time();
  if (s.start && s.end && *s.end <= *s.start) return invalid("The StartDate must be before the EndDate.");
  const Value target = s.target;
  if (!target["Arn"].as_text().starts_with("arn:")) return invalid("Provided Arn is not in correct format.");
  if (!target["RoleArn"].as_text().starts_with("arn:")) return invalid("Provided RoleArn is not in correct format.");
  if (target["Arn"].as_text().ends_with(".fifo") && target["SqsParameters"]["MessageGroupId"].empty()) {
    return invalid("MessageGroupId is required for FIFO queues.");
  }
  if (target["EventBridgeParameters"].is_map() && !parse_json(target["Input"].as_text())) {
    return invalid("The input of an EventBridge target must be JSON.");
  }
  return s;
}

Outcome create(Call& c) {
  Scheduler& scheduler = scheduler_of(c);
  TRY(Schedule made, read_schedule(c));
  if (!scheduler.group(made.group, c.now)) {
    return fault("ResourceNotFoundException", fmt::format("Schedule group {} does not exist.", made.group), 404);
  }
  if (const Schedule* there = scheduler.schedules.find(made.id)) {
    if (made.client_token.empty() || there->client_token != made.client_token) {
      return fault("ConflictException", fmt::format("Schedule {} already exists.", made.name), 409);
    }
    c.out.put("ScheduleArn", schedule_arn(c.region, *there));
    return {};
  }
  if (scheduler.schedules.rows.size() >= most_resources) {
    return fault("ServiceQuotaExceededException", "The number of schedules has reached its quota.", 402);
  }
  Schedule& kept = scheduler.schedules.add(std::move(made));
  scheduler.plan(c.store, c.region, kept, c.now - Duration(1));  // a rate begins at once
  c.out.put("ScheduleArn", schedule_arn(c.region, kept));
  return {};
}

Outcome update(Call& c) {
  TRY(Schedule * there, own(c));
  TRY(Schedule changed, read_schedule(c));
  changed.created = there->created;
  *there = std::move(changed);
  scheduler_of(c).plan(c.store, c.region, *there, c.now);
  c.out.put("ScheduleArn", schedule_arn(c.region, *there));
  return {};
}

Outcome get(Call& c) {
  TRY(const Schedule* s, own(c));
  Builder& out = c.out;
  out.put("Name", s->name);
  out.put("GroupName", s->group);
  out.put("Arn", schedule_arn(c.region, *s));
  out.put("ScheduleExpression", s->expression);
  out.put("ScheduleExpressionTimezone", s->zone);
  out.put("State", s->state);
  out.put_if("Description", s->description);
  out.put_if("KmsKeyArn", s->kms_key);
  out.put("ActionAfterCompletion", s->after_completion);
  out.begin_map("FlexibleTimeWindow");
  out.put("Mode", s->window_minutes > 0 ? "FLEXIBLE" : "OFF");
  if (s->window_minutes > 0) out.put("MaximumWindowInMinutes", s->window_minutes);
  out.end();
  out.put("Target", s->target);
  out.put("CreationDate", s->created);
  out.put("LastModificationDate", s->modified);
  if (s->start) out.put("StartDate", *s->start);
  if (s->end) out.put("EndDate", *s->end);
  return {};
}

Outcome remove(Call& c) {
  TRY(const Schedule* s, own(c));
  scheduler_of(c).schedules.erase(std::string(s->id));
  return {};
}

Outcome list(Call& c) {
  auto page = read_page(c, false, 1, 100);
  if (!page) return invalid(page.error().message);
  page->size = std::min<std::size_t>(page->size, 100);
  const std::string_view group = c["GroupName"].as_text(), prefix = c["NamePrefix"].as_text(),
                         state = c["State"].as_text();
  auto keep = [&](const Schedule& s) {
    return (group.empty() || s.group == group) && s.name.starts_with(prefix) && (state.empty() || s.state == state);
  };
  Listed<Schedule> listed;
  list_table(c, scheduler_of(c).schedules, c.account.id, *page, {}, "", {}, keep, listed);
  c.out.begin_list("Schedules");
  for (const Schedule* s : listed.rows) {
    c.out.begin_map();
    c.out.put("Arn", schedule_arn(c.region, *s));
    c.out.put("Name", s->name);
    c.out.put("GroupName", s->group);
    c.out.put("State", s->state);
    c.out.put("CreationDate", s->created);
    c.out.put("LastModificationDate", s->modified);
    c.out.begin_map("Target");
    c.out.put("Arn", s->target["Arn"].as_text());
    c.out.end();
    c.out.end();
  }
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

}  // namespace

void register_schedules(Registry& r) {
  r.add("scheduler", "CreateSchedule", create);
  r.add("scheduler", "UpdateSchedule", update);
  r.add("scheduler", "GetSchedule", get);
  r.add("scheduler", "DeleteSchedule", remove);
  r.add("scheduler", "ListSchedules", list);
}

}  // namespace reeve::sandbox
