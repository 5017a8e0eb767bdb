#include "aws/credentials_source.h"

#include <fmt/format.h>

#include <charconv>

#include "aws/credentials_chain.h"
#include "base/json.h"

namespace reeve::aws {
namespace {

/// Credentials that end within this are renewed; where that fails they are good until `hard_margin` before the end.
/// A call may last minutes with its retries.
constexpr Duration soft_margin = std::chrono::minutes(10);
constexpr Duration hard_margin = std::chrono::minutes(1);
/// Between two tries to renew what is still good: some sources only ever give a few minutes.
constexpr Duration ask_again = std::chrono::minutes(1);
/// People's helpers ask for fingerprints and one-time codes.
constexpr Duration process_timeout = std::chrono::minutes(1);
/// sts.AssumeRole's bounds of DurationSeconds.
constexpr int least_session_s = 900, most_session_s = 43'200;

std::unexpected<Error> error(std::string message, std::string hint = {}) {
  return fail({.code = Code::credentials, .message = std::move(message), .hint = std::move(hint)});
}

std::string trim(std::string text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string variable(Environment& environment, std::string_view name) {
  return trim(environment.get(name).value_or(""));
}

/// nullopt: the environment has no keys at all. Errors: half of them.
Result<std::optional<Credentials>> from_environment(Environment& environment) {
  Credentials out{.access_key_id = variable(environment, "AWS_ACCESS_KEY_ID"),
                  .secret_access_key = variable(environment, "AWS_SECRET_ACCESS_KEY"),
                  .session_token = variable(environment, "AWS_SESSION_TOKEN"),
                  .account_id = variable(environment, "AWS_ACCOUNT_ID"),
                  .source = "environment"};
  if (out.access_key_id.empty() && out.secret_access_key.empty()) return std::nullopt;
  if (out.access_key_id.empty() || out.secret_access_key.empty()) {
    return error(fmt::format("environment: {} is set, but {} is not",
                             out.access_key_id.empty() ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID",
                             out.access_key_id.empty() ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY"));
  }
  const std::string expires = variable(environment, "AWS_CREDENTIAL_EXPIRATION");
  if (!expires.empty()) {
    auto time = parse_iso8601(expires);
    if (!time) return error("environment: AWS_CREDENTIAL_EXPIRATION is no ISO 8601 time: " + expires);
    out.expiration = *time;
  }
  return out;
}

/// What a credential_process prints ("Sourcing credentials with an external process").
Result<Credentials> from_process_output(const std::string& text, const CredentialChain& chain) {
  const std::string who = "credential_process of profile " + chain.profile;
  auto document = parse_json(trim(text));
  // The text itself may hold a secret, so no message shows it.
  if (!document || !(*document).root().is_map()) return error(who + ": it printed no JSON object");
  const Value root = document->root();
  if (root["Version"].as_integer() != 1) return error(who + ": Version is not 1");
  Credentials out{.access_key_id = root["AccessKeyId"].as_string(),
                  .secret_access_key = root["SecretAccessKey"].as_string(),
                  .session_token = root["SessionToken"].as_string(),
                  .account_id = root["AccountId"].is_text() ? root["AccountId"].as_string() : chain.account_id,
                  .source = who};
  if (out.access_key_id.empty() || out.secret_access_key.empty()) {
    return error(who + ": AccessKeyId or SecretAccessKey is missing");
  }
  if (root["Expiration"].is_text()) {
    auto time = parse_iso8601(root["Expiration"].as_text());
    if (!time) return error(who + ": Expiration is no ISO 8601 time");
    out.expiration = *time;
  }
  return out;
}

Result<AssumeRoleRequest> request_of(const ChainRole& role, const std::string& default_name) {
  AssumeRoleRequest out{.role_arn = role.role_arn,
                        .session_name = role.role_session_name.empty() ? default_name : role.role_session_name,
                        .external_id = role.external_id};
  if (!role.mfa_serial.empty()) {
    return error(
        fmt::format("profile {}: mfa_serial asks for a one-time code, which Reeve does not ask for", role.profile),
        "use temporary keys made with the code, or a credential_process");
  }
  if (!role.duration_seconds.empty()) {
    int seconds = 0;
    const char* end = role.duration_seconds.data() + role.duration_seconds.size();
    const auto read = std::from_chars(role.duration_seconds.data(), end, seconds);
    if (read.ec != std::errc() || read.ptr != end || seconds < least_session_s || seconds > most_session_s) {
      return error(fmt::format("profile {}: duration_seconds is \"{}\", not a number from {} to {}", role.profile,
                               role.duration_seconds, least_session_s, most_session_s));
    }
    out.duration = std::chrono::seconds(seconds);
  }
  return out;
}

class Chain final : public CredentialSource {
 public:
  Chain(const World& world, Settings settings, CredentialOptions options)
      : world_(world), settings_(std::move(settings)), options_(std::move(options)) {}

  Task<Result<Credentials>> get() override {
    if (held_ && good_for(*held_, soft_margin)) co_return *held_;
    if (held_ && good_for(*held_, hard_margin) && world_.clock.steady() - asked_ < ask_again) co_return *held_;
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
      fresh =
          error(fmt::format("AWS refused the credentials of {} as expired or not valid, and it still gives the same",
                            fresh->source),
                "renew them, then go on");
    }
    if (fresh) {
      held_ = *fresh;
    } else if (held_ && good_for(*held_, hard_margin)) {
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
  }

 private:
  struct Refresh {
    explicit Refresh(Loop& loop) : done(loop) {}
    Event done;
    std::optional<Result<Credentials>> result;
  };

  bool good_for(const Credentials& credentials, Duration margin) const {
    return !credentials.expiration || *credentials.expiration - world_.clock.wall() > margin;
  }

  Task<Result<Credentials>> ask() {
    std::string tried;
    if (settings_.profile_by_flag) {
      tried = "environment: not asked, since --profile was given";
    } else {
      CO_TRY(auto found, from_environment(world_.environment));
      if (found) co_return *found;
      tried = "environment: AWS_ACCESS_KEY_ID is not set";
    }
    CO_TRY(const auto profiles, load_profiles(world_.disk, settings_.config_path, settings_.credentials_path));
    auto chain = resolve_chain(profiles, settings_.profile);
    if (!chain) {
      co_return error(
          fmt::format("no credentials were found. Tried {}; profile {} ({}, {}): {}", tried, settings_.profile,
                      settings_.config_path, settings_.credentials_path, chain.error().message),
          "set AWS_PROFILE or --profile, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
    }
    Task<Result<Credentials>> basis = base(*chain);
    CO_TRY(auto credentials, co_await std::move(basis));
    for (const ChainRole& role : chain->roles) {
      CO_TRY(auto request, request_of(role, options_.role_session_name));
      if (!options_.assume_role) co_return error("profile " + role.profile + ": no role can be assumed here");
      Task<Result<Credentials>> assuming = options_.assume_role(std::move(request), std::move(credentials));
      auto assumed = co_await std::move(assuming);
      if (!assumed) {
        Error out{.code = assumed.error().code == Code::cancelled ? Code::cancelled : Code::credentials,
                  .message = fmt::format("profile {}: the role {} could not be assumed: {}", role.profile,
                                         role.role_arn, assumed.error().message),
                  .aws = assumed.error().aws};
        out.cause = std::make_shared<const Error>(std::move(assumed).error());
        co_return fail(std::move(out));
      }
      credentials = std::move(*assumed);
      credentials.source = fmt::format("profile {} (role {})", role.profile, role.role_arn);
    }
    co_return credentials;
  }

  Task<Result<Credentials>> base(const CredentialChain& chain) {
    switch (chain.base) {
      case CredentialChain::Base::keys:
        co_return Credentials{.access_key_id = chain.access_key_id,
                              .secret_access_key = chain.secret_access_key,
                              .session_token = chain.session_token,
                              .account_id = chain.account_id,
                              .source = "profile " + chain.profile};
      case CredentialChain::Base::process: {
        Task<Result<Process::Output>> running = world_.process.run(chain.command, process_timeout);
        auto output = co_await std::move(running);
        const std::string who = "credential_process of profile " + chain.profile;
        if (!output) co_return error(who + ": " + output.error().message);
        if (output->exit_code != 0) {
          co_return error(fmt::format("{} ended with {}: {}", who, output->exit_code, trim(output->error)));
        }
        co_return from_process_output(output->out, chain);
      }
      case CredentialChain::Base::named: {
        if (chain.source != "Environment") {
          co_return error(fmt::format("profile {}: credential_source {} is not there yet", chain.profile, chain.source),
                          "Environment is");
        }
        CO_TRY(auto found, from_environment(world_.environment));
        if (found) co_return *found;
        co_return error(fmt::format("profile {}: credential_source is Environment, but AWS_ACCESS_KEY_ID is not set",
                                    chain.profile));
      }
      case CredentialChain::Base::web_identity:
      case CredentialChain::Base::sso:
        break;
    }
    co_return error(
        fmt::format("profile {}: {} is not there yet", chain.profile,
                    chain.base == CredentialChain::Base::sso ? "IAM Identity Center (SSO)" : "web_identity_token_file"),
        "`aws configure export-credentials` as credential_process gives them");
  }

  const World world_;
  const Settings settings_;
  const CredentialOptions options_;
  std::optional<Credentials> held_;
  std::string refused_key_, refused_token_;
  std::shared_ptr<Refresh> refresh_;
  Steady asked_{INT64_MIN / 2};
};

class Fixed final : public CredentialSource {
 public:
  explicit Fixed(Credentials credentials) : credentials_(std::move(credentials)) {}
  Task<Result<Credentials>> get() override {
    if (refused_) co_return error("AWS refused the credentials of " + credentials_.source + " as expired or not valid");
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
