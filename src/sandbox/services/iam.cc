#include <algorithm>

#include "sandbox/service.h"

/// IAM: the account's alias.
namespace reeve::sandbox {
namespace {

Outcome list(Call& c) {
  c.out.begin_list("AccountAliases");
  if (!c.account.alias.empty()) c.out.add(c.account.alias);
  c.out.end();
  c.out.put("IsTruncated", false);
  return {};
}

Outcome create(Call& c) {
  const std::string alias = c["AccountAlias"].as_string();
  const bool fits =
      alias.size() >= 3 && alias.size() <= 63 && alias.front() != '-' && alias.back() != '-' &&
      std::ranges::all_of(alias, [](char l) { return (l >= 'a' && l <= 'z') || (l >= '0' && l <= '9') || l == '-'; });
  if (!fits) {
    return fault(
        "ValidationError",
        "The specified value for accountAlias is invalid. It must have 3 to 63 lower case letters, digits and dashes.");
  }
  for (const auto& [id, other] : c.store.accounts) {
    if (id != c.account.id && other.alias == alias) {
      return fault("EntityAlreadyExists", "The account alias " + alias + " already exists.", 409);
    }
  }
  c.account.alias = alias;
  return {};
}

Outcome remove(Call& c) {
  const std::string alias = c["AccountAlias"].as_string();
  if (alias.empty() || c.account.alias != alias) {
    return fault("NoSuchEntity", "The account alias " + alias + " cannot be found.", 404);
  }
  c.account.alias.clear();
  return {};
}

}  // namespace

void register_iam(Registry& r) {
  r.add("iam", "ListAccountAliases", list);
  r.add("iam", "CreateAccountAlias", create);
  r.add("iam", "DeleteAccountAlias", remove);
}

}  // namespace reeve::sandbox
