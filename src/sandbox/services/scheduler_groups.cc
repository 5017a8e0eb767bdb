#include <fmt/format.h>

#include "sandbox/listing.h"
#include "sandbox/services/scheduler.h"

// EventBridge Scheduler: groups and their tags.
namespace reeve::sandbox {
namespace {

Scheduler& scheduler_of(Call& c) { return c.region.drawers.of<Scheduler>(); }

std::unexpected<Fault> invalid(std::string message) { return fault("ValidationException", std::move(message)); }

Outcome create_group(Call& c) {
  const std::string name = c["Name"].as_string();
  if (!is_schedule_name(name)) return invalid("The name of the schedule group is not valid.");
  Scheduler& scheduler = scheduler_of(c);
  if (scheduler.group(name, c.now)) {
    return fault("ConflictException", fmt::format("Schedule group {} already exists.", name), 409);
  }
  constexpr std::size_t quota = 500;  // [EventBridge Scheduler user guide, "Quotas"]
  if (scheduler.groups.rows.size() >= quota) {
    return fault("ServiceQuotaExceededException", "The number of schedule groups has reached its quota.", 402);
  }
  auto tags = read_tags(c["Tags"]);
  if (!tags) return invalid(tags.error().message);
  scheduler.groups.add({.id = name, .created = c.now, .tags = *std::move(tags)});
  c.out.put("ScheduleGroupArn", schedule_group_arn(c.region.name, c.account.id, name));
  return {};
}

std::expected<ScheduleGroup*, Fault> own_group(Call& c) {
  const std::string_view name = c["Name"].as_text();
  if (ScheduleGroup* found = scheduler_of(c).group(name, c.now)) return found;
  return fault("ResourceNotFoundException", fmt::format("Schedule group {} does not exist.", name), 404);
}

void write_group(Call& c, const ScheduleGroup& group) {
  c.out.put("Arn", schedule_group_arn(c.region.name, c.account.id, group.id));
  c.out.put("Name", group.id);
  c.out.put("State", "ACTIVE");
  c.out.put("CreationDate", group.created);
  c.out.put("LastModificationDate", group.created);
}

Outcome get_group(Call& c) {
  TRY(const ScheduleGroup* group, own_group(c));
  write_group(c, *group);
  return {};
}

Outcome delete_group(Call& c) {
  TRY(const ScheduleGroup* group, own_group(c));
  if (group->id == "default") return invalid("The default schedule group cannot be deleted.");
  const std::string name = group->id;
  Scheduler& scheduler = scheduler_of(c);
  std::erase_if(scheduler.schedules.rows, [&](const auto& row) { return row.second.group == name; });
  scheduler.groups.erase(name);
  return {};
}

Outcome list_groups(Call& c) {
  auto page = read_page(c, false, 1, 100);
  if (!page) return invalid(page.error().message);
  scheduler_of(c).group("default", c.now);
  const std::string_view prefix = c["NamePrefix"].as_text();
  Listed<ScheduleGroup> listed;
  list_table(
      c, scheduler_of(c).groups, c.account.id, *page, {}, "", {},
      [&](const ScheduleGroup& group) { return group.id.starts_with(prefix); }, listed);
  c.out.begin_list("ScheduleGroups");
  for (const ScheduleGroup* group : listed.rows) c.out.begin_map(), write_group(c, *group), c.out.end();
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

std::expected<Tags*, Fault> tags_of(Call& c) {
  const std::string_view arn = c["ResourceArn"].as_text();
  ScheduleGroup* group = scheduler_of(c).group(arn.substr(arn.rfind('/') + 1), c.now);
  if (group && arn == schedule_group_arn(c.region.name, c.account.id, group->id)) return &group->tags;
  return fault("ResourceNotFoundException", fmt::format("{} does not exist.", arn), 404);
}

Outcome tag(Call& c) {
  TRY(Tags * tags, tags_of(c));
  auto added = read_tags(c["Tags"]);
  if (!added) return invalid(added.error().message);
  if (auto merged = merge_tags(*tags, *added); !merged) return invalid(merged.error().message);
  return {};
}

Outcome untag(Call& c) {
  TRY(Tags * tags, tags_of(c));
  for (const std::string_view key : texts(c["TagKeys"])) {
    if (const auto at = tags->find(key); at != tags->end()) tags->erase(at);
  }
  return {};
}

Outcome list_tags(Call& c) {
  TRY(const Tags* tags, tags_of(c));
  c.out.begin_list("Tags");
  for (const auto& [key, value] : *tags) {
    c.out.begin_map();
    c.out.put("Key", key);
    c.out.put("Value", value);
    c.out.end();
  }
  c.out.end();
  return {};
}

}  // namespace

void register_schedule_groups(Registry& r) {
  r.add("scheduler", "CreateScheduleGroup", create_group);
  r.add("scheduler", "GetScheduleGroup", get_group);
  r.add("scheduler", "DeleteScheduleGroup", delete_group);
  r.add("scheduler", "ListScheduleGroups", list_groups);
  r.add("scheduler", "TagResource", tag);
  r.add("scheduler", "UntagResource", untag);
  r.add("scheduler", "ListTagsForResource", list_tags);
}

}  // namespace reeve::sandbox
