#include "aws/live.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "aws/errors.h"
#include "aws/live_url.h"
#include "aws/protocol/common.h"
#include "aws/sign.h"

namespace reeve::aws {

struct LiveApi::Outgoing {
  Models::Found found;
  const Codec* codec = nullptr;
  HttpRequest http;
  SignOptions options;
  Time signed_at;  // AWS's time, by what we know of it
};

/// What is known of one service's endpoints.
struct LiveApi::ServiceEndpoints {
  EndpointParameters parameters;
  std::map<std::string, Endpoint, std::less<>> by_region = {};  // where nothing else counts
};

namespace {

// Answers above this are decoded by a worker: a page of a few hundred kilobytes takes under a millisecond.
constexpr std::size_t decode_aside_bytes = std::size_t{256} << 10;

Error placed(Error error, const Request& request) {
  if (error.operation.empty()) error.operation = request.operation_name();
  return error;
}

std::optional<Time> date_of(const HttpResponse& http) {
  const std::string_view text = http.header("date");
  if (text.empty()) return std::nullopt;
  const Result<Time> date = parse_http_date(text);
  return date ? std::optional(*date) : std::nullopt;
}

/// The target behind an endpoint's own path. S3's models write each path with the bucket in front; the rules put it
/// into the endpoint: into the host, or at the end of its path, which no slash follows then.
std::string target_behind(const std::string& path, const ServiceModel& model, const Operation& operation, Value input,
                          std::string target) {
  const bool has_bucket = model.service() == "s3" && operation.request_uri.starts_with("/{Bucket}");
  const auto bucket = has_bucket ? input.find("Bucket") : std::nullopt;
  if (!bucket) return path + target;
  std::string rest = target_without_bucket(std::move(target), bucket->as_text());
  if (!path.empty() && (rest == "/" || rest.starts_with("/?"))) rest.erase(0, 1);
  return path + rest;
}

}  // namespace

LiveApi::LiveApi(const World& world, FindModel find_model, FindCodec find_codec, Endpoints& endpoints,
                 CredentialSource& credentials, ClockSkew& skew, LiveSettings settings)
    : world_(world),
      find_model_(std::move(find_model)),
      find_codec_(std::move(find_codec)),
      endpoints_(endpoints),
      credentials_(credentials),
      skew_(skew),
      settings_(std::move(settings)) {}

LiveApi::~LiveApi() = default;

const std::string& LiveApi::endpoint_override(const std::string& service) const {
  const auto [it, is_new] = overrides_.try_emplace(service, settings_.endpoint_url);
  std::string& url = it->second;
  if (!is_new || !url.empty()) return url;
  if (const auto given = settings_.service_endpoints.find(service); given != settings_.service_endpoints.end()) {
    url = given->second;
  }
  if (url.empty() && settings_.configured_endpoint) url = settings_.configured_endpoint(service);
  return url;
}

bool LiveApi::at_aws(const std::string& service) const {
  const std::string& url = endpoint_override(service);
  if (url.empty()) return true;
  const Result<Url> parsed = parse_url(url);
  return parsed && is_aws_host(parsed->host);
}

Result<LiveApi::ServiceEndpoints*> LiveApi::endpoints_of(const ServiceModel& model) {
  const auto found = services_.find(model.service());
  if (found != services_.end()) return found->second.get();
  TRY(EndpointParameters parameters, EndpointParameters::parse(model.endpoint_rules));
  auto made = std::make_unique<ServiceEndpoints>(std::move(parameters));
  return services_.emplace(model.service(), std::move(made)).first->second.get();
}

Result<Endpoint> LiveApi::endpoint(const ServiceModel& model, const Operation* operation, Value input,
                                   const Scope& scope, std::string_view account_id) {
  if (scope.region.empty()) {
    return fail({.code = Code::endpoint, .message = "no region is given", .hint = "--region or AWS_REGION says one"});
  }
  TRY(ServiceEndpoints * service, endpoints_of(model));
  const bool one_a_region = service->parameters.only_built_ins() && !service->parameters.by_account();
  if (one_a_region) {
    if (const auto known = service->by_region.find(scope.region); known != service->by_region.end()) {
      return known->second;
    }
  }
  const BuiltIns known{.region = scope.region,
                       .use_fips = settings_.use_fips,
                       .use_dual_stack = settings_.use_dual_stack,
                       .endpoint = endpoint_override(model.service()),
                       .account_id = account_id.empty() ? std::nullopt : std::optional(std::string(account_id)),
                       .account_id_endpoint_mode = settings_.account_id_endpoint_mode,
                       .choices = settings_.endpoint_choices};
  TRY(const Document parameters, service->parameters.of(operation, input, known));
  TRY(Endpoint out, endpoints_.resolve(model, parameters));
  if (one_a_region) service->by_region.emplace(scope.region, out);
  return out;
}

Result<LiveApi::Outgoing> LiveApi::prepare(const Request& request, const Models::Found& found, const Codec& codec,
                                           std::string_view account_id) {
  const ServiceModel& model = *found.model;
  const std::string& token = request.invocation_id;
  TRY(EncodedRequest encoded, codec.encode_request(model, *found.operation, request.params, token));
  TRY(const Endpoint to, endpoint(model, found.operation, request.params, request.scope, account_id));
  if (!to.lacking_scheme.empty() && found.operation->auth_type != "none") {
    return fail(
        {.code = Code::endpoint,
         .message = fmt::format("{} wants requests signed by {}, which Reeve does not do", to.url, to.lacking_scheme),
         .hint = "endpoints of one region and ordinary buckets take signature version 4"});
  }
  TRY(const Url url, parse_url(to.url));

  Outgoing out{.found = found, .codec = &codec};
  out.http.method = std::move(encoded.method);
  out.http.scheme = url.scheme;
  out.http.host = names_a_machine(url.host) ? url.host : encoded.host_prefix + url.host;
  out.http.port = url.port;
  out.http.target = target_behind(url.path, model, *found.operation, request.params, std::move(encoded.target));
  out.http.headers = std::move(encoded.headers);
  out.http.body = std::move(encoded.body);
  for (const auto& [name, value] : to.headers) {
    std::erase_if(out.http.headers, [&name](const auto& header) { return header.first == name; });
    out.http.headers.emplace_back(name, value);
  }
  std::string agent = "reeve/" + settings_.version;
  if (!settings_.run_id.empty()) agent += " run/" + settings_.run_id;
  out.http.headers.emplace_back("User-Agent", std::move(agent));
  if (!token.empty()) out.http.headers.emplace_back("amz-sdk-invocation-id", token);
  out.http.headers.emplace_back("amz-sdk-request",
                                fmt::format("attempt={}; max={}", request.attempt, request.attempts_most));

  const bool is_s3 = model.signing_name == "s3";
  out.options = {.region = to.signing_region.empty() ? request.scope.region : to.signing_region,
                 .signing_name = to.signing_name.empty() ? model.signing_name : to.signing_name,
                 .double_encode_path = to.double_encode_path && !is_s3,
                 .normalize_path = !is_s3,
                 .unsigned_body = found.operation->auth_type == "v4-unsigned-body",
                 .content_sha256_header = is_s3};
  return out;
}

Result<void> LiveApi::sign_it(Outgoing& outgoing, const Request& request, const Credentials& credentials) {
  outgoing.signed_at = world_.clock.wall() + skew_.offset(request.service, request.scope.region);
  outgoing.options.time = outgoing.signed_at;
  return sign(outgoing.http, credentials, outgoing.options);
}

Task<Result<Response>> LiveApi::call(Request request) {
  Task<Result<Response>> once = attempt(request);
  Result<Response> answer = co_await std::move(once);
  if (!answer) co_return fail(placed(std::move(answer).error(), request));
  co_return answer;
}

Task<Result<Response>> LiveApi::attempt(const Request& request) {
  if (request.cancel.requested()) co_return fail(Code::cancelled, "interrupted before the call");
  CO_TRY(const Models::Found found, find_model_(request.service, request.operation));
  CO_TRY(const Codec* codec, find_codec_(*found.model));

  Credentials credentials;
  const bool anonymous = found.operation->auth_type == "none";
  CO_TRY(const ServiceEndpoints* service, endpoints_of(*found.model));
  const bool account_first = !anonymous && service->parameters.by_account();
  if (account_first) {
    Task<Result<Credentials>> get = credentials_.get();
    CO_TRY(credentials, co_await std::move(get));
  }
  CO_TRY(Outgoing outgoing, prepare(request, found, *codec, credentials.account_id));
  if (!anonymous) {
    if (!account_first) {
      Task<Result<Credentials>> get = credentials_.get();
      CO_TRY(credentials, co_await std::move(get));
    }
    CO_TRY(sign_it(outgoing, request, credentials));
  } else {
    outgoing.signed_at = world_.clock.wall() + skew_.offset(request.service, request.scope.region);
  }

  const Steady sent = world_.clock.steady();
  if (sent > request.start_by) {
    co_return fail(Code::drift, "it was not sent: what it rests on became too old while it waited for its turn");
  }
  const Steady deadline = std::min(request.deadline, sent + settings_.attempt_timeout);
  HttpRequest http = outgoing.http;
  if (settings_.finish) settings_.finish(http);
  Task<Result<HttpResponse>> sending = world_.http.send(std::move(http), deadline, request.cancel);
  CO_TRY(HttpResponse response, co_await std::move(sending));

  // The skew that a refusal is judged by is the one that its signature had: AWS's clock against what was signed.
  const Duration halfway = (world_.clock.steady() - sent) / 2;
  if (const auto date = date_of(response)) {
    skew_.observe(request.service, request.scope.region, *date, world_.clock.wall() - halfway);
    outgoing.signed_at = outgoing.signed_at + halfway;
  }
  Task<Result<Response>> reading = answer(request, outgoing, std::move(response));
  Result<Response> read = co_await std::move(reading);
  if (!read && read.error().code == Code::expired_credentials && !anonymous) credentials_.invalidate(credentials);
  co_return read;
}

Task<Result<Response>> LiveApi::answer(const Request& request, const Outgoing& outgoing, HttpResponse http) {
  const ServiceModel& model = *outgoing.found.model;
  const Operation& operation = *outgoing.found.operation;
  Meta meta{.status = http.status,
            .request_id = std::string(request_id_of(http)),
            .date = date_of(http),
            .attempts = request.attempt};
  if (outgoing.codec->is_error(model, operation, http)) {
    WireError wire = outgoing.codec->decode_error(model, operation, http);
    if (wire.status == 0) wire.status = http.status;
    if (wire.request_id.empty()) wire.request_id = meta.request_id;
    ErrorContext context{.operation = request.operation_name(),
                         .host = outgoing.http.host,
                         .retry_after = std::string(http.header("x-amz-retry-after")),
                         .attempt = request.attempt,
                         .has_answered = answered_.contains(request.operation_name())};
    if (meta.date) context.skew = *meta.date - outgoing.signed_at;
    co_return fail(to_error(wire, &operation, context));
  }

  const bool large = http.body.size() > decode_aside_bytes;
  const auto shared = std::make_shared<const HttpResponse>(std::move(http));
  Result<Document> document = fail(Code::internal, "not decoded");
  auto decode = [&] { document = outgoing.codec->decode_response(model, operation, shared); };
  if (large) {
    std::move_only_function<void()> work = decode;
    Task<void> aside = world_.workers.run(world_.loop, std::move(work));
    co_await std::move(aside);
  } else {
    decode();
  }
  if (!document) {
    Error error = std::move(document).error();
    error.aws = std::make_shared<AwsError>(
        AwsError{.status = meta.status, .request_id = meta.request_id, .attempts = request.attempt});
    co_return fail(std::move(error));
  }
  answered_.insert(request.operation_name());
  co_return Response{.document = *std::move(document), .meta = std::move(meta)};
}

}  // namespace reeve::aws
