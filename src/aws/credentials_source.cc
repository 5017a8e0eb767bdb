#include "aws/credentials_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "aws/credentials_chain.h"
#include "aws/credentials_http.h"
#include "aws/credentials_local.h"
#include "aws/credentials_login.h"
#include "aws/credentials_sso.h"
#include "aws/credentials_sts.h"

namespace reeve::aws {
namespace {

/// Credentials that end within this are renewed by one caller; the others go on with the old ones.
constexpr Duration advisory_window = std::chrono::minutes(10);
/// Past this nobody uses them: a call may last a minute with its retries.
constexpr Duration mandatory_window = std::chrono::minutes(1);
/// Between two tries to renew what is still good: some sources only ever give a few minutes.
constexpr Duration ask_again = std::chrono::minutes(1);
/// Roles held on the way to others. Profiles with more of them are none that people write.
constexpr std::size_t most_roles = 64;

using Base = CredentialChain::Base;

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

class Chain final : public CredentialSource {
 public:
  Chain(const World& world, Settings settings, CredentialOptions options)
      : world_(world), settings_(std::move(settings)), options_(std::move(options)) {}

  Task<Result<Credentials>> get() override {
    if (held_ && good_for(*held_, advisory_window)) co_return *held_;
    const bool usable = held_ && good_for(*held_, mandatory_window);
    if (usable && (refresh_ || world_.clock.steady() - asked_ < ask_again)) co_return *held_;
    if (const auto running = refresh_) {  // somebody asks already
      co_await running->done.wait();
      co_return *running->result;
    }
    refresh_ = std::make_shared<Refresh>(world_.loop);
    const auto mine = refresh_;
    Task<Result<Credentials>> asking = ask();
    auto fresh = co_await std::move(asking);
    asked_ = world_.clock.steady();
    if (fresh && fresh->access_key_id == refused_key_ && fresh->session_token == refused_token_) {
      fresh = no_credentials(fmt::format("AWS refused the credentials of {} as expired or not valid, and it still "
                                         "gives the same",
                                         fresh->source),
                             "renew them, then go on");
    }
    if (fresh) {
      held_ = *fresh;
    } else if (held_ && good_for(*held_, mandatory_window)) {
      fresh = *held_;  // could not be renewed, but there is time left
    }
    mine->result = fresh;
    refresh_.reset();
    mine->done.set();
    co_return fresh;
  }

  void invalidate(const Credentials& refused) override {
    if (!held_ || held_->access_key_id != refused.access_key_id || held_->session_token != refused.session_token) {
      return;  // it has been renewed since
    }
    refused_key_ = refused.access_key_id;
    refused_token_ = refused.session_token;
    held_.reset();
    roles_.clear();
  }

 private:
  struct Refresh {
    explicit Refresh(Loop& loop) : done(loop) {}
    Event done;
    std::optional<Result<Credentials>> result;
  };
  /// What was tried and why not, a line each.
  using Tried = std::vector<std::string>;

  CredentialContext context() const { return {world_, settings_, options_}; }

  bool good_for(const Credentials& credentials, Duration margin) const {
    return !credentials.expiration || *credentials.expiration - world_.clock.wall() > margin;
  }

