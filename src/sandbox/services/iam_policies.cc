#include "sandbox/services/iam.h"

/// Managed policies, their versions, and to whom they are attached.
namespace reeve::sandbox {

std::string policy_arn(std::string_view account, const ManagedPolicy& policy) {
  return iam_arn(account, "policy", policy);
}

std::string_view policy_owner(std::string_view arn) {
  constexpr std::string_view begin = "arn:aws:iam::";
  return arn.starts_with(begin) ? arn.substr(begin.size(), arn.find(':', begin.size()) - begin.size()) : "";
}

const ManagedPolicy* find_policy(const Call& c, std::string_view arn) {
  const std::string_view owner = policy_owner(arn), name = arn.substr(arn.rfind('/') + 1);
  if (owner == "aws") {
    const auto at = aws_policies().rows.find(name);
    return at != aws_policies().rows.end() && policy_arn(owner, at->second) == arn ? &at->second : nullptr;
  }
  const ManagedPolicy* policy = iam(c).policies.find(name);
  return policy && policy_arn(c.account.id, *policy) == arn ? policy : nullptr;
}

Outcome attachable(const Call& c, std::string_view arn) {
  const ManagedPolicy* policy = find_policy(c, arn);
  if (!policy) return no_entity(fmt::format("Policy {} does not exist or is not attachable.", arn));
  if (policy->path == "/aws-service-role/") {
    return fault("PolicyNotAttachable", "Cannot attach a Service Role Policy to a Customer Role.");
  }
  return {};
}

PolicyUses count_uses(const Call& c) {
  PolicyUses uses;
  auto count = [&](const auto& table) {
    for (const auto& [name, row] : table.rows) {
      for (const std::string& arn : row.attached) ++uses.attached[arn];
      if (!row.boundary.empty()) ++uses.boundaries[row.boundary];
    }
  };
  count(iam(c).users), count(iam(c).groups), count(iam(c).roles);
  return uses;
}

void write_managed(Call& c, std::string_view owner, const ManagedPolicy& policy, const PolicyUses& uses, bool whole) {
  const std::string arn = policy_arn(owner, policy);
  auto count = [&](const auto& map) {
    const auto at = map.find(arn);
    return at == map.end() ? std::int64_t{0} : at->second;
  };
  c.out.put("PolicyName", policy.id);
  c.out.put("PolicyId", policy.unique_id);
  c.out.put("Arn", arn);
  c.out.put("Path", policy.path);
  c.out.put("DefaultVersionId", policy.default_version);
  c.out.put("AttachmentCount", count(uses.attached));
  c.out.put("PermissionsBoundaryUsageCount", count(uses.boundaries));
  c.out.put("IsAttachable", policy.path != "/aws-service-role/");
  c.out.put("CreateDate", policy.created);
  c.out.put("UpdateDate", policy.updated);
  if (!whole) return;
  c.out.put_if("Description", policy.description);
  write_tags(c.out, policy.tags);
}

void write_version(Call& c, const ManagedPolicy& policy, const PolicyVersion& version, bool whole) {
  if (whole) c.out.put("Document", version.document);
  c.out.put("VersionId", version.id);
  c.out.put("IsDefaultVersion", version.id == policy.default_version);
  c.out.put("CreateDate", version.created);
}

namespace {

constexpr std::size_t policy_bytes = 6144;

Outcome check_document(std::string_view text) {
  TRY(check_policy(text, PolicyUse::permissions));
  if (policy_size(text) > policy_bytes) return over_quota("PolicySize", policy_bytes);
  return {};
}

std::unexpected<Fault> no_policy(std::string_view arn) {
  return no_entity(fmt::format("Policy {} was not found.", arn));
}

/// A policy to read, of the account or AWS's.
std::expected<const ManagedPolicy*, Fault> policy_of(Call& c) {
  const std::string_view arn = c["PolicyArn"].as_text();
  if (!arn.starts_with("arn:")) return fault("ValidationError", fmt::format("Invalid ARN: {}", arn));
  if (const ManagedPolicy* policy = find_policy(c, arn)) return policy;
  return no_policy(arn);
}
/// A policy of the account, to change.
std::expected<ManagedPolicy*, Fault> own_policy(Call& c) {
  TRY(const ManagedPolicy* policy, policy_of(c));
  if (policy_owner(c["PolicyArn"].as_text()) == "aws") {
    return fault("AccessDenied", "Policies of AWS cannot be changed.", 403);
  }
  c.changing(iam(c).policies, policy->id);
  return iam(c).policies.find(policy->id);
}

Outcome create(Call& c) {
  constexpr std::size_t quota = 1500;
  const std::string name = c["PolicyName"].as_string();
  TRY(check_name(name, "PolicyName", 128));
  ManagedPolicy policy;
  TRY(policy.path, read_path(c));
  TRY(check_document(c["PolicyDocument"].as_text()));
  TRY(policy.tags, read_iam_tags(c["Tags"]));
  Table<ManagedPolicy>& policies = iam(c).policies;
  if (policies.rows.size() >= quota) return over_quota("PoliciesPerAccount", quota);
  if (std::ranges::any_of(policies.rows, [&](const auto& row) { return same_name(row.first, name); })) {
    return exists_already(fmt::format("A policy called {} already exists. Duplicate names are not allowed.", name));
  }
  policy.id = name;
  policy.unique_id = new_iam_id(c.store, "ANPA");
  policy.description = c["Description"].as_string();
  policy.created = policy.updated = c.now;
  policy.versions.push_back({.id = "v1", .document = c["PolicyDocument"].as_string(), .created = c.now});
  c.changing(policies, name);
  const ManagedPolicy& kept = policies.add(std::move(policy));
  c.out.begin_map("Policy");
  write_managed(c, c.account.id, kept, {}, true);
  c.out.end();
  return {};
}

Outcome get(Call& c) {
  TRY(const ManagedPolicy* policy, policy_of(c));
  c.out.begin_map("Policy");
  write_managed(c, policy_owner(c["PolicyArn"].as_text()), *policy, count_uses(c), true);
  c.out.end();
  return {};
}

Outcome list(Call& c) {
  const std::string_view scope = c["Scope"].as_text_or("All"), usage = c["PolicyUsageFilter"].as_text();
  const bool only_attached = c["OnlyAttached"].as_bool();
  const PolicyUses uses = count_uses(c);
  struct Row {
    std::string_view owner;
    const ManagedPolicy* policy;
    std::string key;
  };
  std::vector<Row> rows;
  auto take = [&](std::string_view owner, const Table<ManagedPolicy>& table) {
    for (const ManagedPolicy* policy : under_path(c, table)) {
      const std::string arn = policy_arn(owner, *policy);
      const bool attached = uses.attached.contains(arn), bounds = uses.boundaries.contains(arn);
      if (only_attached && !attached && !(usage == "PermissionsBoundary" && bounds)) continue;
      if (usage == "PermissionsPolicy" && !attached) continue;
      if (usage == "PermissionsBoundary" && !bounds) continue;
      rows.push_back({owner, policy, arn});
    }
  };
  if (scope != "AWS") take(c.account.id, iam(c).policies);
  if (scope != "Local") take("aws", aws_policies());
  std::ranges::sort(rows, {}, &Row::key);
  return write_page(
      c, "Policies", rows, [](const Row& row) { return row.key; },
      [&](const Row& row) {
        c.out.begin_map();
        write_managed(c, row.owner, *row.policy, uses, false);
        c.out.end();
      });
}

Outcome remove(Call& c) {
  TRY(const ManagedPolicy* policy, own_policy(c));
  const PolicyUses uses = count_uses(c);
  const std::string_view arn = c["PolicyArn"].as_text();
  if (uses.attached.contains(arn) || uses.boundaries.contains(arn)) {
    return fault("DeleteConflict", "Cannot delete a policy attached to entities.", 409);
  }
  if (policy->versions.size() > 1) {
    return fault("DeleteConflict",
                 "This policy has more than one version. Before you delete a policy, you must delete the policy's "
                 "versions. The default version is deleted with the policy.",
                 409);
  }
  iam(c).policies.erase(std::string(policy->id));
  return {};
}

// --- Versions --------------------------------------------------------------------------------------------------------

template <class Policy>
auto version_of(const Call& c, Policy& policy) -> std::expected<decltype(policy.versions.data()), Fault> {
  const std::string_view id = c["VersionId"].as_text();
  const auto version = std::ranges::find(policy.versions, id, &PolicyVersion::id);
  if (version != policy.versions.end()) return &*version;
  return no_entity(
      fmt::format("Policy {} version {} does not exist or is not attachable.", c["PolicyArn"].as_text(), id));
}

Outcome create_version(Call& c) {
  constexpr std::size_t most = 5;
  TRY(ManagedPolicy * policy, own_policy(c));
  TRY(check_document(c["PolicyDocument"].as_text()));
  if (policy->versions.size() >= most) {
    return fault("LimitExceeded",
                 "A managed policy can have up to 5 versions. Before you create a new version, you must delete an "
                 "existing version.",
                 409);
  }
  const std::string id = fmt::format("v{}", ++policy->latest);
  policy->versions.push_back({.id = id, .document = c["PolicyDocument"].as_string(), .created = c.now});
  if (c["SetAsDefault"].as_bool()) policy->default_version = id;
  policy->updated = c.now;
  c.out.begin_map("PolicyVersion");
  write_version(c, *policy, policy->versions.back(), false);
  c.out.end();
  return {};
}

Outcome get_version(Call& c) {
  TRY(const ManagedPolicy* policy, policy_of(c));
  TRY(const PolicyVersion* version, version_of(c, *policy));
  c.out.begin_map("PolicyVersion");
  write_version(c, *policy, *version, true);
  c.out.end();
  return {};
}

Outcome list_versions(Call& c) {
  TRY(const ManagedPolicy* policy, policy_of(c));
  std::vector<const PolicyVersion*> versions;
  for (const PolicyVersion& version : policy->versions) versions.push_back(&version);
  auto key = [](const PolicyVersion* version) {  // v2 before v10; the newest come first
    return fmt::format("{:019}", INT64_MAX - std::strtoll(version->id.c_str() + 1, nullptr, 10));
  };
  std::ranges::sort(versions, {}, key);
  return write_page(c, "Versions", versions, key, [&](const PolicyVersion* version) {
    c.out.begin_map();
    write_version(c, *policy, *version, false);
    c.out.end();
  });
}

Outcome delete_version(Call& c) {
  TRY(ManagedPolicy * policy, own_policy(c));
  TRY(const PolicyVersion* version, version_of(c, *policy));
  if (version->id == policy->default_version) {
    return fault("DeleteConflict", "Cannot delete the default version of a policy.", 409);
  }
  policy->versions.erase(policy->versions.begin() + (version - policy->versions.data()));
  return {};
}

Outcome set_default(Call& c) {
  TRY(ManagedPolicy * policy, own_policy(c));
  TRY(const PolicyVersion* version, version_of(c, *policy));
  policy->default_version = version->id;
  policy->updated = c.now;
  return {};
}

// --- Whose
// -------------------------------------------------------------------------------------------------------------

/// Who has the policy: one page over groups, roles and users, in this order.
Outcome list_entities(Call& c) {
  TRY([[maybe_unused]] const ManagedPolicy* policy, policy_of(c));
  const std::string_view arn = c["PolicyArn"].as_text(), filter = c["EntityFilter"].as_text();
  const std::string_view prefix = c["PathPrefix"].as_text();
  const bool as_boundary = c["PolicyUsageFilter"].as_text() == "PermissionsBoundary";
  TRY(const Page page, read_iam_page(c));
  std::size_t count = 0;
  std::string last, next;
  auto write = [&]<class K>(K, std::string_view list) {
    c.out.begin_list(list);
    K::table(c).each_seen(c.now, "", [&](const auto& row) {
      const bool has_it = as_boundary ? row.boundary == arn : row.attached.contains(arn);
      const bool wanted = filter.empty() || filter == K::label;
      const std::string at = fmt::format("{}/{}", K::word, row.id);  // group < role < user
      if (!has_it || !wanted || !row.path.starts_with(prefix) || (!page.after.empty() && at <= page.after)) return true;
      if (count == page.size) {
        if (next.empty()) next = make_token(c, c.account.id, last);
        return false;
      }
      c.out.begin_map();
      c.out.put(K::member, row.id);
      c.out.put(fmt::format("{}Id", K::label), row.unique_id);
      c.out.end();
      last = at;
      ++count;
      return true;
    });
    c.out.end();
  };
  write(OfGroup{}, "PolicyGroups");
  write(OfRole{}, "PolicyRoles");
  write(OfUser{}, "PolicyUsers");
  c.out.put("IsTruncated", !next.empty());
  c.out.put_if("Marker", next);
  return {};
}

}  // namespace

void register_iam_policies(Registry& r) {
  r.add("iam", "CreatePolicy", create);
  r.add("iam", "GetPolicy", get);
  r.add("iam", "ListPolicies", list);
  r.add("iam", "DeletePolicy", remove);
  r.add("iam", "CreatePolicyVersion", create_version);
  r.add("iam", "GetPolicyVersion", get_version);
  r.add("iam", "ListPolicyVersions", list_versions);
  r.add("iam", "DeletePolicyVersion", delete_version);
  r.add("iam", "SetDefaultPolicyVersion", set_default);
  r.add("iam", "ListEntitiesForPolicy", list_entities);
}

}  // namespace reeve::sandbox
