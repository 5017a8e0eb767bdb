#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/listing.h"

/// IAM's state and what its files share. It belongs to an account and is the same from every region.
namespace reeve::sandbox {

/// A policy that is written into a user, group or role.
struct InlinePolicy {
  std::string name, document;
};

/// What users, groups and roles have in common. `id` is the name.
struct IamEntity {
  std::string id, unique_id, path = "/";
  Time created;
  std::vector<InlinePolicy> policies;           ///< by name
  std::set<std::string, std::less<>> attached;  ///< ARNs of managed policies
  std::string boundary;                         ///< ARN of the permissions boundary; empty for none
  Tags tags;
};

/// The last use of a key or a role.
struct IamUse {
  Time at;
  std::string service, region;
};

struct AccessKey {
  std::string id, secret, status = "Active";
  Time created;
  std::optional<IamUse> used;
};
struct LoginProfile {
  Time created;
  bool reset_required = false;
};
struct SigningCertificate {
  std::string id, body, status = "Active";
  Time uploaded;
};
struct SshKey {
  std::string id, body, fingerprint, status = "Active";
  Time uploaded;
};
struct ServiceCredential {
  std::string id, service, user_name, status = "Active";
  Time created;
};

struct IamUser : IamEntity {
  std::optional<LoginProfile> login;
  std::optional<Time> password_used;
  std::vector<AccessKey> keys;
  std::vector<SigningCertificate> certificates;
  std::vector<SshKey> ssh_keys;
  std::vector<ServiceCredential> service_credentials;
  std::set<std::string, std::less<>> groups;  ///< names
};

struct IamGroup : IamEntity {};

struct IamRole : IamEntity {
  std::string trust, description;
  std::int64_t max_session_s = 3600;
  std::optional<IamUse> used;
};

struct PolicyVersion {
  std::string id, document;  ///< id: "v1"
  Time created;
};
/// A managed policy of the account. `id` is the name.
struct ManagedPolicy {
  std::string id, unique_id, path = "/", description, default_version = "v1";
  Time created, updated;
  std::vector<PolicyVersion> versions;
  std::int64_t latest = 1;  ///< numbers of versions are not used twice
  Tags tags;
};

struct InstanceProfile {
  std::string id, unique_id, path = "/", role;
  Time created;
  Tags tags;
};

/// `id` is the serial number: an ARN of the account for a virtual device.
struct MfaDevice {
  std::string id, user;
  std::optional<Time> enabled;
  Tags tags;
};

struct PasswordPolicy {
  std::int64_t minimum_length = 6, max_age_days = 0, reuse_prevention = 0;
  bool symbols = false, numbers = false, uppercase = false, lowercase = false, may_change = false, hard_expiry = false;
};
/// What there is once in an account. `id` is "account".
struct IamSettings {
  std::string id = "account";
  std::optional<PasswordPolicy> passwords;
  std::optional<Time> report;  ///< when the credential report was made
};

struct Iam : Drawer {
  static constexpr std::string_view name = "iam";
  Table<IamUser> users;
  Table<IamGroup> groups;
  Table<IamRole> roles;
  Table<ManagedPolicy> policies;
  Table<InstanceProfile> profiles;
  Table<MfaDevice> mfa_devices;
  Table<IamSettings> settings;
  void each_table(EstateTables& tables) override;
  void each_tagged(const DrawerPlace& place, const TagVisitor& visit) override;
};
inline Iam& iam(const Call& c) { return c.account.drawers.of<Iam>(); }

/// AWS's own policies that accounts use most, of which everybody has these: as rows, of version v1. Their documents are
/// cut down to the services' actions on everything.
const Table<ManagedPolicy>& aws_policies();
/// "arn:aws:iam::aws:policy/ReadOnlyAccess", or with the account's id.
std::string policy_arn(std::string_view account, const ManagedPolicy& policy);
/// Whose a managed policy is, by its ARN: "aws" or an account's id.
std::string_view policy_owner(std::string_view arn);

// --- What kinds of entities differ in ------------------------------------------------------------------------------

struct OfUser {
  using Row = IamUser;
  static constexpr std::string_view word = "user", label = "User", member = "UserName", prefix = "AIDA";
  static constexpr std::size_t longest = 64, inline_bytes = 2048, quota = 5000;
  static Table<Row>& table(const Call& c) { return iam(c).users; }
};
struct OfGroup {
  using Row = IamGroup;
  static constexpr std::string_view word = "group", label = "Group", member = "GroupName", prefix = "AGPA";
  static constexpr std::size_t longest = 128, inline_bytes = 5120, quota = 300;
  static Table<Row>& table(const Call& c) { return iam(c).groups; }
};
struct OfRole {
  using Row = IamRole;
  static constexpr std::string_view word = "role", label = "Role", member = "RoleName", prefix = "AROA";
  static constexpr std::size_t longest = 64, inline_bytes = 10240, quota = 1000;
  static Table<Row>& table(const Call& c) { return iam(c).roles; }
};

inline std::unexpected<Fault> no_entity(std::string message) { return fault("NoSuchEntity", std::move(message), 404); }
inline std::unexpected<Fault> over_quota(std::string_view what, std::size_t most) {
  return fault("LimitExceeded", fmt::format("Cannot exceed quota for {}: {}", what, most), 409);
}
inline std::unexpected<Fault> exists_already(std::string message) {
  return fault("EntityAlreadyExists", std::move(message), 409);
}

/// "arn:aws:iam::123456789012:user/path/name".
template <class Row>
std::string iam_arn(std::string_view account, std::string_view word, const Row& row) {
  return fmt::format("arn:aws:iam::{}:{}{}{}", account, word, row.path, row.id);
}

/// A row to change, by the call's member. Faults: ValidationError, NoSuchEntity.
template <class K>
std::expected<typename K::Row*, Fault> own(Call& c) {
  const std::string name = c[K::member].as_string();
  if (auto* row = K::table(c).find(name)) return row;
  return no_entity(fmt::format("The {} with name {} cannot be found.", K::word, name));
}
/// The same, of which readers may go on to see the old one for a while.
template <class K>
std::expected<typename K::Row*, Fault> to_change(Call& c) {
  TRY(auto* row, own<K>(c));
  c.changing(K::table(c), row->id);
  return row;
}
/// A row as readers see it.
template <class K>
std::expected<const typename K::Row*, Fault> seen(Call& c) {
  const std::string name = c[K::member].as_string();
  if (const auto* row = K::table(c).seen(name, c.now)) return row;
  return no_entity(fmt::format("The {} with name {} cannot be found.", K::word, name));
}

/// "AIDA" and 17 capitals and digits.
std::string new_iam_id(Store& store, std::string_view prefix);
/// Letters drawn by the store's chance.
std::string random_text(Store& store, std::string_view prefix, std::size_t length, std::string_view letters);
inline constexpr std::string_view capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
inline constexpr std::string_view any_letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Whether names are the same to IAM, which does not distinguish case.
bool same_name(std::string_view a, std::string_view b);
/// The rule of names: letters, digits and +=,.@_- ; at most `longest`. Faults: ValidationError.
Outcome check_name(std::string_view name, std::string_view member, std::size_t longest);
/// The call's Path, "/" where it has none. Faults: ValidationError.
std::expected<std::string, Fault> read_path(const Call& c);
/// Tags by IAM's rules. Faults: InvalidInput, LimitExceeded.
std::expected<Tags, Fault> read_iam_tags(Value list);

enum class PolicyUse : std::uint8_t { permissions, trust };
/// Looks at a policy's text as IAM does when it takes one. Faults: MalformedPolicyDocument.
Outcome check_policy(std::string_view text, PolicyUse use);
/// The bytes of a policy that count: those that are no white space.
std::size_t policy_size(std::string_view text);

/// Whether a managed policy of this ARN can be attached: the account's own or AWS's. Faults: NoSuchEntity.
Outcome attachable(const Call& c, std::string_view arn);
/// How often each managed policy is attached, or is a boundary.
struct PolicyUses {
  std::map<std::string, std::int64_t, std::less<>> attached, boundaries;
};
PolicyUses count_uses(const Call& c);
/// The policy of an ARN, the account's or AWS's; nullptr for none.
const ManagedPolicy* find_policy(const Call& c, std::string_view arn);

void write_user(Call& c, const IamUser& user, bool whole);
void write_group(Call& c, const IamGroup& group);
void write_role(Call& c, const IamRole& role, bool whole);
void write_profile(Call& c, const InstanceProfile& profile, bool whole);
void write_managed(Call& c, std::string_view owner, const ManagedPolicy& policy, const PolicyUses& uses, bool whole);
/// A version of a policy; with its document where `whole`.
void write_version(Call& c, const ManagedPolicy& policy, const PolicyVersion& version, bool whole);
void write_boundary(Call& c, const std::string& arn);
void write_attached(Call& c, const std::set<std::string, std::less<>>& arns);

/// MaxItems and Marker. Faults: ValidationError.
std::expected<Page, Fault> read_iam_page(const Call& c);
/// Writes one page of rows that are in the order of `key(row)`: the list `name`, IsTruncated and Marker.
template <class T, class Key, class Write>
Outcome write_page(Call& c, std::string_view name, const std::vector<T>& rows, Key key, Write write) {
  TRY(const Page page, read_iam_page(c));
  std::string last, next;
  std::size_t count = 0;
  c.out.begin_list(name);
  for (const T& row : rows) {
    const std::string at(key(row));
    if (!page.after.empty() && at <= page.after) continue;
    if (count == page.size) {
      next = make_token(c, c.account.id, last);
      break;
    }
    write(row);
    last = at;
    ++count;
  }
  c.out.end();
  c.out.put("IsTruncated", !next.empty());
  c.out.put_if("Marker", next);
  return {};
}
/// The same of texts.
inline Outcome write_text_page(Call& c, std::string_view name, const std::vector<std::string>& texts) {
  return write_page(
      c, name, texts, [](const std::string& text) { return text; }, [&](const std::string& text) { c.out.add(text); });
}
/// Rows of a table as readers see them, under the call's PathPrefix.
template <class T>
std::vector<const T*> under_path(const Call& c, const Table<T>& table) {
  const std::string_view prefix = c["PathPrefix"].as_text();
  std::vector<const T*> out;
  table.each_seen(c.now, "", [&](const T& row) {
    if (row.path.starts_with(prefix)) out.push_back(&row);
    return true;
  });
  return out;
}

/// Registers a user's active key to sign calls as this user, or takes that from it.
void let_sign(Store& store, Account& account, const IamUser& user, const AccessKey& key);
void stop_signing(Store& store, Account& account, const std::string& key_id);

void register_iam_access_keys(Registry&);
void register_iam_credentials(Registry&);
void register_iam_mfa(Registry&);
void register_iam_groups(Registry&);
void register_iam_policies(Registry&);
void register_iam_inline(Registry&);
void register_iam_profiles(Registry&);
void register_iam_tags(Registry&);
void register_iam_reports(Registry&);
void register_iam_service_roles(Registry&);

}  // namespace reeve::sandbox
