#include "sandbox/services/iam.h"

/// IAM roles themselves.
namespace reeve::sandbox {
namespace {

constexpr std::size_t trust_bytes = 2048;
constexpr std::size_t longest_description = 1000;

/// A role whose service owns it cannot be changed by hand.
Outcome changeable(const IamRole& role) {
  if (!role.path.starts_with("/aws-service-role/")) return {};
  return fault("UnmodifiableEntity",
               fmt::format("Cannot perform the operation on the protected role '{}' - this role is only modifiable by "
                           "AWS",
                           role.id));
}

std::expected<IamRole*, Fault> role_to_change(Call& c) {
  TRY(IamRole * role, to_change<OfRole>(c));
  TRY(changeable(*role));
  return role;
}

Outcome read_session(const Call& c, std::int64_t& seconds) {
  constexpr std::int64_t least = 3600, most = 43'200;
  if (c["MaxSessionDuration"].is_null()) return {};
  seconds = c["MaxSessionDuration"].as_integer();
  if (seconds >= least && seconds <= most) return {};
  return fault("ValidationError",
               fmt::format("1 validation error detected: Value '{}' at 'maxSessionDuration' failed to satisfy "
                           "constraint: Member must have value between {} and {}",
                           seconds, least, most));
}

Outcome check_trust(std::string_view text) {
  TRY(check_policy(text, PolicyUse::trust));
  if (policy_size(text) > trust_bytes) return over_quota("ACLSizePerRole", trust_bytes);
  return {};
}

Outcome check_description(std::string_view text) {
  if (text.size() <= longest_description) return {};
  return fault("ValidationError",
               "1 validation error detected: Value at 'description' failed to satisfy constraint: "
               "Member must have length less than or equal to 1000");
}

Outcome create(Call& c) {
  const std::string name = c["RoleName"].as_string();
  TRY(check_name(name, "RoleName", OfRole::longest));
  IamRole role;
  TRY(role.path, read_path(c));
  if (role.path.starts_with("/aws-service-role/")) {
    return fault("ValidationError", "The path /aws-service-role/ is reserved for service-linked roles.");
  }
  role.trust = c["AssumeRolePolicyDocument"].as_string();
  TRY(check_trust(role.trust));
  TRY(role.tags, read_iam_tags(c["Tags"]));
  TRY(read_session(c, role.max_session_s));
  role.description = c["Description"].as_string();
  TRY(check_description(role.description));
  Table<IamRole>& roles = iam(c).roles;
  if (roles.rows.size() >= OfRole::quota) return over_quota("RolesPerAccount", OfRole::quota);
  if (std::ranges::any_of(roles.rows, [&](const auto& row) { return same_name(row.first, name); })) {
    return exists_already(fmt::format("Role with name {} already exists.", name));
  }
  role.boundary = c["PermissionsBoundary"].as_string();
  if (!role.boundary.empty()) TRY(attachable(c, role.boundary));
  role.id = name;
  role.unique_id = new_iam_id(c.store, OfRole::prefix);
  role.created = c.now;
  c.changing(roles, name);
  const IamRole& kept = roles.add(std::move(role));
  c.out.begin_map("Role");
  write_role(c, kept, true);
  c.out.end();
  return {};
}

Outcome get(Call& c) {
  TRY(const IamRole* role, seen<OfRole>(c));
  c.out.begin_map("Role");
  write_role(c, *role, true);
  c.out.end();
  return {};
}

Outcome list(Call& c) {
  return write_page(
      c, "Roles", under_path(c, iam(c).roles), [](const IamRole* role) { return role->id; },
      [&](const IamRole* role) { c.out.begin_map(), write_role(c, *role, false), c.out.end(); });
}

Outcome update(Call& c) {
  TRY(IamRole * role, role_to_change(c));
  TRY(check_description(c["Description"].as_text()));
  TRY(read_session(c, role->max_session_s));
  if (!c["Description"].is_null()) role->description = c["Description"].as_string();
  return {};
}

Outcome update_description(Call& c) {
  TRY(update(c));
  TRY(const IamRole* role, own<OfRole>(c));
  c.out.begin_map("Role");
  write_role(c, *role, true);
  c.out.end();
  return {};
}

Outcome update_trust(Call& c) {
  TRY(IamRole * role, role_to_change(c));
  TRY(check_trust(c["PolicyDocument"].as_text()));
  role->trust = c["PolicyDocument"].as_string();
  return {};
}

Outcome remove(Call& c) {
  TRY(const IamRole* role, own<OfRole>(c));
  TRY(changeable(*role));
  auto conflict = [](std::string_view what) {
    return fault("DeleteConflict", fmt::format("Cannot delete entity, {}", what), 409);
  };
  const std::string name = role->id;
  if (std::ranges::any_of(iam(c).profiles.rows, [&](const auto& row) { return row.second.role == name; })) {
    return conflict("must remove roles from instance profile first.");
  }
  if (!role->policies.empty()) return conflict("must delete policies first.");
  if (!role->attached.empty()) return conflict("must detach all policies first.");
  c.changing(iam(c).roles, name);
  iam(c).roles.erase(name);
  return {};
}

}  // namespace

void register_iam_roles(Registry& r) {
  r.add_drawer<Iam>(true);
  r.add("iam", "CreateRole", create);
  r.add("iam", "GetRole", get);
  r.add("iam", "ListRoles", list);
  r.add("iam", "UpdateRole", update);
  r.add("iam", "UpdateRoleDescription", update_description);
  r.add("iam", "UpdateAssumeRolePolicy", update_trust);
  r.add("iam", "DeleteRole", remove);
  register_iam_service_roles(r);
  register_iam_profiles(r);
  register_iam_policies(r);
  register_iam_inline(r);
  register_iam_tags(r);
  register_iam_reports(r);
}

}  // namespace reeve::sandbox
