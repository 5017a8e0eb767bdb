#include "aws/credentials_local.h"

#include <fmt/format.h>

namespace reeve::aws {
namespace {

/// People's helpers ask for fingerprints and one-time codes.
constexpr Duration process_timeout = std::chrono::minutes(1);

}  // namespace

Result<std::optional<Credentials>> from_environment(Environment& environment) {
  Credentials out{.access_key_id = variable(environment, "AWS_ACCESS_KEY_ID"),
                  .secret_access_key = variable(environment, "AWS_SECRET_ACCESS_KEY"),
                  .session_token = variable(environment, "AWS_SESSION_TOKEN"),
                  .account_id = variable(environment, "AWS_ACCOUNT_ID"),
                  .source = "environment"};
  if (out.access_key_id.empty() && out.secret_access_key.empty()) return std::nullopt;
  if (out.access_key_id.empty() || out.secret_access_key.empty()) {
    return no_credentials(fmt::format("environment: {} is set, but {} is not",
                                      out.access_key_id.empty() ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID",
                                      out.access_key_id.empty() ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY"));
  }
  const std::string expires = variable(environment, "AWS_CREDENTIAL_EXPIRATION");
  if (!expires.empty()) {
    const auto time = parse_iso8601(expires);
    if (!time) return no_credentials("environment: AWS_CREDENTIAL_EXPIRATION is no ISO 8601 time: " + expires);
    out.expiration = *time;
  }
  return out;
}

Task<Result<Credentials>> from_process(CredentialContext context, const CredentialChain& chain) {
  const std::string who = "credential_process of profile " + chain.profile;
  Task<Result<Process::Output>> running = context.world.process.run(chain.command, process_timeout);
  auto output = co_await std::move(running);
  if (!output) co_return no_credentials(who, std::move(output).error());
  if (output->exit_code != 0) {
    co_return no_credentials(fmt::format("{} ended with {}", who, output->exit_code),
                             "run the command by hand: what it says is not repeated, since it may hold keys");
  }
  CO_TRY(const Document printed, read_object(output->out, who));
  if (printed["Version"].as_integer() != 1) co_return no_credentials(who + ": Version is not 1");
  CO_TRY(Credentials out, read_credentials(printed, who));
  if (out.account_id.empty()) out.account_id = chain.account_id;
  co_return out;
}

}  // namespace reeve::aws