  Task<Result<Credentials>> ask() {
    Tried tried;
    if (settings_.profile_by_flag) {
      tried.push_back("environment: not asked, since --profile was given");
    } else {
      CO_TRY(auto found, from_environment(world_.environment));
      if (found) co_return *found;
      tried.push_back("environment: AWS_ACCESS_KEY_ID is not set");
    }
    CO_TRY(settings_.profiles, load_profiles(world_.disk, settings_.config_path, settings_.credentials_path));
    if (auto web = web_identity_of_environment()) {
      if (web->role_arn.empty()) {
        co_return no_credentials("web identity: AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not");
      }
      Task<Result<Credentials>> asking = from_web_identity(context(), *web, "AWS_WEB_IDENTITY_TOKEN_FILE");
      co_return co_await std::move(asking);
    }
    tried.push_back(settings_.profile_by_flag ? "web identity: not asked, since --profile was given"
                                              : "web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set");
    auto chain = resolve_chain(settings_.profiles, settings_.profile);
    if (chain) {
      Task<Result<Credentials>> asking = of_profile(*chain);
      co_return co_await std::move(asking);
    }
    const std::string profile = fmt::format("profile {} ({}, {}): {}", settings_.profile, settings_.config_path,
                                            settings_.credentials_path, chain.error().message);
    if (chain.error().code != Code::not_found) co_return no_credentials(profile);
    tried.push_back(profile);

    Task<Result<Credentials>> container = from_container(context());
    auto found = co_await std::move(container);
    if (found || found.error().code == Code::cancelled) co_return found;
    tried.push_back("container: " + said(found.error()));
    if (found.error().code != Code::not_found)
      co_return none_of(tried);  // it is there, and does not answer as it should

    Task<Result<Credentials>> instance = from_instance_metadata(context());
    found = co_await std::move(instance);
    if (found || found.error().code == Code::cancelled) co_return found;
    tried.push_back("instance metadata: " + said(found.error()));
    co_return none_of(tried);
  }

  static std::string said(const Error& error) {
    return error.hint.empty() ? error.message : fmt::format("{} ({})", error.message, error.hint);
  }
  static std::unexpected<Error> none_of(const Tried& tried) {
    return no_credentials(fmt::format("no credentials were found. Tried\n  {}\n", fmt::join(tried, "\n  ")),
                          "set AWS_PROFILE or --profile, log in (aws sso login, aws login), or set AWS_ACCESS_KEY_ID "
                          "and AWS_SECRET_ACCESS_KEY");
  }

  /// A role of the profile comes first; what the environment leaves out may stand in the profile.
  std::optional<CredentialChain> web_identity_of_environment() const {
    const std::string file = variable(world_.environment, "AWS_WEB_IDENTITY_TOKEN_FILE");
    if (settings_.profile_by_flag || file.empty()) return std::nullopt;
    const auto section = settings_.profiles.profiles.find(settings_.profile);
    const Properties properties = section == settings_.profiles.profiles.end() ? Properties{} : section->second;
    if (properties.contains("role_arn") && !properties.contains("web_identity_token_file")) return std::nullopt;
    auto either = [&](const char* name, const char* property) {
      const std::string value = variable(world_.environment, name);
      return value.empty() ? property_of(properties, property) : value;
    };
    CredentialChain out{.base = Base::web_identity, .profile = settings_.profile};
    out.token_file = file;
    out.role_arn = either("AWS_ROLE_ARN", "role_arn");
    out.role_session_name = either("AWS_ROLE_SESSION_NAME", "role_session_name");
    out.duration_seconds = property_of(properties, "duration_seconds");
    return out;
  }

  Task<Result<Credentials>> of_profile(const CredentialChain& chain) {
    if (chain.roles.empty()) {
      Task<Result<Credentials>> only = base(chain);
      co_return co_await std::move(only);
    }
    // What is left of an earlier time of the roles on the way counts; the last one is what is to be renewed.
    std::size_t from = chain.roles.size() - 1;
    std::optional<Credentials> credentials;
    for (; from > 0 && !credentials; --from) credentials = role_held(chain, from - 1);
    if (credentials) {
      ++from;
    } else {
      Task<Result<Credentials>> basis = base(chain);
      CO_TRY(credentials, co_await std::move(basis));
    }
    for (; from < chain.roles.size(); ++from) {
      Task<Result<Credentials>> assuming = assume_role(context(), chain.roles[from], std::move(*credentials));
      CO_TRY(credentials, co_await std::move(assuming));
      if (roles_.size() >= most_roles) roles_.clear();
      if (from + 1 < chain.roles.size()) roles_[key_of(chain, from)] = *credentials;
    }
    co_return *credentials;
  }

