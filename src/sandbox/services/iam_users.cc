#include "sandbox/services/iam.h"

/// IAM users themselves.
namespace reeve::sandbox {
namespace {

/// "name" of "arn:aws:iam::123456789012:user/path/name"; empty for callers that are no user.
std::string caller_name(const Call& c) {
  if (!c.caller_arn.contains(":user/")) return "";
  return c.caller_arn.substr(c.caller_arn.rfind('/') + 1);
}

Outcome create(Call& c) {
  const std::string name = c["UserName"].as_string();
  TRY(check_name(name, "UserName", OfUser::longest));
  IamUser user;
  TRY(user.path, read_path(c));
  TRY(user.tags, read_iam_tags(c["Tags"]));
  Table<IamUser>& users = iam(c).users;
  if (users.rows.size() >= OfUser::quota) return over_quota("UsersPerAccount", OfUser::quota);
  if (std::ranges::any_of(users.rows, [&](const auto& row) { return same_name(row.first, name); })) {
    return exists_already(fmt::format("User with name {} already exists.", name));
  }
  user.boundary = c["PermissionsBoundary"].as_string();
  if (!user.boundary.empty()) TRY(attachable(c, user.boundary));
  user.id = name;
  user.unique_id = new_iam_id(c.store, OfUser::prefix);
  user.created = c.now;
  c.changing(users, name);
  const IamUser& kept = users.add(std::move(user));
  c.out.begin_map("User");
  write_user(c, kept, true);
  c.out.end();
  return {};
}

Outcome get(Call& c) {
  if (!c["UserName"].is_null()) {
    TRY(const IamUser* user, seen<OfUser>(c));
    c.out.begin_map("User");
    write_user(c, *user, true);
    c.out.end();
    return {};
  }
  const IamUser* user = iam(c).users.seen(caller_name(c), c.now);
  if (!c.caller_arn.contains(":user/")) {
    return fault("ValidationError", "Must specify userName when calling with non-User credentials");
  }
  c.out.begin_map("User");
  if (user) {
    write_user(c, *user, true);
  } else {  // the caller of the sandbox's own keys is in no table
    c.out.put("Path", "/");
    c.out.put("UserName", caller_name(c));
    c.out.put("UserId", c.caller_id);
    c.out.put("Arn", c.caller_arn);
    c.out.put("CreateDate", c.now - std::chrono::hours(24 * 365));
  }
  c.out.end();
  return {};
}

Outcome list(Call& c) {
  return write_page(
      c, "Users", under_path(c, iam(c).users), [](const IamUser* user) { return user->id; },
      [&](const IamUser* user) {
        c.out.begin_map();
        write_user(c, *user, false);
        c.out.end();
      });
}

/// Gives a user another name or path, with all that names it.
Outcome update(Call& c) {
  TRY(IamUser * user, to_change<OfUser>(c));
  const std::string old = user->id;
  const std::string name = c["NewUserName"].is_null() ? old : c["NewUserName"].as_string();
  TRY(check_name(name, "NewUserName", OfUser::longest));
  Iam& all = iam(c);
  if (!same_name(name, old) &&
      std::ranges::any_of(all.users.rows, [&](const auto& row) { return same_name(row.first, name); })) {
    return exists_already(fmt::format("User with name {} already exists.", name));
  }
  IamUser moved = *user;
  moved.id = name;
  if (!c["NewPath"].is_null()) moved.path = c["NewPath"].as_string();
  if (!moved.path.starts_with('/') || !moved.path.ends_with('/')) {
    return fault("ValidationError", "The specified value for newPath is invalid. It must begin and end with /.");
  }
  c.changing(all.users, name);
  all.users.erase(old);
  const IamUser& kept = all.users.add(std::move(moved));
  for (auto& [serial, device] : all.mfa_devices.rows) {
    if (device.user == old) device.user = name;
  }
  for (const AccessKey& key : kept.keys) {
    if (key.status == "Active") let_sign(c.store, c.account, kept, key);
  }
  return {};
}

/// What keeps a user from being deleted, in the order in which the documentation of DeleteUser tells to remove it
/// [IAM API reference, "DeleteUser"].
std::string_view in_the_way(Call& c, const IamUser& user) {
  if (user.login) return "must delete login profile first.";
  if (!user.keys.empty()) return "must delete access keys first.";
  if (!user.certificates.empty()) return "must delete certificates first.";
  if (!user.ssh_keys.empty() || !user.service_credentials.empty()) return "must remove referenced objects first.";
  const auto& devices = iam(c).mfa_devices.rows;
  if (std::ranges::any_of(devices, [&](const auto& row) { return row.second.user == user.id; })) {
    return "must delete MFA device first.";
  }
  if (!user.policies.empty()) return "must delete policies first.";
  if (!user.attached.empty()) return "must detach all policies first.";
  if (!user.groups.empty()) return "must remove users from group first.";
  return "";
}

Outcome remove(Call& c) {
  TRY(const IamUser* user, own<OfUser>(c));
  if (const auto what = in_the_way(c, *user); !what.empty()) {
    return fault("DeleteConflict", fmt::format("Cannot delete entity, {}", what), 409);
  }
  const std::string name = user->id;
  c.changing(iam(c).users, name);
  iam(c).users.erase(name);
  return {};
}

}  // namespace

void register_iam_users(Registry& r) {
  r.add("iam", "CreateUser", create);
  r.add("iam", "GetUser", get);
  r.add("iam", "ListUsers", list);
  r.add("iam", "UpdateUser", update);
  r.add("iam", "DeleteUser", remove);
  register_iam_access_keys(r);
  register_iam_credentials(r);
  register_iam_mfa(r);
  register_iam_groups(r);
}

}  // namespace reeve::sandbox
