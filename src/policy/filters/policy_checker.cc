#include "policy/filters/policy_checker.h"

#include <algorithm>
#include <array>
#include <ranges>

#include "base/contains.h"
#include "base/json.h"
#include "text/pattern.h"
#include "text/python_text.h"

namespace reeve::policy {
namespace {

/// Operators that can narrow a statement to who is named; of others (null, numbers, negations, and `…IfExists`, which
/// lets a request without the key pass) nothing is concluded.
constexpr std::string_view narrowing[] = {
    "stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress"};
constexpr std::string_view qualifiers[] = {
    "foranyvalues:", "forallvalues:", "foranyvalue:", "forallvalue:", "foranyvalues", "forallvalues"};
/// Condition keys whose values are accounts, and those whose values are ARNs.
constexpr std::string_view account_keys[] = {"aws:sourceowner",   "aws:sourceaccount",         "aws:principalaccount",
                                             "kms:calleraccount", "s3:dataaccesspointaccount", "aws:userid"};
constexpr std::string_view arn_keys[] = {"aws:sourcearn", "aws:principalarn"};
constexpr std::string_view organization_keys[] = {"aws:principalorgid", "aws:resourceorgid"};
constexpr std::string_view cloudfront = "arn:aws:iam::cloudfront:user";

/// How far a condition narrows a statement.
enum class Narrows : std::uint8_t {
  no,
  to_trusted,
  to_organization,  ///< to a trusted one: principals with wildcards beside it are harmless
  by_wildcard       ///< an ARN of any account
};

std::vector<std::string_view> texts(Value value) {
  if (value.is_text()) return {value.as_text()};
  std::vector<std::string_view> out;
  for (const Value item : value.items()) out.push_back(item.as_text());
  return out;
}

bool narrows(std::string_view op) {
  std::string word = text::lower(op);
  for (const auto qualifier : qualifiers) {
    if (!word.starts_with(qualifier)) continue;
    word.erase(0, qualifier.size());
    break;
  }
  return contains(narrowing, std::string_view(word));
}

std::vector<std::string_view> parts(std::string_view path) {
  std::vector<std::string_view> out;
  for (const auto part : std::views::split(path, '/')) {
    const std::string_view one(part.begin(), part.end());
    if (!one.empty()) out.push_back(one);
  }
  return out;
}

/// Whether all that an organization's path ("o-1/r-ab12/ou-…/*") matches lies in a unit. Stars may stand for roots and
/// units above, where the parts below them are the unit's; the organization must be named.
bool lies_in(std::string_view path, std::string_view unit) {
  auto have = parts(path);
  const auto want = parts(unit);
  if (!have.empty() && have.back() == "*") have.pop_back();
  if (want.empty() || have.size() < want.size() || have[0] != want[0]) return false;
  for (std::size_t i = 1; i < want.size(); ++i) {
    if (have[i] != want[i] && have[i] != "*") return false;
  }
  return true;
}

class Checker {
 public:
  explicit Checker(const Trusted& trusted) : trusted_(trusted) {}

  bool violates(Value statement) const {
    return statement["Effect"].as_text() == "Allow" && has_stranger(statement) && has_action(statement) &&
           !is_narrowed(statement["Condition"]);
  }

 private:
  template <class Set>
  static bool all_in(const std::vector<std::string_view>& values, const Set& set) {
    return std::ranges::all_of(values, [&](std::string_view value) { return set.contains(value); });
  }

  bool is_trusted(std::string_view principal) const {
    if (principal == "*") return false;
    if (trusted_.everyone_only || principal.starts_with(cloudfront)) return true;
    return std::ranges::any_of(trusted_.patterns,
                               [&](const std::string& glob) { return text::glob_match(glob, principal); }) ||
           trusted_.accounts.contains(account_of(principal));
  }

  bool has_stranger(Value statement) const {
    const Value principal = statement["Principal"];
    if (statement.find("NotPrincipal") || principal.empty()) return true;
    if (!principal.is_map()) return !std::ranges::all_of(texts(principal), [&](auto one) { return is_trusted(one); });
    for (const auto [type, who] : principal.entries()) {
      if (type == "Service") continue;
      if (!std::ranges::all_of(texts(who), [&](auto one) { return is_trusted(one); })) return true;
    }
    return false;
  }

