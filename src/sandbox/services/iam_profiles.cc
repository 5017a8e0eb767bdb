#include "sandbox/services/iam.h"

/// Instance profiles.
namespace reeve::sandbox {
namespace {

std::expected<InstanceProfile*, Fault> own_profile(Call& c) {
  const std::string name = c["InstanceProfileName"].as_string();
  if (InstanceProfile* profile = iam(c).profiles.find(name)) return profile;
  return no_entity(fmt::format("Instance Profile {} cannot be found.", name));
}

Outcome create(Call& c) {
  constexpr std::size_t longest = 128, quota = 1000;
  const std::string name = c["InstanceProfileName"].as_string();
  TRY(check_name(name, "InstanceProfileName", longest));
  InstanceProfile profile;
  TRY(profile.path, read_path(c));
  TRY(profile.tags, read_iam_tags(c["Tags"]));
  Table<InstanceProfile>& profiles = iam(c).profiles;
  if (profiles.rows.size() >= quota) return over_quota("InstanceProfilesPerAccount", quota);
  if (std::ranges::any_of(profiles.rows, [&](const auto& row) { return same_name(row.first, name); })) {
    return exists_already(fmt::format("Instance Profile {} already exists.", name));
  }
  profile.id = name;
  profile.unique_id = new_iam_id(c.store, "AIPA");
  profile.created = c.now;
  c.changing(profiles, name);
  const InstanceProfile& kept = profiles.add(std::move(profile));
  c.out.begin_map("InstanceProfile");
  write_profile(c, kept, true);
  c.out.end();
  return {};
}

Outcome get(Call& c) {
  const std::string name = c["InstanceProfileName"].as_string();
  const InstanceProfile* profile = iam(c).profiles.seen(name, c.now);
  if (!profile) return no_entity(fmt::format("Instance Profile {} cannot be found.", name));
  c.out.begin_map("InstanceProfile");
  write_profile(c, *profile, true);
  c.out.end();
  return {};
}

Outcome write_profiles(Call& c, const std::vector<const InstanceProfile*>& profiles) {
  return write_page(
      c, "InstanceProfiles", profiles, [](const InstanceProfile* profile) { return profile->id; },
      [&](const InstanceProfile* profile) { c.out.begin_map(), write_profile(c, *profile, false), c.out.end(); });
}

Outcome list(Call& c) { return write_profiles(c, under_path(c, iam(c).profiles)); }

Outcome list_for_role(Call& c) {
  TRY(const IamRole* role, seen<OfRole>(c));
  auto profiles = under_path(c, iam(c).profiles);
  std::erase_if(profiles, [&](const InstanceProfile* profile) { return profile->role != role->id; });
  return write_profiles(c, profiles);
}

Outcome remove(Call& c) {
  TRY(const InstanceProfile* profile, own_profile(c));
  if (!profile->role.empty()) {
    return fault("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.", 409);
  }
  const std::string name = profile->id;
  c.changing(iam(c).profiles, name);
  iam(c).profiles.erase(name);
  return {};
}

Outcome add_role(Call& c) {
  TRY(InstanceProfile * profile, own_profile(c));
  TRY(const IamRole* role, own<OfRole>(c));
  if (!profile->role.empty()) return over_quota("InstanceSessionsPerInstanceProfile", 1);
  c.changing(iam(c).profiles, profile->id);
  profile->role = role->id;
  return {};
}

Outcome remove_role(Call& c) {
  TRY(InstanceProfile * profile, own_profile(c));
  TRY(const IamRole* role, own<OfRole>(c));
  if (profile->role != role->id) {
    return no_entity(fmt::format("Role {} in Instance Profile {} cannot be found.", role->id, profile->id));
  }
  c.changing(iam(c).profiles, profile->id);
  profile->role.clear();
  return {};
}

}  // namespace

void register_iam_profiles(Registry& r) {
  r.add("iam", "CreateInstanceProfile", create);
  r.add("iam", "GetInstanceProfile", get);
  r.add("iam", "ListInstanceProfiles", list);
  r.add("iam", "ListInstanceProfilesForRole", list_for_role);
  r.add("iam", "DeleteInstanceProfile", remove);
  r.add("iam", "AddRoleToInstanceProfile", add_role);
  r.add("iam", "RemoveRoleFromInstanceProfile", remove_role);
}

}  // namespace reeve::sandbox
