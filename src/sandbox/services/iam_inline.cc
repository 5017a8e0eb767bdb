#include "sandbox/services/iam.h"

/// Policies of users, groups and roles: those written into them, those attached to them, and boundaries.
namespace reeve::sandbox {
namespace {

/// Roles that a service owns cannot be changed by hand.
template <class K>
std::expected<typename K::Row*, Fault> open_to_change(Call& c) {
  TRY(auto* row, to_change<K>(c));
  if (row->path.starts_with("/aws-service-role/")) {
    return fault("UnmodifiableEntity",
                 fmt::format("Cannot perform the operation on the protected role '{}' - this role is only modifiable "
                             "by AWS",
                             row->id));
  }
  return row;
}

template <class K>
Outcome put_inline(Call& c) {
  TRY(auto* row, open_to_change<K>(c));
  const std::string name = c["PolicyName"].as_string(), document = c["PolicyDocument"].as_string();
  TRY(check_name(name, "PolicyName", 128));
  TRY(check_policy(document, PolicyUse::permissions));
  std::size_t bytes = policy_size(document);
  for (const InlinePolicy& policy : row->policies) {
    if (policy.name != name) bytes += policy_size(policy.document);
  }
  if (bytes > K::inline_bytes) {
    return fault("LimitExceeded",
                 fmt::format("Maximum policy size of {} bytes exceeded for {} {}", K::inline_bytes, K::word, row->id),
                 409);
  }
  const auto at = std::ranges::lower_bound(row->policies, name, {}, &InlinePolicy::name);
  if (at != row->policies.end() && at->name == name) {
    at->document = document;
  } else {
    row->policies.insert(at, {name, document});
  }
  return {};
}

template <class K>
std::unexpected<Fault> no_inline(std::string_view name) {
  return no_entity(fmt::format("The {} policy with name {} cannot be found.", K::word, name));
}

template <class K>
Outcome get_inline(Call& c) {
  TRY(const auto* row, seen<K>(c));
  const std::string_view name = c["PolicyName"].as_text();
  const auto policy = std::ranges::find(row->policies, name, &InlinePolicy::name);
  if (policy == row->policies.end()) return no_inline<K>(name);
  c.out.put(K::member, row->id);
  c.out.put("PolicyName", name);
  c.out.put("PolicyDocument", policy->document);
  return {};
}

template <class K>
Outcome list_inline(Call& c) {
  TRY(const auto* row, seen<K>(c));
  std::vector<std::string> names;
  for (const InlinePolicy& policy : row->policies) names.push_back(policy.name);
  return write_text_page(c, "PolicyNames", names);
}

template <class K>
Outcome delete_inline(Call& c) {
  TRY(auto* row, open_to_change<K>(c));
  const std::string_view name = c["PolicyName"].as_text();
  if (std::erase_if(row->policies, [&](const InlinePolicy& policy) { return policy.name == name; }) == 0) {
    return no_inline<K>(name);
  }
  return {};
}

template <class K>
Outcome attach(Call& c) {
  constexpr std::size_t most = 10;
  TRY(auto* row, open_to_change<K>(c));
  const std::string arn = c["PolicyArn"].as_string();
  TRY(attachable(c, arn));
  if (!row->attached.contains(arn) && row->attached.size() >= most) {
    return over_quota(fmt::format("PoliciesPer{}", K::label), most);
  }
  row->attached.insert(arn);
  return {};
}

template <class K>
Outcome detach(Call& c) {
  TRY(auto* row, open_to_change<K>(c));
  const std::string arn = c["PolicyArn"].as_string();
  if (!row->attached.erase(arn)) return no_entity(fmt::format("Policy {} was not found.", arn));
  return {};
}

template <class K>
Outcome list_attached(Call& c) {
  TRY(const auto* row, seen<K>(c));
  std::vector<std::string> arns(row->attached.begin(), row->attached.end());
  return write_page(
      c, "AttachedPolicies", arns, [](const std::string& arn) { return arn; },
      [&](const std::string& arn) {
        c.out.begin_map();
        c.out.put("PolicyName", arn.substr(arn.rfind('/') + 1));
        c.out.put("PolicyArn", arn);
        c.out.end();
      });
}

template <class K>
Outcome put_boundary(Call& c) {
  TRY(auto* row, open_to_change<K>(c));
  const std::string arn = c["PermissionsBoundary"].as_string();
  TRY(attachable(c, arn));
  row->boundary = arn;
  return {};
}

template <class K>
Outcome delete_boundary(Call& c) {
  TRY(auto* row, open_to_change<K>(c));
  if (row->boundary.empty()) {
    return no_entity(fmt::format("{} {} does not have permissions boundary.", K::label, row->id));
  }
  row->boundary.clear();
  return {};
}

template <class K>
void add(Registry& r) {
  auto named = [](std::string_view verb, std::string_view what) { return fmt::format("{}{}{}", verb, K::label, what); };
  r.add("iam", named("Put", "Policy"), put_inline<K>);
  r.add("iam", named("Get", "Policy"), get_inline<K>);
  r.add("iam", named("List", "Policies"), list_inline<K>);
  r.add("iam", named("Delete", "Policy"), delete_inline<K>);
  r.add("iam", named("Attach", "Policy"), attach<K>);
  r.add("iam", named("Detach", "Policy"), detach<K>);
  r.add("iam", named("ListAttached", "Policies"), list_attached<K>);
}

}  // namespace

void register_iam_inline(Registry& r) {
  add<OfUser>(r);
  add<OfGroup>(r);
  add<OfRole>(r);
  r.add("iam", "PutUserPermissionsBoundary", put_boundary<OfUser>);
  r.add("iam", "PutRolePermissionsBoundary", put_boundary<OfRole>);
  r.add("iam", "DeleteUserPermissionsBoundary", delete_boundary<OfUser>);
  r.add("iam", "DeleteRolePermissionsBoundary", delete_boundary<OfRole>);
}

}  // namespace reeve::sandbox
