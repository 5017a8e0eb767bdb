#include "sandbox/services/iam.h"

/// What IAM says of the whole account: summary, password policy, credential report, authorization details.
namespace reeve::sandbox {
namespace {

IamSettings& settings(const Call& c) {
  Table<IamSettings>& table = iam(c).settings;
  if (IamSettings* found = table.find("account")) return *found;
  return table.add({});
}

Outcome summary(Call& c) {
  const Iam& all = iam(c);
  std::int64_t devices_in_use = 0, versions = 0;
  for (const auto& [serial, device] : all.mfa_devices.rows) devices_in_use += device.user.empty() ? 0 : 1;
  for (const auto& [name, policy] : all.policies.rows) versions += std::ssize(policy.versions);
  auto size = [](const auto& table) { return std::ssize(table.rows); };
  const std::initializer_list<std::pair<std::string_view, std::int64_t>> entries{
      {"Users", size(all.users)},
      {"UsersQuota", 5000},
      {"Groups", size(all.groups)},
      {"GroupsQuota", 300},
      {"Roles", size(all.roles)},
      {"RolesQuota", 1000},
      {"Policies", size(all.policies)},
      {"PoliciesQuota", 1500},
      {"InstanceProfiles", size(all.profiles)},
      {"InstanceProfilesQuota", 1000},
      {"MFADevices", size(all.mfa_devices)},
      {"MFADevicesInUse", devices_in_use},
      {"PolicyVersionsInUse", versions},
      {"PolicyVersionsInUseQuota", 10000},
      {"VersionsPerPolicyQuota", 5},
      {"PolicySizeQuota", 6144},
      {"UserPolicySizeQuota", 2048},
      {"GroupPolicySizeQuota", 5120},
      {"RolePolicySizeQuota", 10240},
      {"AssumeRolePolicySizeQuota", 2048},
      {"GroupsPerUserQuota", 10},
      {"AccessKeysPerUserQuota", 2},
      {"SigningCertificatesPerUserQuota", 2},
      {"AttachedPoliciesPerUserQuota", 10},
      {"AttachedPoliciesPerGroupQuota", 10},
      {"AttachedPoliciesPerRoleQuota", 10},
      {"AccountMFAEnabled", 1},
      {"AccountAccessKeysPresent", 0},
      {"AccountSigningCertificatesPresent", 0},
      {"AccountPasswordPresent", 1},
      {"Providers", 0},
      {"ServerCertificates", 0},
      {"ServerCertificatesQuota", 20},
      {"GlobalEndpointTokenVersion", 1}};
  c.out.begin_map("SummaryMap");
  for (const auto& [key, value] : entries) c.out.put(key, value);
  c.out.end();
  return {};
}

// --- Password policy -------------------------------------------------------------------------------------------------

std::unexpected<Fault> no_password_policy(const Call& c) {
  return no_entity(fmt::format("The Password Policy with domain name {} cannot be found.", c.account.id));
}

Outcome get_passwords(Call& c) {
  const auto& policy = settings(c).passwords;
  if (!policy) return no_password_policy(c);
  c.out.begin_map("PasswordPolicy");
  c.out.put("MinimumPasswordLength", policy->minimum_length);
  c.out.put("RequireSymbols", policy->symbols);
  c.out.put("RequireNumbers", policy->numbers);
  c.out.put("RequireUppercaseCharacters", policy->uppercase);
  c.out.put("RequireLowercaseCharacters", policy->lowercase);
  c.out.put("AllowUsersToChangePassword", policy->may_change);
  c.out.put("ExpirePasswords", policy->max_age_days > 0);
  if (policy->max_age_days > 0) c.out.put("MaxPasswordAge", policy->max_age_days);
  if (policy->reuse_prevention > 0) c.out.put("PasswordReusePrevention", policy->reuse_prevention);
  c.out.put("HardExpiry", policy->hard_expiry);
  c.out.end();
  return {};
}

Outcome update_passwords(Call& c) {
  PasswordPolicy policy;  // what the call leaves out goes back to its default
  auto number = [&](std::string_view name, std::int64_t least, std::int64_t most, std::int64_t& into) -> Outcome {
    if (c[name].is_null()) return {};
    into = c[name].as_integer();
    if (into >= least && into <= most) return {};
    return fault("ValidationError", fmt::format("Value '{}' at '{}' failed to satisfy constraint: Member must have "
                                                "value between {} and {}",
                                                into, name, least, most));
  };
  TRY(number("MinimumPasswordLength", 6, 128, policy.minimum_length));
  TRY(number("MaxPasswordAge", 1, 1095, policy.max_age_days));
  TRY(number("PasswordReusePrevention", 1, 24, policy.reuse_prevention));
  policy.symbols = c["RequireSymbols"].as_bool();
  policy.numbers = c["RequireNumbers"].as_bool();
  policy.uppercase = c["RequireUppercaseCharacters"].as_bool();
  policy.lowercase = c["RequireLowercaseCharacters"].as_bool();
  policy.may_change = c["AllowUsersToChangePassword"].as_bool();
  policy.hard_expiry = c["HardExpiry"].as_bool();
  settings(c).passwords = policy;
  return {};
}

Outcome delete_passwords(Call& c) {
  auto& policy = settings(c).passwords;
  if (!policy) return no_password_policy(c);
  policy.reset();
  return {};
}

// --- Credential report -----------------------------------------------------------------------------------------------

constexpr Duration report_lasts = std::chrono::hours(4);

Outcome make_report(Call& c) {
  auto& made = settings(c).report;
  if (made && c.now - *made < report_lasts) {
    c.out.put("State", "COMPLETE");
    return {};
  }
  c.out.put("State", "STARTED");
  c.out.put("Description", "No report exists. Starting a new report generation task");
  made = c.after(std::chrono::seconds(5));
  return {};
}

std::string csv_time(const std::optional<Time>& time, std::string_view otherwise = "N/A") {
  if (!time) return std::string(otherwise);
  const Calendar d = to_calendar(*time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}+00:00", d.year, d.month, d.day, d.hour, d.minute, d.second);
}

/// One user's line [IAM user guide, "Generate credential reports for your AWS account"].
std::string report_line(const Call& c, const IamUser& user, const std::optional<PasswordPolicy>& passwords) {
  const auto& devices = iam(c).mfa_devices.rows;
  const bool mfa = std::ranges::any_of(devices, [&](const auto& row) { return row.second.user == user.id; });
  std::string line = fmt::format("{},{},{}", user.id, iam_arn(c.account.id, "user", user), csv_time(user.created));
  if (user.login) {
    std::optional<Time> rotates;
    if (passwords && passwords->max_age_days > 0) {
      rotates = user.login->created + std::chrono::hours(24 * passwords->max_age_days);
    }
    line += fmt::format(",true,{},{},{}", csv_time(user.password_used, "no_information"), csv_time(user.login->created),
                        csv_time(rotates));
  } else {
    line += ",false,N/A,N/A,N/A";
  }
  line += mfa ? ",true" : ",false";
  for (std::size_t i = 0; i < 2; ++i) {
    if (i >= user.keys.size()) {
      line += ",false,N/A,N/A,N/A,N/A";
      continue;
    }
    const AccessKey& key = user.keys[i];
    line += fmt::format(",{},{}", key.status == "Active", csv_time(key.created));
    line += key.used ? fmt::format(",{},{},{}", csv_time(key.used->at), key.used->region, key.used->service)
                     : std::string(",N/A,N/A,N/A");
  }
  for (std::size_t i = 0; i < 2; ++i) {
    if (i >= user.certificates.size()) {
      line += ",false,N/A";
      continue;
    }
    line += fmt::format(",{},{}", user.certificates[i].status == "Active", csv_time(user.certificates[i].uploaded));
  }
  return line + "\n";
}

Outcome get_report(Call& c) {
  const auto made = settings(c).report;
  if (!made) return fault("ReportNotPresent", "No report exists.", 410);
  if (*made > c.now) return fault("ReportInProgress", "Report generation is in progress.", 404);
  if (c.now - *made >= report_lasts) {
    return fault("ReportExpired", "The report has expired. Start a new report generation task.", 410);
  }
  std::string csv =
      "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,"
      "mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,"
      "access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,"
      "access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,"
      "cert_1_last_rotated,cert_2_active,cert_2_last_rotated\n";
  csv += fmt::format(
      "<root_account>,arn:aws:iam::{}:root,2020-01-01T00:00:00+00:00,not_supported,no_information,not_supported,"
      "not_supported,true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A\n",
      c.account.id);
  for (const auto& [name, user] : iam(c).users.rows) csv += report_line(c, user, settings(c).passwords);
  c.out.key("Content");
  c.out.blob(csv);
  c.out.put("ReportFormat", "text/csv");
  c.out.put("GeneratedTime", *made);
  return {};
}

// --- Authorization details -------------------------------------------------------------------------------------------

void write_inline(Call& c, std::string_view name, const std::vector<InlinePolicy>& policies) {
  c.out.begin_list(name);
  for (const InlinePolicy& policy : policies) {
    c.out.begin_map();
    c.out.put("PolicyName", policy.name);
    c.out.put("PolicyDocument", policy.document);
    c.out.end();
  }
  c.out.end();
}

void write_detail(Call& c, const IamUser& user) {
  write_user(c, user, true);
  write_inline(c, "UserPolicyList", user.policies);
  c.out.begin_list("GroupList");
  for (const std::string& group : user.groups) c.out.add(group);
  c.out.end();
  write_attached(c, user.attached);
}
void write_detail(Call& c, const IamGroup& group) {
  write_group(c, group);
  write_inline(c, "GroupPolicyList", group.policies);
  write_attached(c, group.attached);
}
void write_detail(Call& c, const IamRole& role) {
  write_role(c, role, true);
  c.out.begin_list("InstanceProfileList");
  for (const auto& [name, profile] : iam(c).profiles.rows) {
    if (profile.role != role.id) continue;
    c.out.begin_map();
    write_profile(c, profile, true);
    c.out.end();
  }
  c.out.end();
  write_inline(c, "RolePolicyList", role.policies);
  write_attached(c, role.attached);
}

/// One page over users, groups, roles and policies.
struct Detail {
  std::string key;
  const IamUser* user = nullptr;
  const IamGroup* group = nullptr;
  const IamRole* role = nullptr;
  const ManagedPolicy* policy = nullptr;
  std::string_view owner = {};
};

std::vector<Detail> all_details(const Call& c, const PolicyUses& uses) {
  const auto filter = texts(c["Filter"]);
  auto wants = [&](std::string_view what) { return filter.empty() || has(filter, what); };
  std::vector<Detail> out;
  if (wants("User")) {
    for (const auto& [name, row] : iam(c).users.rows) out.push_back({.key = "1" + name, .user = &row});
  }
  if (wants("Group")) {
    for (const auto& [name, row] : iam(c).groups.rows) out.push_back({.key = "2" + name, .group = &row});
  }
  if (wants("Role")) {
    for (const auto& [name, row] : iam(c).roles.rows) out.push_back({.key = "3" + name, .role = &row});
  }
  if (wants("LocalManagedPolicy")) {
    for (const auto& [name, row] : iam(c).policies.rows) {
      out.push_back({.key = "4" + name, .policy = &row, .owner = c.account.id});
    }
  }
  if (wants("AWSManagedPolicy")) {
    for (const auto& [name, row] : aws_policies().rows) {
      if (uses.attached.contains(policy_arn("aws", row))) {
        out.push_back({.key = "5" + name, .policy = &row, .owner = "aws"});
      }
    }
  }
  return out;
}

Outcome details(Call& c) {
  TRY(const Page page, read_iam_page(c));
  const PolicyUses uses = count_uses(c);
  std::vector<Detail> rows = all_details(c, uses);
  std::erase_if(rows, [&](const Detail& row) { return !page.after.empty() && row.key <= page.after; });
  const bool more = rows.size() > page.size;
  if (more) rows.resize(page.size);
  auto list = [&](std::string_view name, auto member) {
    c.out.begin_list(name);
    for (const Detail& row : rows) {
      if (!(row.*member)) continue;
      c.out.begin_map();
      write_detail(c, *(row.*member));
      c.out.end();
    }
    c.out.end();
  };
  list("UserDetailList", &Detail::user);
  list("GroupDetailList", &Detail::group);
  list("RoleDetailList", &Detail::role);
  c.out.begin_list("Policies");
  for (const Detail& row : rows) {
    if (!row.policy) continue;
    c.out.begin_map();
    write_managed(c, row.owner, *row.policy, uses, true);
    c.out.begin_list("PolicyVersionList");
    for (const PolicyVersion& version : row.policy->versions) {
      c.out.begin_map(), write_version(c, *row.policy, version, true), c.out.end();
    }
    c.out.end();
    c.out.end();
  }
  c.out.end();
  c.out.put("IsTruncated", more);
  if (more) c.out.put("Marker", make_token(c, c.account.id, rows.back().key));
  return {};
}

}  // namespace

void register_iam_reports(Registry& r) {
  r.add("iam", "GetAccountSummary", summary);
  r.add("iam", "GetAccountPasswordPolicy", get_passwords);
  r.add("iam", "UpdateAccountPasswordPolicy", update_passwords);
  r.add("iam", "DeleteAccountPasswordPolicy", delete_passwords);
  r.add("iam", "GenerateCredentialReport", make_report);
  r.add("iam", "GetCredentialReport", get_report);
  r.add("iam", "GetAccountAuthorizationDetails", details);
}

}  // namespace reeve::sandbox
