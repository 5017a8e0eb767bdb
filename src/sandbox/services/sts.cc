#include <fmt/format.h>

#include <algorithm>

#include "sandbox/service.h"

/// Security Token Service: who one is, and temporary credentials.
namespace reeve::sandbox {
namespace {

std::string random_text(Call& c, std::string_view prefix, std::size_t length, std::string_view letters) {
  std::string out(prefix);
  while (out.size() < length) out += letters[c.store.random().below(letters.size())];
  return out;
}

constexpr std::string_view capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view any_letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

Outcome who(Call& c) {
  c.out.put("UserId", c.caller_id);
  c.out.put("Account", c.account.id);
  c.out.put("Arn", c.caller_arn);
  return {};
}

/// Makes a session and writes its Credentials.
void make_session(Call& c, Session session, std::int64_t seconds) {
  const std::string key = random_text(c, "ASIA", 20, capitals);
  session.secret = random_text(c, "", 40, any_letters);
  session.token = random_text(c, "FwoGZXIvYXdzE", 120, any_letters);
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
  if (!c.store.account(account_id)) {
    return fault(
        "AccessDenied",
        fmt::format("User: {} is not authorized to perform: sts:AssumeRole on resource: {}", c.caller_arn, arn), 403);
  }
  TRY(const std::int64_t seconds, duration(c, 3600, 43'200));
  Session session;
  session.account = account_id;
  session.arn = fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", account_id, arn.substr(arn.rfind('/') + 1), name);
  session.user_id = random_text(c, "AROA", 21, capitals) + ":" + name;
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
