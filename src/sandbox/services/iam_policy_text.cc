#include "base/json.h"
#include "sandbox/services/iam.h"

/// What IAM looks at in a policy's text before it takes it [IAM user guide, "Grammar of the IAM JSON policy language"].
namespace reeve::sandbox {
namespace {

std::unexpected<Fault> malformed(std::string message) { return fault("MalformedPolicyDocument", std::move(message)); }

std::vector<Value> one_or_more(Value value) {
  if (!value.is_list()) return value.is_null() ? std::vector<Value>{} : std::vector<Value>{value};
  std::vector<Value> out;
  for (Value item : value.items()) out.push_back(item);
  return out;
}

bool is_action(std::string_view action) {
  const auto colon = action.find(':');
  return action == "*" || (colon != action.npos && colon > 0 && colon + 1 < action.size());
}

Outcome check_actions(Value statement) {
  const bool inverted = !statement["NotAction"].is_null();
  const auto actions = one_or_more(inverted ? statement["NotAction"] : statement["Action"]);
  if (actions.empty()) return malformed("Policy statement must contain actions.");
  for (const Value action : actions) {
    if (!action.is_text()) return malformed("Syntax errors in policy.");
    if (!is_action(action.as_text())) {
      return malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
    }
  }
  return {};
}

Outcome check_statement(Value statement, PolicyUse use) {
  constexpr std::array<std::string_view, 9> members{"Sid",         "Effect",    "Action",       "NotAction", "Resource",
                                                    "NotResource", "Principal", "NotPrincipal", "Condition"};
  if (!statement.is_map()) return malformed("Syntax errors in policy.");
  for (auto [key, value] : statement.entries()) {
    if (!has(members, key)) return malformed("Syntax errors in policy.");
  }
  if (const auto effect = statement["Effect"].as_text(); effect != "Allow" && effect != "Deny") {
    return malformed("Syntax errors in policy.");
  }
  if (!statement["Condition"].is_null() && !statement["Condition"].is_map()) {
    return malformed("Syntax errors in policy.");
  }
  const bool has_principal = !statement["Principal"].is_null() || !statement["NotPrincipal"].is_null();
  const auto resources =
      one_or_more(statement["Resource"].is_null() ? statement["NotResource"] : statement["Resource"]);
  if (use == PolicyUse::trust) {
    if (!has_principal) return malformed("Missing required field Principal");
    if (!resources.empty()) return malformed("Has prohibited field Resource");
    return check_actions(statement);
  }
  if (has_principal) return malformed("Policy document should not specify a principal.");
  TRY(check_actions(statement));
  if (resources.empty()) return malformed("Policy statement must contain resources.");
  for (const Value resource : resources) {
    if (!resource.is_text()) return malformed("Syntax errors in policy.");
    const std::string_view text = resource.as_text();
    if (text != "*" && !text.starts_with("arn:") && !text.starts_with("*") && !text.contains("${")) {
      return malformed(fmt::format("Resource {} must be in ARN format or \"*\".", text));
    }
  }
  return {};
}

}  // namespace

Outcome check_policy(std::string_view text, PolicyUse use) {
  const auto policy = parse_json(text);
  if (!policy) {
    return malformed(use == PolicyUse::trust ? "This policy contains invalid Json" : "Syntax errors in policy.");
  }
  const Value root = *policy;
  if (!root.is_map()) return malformed("Syntax errors in policy.");
  for (auto [key, value] : root.entries()) {
    if (key != "Version" && key != "Id" && key != "Statement") return malformed("Syntax errors in policy.");
  }
  const std::string_view version = root["Version"].as_text_or("2008-10-17");
  if (version != "2012-10-17" && version != "2008-10-17") return malformed("Syntax errors in policy.");
  if (!root["Statement"].is_list() && !root["Statement"].is_map()) return malformed("Syntax errors in policy.");
  std::set<std::string_view> ids;
  for (const Value statement : one_or_more(root["Statement"])) {
    TRY(check_statement(statement, use));
    const std::string_view id = statement["Sid"].as_text();
    if (!id.empty() && !ids.insert(id).second) {
      return malformed("Statement IDs (SID) in a single policy must be unique.");
    }
  }
  return {};
}

std::size_t policy_size(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return !std::string_view(" \t\r\n").contains(c); }));
}

}  // namespace reeve::sandbox
