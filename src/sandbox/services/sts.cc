#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "sandbox/services/iam.h"

/// Security Token Service: who one is, and temporary credentials.
namespace reeve::sandbox {
namespace {

Outcome who(Call& c) {
  c.out.put("UserId", c.caller_id);
  c.out.put("Account", c.account.id);
  c.out.put("Arn", c.caller_arn);
  return {};
}

/// Makes a session and writes its Credentials.
void make_session(Call& c, Session session, std::int64_t seconds) {
  const std::string key = random_text(c.store, "ASIA", 20, capitals);
  session.secret = random_text(c.store, "", 40, any_letters);
  session.token = random_text(c.store, "FwoGZXIvYXdzE", 120, any_letters);
  session.expires = c.now + std::chrono::seconds(seconds);
  c.out.begin_map("Credentials");
  c.out.put("AccessKeyId", key);
  c.out.put("SecretAccessKey", session.secret);
  c.out.put("SessionToken", session.token);
  c.out.put("Expiration", session.expires);
  c.out.end();
  auto& sessions = c.store.sessions;
  if (sessions.size() >= most_sessions) {
    sessions.erase(std::ranges::min_element(sessions, {}, [](const auto& entry) { return entry.second.expires; }));
  }
  sessions.emplace(key, std::move(session));
}

std::expected<std::int64_t, Fault> duration(const Call& c, std::int64_t otherwise, std::int64_t most) {
  const std::int64_t seconds = c["DurationSeconds"].is_null() ? otherwise : c["DurationSeconds"].as_integer();
  if (seconds >= 900 && seconds <= most) return seconds;
  return fault("ValidationError",
               fmt::format("Value '{}' at 'durationSeconds' failed to satisfy constraint: Member must have "
                           "value between 900 and {}",
                           seconds, most));
}

bool one_of(Value texts, const std::function<bool(std::string_view)>& fits) {
  if (texts.is_text()) return fits(texts.as_text());
  for (const Value item : texts.items()) {
    if (fits(item.as_text())) return true;
  }
  return false;
}

/// Whether a statement of a trust policy speaks of this call. Of conditions only the external id is looked at.
bool speaks_of(const Call& c, Value statement) {
  const bool action =
      one_of(statement["Action"], [](std::string_view pattern) { return matches_wildcard(pattern, "sts:AssumeRole"); });
  const std::string root = fmt::format("arn:aws:iam::{}:root", c.account.id);
  const Value principal = statement["Principal"];
  const bool who =
      principal.is_text() ? principal.as_text() == "*" : one_of(principal["AWS"], [&](std::string_view arn) {
        return arn == "*" || arn == c.account.id || arn == root || arn == c.caller_arn;
      });
  const Value id = statement["Condition"]["StringEquals"]["sts:ExternalId"];
  const std::string_view given = c["ExternalId"].as_text();
  return action && who && (id.is_null() || one_of(id, [&](std::string_view text) { return text == given; }));
}

/// Whether a role that is in the account's table lets the caller in [IAM user guide, "Policy evaluation logic"].
bool trusts(const Call& c, const IamRole& role) {
  const auto policy = parse_json(role.trust);
  if (!policy) return false;
  const Value statements = (*policy)["Statement"];
  bool allowed = false;
  auto look = [&](Value statement) {
    if (!speaks_of(c, statement)) return true;
    allowed = statement["Effect"].as_text() == "Allow";
    return allowed;  // a denial is the last word
  };
  if (statements.is_map()) {
    look(statements);
  } else {
    for (const Value statement : statements.items()) {
      if (!look(statement)) break;
    }
  }
  return allowed;
}

/// Where AssumeRole and its like tell that it may not be.
std::unexpected<Fault> not_authorized(const Call& c, std::string_view arn) {
  return fault("AccessDenied",
               fmt::format("User: {} is not authorized to perform: sts:AssumeRole on resource: {}", c.caller_arn, arn),
               403);
}

Outcome assume(Call& c) {
  const std::string arn = c["RoleArn"].as_string(), name = c["RoleSessionName"].as_string();
  if (name.size() < 2 || name.size() > 64) {
    return fault("ValidationError",
                 "Value at 'roleSessionName' failed to satisfy constraint: Member must have length from 2 to 64");
  }
  // arn:aws:iam::123456789012:role/path/name
  const auto role = arn.find(":role/");
  const auto account_at = arn.find("::");
  if (!arn.starts_with("arn:") || role == arn.npos || account_at == arn.npos || role != account_at + 14) {
    return fault("ValidationError", arn + " is invalid");
  }
  const std::string account_id = arn.substr(account_at + 2, 12);
  Account* account = c.store.account(account_id);
  if (!account) return not_authorized(c, arn);
  TRY(const std::int64_t seconds, duration(c, 3600, 43'200));
  // A role that nobody put into the account's table can be assumed, too: estates need not list any.
  const std::string role_name = arn.substr(arn.rfind('/') + 1);
  const IamRole* known = account->drawers.of<Iam>().roles.find(role_name);
  if (known && iam_arn(account_id, "role", *known) != arn) return not_authorized(c, arn);
  if (known && !trusts(c, *known)) return not_authorized(c, arn);
  if (known && seconds > known->max_session_s) {
    return fault("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  }
  Session session;
  session.account = account_id;
  session.arn = fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", account_id, role_name, name);
  session.user_id = (known ? known->unique_id : new_iam_id(c.store, "AROA")) + ":" + name;
  c.out.begin_map("AssumedRoleUser");
  c.out.put("AssumedRoleId", session.user_id);
  c.out.put("Arn", session.arn);
  c.out.end();
  make_session(c, std::move(session), seconds);
  return {};
}

Outcome session_token(Call& c) {
  TRY(const std::int64_t seconds, duration(c, 43'200, 129'600));
  Session session;
  session.account = c.account.id;
  session.arn = c.caller_arn;
  session.user_id = c.caller_id;
  make_session(c, std::move(session), seconds);
  return {};
}

}  // namespace

void register_sts(Registry& r) {
  r.add("sts", "GetCallerIdentity", who);
  r.add("sts", "AssumeRole", assume);
  r.add("sts", "GetSessionToken", session_token);
}

}  // namespace reeve::sandbox
