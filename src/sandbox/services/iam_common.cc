#include "base/json.h"
#include "sandbox/services/iam.h"

/// IAM's rules of names, paths, tags and pages, and how its entities look in answers.
namespace reeve::sandbox {

std::string random_text(Store& store, std::string_view prefix, std::size_t length, std::string_view letters) {
  std::string out(prefix);
  while (out.size() < length) out += letters[store.random().below(letters.size())];
  return out;
}
std::string new_iam_id(Store& store, std::string_view prefix) { return random_text(store, prefix, 21, capitals); }

namespace {
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_letter_or_digit(char c) { return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z'); }
std::unexpected<Fault> not_valid(std::string message) { return fault("ValidationError", std::move(message)); }
}  // namespace

bool same_name(std::string_view a, std::string_view b) { return std::ranges::equal(a, b, {}, lower, lower); }

Outcome check_name(std::string_view name, std::string_view member, std::size_t longest) {
  std::string in_words(member);
  in_words.front() = lower(in_words.front());
  if (name.empty() || name.size() > longest) {
    return not_valid(fmt::format(
        "1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: Member must have length {}",
        name, in_words,
        name.empty() ? "greater than or equal to 1" : fmt::format("less than or equal to {}", longest)));
  }
  for (const char c : name) {
    if (is_letter_or_digit(c) || std::string_view("+=,.@_-").contains(c)) continue;
    return not_valid(
        fmt::format("The specified value for {} is invalid. It must contain only alphanumeric characters "
                    "and/or the following: +=,.@_-",
                    in_words));
  }
  return {};
}

std::expected<std::string, Fault> read_path(const Call& c) {
  constexpr std::size_t longest = 512;
  if (c["Path"].is_null()) return "/";
  const std::string path = c["Path"].as_string();
  const bool fits = !path.empty() && path.size() <= longest && path.front() == '/' && path.back() == '/' &&
                    std::ranges::all_of(path, [](char l) { return l >= '!' && l <= '~'; });
  if (fits) return path;
  return not_valid(
      "The specified value for path is invalid. It must begin and end with / and contain only "
      "alphanumeric characters and/or / characters.");
}

std::expected<Tags, Fault> read_iam_tags(Value list) {
  constexpr std::size_t most = 50;
  auto tags = read_tags(list);
  if (!tags) return fault("InvalidInput", tags.error().message);
  if (tags->size() > most) return fault("LimitExceeded", "The number of tags has reached the maximum limit.", 409);
  for (auto a = tags->begin(); a != tags->end(); ++a) {
    for (auto b = std::next(a); b != tags->end(); ++b) {
      if (same_name(a->first, b->first)) {
        return fault("InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
      }
    }
  }
  return *std::move(tags);
}

std::expected<Page, Fault> read_iam_page(const Call& c) {
  auto page = read_page(c, false, 1, 1000, "MaxItems", "Marker");
  if (!page && page.error().code == "InvalidNextToken") return not_valid("Invalid Marker.");
  if (!page) {
    return not_valid(
        fmt::format("1 validation error detected: Value '{}' at 'maxItems' failed to satisfy constraint: "
                    "Member must have value greater than or equal to 1",
                    c["MaxItems"].as_integer()));
  }
  constexpr std::size_t usual = 100;
  if (c["MaxItems"].is_null()) page->size = usual;
  return page;
}

// --- How things look ---------------------------------------------------------------------------------------------

void write_boundary(Call& c, const std::string& arn) {
  if (arn.empty()) return;
  c.out.begin_map("PermissionsBoundary");
  c.out.put("PermissionsBoundaryType", "Policy");
  c.out.put("PermissionsBoundaryArn", arn);
  c.out.end();
}

void write_attached(Call& c, const std::set<std::string, std::less<>>& arns) {
  c.out.begin_list("AttachedManagedPolicies");
  for (const std::string& arn : arns) {
    c.out.begin_map();
    c.out.put("PolicyName", arn.substr(arn.rfind('/') + 1));
    c.out.put("PolicyArn", arn);
    c.out.end();
  }
  c.out.end();
}

void write_user(Call& c, const IamUser& user, bool whole) {
  c.out.put("Path", user.path);
  c.out.put("UserName", user.id);
  c.out.put("UserId", user.unique_id);
  c.out.put("Arn", iam_arn(c.account.id, "user", user));
  c.out.put("CreateDate", user.created);
  if (user.password_used) c.out.put("PasswordLastUsed", *user.password_used);
  if (!whole) return;
  write_boundary(c, user.boundary);
  write_tags(c.out, user.tags);
}

void write_group(Call& c, const IamGroup& group) {
  c.out.put("Path", group.path);
  c.out.put("GroupName", group.id);
  c.out.put("GroupId", group.unique_id);
  c.out.put("Arn", iam_arn(c.account.id, "group", group));
  c.out.put("CreateDate", group.created);
}

void write_role(Call& c, const IamRole& role, bool whole) {
  c.out.put("Path", role.path);
  c.out.put("RoleName", role.id);
  c.out.put("RoleId", role.unique_id);
  c.out.put("Arn", iam_arn(c.account.id, "role", role));
  c.out.put("CreateDate", role.created);
  c.out.put("AssumeRolePolicyDocument", role.trust);
  c.out.put_if("Description", role.description);
  c.out.put("MaxSessionDuration", role.max_session_s);
  if (!whole) return;
  write_boundary(c, role.boundary);
  write_tags(c.out, role.tags);
  c.out.begin_map("RoleLastUsed");
  if (role.used) {
    c.out.put("LastUsedDate", role.used->at);
    c.out.put("Region", role.used->region);
  }
  c.out.end();
}

void write_profile(Call& c, const InstanceProfile& profile, bool whole) {
  c.out.put("Path", profile.path);
  c.out.put("InstanceProfileName", profile.id);
  c.out.put("InstanceProfileId", profile.unique_id);
  c.out.put("Arn", iam_arn(c.account.id, "instance-profile", profile));
  c.out.put("CreateDate", profile.created);
  c.out.begin_list("Roles");
  if (const IamRole* role = iam(c).roles.find(profile.role)) {
    c.out.begin_map();
    write_role(c, *role, false);
    c.out.end();
  }
  c.out.end();
  if (whole) write_tags(c.out, profile.tags);
}

}  // namespace reeve::sandbox
