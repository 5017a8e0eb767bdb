#include "policy/filters/cross_account.h"

#include "policy/filters/resource_policy.h"
#include "text/python_text.h"

namespace reeve::policy {
namespace {

void add_texts(Value list, std::set<std::string, std::less<>>& into) {
  for (const Value item : list.items()) into.insert(item.as_string());
}

std::vector<std::string> texts(Value list) {
  std::vector<std::string> out;
  for (const Value item : list.items()) out.push_back(item.as_string());
  return out;
}

}  // namespace

std::vector<Key> CrossAccountFilter::keys() {
  return {{"whitelist", "list"},          {"whitelist_orgids", "list"}, {"whitelist_org_units", "list"},
          {"whitelist_vpc", "list"},      {"whitelist_vpce", "list"},   {"whitelist_conditions", "list"},
          {"whitelist_patterns", "list"}, {"actions", "list"},          {"everyone_only", "boolean"},
          {"return_allowed", "boolean"}};
}

Verdict CrossAccountFilter::test(Candidate& candidate, Context& context) const {
  const Value policy = policy_.find(candidate.view, context.scratch);
  if (policy.is_unknown()) return {Truth::unknown, "its policy is unknown: " + std::string(policy.unknown_reason())};
  if (policy.is_null() || (policy.is_text() && policy.empty())) return {Truth::no, {}};
  Trusted trusted = trusted_;
  trusted.accounts.insert(context.account);
  CheckedPolicy checked = check_policy(policy, trusted);
  if (!checked.readable) return {Truth::unknown, "its policy cannot be read"};
  const auto& found = allowed_ ? checked.others : checked.violating;
  if (found.empty()) return {Truth::no, {}};
  Builder b;
  b.begin_list();
  for (const auto& statement : found) b.add(statement);
  b.end();
  candidate.view.add_evidence(std::string(cross_account_evidence), b.finish());
  return {Truth::yes, {}};
}

std::unique_ptr<Filter> CrossAccountFilter::make(const Build& build) {
  auto policy = policy_lookup(build);
  if (!policy) return nullptr;
  const Value data = build.data;
  Trusted trusted;
  add_texts(data["whitelist"], trusted.accounts);
  add_texts(data["whitelist_orgids"], trusted.organizations);
  add_texts(data["whitelist_org_units"], trusted.organization_units);
  add_texts(data["whitelist_vpc"], trusted.vpcs);
  add_texts(data["whitelist_vpce"], trusted.endpoints);
  for (const Value key : data["whitelist_conditions"].items()) trusted.conditions.insert(text::lower(key.as_text()));
  trusted.patterns = texts(data["whitelist_patterns"]);
  trusted.actions = texts(data["actions"]);
  trusted.everyone_only = data["everyone_only"].as_bool();
  return std::make_unique<CrossAccountFilter>(*std::move(policy), std::move(trusted), data["return_allowed"].as_bool());
}

}  // namespace reeve::policy