  bool has_action(Value statement) const {
    // NotAction allows all actions but a few.
    if (trusted_.actions.empty() || statement.find("NotAction")) return true;
    for (const auto action : texts(statement["Action"])) {
      for (const auto& glob : trusted_.actions) {
        if (text::glob_match(action, glob)) return true;
      }
    }
    return false;
  }

  bool is_narrowed(Value conditions) const {
    bool wildcard = false, organization = false, any = false;
    for (const auto [op, keys] : conditions.entries()) {
      if (!narrows(op)) continue;
      for (const auto [key, values] : keys.entries()) {
        any = true;
        const Narrows how = narrowed_by(text::lower(key), texts(values));
        if (how == Narrows::no) return false;
        wildcard = wildcard || how == Narrows::by_wildcard;
        organization = organization || how == Narrows::to_organization;
      }
    }
    return any && (!wildcard || organization);
  }

  Narrows narrowed_by(const std::string& key, const std::vector<std::string_view>& values) const {
    const auto to = [](bool trusted, Narrows how = Narrows::to_trusted) { return trusted ? how : Narrows::no; };
    const std::string_view word = key;
    if (trusted_.conditions.contains(word) || word == "aws:sourceip") return Narrows::to_trusted;
    if (word == "aws:sourcevpc") return to(trusted_.vpcs.empty() || all_in(values, trusted_.vpcs));
    if (word == "aws:sourcevpce") return to(trusted_.endpoints.empty() || all_in(values, trusted_.endpoints));
    if (contains(organization_keys, word)) {
      return to(!trusted_.organizations.empty() && all_in(values, trusted_.organizations), Narrows::to_organization);
    }
    if (word == "aws:principalorgpaths") {
      return to(std::ranges::all_of(values, [&](std::string_view path) { return is_trusted_path(path); }),
                Narrows::to_organization);
    }
    const auto is_known = [&](std::string_view value) { return trusted_.accounts.contains(account_of(value)); };
    if (contains(account_keys, word)) return to(std::ranges::all_of(values, is_known));
    if (!contains(arn_keys, word)) return Narrows::no;
    if (std::ranges::all_of(values, is_known)) return Narrows::to_trusted;
    return to(std::ranges::all_of(values,
                                  [&](std::string_view value) {
                                    const auto account = account_of(value);
                                    return is_known(value) || account.empty() || account.contains('*');
                                  }),
              Narrows::by_wildcard);
  }

  bool is_trusted_path(std::string_view path) const {
    if (trusted_.organizations.contains(path.substr(0, path.find('/')))) return true;
    return std::ranges::any_of(trusted_.organization_units,
                               [&](const std::string& unit) { return lies_in(path, unit); });
  }

  const Trusted& trusted_;
};

}  // namespace

std::string_view account_of(std::string_view principal) {
  if (!principal.starts_with("arn:")) return principal;
  constexpr int account_part = 4;
  for (int i = 0; i < account_part; ++i) {
    const auto colon = principal.find(':');
    if (colon == std::string_view::npos) return {};
    principal.remove_prefix(colon + 1);
  }
  return principal.substr(0, principal.find(':'));
}

CheckedPolicy check_policy(Value policy, const Trusted& trusted) {
  CheckedPolicy out;
  Document document;
  if (policy.is_text()) {
    auto parsed = parse_json(policy.as_text());
    if (!parsed) return {.readable = false, .violating = {}, .others = {}};
    document = *std::move(parsed);
  } else {
    document = deep_copy(policy);
  }
  if (!document.root().is_map()) return {.readable = false, .violating = {}, .others = {}};
  const Checker checker(trusted);
  const auto sort_in = [&](Value statement) {
    (checker.violates(statement) ? out.violating : out.others).push_back(document.part(statement));
  };
  const Value statements = document["Statement"];
  if (statements.is_map()) sort_in(statements);
  for (const Value statement : statements.items()) sort_in(statement);
  return out;
}

}  // namespace reeve::policy