  /// What one role's credentials rest on: all that the profiles say of it and of those below.
  static std::string key_of(const CredentialChain& chain, std::size_t role) {
    std::string out = fmt::format("{}\n{}\n{}\n{}\n{}", static_cast<int>(chain.base), chain.profile,
                                  chain.access_key_id, chain.source, chain.role_arn);
    for (std::size_t i = 0; i <= role; ++i) {
      const ChainRole& at = chain.roles[i];
      out += fmt::format("\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}", at.role_arn, at.external_id, at.role_session_name,
                         at.duration_seconds, at.mfa_serial, at.source_identity, at.session_policy,
                         at.session_policy_arns, at.session_tags);
    }
    return out;
  }

  std::optional<Credentials> role_held(const CredentialChain& chain, std::size_t role) const {
    const auto found = roles_.find(key_of(chain, role));
    if (found == roles_.end() || !good_for(found->second, advisory_window)) return std::nullopt;
    return found->second;
  }

  Task<Result<Credentials>> base(const CredentialChain& chain) {
    const std::string who = "profile " + chain.profile;
    switch (chain.base) {
      case Base::keys:
        return ready<Result<Credentials>>(Credentials{.access_key_id = chain.access_key_id,
                                                      .secret_access_key = chain.secret_access_key,
                                                      .session_token = chain.session_token,
                                                      .account_id = chain.account_id,
                                                      .source = who});
      case Base::process:
        return from_process(context(), chain);
      case Base::web_identity:
        return from_web_identity(context(), chain, who);
      case Base::sso:
        return from_sso(context(), chain);
      case Base::login:
        return from_login(context(), chain);
      case Base::named:
        return named(chain);
    }
    REEVE_ASSERT(false);
  }

  Task<Result<Credentials>> named(const CredentialChain& chain) {
    const std::string source = lower(chain.source), who = "profile " + chain.profile + ": credential_source is ";
    if (source == "environment") {
      CO_TRY(auto found, from_environment(world_.environment));
      if (found) co_return *found;
      co_return no_credentials(who + "Environment, but AWS_ACCESS_KEY_ID is not set");
    }
    if (source != "ecscontainer" && source != "ec2instancemetadata") {
      co_return no_credentials(fmt::format("{}{}, which does not exist", who, chain.source),
                               "it is Environment, EcsContainer or Ec2InstanceMetadata");
    }
    Task<Result<Credentials>> asking =
        source == "ecscontainer" ? from_container(context()) : from_instance_metadata(context());
    auto found = co_await std::move(asking);
    if (!found) co_return no_credentials(who + chain.source, std::move(found).error());
    co_return found;
  }

  const World world_;
  Settings settings_;
  const CredentialOptions options_;
  std::optional<Credentials> held_;
  std::map<std::string, Credentials> roles_;  ///< on the way to others, by key_of
  std::string refused_key_, refused_token_;
  std::shared_ptr<Refresh> refresh_;
  Steady asked_{INT64_MIN / 2};
};

class Fixed final : public CredentialSource {
 public:
  explicit Fixed(Credentials credentials) : credentials_(std::move(credentials)) {}
  Task<Result<Credentials>> get() override {
    if (refused_) {
      co_return no_credentials("AWS refused the credentials of " + credentials_.source + " as expired or not valid");
    }
    co_return credentials_;
  }
  void invalidate(const Credentials& refused) override {
    if (refused.access_key_id == credentials_.access_key_id) refused_ = true;
  }

 private:
  const Credentials credentials_;
  bool refused_ = false;
};

}  // namespace

std::unique_ptr<CredentialSource> make_credentials(const World& world, Settings settings, CredentialOptions options) {
  return std::make_unique<Chain>(world, std::move(settings), std::move(options));
}

std::unique_ptr<CredentialSource> fixed_credentials(Credentials credentials) {
  return std::make_unique<Fixed>(std::move(credentials));
}

}  // namespace reeve::aws
