#include "aws/live.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "aws/errors.h"
#include "aws/live_url.h"
#include "aws/sign.h"

namespace reeve::aws {

struct LiveApi::Outgoing {
  Models::Found found;
  const Codec* codec = nullptr;
  HttpRequest http;
  SignOptions options;
  Time signed_at;  // AWS's time, by what we know of it
};

namespace {

// Answers above this are decoded by a worker: a page of a few hundred kilobytes takes under a millisecond.
constexpr std::size_t decode_aside_bytes = std::size_t{256} << 10;

Error placed(Error error, const Request& request) {
  if (error.operation.empty()) error.operation = request.operation_name();
  return error;
}

std::string request_id_of(const HttpResponse& http) {
  for (const std::string_view header : {"x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"}) {
    if (const std::string_view id = http.header(header); !id.empty()) return std::string(id);
  }
  return {};
}

std::optional<Time> date_of(const HttpResponse& http) {
  const std::string_view text = http.header("date");
  if (text.empty()) return std::nullopt;
  const Result<Time> date = parse_http_date(text);
  return date ? std::optional(*date) : std::nullopt;
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

bool LiveApi::by_account(const ServiceModel& model) {
  const auto [it, is_new] = by_account_.try_emplace(model.service());
  if (is_new) it->second = Endpoints::by_account(model);
  return it->second;
}

Result<Endpoint> LiveApi::endpoint(const ServiceModel& model, const Scope& scope, std::string_view account_id) {
  if (scope.region.empty()) {
    return fail({.code = Code::endpoint, .message = "no region is given", .hint = "--region or AWS_REGION says one"});
  }
  Builder parameters;
  parameters.begin_map();
  parameters.put("Region", scope.region);
  parameters.put("UseFIPS", settings_.use_fips);
  parameters.put("UseDualStack", settings_.use_dual_stack);
  parameters.put_if("Endpoint", endpoint_override(model.service()));
  if (by_account(model)) {
    parameters.put("AccountIdEndpointMode", settings_.account_id_endpoint_mode);
    if (settings_.account_id_endpoint_mode != "disabled") parameters.put_if("AccountId", account_id);
  }
  parameters.end();
  const Document document = parameters.finish();
  return endpoints_.resolve(model, document);
}

Result<LiveApi::Outgoing> LiveApi::prepare(const Request& request, const Models::Found& found, const Codec& codec,
                                           std::string_view account_id) {
  const ServiceModel& model = *found.model;
  const std::string& token = request.invocation_id;
  TRY(EncodedRequest encoded, codec.encode_request(model, *found.operation, request.params, token));
  TRY(const Endpoint to, endpoint(model, request.scope, account_id));
  TRY(const Url url, parse_url(to.url));

  Outgoing out{.found = found, .codec = &codec};
  out.http.method = std::move(encoded.method);
  out.http.scheme = url.scheme;
  out.http.host = names_a_machine(url.host) ? url.host : encoded.host_prefix + url.host;
  out.http.port = url.port;
  out.http.target = url.path + encoded.target;
  out.http.headers = std::move(encoded.headers);
  out.http.body = std::move(encoded.body);
  out.http.headers.insert(out.http.headers.end(), to.headers.begin(), to.headers.end());
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
  const bool account_first = !anonymous && by_account(*found.model);
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
  Meta meta{
      .status = http.status, .request_id = request_id_of(http), .date = date_of(http), .attempts = request.attempt};
  if (outgoing.codec->is_error(model, operation, http)) {
    WireError wire = outgoing.codec->decode_error(model, operation, http);
    if (wire.status == 0) wire.status = http.status;
    if (wire.request_id.empty()) wire.request_id = meta.request_id;
    ErrorContext context{.operation = request.operation_name(),
                         .host = outgoing.http.host,
                         .retry_after = std::string(http.header("x-amz-retry-after")),
                         .attempt = request.attempt};
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
  co_return Response{.document = *std::move(document), .meta = std::move(meta)};
}

}  // namespace reeve::aws
