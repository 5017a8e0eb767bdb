#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "aws/credentials_http.h"
#include "aws/live_url.h"

namespace reeve::aws {
namespace {

constexpr const char* relative_name = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
constexpr const char* full_name = "AWS_CONTAINER_CREDENTIALS_FULL_URI";

/// ECS's and EKS Pod Identity's addresses, beside loopback: to nobody else an authorization goes unencrypted
/// ("Container credential provider", AWS SDKs and Tools Reference Guide).
constexpr std::array<std::string_view, 4> trusted_hosts = {"169.254.170.2", "169.254.170.23", "[fd00:ec2::23]",
                                                           "localhost"};

/// As botocore waits for ECS's agent.
constexpr MetadataPatience patience = {
    .timeout = std::chrono::seconds(2), .pause = std::chrono::seconds(1), .connections = 3, .attempts = 3};

bool is_trusted(std::string_view host) {
  const bool address = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return std::ranges::find(trusted_hosts, host) != trusted_hosts.end() || host == "[::1]" ||
         (address && host.starts_with("127."));
}

/// Empty: none is wanted.
Result<std::string> authorization(CredentialContext context) {
  Environment& environment = context.world.environment;
  if (const std::string file = variable(environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); !file.empty()) {
    auto token = context.world.disk.read_file(file, most_token_bytes);
    if (!token) {
      return no_credentials(
          "container: the authorization token cannot be read (AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE)",
          std::move(token).error());
    }
    return trimmed(*token);
  }
  return variable(environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
}

}  // namespace

Result<std::string> container_url(Environment& environment) {
  const std::string relative = variable(environment, relative_name);
  if (!relative.empty()) {
    if (!relative.starts_with('/')) return no_credentials(fmt::format("{} does not begin with a slash", relative_name));
    return "http://169.254.170.2" + relative;
  }
  const std::string full = variable(environment, full_name);
  if (full.empty()) {
    return fail({.code = Code::not_found,
                 .message = fmt::format("No environment variables were set to configure ECS provider ({}, {})",
                                        relative_name, full_name)});
  }
  if (full.starts_with('/')) return no_credentials(fmt::format("{}: URI did not specify a host", full_name));
  const auto request = metadata_request(full);
  if (!request) return no_credentials(full_name, request.error());
  if (request->scheme != "https" && !is_trusted(request->host)) {
    return no_credentials(
        fmt::format("{} names the host {}, which may not be asked without TLS", full_name, request->host),
        "https, loopback and the addresses of ECS and EKS may be");
  }
  return full;
}

Task<Result<Credentials>> from_container(CredentialContext context) {
  CO_TRY(const std::string url, container_url(context.world.environment));
  CO_TRY(HttpRequest request, metadata_request(url));
  CO_TRY(std::string token, authorization(context));
  if (token.find_first_of("\r\n") != std::string::npos) {
    co_return no_credentials("container: the authorization token has more than one line");
  }
  request.headers.emplace_back("Accept", "application/json");
  if (!token.empty()) request.headers.emplace_back("Authorization", std::move(token));
  Task<Result<HttpResponse>> asking = ask_metadata(context, std::move(request), patience);
  auto answer = co_await std::move(asking);
  if (!answer) co_return no_credentials("container", std::move(answer).error());
  if (answer->status != 200) {
    co_return no_credentials(fmt::format("container: {} answered {}", url, what_it_said(*answer)));
  }
  CO_TRY(const Document given, read_object(answer->body, "container: " + url));
  co_return read_credentials(given, "container: " + url);
}

}  // namespace reeve::aws
