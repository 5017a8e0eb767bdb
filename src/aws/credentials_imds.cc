#include <fmt/format.h>

#include <algorithm>

#include "aws/credentials_http.h"
#include "aws/live_url.h"

namespace reeve::aws {
namespace {

constexpr std::string_view token_path = "/latest/api/token";
constexpr std::string_view role_path = "/latest/meta-data/iam/security-credentials/";
/// Six hours, the longest that IMDS gives.
constexpr const char* token_seconds = "21600";
/// IAM's longest role name ("IAM and STS quotas").
constexpr std::size_t most_role_name = 64;
/// How long what has ended already is used before IMDS is asked again.
constexpr Duration extension = std::chrono::minutes(10);

std::unexpected<Error> nothing(std::string message, std::string hint = {}) {
  return fail({.code = Code::not_found, .message = std::move(message), .hint = std::move(hint)});
}

bool is_role_name(std::string_view name) {
  return !name.empty() && name.size() <= most_role_name && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_+=,.@-").find(c) != std::string_view::npos;
  });
}

/// One conversation with IMDS.
class InstanceMetadata {
 public:
  InstanceMetadata(CredentialContext context, std::string url) : context_(context), url_(std::move(url)) {
    patience_.timeout = context.settings.metadata_timeout;
    patience_.connections = context.settings.metadata_attempts;
  }

  Task<Result<void>> open() {
    CO_TRY(HttpRequest request, metadata_request(url_ + std::string(token_path)));
    request.method = "PUT";
    request.headers.emplace_back("x-aws-ec2-metadata-token-ttl-seconds", token_seconds);
    request.headers.emplace_back("Content-Length", "0");
    Task<Result<HttpResponse>> asking = ask_metadata(context_, std::move(request), patience_);
    auto answer = co_await std::move(asking);
    if (!answer) {
      if (answer.error().code == Code::cancelled) co_return fail(std::move(answer).error());
      co_return nothing(answer.error().message);
    }
    if (answer->status == 200) {
      token_ = trimmed(answer->body);
      co_return Result<void>{};
    }
    if (answer->status == 403) co_return no_credentials(url_ + ": request forbidden: IMDS is disabled");
    const bool older = answer->status == 404 || answer->status == 405;
    if (older && !context_.settings.metadata_v1_disabled) co_return Result<void>{};
    co_return no_credentials(fmt::format("{} gave no token: {}", url_, what_it_said(*answer)),
                             older ? "AWS_EC2_METADATA_V1_DISABLED forbids to ask without one" : "");
  }

  Task<Result<HttpResponse>> get(std::string path) {
    CO_TRY(HttpRequest request, metadata_request(url_ + path));
    if (!token_.empty()) request.headers.emplace_back("x-aws-ec2-metadata-token", token_);
    Task<Result<HttpResponse>> asking = ask_metadata(context_, std::move(request), patience_);
    co_return co_await std::move(asking);
  }

 private:
  CredentialContext context_;
  std::string url_, token_;
  MetadataPatience patience_;
};

}  // namespace

Result<std::string> instance_metadata_url(const Settings& settings) {
  std::string mode = settings.metadata_endpoint_mode;
  std::ranges::transform(mode, mode.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (!mode.empty() && mode != "ipv4" && mode != "ipv6") {
    return no_credentials(fmt::format("`{}` is not a valid endpoint mode", settings.metadata_endpoint_mode),
                          "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE is IPv4 or IPv6");
  }
  std::string url = settings.metadata_endpoint;
  if (url.empty()) url = mode == "ipv6" ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
  while (url.ends_with('/')) url.pop_back();
  if (const auto parsed = parse_url(url); !parsed) {
    return no_credentials("AWS_EC2_METADATA_SERVICE_ENDPOINT", parsed.error());
  }
  return url;
}

Task<Result<Credentials>> from_instance_metadata(CredentialContext context) {
  if (context.settings.metadata_disabled) co_return nothing("AWS_EC2_METADATA_DISABLED is true");
  CO_TRY(const std::string url, instance_metadata_url(context.settings));
  InstanceMetadata metadata(context, url);
  Task<Result<void>> opening = metadata.open();
  CO_TRY(co_await std::move(opening));

  Task<Result<HttpResponse>> asking = metadata.get(std::string(role_path));
  CO_TRY(const HttpResponse roles, co_await std::move(asking));
  if (roles.status == 404) co_return nothing(url + ": the instance has no role");
  if (roles.status != 200) co_return no_credentials(fmt::format("{}: {}", url, what_it_said(roles)));
  const std::string role = trimmed(std::string_view(roles.body).substr(0, roles.body.find('\n')));
  if (!is_role_name(role)) co_return no_credentials(url + ": what it gives as the name of a role is none");

  Task<Result<HttpResponse>> reading = metadata.get(std::string(role_path) + role);
  CO_TRY(const HttpResponse answer, co_await std::move(reading));
  const std::string who = fmt::format("instance metadata (role {})", role);
  if (answer.status != 200) co_return no_credentials(fmt::format("{}: {}", who, what_it_said(answer)));
  CO_TRY(const Document given, read_object(answer.body, who));
  if (given["Code"].is_text() && given["Code"].as_text() != "Success") {
    co_return no_credentials(fmt::format("{}: {}: {}", who, given["Code"].as_text(), given["Message"].as_text()));
  }
  CO_TRY(Credentials out, read_credentials(given, who));
  const Time now = context.world.clock.wall();
  if (out.expiration && *out.expiration <= now) out.expiration = now + extension;
  co_return out;
}

}  // namespace reeve::aws
