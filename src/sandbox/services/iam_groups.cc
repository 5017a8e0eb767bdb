#include "sandbox/services/iam.h"

/// IAM groups and who is in them.
namespace reeve::sandbox {
namespace {

bool name_taken(const Table<IamGroup>& groups, std::string_view name) {
  return std::ranges::any_of(groups.rows, [&](const auto& row) { return same_name(row.first, name); });
}

Outcome create(Call& c) {
  const std::string name = c["GroupName"].as_string();
  TRY(check_name(name, "GroupName", OfGroup::longest));
  IamGroup group;
  TRY(group.path, read_path(c));
  Table<IamGroup>& groups = iam(c).groups;
  if (groups.rows.size() >= OfGroup::quota) return over_quota("GroupsPerAccount", OfGroup::quota);
  if (name_taken(groups, name)) return exists_already(fmt::format("Group with name {} already exists.", name));
  group.id = name;
  group.unique_id = new_iam_id(c.store, OfGroup::prefix);
  group.created = c.now;
  c.changing(groups, name);
  c.out.begin_map("Group");
  write_group(c, groups.add(std::move(group)));
  c.out.end();
  return {};
}

Outcome get(Call& c) {
  TRY(const IamGroup* group, seen<OfGroup>(c));
  c.out.begin_map("Group");
  write_group(c, *group);
  c.out.end();
  std::vector<const IamUser*> members;
  iam(c).users.each_seen(c.now, "", [&](const IamUser& user) {
    if (user.groups.contains(group->id)) members.push_back(&user);
    return true;
  });
  return write_page(
      c, "Users", members, [](const IamUser* user) { return user->id; },
      [&](const IamUser* user) { c.out.begin_map(), write_user(c, *user, false), c.out.end(); });
}

Outcome list(Call& c) {
  return write_page(
      c, "Groups", under_path(c, iam(c).groups), [](const IamGroup* group) { return group->id; },
      [&](const IamGroup* group) { c.out.begin_map(), write_group(c, *group), c.out.end(); });
}

Outcome update(Call& c) {
  TRY(IamGroup * group, to_change<OfGroup>(c));
  const std::string old = group->id;
  const std::string name = c["NewGroupName"].is_null() ? old : c["NewGroupName"].as_string();
  TRY(check_name(name, "NewGroupName", OfGroup::longest));
  Iam& all = iam(c);
  if (!same_name(name, old) && name_taken(all.groups, name)) {
    return exists_already(fmt::format("Group with name {} already exists.", name));
  }
  IamGroup moved = *group;
  moved.id = name;
  if (!c["NewPath"].is_null()) moved.path = c["NewPath"].as_string();
  all.groups.erase(old);
  all.groups.add(std::move(moved));
  for (auto& [user_name, user] : all.users.rows) {
    if (user.groups.erase(old)) user.groups.insert(name);
  }
  return {};
}

Outcome remove(Call& c) {
  TRY(const IamGroup* group, own<OfGroup>(c));
  auto conflict = [](std::string_view what) {
    return fault("DeleteConflict", fmt::format("Cannot delete entity, {}", what), 409);
  };
  const std::string name = group->id;
  if (std::ranges::any_of(iam(c).users.rows, [&](const auto& row) { return row.second.groups.contains(name); })) {
    return conflict("must remove users from group first.");
  }
  if (!group->policies.empty()) return conflict("must delete policies first.");
  if (!group->attached.empty()) return conflict("must detach all policies first.");
  c.changing(iam(c).groups, name);
  iam(c).groups.erase(name);
  return {};
}

Outcome add_user(Call& c) {
  constexpr std::size_t most = 10;
  TRY(const IamGroup* group, own<OfGroup>(c));
  TRY(IamUser * user, to_change<OfUser>(c));
  if (!user->groups.contains(group->id) && user->groups.size() >= most) return over_quota("GroupsPerUser", most);
  user->groups.insert(group->id);
  return {};
}

Outcome remove_user(Call& c) {
  TRY(const IamGroup* group, own<OfGroup>(c));
  TRY(IamUser * user, to_change<OfUser>(c));
  user->groups.erase(group->id);
  return {};
}

Outcome list_for_user(Call& c) {
  TRY(const IamUser* user, seen<OfUser>(c));
  std::vector<const IamGroup*> groups;
  for (const std::string& name : user->groups) {
    if (const IamGroup* group = iam(c).groups.find(name)) groups.push_back(group);
  }
  return write_page(
      c, "Groups", groups, [](const IamGroup* group) { return group->id; },
      [&](const IamGroup* group) { c.out.begin_map(), write_group(c, *group), c.out.end(); });
}

}  // namespace

void register_iam_groups(Registry& r) {
  r.add("iam", "CreateGroup", create);
  r.add("iam", "GetGroup", get);
  r.add("iam", "ListGroups", list);
  r.add("iam", "UpdateGroup", update);
  r.add("iam", "DeleteGroup", remove);
  r.add("iam", "AddUserToGroup", add_user);
  r.add("iam", "RemoveUserFromGroup", remove_user);
  r.add("iam", "ListGroupsForUser", list_for_user);
}

}  // namespace reeve::sandbox
