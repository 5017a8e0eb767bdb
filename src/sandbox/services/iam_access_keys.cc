#include "sandbox/services/iam.h"

/// Access keys and passwords of IAM users. An active key signs calls as its user.
namespace reeve::sandbox {

void let_sign(Store& store, Account& account, const IamUser& user, const AccessKey& key) {
  account.keys.insert_or_assign(key.id, key.secret);
  store.sessions.insert_or_assign(key.id, Session{.secret = key.secret,
                                                  .account = account.id,
                                                  .arn = iam_arn(account.id, "user", user),
                                                  .user_id = user.unique_id,
                                                  .expires = Time{INT64_MAX},
                                                  .user_key = key.id});
}

void stop_signing(Store& store, Account& account, const std::string& key_id) {
  account.keys.erase(key_id);
  store.sessions.erase(key_id);
}

namespace {

/// The user of a call that may leave it out: the caller then.
std::expected<IamUser*, Fault> user_or_caller(Call& c) {
  if (!c["UserName"].is_null()) return own<OfUser>(c);
  const std::string name = c.caller_arn.substr(c.caller_arn.rfind('/') + 1);
  if (IamUser* user = iam(c).users.find(name); user && c.caller_arn.contains(":user/")) return user;
  return no_entity(fmt::format("The user with name {} cannot be found.", name));
}

std::unexpected<Fault> no_key(std::string_view id) {
  return no_entity(fmt::format("The Access Key with id {} cannot be found.", id));
}

std::expected<AccessKey*, Fault> key_of(Call& c, IamUser& user) {
  const std::string_view id = c["AccessKeyId"].as_text();
  const auto key = std::ranges::find(user.keys, id, &AccessKey::id);
  if (key == user.keys.end()) return no_key(id);
  return &*key;
}

Outcome create(Call& c) {
  constexpr std::size_t most = 2;
  TRY(IamUser * user, user_or_caller(c));
  if (user->keys.size() >= most) return over_quota("AccessKeysPerUser", most);
  c.changing(iam(c).users, user->id);
  AccessKey key{.id = random_text(c.store, "AKIA", 20, capitals),
                .secret = random_text(c.store, "", 40, any_letters),
                .created = c.now,
                .used = {}};
  let_sign(c.store, c.account, *user, key);
  c.out.begin_map("AccessKey");
  c.out.put("UserName", user->id);
  c.out.put("AccessKeyId", key.id);
  c.out.put("Status", key.status);
  c.out.put("SecretAccessKey", key.secret);
  c.out.put("CreateDate", key.created);
  c.out.end();
  user->keys.push_back(std::move(key));
  return {};
}

Outcome list(Call& c) {
  TRY(const IamUser* user, user_or_caller(c));
  std::vector<const AccessKey*> keys;
  for (const AccessKey& key : user->keys) keys.push_back(&key);
  std::ranges::sort(keys, {}, &AccessKey::id);
  return write_page(
      c, "AccessKeyMetadata", keys, [](const AccessKey* key) { return key->id; },
      [&](const AccessKey* key) {
        c.out.begin_map();
        c.out.put("UserName", user->id);
        c.out.put("AccessKeyId", key->id);
        c.out.put("Status", key->status);
        c.out.put("CreateDate", key->created);
        c.out.end();
      });
}

Outcome update(Call& c) {
  TRY(IamUser * user, user_or_caller(c));
  TRY(AccessKey * key, key_of(c, *user));
  const std::string status = c["Status"].as_string();
  if (status != "Active" && status != "Inactive") {
    return fault("ValidationError",
                 "Value at 'status' failed to satisfy constraint: Member must satisfy enum value "
                 "set: [Active, Inactive]");
  }
  c.changing(iam(c).users, user->id);
  key->status = status;
  if (status == "Active") {
    let_sign(c.store, c.account, *user, *key);
  } else {
    stop_signing(c.store, c.account, key->id);
  }
  return {};
}

Outcome remove(Call& c) {
  TRY(IamUser * user, user_or_caller(c));
  TRY(const AccessKey* key, key_of(c, *user));
  c.changing(iam(c).users, user->id);
  stop_signing(c.store, c.account, key->id);
  user->keys.erase(user->keys.begin() + (key - user->keys.data()));
  return {};
}

Outcome last_used(Call& c) {
  const std::string_view id = c["AccessKeyId"].as_text();
  for (const auto& [name, user] : iam(c).users.rows) {
    const auto key = std::ranges::find(user.keys, id, &AccessKey::id);
    if (key == user.keys.end()) continue;
    c.out.put("UserName", name);
    c.out.begin_map("AccessKeyLastUsed");
    if (key->used) c.out.put("LastUsedDate", key->used->at);
    c.out.put("ServiceName", key->used ? key->used->service : "N/A");
    c.out.put("Region", key->used ? key->used->region : "N/A");
    c.out.end();
    return {};
  }
  return no_key(id);
}

// --- Passwords -----------------------------------------------------------------------------------------------------

/// The password against the account's policy. Faults: PasswordPolicyViolation.
Outcome check_password(const Call& c, std::string_view password) {
  const IamSettings* settings = iam(c).settings.find("account");
  const PasswordPolicy rules = settings && settings->passwords ? *settings->passwords : PasswordPolicy{};
  auto refuse = [](std::string_view what) {
    return fault("PasswordPolicyViolation",
                 fmt::format("Password does not conform to the account password policy: {}", what));
  };
  auto any = [&](auto test) { return std::ranges::any_of(password, test); };
  if (std::cmp_less(password.size(), rules.minimum_length)) return refuse("it is too short.");
  if (rules.numbers && !any([](char l) { return l >= '0' && l <= '9'; })) return refuse("a number is missing.");
  if (rules.uppercase && !any([](char l) { return l >= 'A' && l <= 'Z'; })) {
    return refuse("an upper case letter is missing.");
  }
  if (rules.lowercase && !any([](char l) { return l >= 'a' && l <= 'z'; })) {
    return refuse("a lower case letter is missing.");
  }
  if (rules.symbols && !any([](char l) { return std::string_view("!@#$%^&*()_+-=[]{}|'").contains(l); })) {
    return refuse("a symbol is missing.");
  }
  return {};
}

void write_login(Call& c, const IamUser& user) {
  c.out.begin_map("LoginProfile");
  c.out.put("UserName", user.id);
  c.out.put("CreateDate", user.login->created);
  c.out.put("PasswordResetRequired", user.login->reset_required);
  c.out.end();
}

std::expected<IamUser*, Fault> with_login(Call& c) {
  TRY(IamUser * user, user_or_caller(c));
  if (!user->login) return no_entity(fmt::format("Login Profile for User {} cannot be found.", user->id));
  return user;
}

Outcome create_login(Call& c) {
  TRY(IamUser * user, user_or_caller(c));
  if (user->login) return exists_already(fmt::format("Login Profile for user {} already exists.", user->id));
  TRY(check_password(c, c["Password"].as_text()));
  c.changing(iam(c).users, user->id);
  user->login = LoginProfile{.created = c.now, .reset_required = c["PasswordResetRequired"].as_bool()};
  write_login(c, *user);
  return {};
}

Outcome get_login(Call& c) {
  TRY(const IamUser* user, with_login(c));
  write_login(c, *user);
  return {};
}

Outcome update_login(Call& c) {
  TRY(IamUser * user, with_login(c));
  if (!c["Password"].is_null()) TRY(check_password(c, c["Password"].as_text()));
  c.changing(iam(c).users, user->id);
  if (!c["PasswordResetRequired"].is_null()) user->login->reset_required = c["PasswordResetRequired"].as_bool();
  return {};
}

Outcome delete_login(Call& c) {
  TRY(IamUser * user, with_login(c));
  c.changing(iam(c).users, user->id);
  user->login.reset();
  return {};
}

}  // namespace

void note_use(Account& account, const Session& session, std::string_view service, std::string_view region, Time now) {
  Iam* state = account.drawers.find<Iam>();
  if (!state) return;
  std::string_view arn = session.arn;
  if (const auto user_at = arn.find(":user/"); user_at != arn.npos) {
    IamUser* user = state->users.find(arn.substr(arn.rfind('/') + 1));
    if (!user) return;
    for (AccessKey& key : user->keys) {
      if (key.id == session.user_key) key.used = IamUse{now, std::string(service), std::string(region)};
    }
    return;
  }
  constexpr std::string_view assumed = ":assumed-role/";  // …:assumed-role/NAME/SESSION
  const auto role_at = arn.find(assumed);
  if (role_at == arn.npos) return;
  arn.remove_prefix(role_at + assumed.size());
  if (IamRole* role = state->roles.find(arn.substr(0, arn.find('/')))) {
    role->used = IamUse{now, std::string(service), std::string(region)};
  }
}

void register_iam_access_keys(Registry& r) {
  r.add("iam", "CreateAccessKey", create);
  r.add("iam", "ListAccessKeys", list);
  r.add("iam", "UpdateAccessKey", update);
  r.add("iam", "DeleteAccessKey", remove);
  r.add("iam", "GetAccessKeyLastUsed", last_used);
  r.add("iam", "CreateLoginProfile", create_login);
  r.add("iam", "GetLoginProfile", get_login);
  r.add("iam", "UpdateLoginProfile", update_login);
  r.add("iam", "DeleteLoginProfile", delete_login);
}

}  // namespace reeve::sandbox
