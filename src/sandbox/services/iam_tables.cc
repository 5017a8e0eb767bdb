#include "base/json.h"
#include "sandbox/estate_fields.h"
#include "sandbox/estate_tables.h"
#include "sandbox/services/iam.h"

/// IAM's tables in estate files.
namespace reeve::sandbox {
namespace {

/// A policy: a map or a text in a file, a text here.
template <class Io, class S>
void document(Io& io, std::string_view name, S& text) {
  if constexpr (Io::reads) {
    Document given;
    io(name, given);
    if (given.root().is_text()) text = given.root().as_string();
    if (given.root().is_map()) text = to_json(given);
  } else {
    io(name, text);
  }
}

void give_id(const RowPlace& place, std::string& id, std::string_view prefix) {
  if (id.empty()) id = new_iam_id(place.store, prefix);
}
Time yesterday(Time now) { return now - std::chrono::hours(24); }
template <class Row>
void complete_entity(const RowPlace& place, Row& row, std::string_view prefix, Time now) {
  give_id(place, row.unique_id, prefix);
  if (row.created == Time{}) row.created = yesterday(now);
  std::ranges::sort(row.policies, {}, &InlinePolicy::name);
}

constexpr std::string_view no_statements = R"({"Version":"2012-10-17","Statement":[]})";

}  // namespace

template <class Io, like<InlinePolicy> S>
void fields(Io& io, S& s) {
  io("PolicyName", s.name);
  document(io, "PolicyDocument", s.document);
}
template <class Io, like<IamUse> S>
void fields(Io& io, S& s) {
  io("LastUsedDate", s.at);
  io("ServiceName", s.service);
  io("Region", s.region);
}
template <class Io, like<AccessKey> S>
void fields(Io& io, S& s) {
  io("AccessKeyId", s.id);
  io("SecretAccessKey", s.secret);
  io("Status", s.status);
  io("CreateDate", s.created);
  io.part("LastUsed", s.used);
}
template <class Io, like<LoginProfile> S>
void fields(Io& io, S& s) {
  io("CreateDate", s.created);
  io("PasswordResetRequired", s.reset_required);
}
template <class Io, like<SigningCertificate> S>
void fields(Io& io, S& s) {
  io("CertificateId", s.id);
  io("CertificateBody", s.body);
  io("Status", s.status);
  io("UploadDate", s.uploaded);
}
template <class Io, like<SshKey> S>
void fields(Io& io, S& s) {
  io("SSHPublicKeyId", s.id);
  io("SSHPublicKeyBody", s.body);
  io("Fingerprint", s.fingerprint);
  io("Status", s.status);
  io("UploadDate", s.uploaded);
}
template <class Io, like<ServiceCredential> S>
void fields(Io& io, S& s) {
  io("ServiceSpecificCredentialId", s.id);
  io("ServiceName", s.service);
  io("ServiceUserName", s.user_name);
  io("Status", s.status);
  io("CreateDate", s.created);
}

template <class Io, class S>
void entity_fields(Io& io, S& s) {
  io("Path", s.path);
  io("CreateDate", s.created);
  io.list("Policies", s.policies);
  io("AttachedPolicies", s.attached);
}
template <class Io, like<IamUser> S>
void fields(Io& io, S& s) {
  io("UserName", s.id);
  io("UserId", s.unique_id);
  entity_fields(io, s);
  io("PermissionsBoundary", s.boundary);
  io.part("LoginProfile", s.login);
  io("PasswordLastUsed", s.password_used);
  io.list("AccessKeys", s.keys);
  io.list("SigningCertificates", s.certificates);
  io.list("SSHPublicKeys", s.ssh_keys);
  io.list("ServiceSpecificCredentials", s.service_credentials);
  io("Groups", s.groups);
  io.tags("Tags", s.tags);
}
template <class Io, like<IamGroup> S>
void fields(Io& io, S& s) {
  io("GroupName", s.id);
  io("GroupId", s.unique_id);
  entity_fields(io, s);
}
template <class Io, like<IamRole> S>
void fields(Io& io, S& s) {
  io("RoleName", s.id);
  io("RoleId", s.unique_id);
  entity_fields(io, s);
  io("PermissionsBoundary", s.boundary);
  document(io, "AssumeRolePolicyDocument", s.trust);
  io("Description", s.description);
  io("MaxSessionDuration", s.max_session_s);
  io.part("RoleLastUsed", s.used);
  io.tags("Tags", s.tags);
}
template <class Io, like<PolicyVersion> S>
void fields(Io& io, S& s) {
  io("VersionId", s.id);
  document(io, "Document", s.document);
  io("CreateDate", s.created);
}
template <class Io, like<ManagedPolicy> S>
void fields(Io& io, S& s) {
  io("PolicyName", s.id);
  io("PolicyId", s.unique_id);
  io("Path", s.path);
  io("Description", s.description);
  io("DefaultVersionId", s.default_version);
  io("CreateDate", s.created);
  io("UpdateDate", s.updated);
  io.list("Versions", s.versions);
  io("LatestVersion", s.latest);
  io.tags("Tags", s.tags);
}
template <class Io, like<InstanceProfile> S>
void fields(Io& io, S& s) {
  io("InstanceProfileName", s.id);
  io("InstanceProfileId", s.unique_id);
  io("Path", s.path);
  io("Role", s.role);
  io("CreateDate", s.created);
  io.tags("Tags", s.tags);
}
template <class Io, like<MfaDevice> S>
void fields(Io& io, S& s) {
  io("SerialNumber", s.id);
  io("UserName", s.user);
  io("EnableDate", s.enabled);
  io.tags("Tags", s.tags);
}
template <class Io, like<PasswordPolicy> S>
void fields(Io& io, S& s) {
  io("MinimumPasswordLength", s.minimum_length);
  io("MaxPasswordAge", s.max_age_days);
  io("PasswordReusePrevention", s.reuse_prevention);
  io("RequireSymbols", s.symbols);
  io("RequireNumbers", s.numbers);
  io("RequireUppercaseCharacters", s.uppercase);
  io("RequireLowercaseCharacters", s.lowercase);
  io("AllowUsersToChangePassword", s.may_change);
  io("HardExpiry", s.hard_expiry);
}
template <class Io, like<IamSettings> S>
void fields(Io& io, S& s) {
  io("Name", s.id);
  io.part("PasswordPolicy", s.passwords);
  io("CredentialReport", s.report);
}

void complete(const RowPlace& place, IamUser& user, Time now) {
  complete_entity(place, user, OfUser::prefix, now);
  if (user.login && user.login->created == Time{}) user.login->created = user.created;
  Account& account = *place.store.account(place.account);
  for (AccessKey& key : user.keys) {
    if (key.created == Time{}) key.created = user.created;
    if (key.secret.empty()) key.secret = random_text(place.store, "", 40, any_letters);
    if (key.status == "Active") let_sign(place.store, account, user, key);
  }
  for (SigningCertificate& certificate : user.certificates) {
    if (certificate.uploaded == Time{}) certificate.uploaded = user.created;
  }
  for (SshKey& key : user.ssh_keys) {
    if (key.uploaded == Time{}) key.uploaded = user.created;
  }
  for (ServiceCredential& credential : user.service_credentials) {
    if (credential.created == Time{}) credential.created = user.created;
  }
}
void complete(const RowPlace& place, IamGroup& group, Time now) { complete_entity(place, group, OfGroup::prefix, now); }
void complete(const RowPlace& place, IamRole& role, Time now) {
  complete_entity(place, role, OfRole::prefix, now);
  if (role.trust.empty()) {  // whoever is of the account
    role.trust = fmt::format(
        R"({{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{}:root"}},"Action":"sts:AssumeRole"}}]}})",
        place.account);
  }
}
void complete(const RowPlace& place, ManagedPolicy& policy, Time now) {
  give_id(place, policy.unique_id, "ANPA");
  if (policy.created == Time{}) policy.created = yesterday(now);
  if (policy.updated == Time{}) policy.updated = policy.created;
  if (policy.versions.empty()) policy.versions.push_back({.id = "v1", .document = std::string(no_statements)});
  for (PolicyVersion& version : policy.versions) {
    if (version.id.empty()) version.id = fmt::format("v{}", &version - policy.versions.data() + 1);
    if (version.created == Time{}) version.created = policy.created;
    policy.latest = std::max(policy.latest, std::int64_t{std::strtoll(version.id.c_str() + 1, nullptr, 10)});
  }
  if (std::ranges::count(policy.versions, policy.default_version, &PolicyVersion::id) == 0) {
    policy.default_version = policy.versions.back().id;
  }
}
void complete(const RowPlace& place, InstanceProfile& profile, Time now) {
  give_id(place, profile.unique_id, "AIPA");
  if (profile.created == Time{}) profile.created = yesterday(now);
}
void complete(const RowPlace&, MfaDevice& device, Time now) {
  if (!device.user.empty() && !device.enabled) device.enabled = yesterday(now);
}

void Iam::each_table(EstateTables& tables) {
  tables("users", users);
  tables("groups", groups);
  tables("roles", roles);
  tables("policies", policies);
  tables("instance_profiles", profiles);
  tables("mfa_devices", mfa_devices);
  tables("iam_settings", settings);
}

}  // namespace reeve::sandbox
