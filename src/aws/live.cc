#include "aws/live.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "aws/errors.h"
#include "aws/live_body.h"
#include "aws/live_url.h"
#include "aws/protocol/common.h"
#include "aws/sign.h"
#include "base/encoding.h"

namespace reeve::aws {

struct LiveApi::Outgoing {
  Models::Found found;
  const Codec* codec = nullptr;
  Scope scope;                       // where the call goes
  Document params;                   // as they were encoded
  const Member* streamed = nullptr;  // of the output, where it is wanted as a stream
  std::optional<HeldChecksum> trailer;
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
  Outgoing out{.found = found, .codec = &codec, .scope = request.scope, .params = request.params};
  if (const std::string* region = buckets_.find(bucket_of(model, request.params))) out.scope.region = *region;
  TRY(Document changed, params_at_the_door(model, *found.operation, request, settings_.response_checksums));
  if (!changed.root().is_null()) out.params = std::move(changed);
  TRY(EncodedRequest encoded, codec.encode_request(model, *found.operation, out.params, token));
  if (!request.body) compress_body(*found.operation, encoded, settings_.compression);
  TRY(const Endpoint to, endpoint(model, found.operation, out.params, out.scope, account_id));
  if (!to.lacking_scheme.empty() && found.operation->auth_type != "none") {
    return fail(
        {.code = Code::endpoint,
         .message = fmt::format("{} wants requests signed by {}, which Reeve does not do", to.url, to.lacking_scheme),
         .hint = "endpoints of one region and ordinary buckets take signature version 4"});
  }
  TRY(const Url url, parse_url(to.url));

  out.http.method = std::move(encoded.method);
  out.http.scheme = url.scheme;
  out.http.host = names_a_machine(url.host) ? url.host : encoded.host_prefix + url.host;
  out.http.port = url.port;
  out.http.target = target_behind(url.path, model, *found.operation, out.params, std::move(encoded.target));
  out.http.headers = std::move(encoded.headers);
  out.http.body = std::move(encoded.body);
  out.http.stream = request.body;
  out.streamed = request.streams ? streamed_member(found.operation->output) : nullptr;
  out.http.streams_response = out.streamed != nullptr;
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
  TRY(auto checksum, request_checksum(*found.operation, out.params, settings_.request_checksums, out.http));
  const bool hashes = !is_s3 || out.http.scheme != "https" || !checksum;
  if (checksum && !out.http.stream) {
    checksum->text = encode_base64(aws::checksum(checksum->kind, out.http.body));
    out.http.headers.emplace_back(checksum->name, checksum->text);
  } else {
    out.trailer = std::move(checksum);
  }
  const bool streams = streamed_member(found.operation->input) != nullptr;
  out.options = {.region = to.signing_region.empty() ? out.scope.region : to.signing_region,
                 .signing_name = to.signing_name.empty() ? model.signing_name : to.signing_name,
                 .double_encode_path = to.double_encode_path && !is_s3,
                 .normalize_path = !is_s3,
                 .unsigned_body = found.operation->auth_type == "v4-unsigned-body" || (streams && !hashes),
                 .content_sha256_header = is_s3};
  return out;
}

Task<Result<void>> LiveApi::sign_it(Outgoing& outgoing, const Request& request, const Credentials& credentials) {
  outgoing.signed_at = world_.clock.wall() + skew_.offset(request.service, outgoing.scope.region);
  outgoing.options.time = outgoing.signed_at;
  if (!outgoing.http.stream) co_return sign(outgoing.http, credentials, outgoing.options);
  Task<Result<void>> signing = sign_stream(outgoing.http, credentials, outgoing.options, outgoing.trailer);
  co_return co_await std::move(signing);
}

Task<Result<Response>> LiveApi::call(Request request) {
  Elsewhere elsewhere;
  Task<Result<Response>> once = attempt(request, elsewhere);
  Result<Response> answer = co_await std::move(once);
  const bool rests_on_evidence = request.start_by.us != INT64_MAX;
  if (!answer && elsewhere.said && rests_on_evidence) {
    Error moved = std::move(answer).error();
    moved.code = Code::drift;
    moved.hint = "The bucket is not in the region where it was judged: another may bear its name by now. Plan again";
    co_return fail(placed(std::move(moved), request));
  }
  if (!answer && elsewhere.said && (!request.body || request.body->opens())) {
    Task<Result<void>> finding = find_bucket(request, elsewhere);
    if (co_await std::move(finding)) {
      Task<Result<Response>> again = attempt(request, elsewhere);
      answer = co_await std::move(again);
    }
  }
  if (!answer) co_return fail(placed(std::move(answer).error(), request));
  co_return answer;
}

/// Finds out where a bucket is that is not where it was looked for. An error: nobody says, or here all the same.
Task<Result<void>> LiveApi::find_bucket(const Request& request, Elsewhere& elsewhere) {
  const std::string bucket(request.params.root()["Bucket"].as_text());
  if (elsewhere.region.empty() && request.operation != "HeadBucket") {
    Builder b;
    b.begin_map();
    b.put("Bucket", bucket);
    b.end();
    Request head{.service = request.service,
                 .operation = "HeadBucket",
                 .params = b.finish(),
                 .scope = request.scope,
                 .deadline = request.deadline,
                 .cancel = request.cancel};
    Task<Result<Response>> asking = attempt(head, elsewhere);
    static_cast<void>(co_await std::move(asking));  // its answer says where, whatever else it says
  }
  if (elsewhere.region.empty() || elsewhere.region == elsewhere.asked) {
    co_return fail(Code::endpoint, "nobody says in which region the bucket is");
  }
  buckets_.learn(bucket, elsewhere.region);
  co_return Result<void>{};
}

Task<Result<Response>> LiveApi::attempt(const Request& request, Elsewhere& elsewhere) {
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
    Task<Result<void>> signing = sign_it(outgoing, request, credentials);
    CO_TRY(co_await std::move(signing));
  } else {
    outgoing.signed_at = world_.clock.wall() + skew_.offset(request.service, outgoing.scope.region);
  }

  const Steady sent = world_.clock.steady();
  if (sent > request.start_by) {
    co_return fail(Code::drift, "it was not sent: what it rests on became too old while it waited for its turn");
  }
  const bool streams = outgoing.http.stream || outgoing.http.streams_response;
  const Steady deadline = streams ? request.deadline : std::min(request.deadline, sent + settings_.attempt_timeout);
  HttpRequest http = outgoing.http;
  if (settings_.finish) settings_.finish(http);
  Task<Result<HttpResponse>> sending = world_.http.send(std::move(http), deadline, request.cancel);
  CO_TRY(HttpResponse response, co_await std::move(sending));

  // The skew that a refusal is judged by is the one that its signature had: AWS's clock against what was signed.
  const Duration halfway = (world_.clock.steady() - sent) / 2;
  if (const auto date = date_of(response)) {
    skew_.observe(request.service, outgoing.scope.region, *date, world_.clock.wall() - halfway);
    outgoing.signed_at = outgoing.signed_at + halfway;
  }
  Task<Result<Response>> reading = answer(request, outgoing, std::move(response), elsewhere);
  Result<Response> read = co_await std::move(reading);
  if (!read && read.error().code == Code::expired_credentials && !anonymous) credentials_.invalidate(credentials);
  co_return read;
}

Task<Result<Response>> LiveApi::answer(const Request& request, const Outgoing& outgoing, HttpResponse http,
                                       Elsewhere& elsewhere) {
  const ServiceModel& model = *outgoing.found.model;
  const Operation& operation = *outgoing.found.operation;
  Meta meta{.status = http.status,
            .request_id = std::string(request_id_of(http)),
            .date = date_of(http),
            .attempts = request.attempt};
  if (operation.name == "HeadBucket") elsewhere.region = told_region(http);  // whether the bucket may be seen or not
  if (outgoing.codec->is_error(model, operation, http)) {
    WireError wire = outgoing.codec->decode_error(model, operation, http);
    if (wire.status == 0) wire.status = http.status;
    if (wire.request_id.empty()) wire.request_id = meta.request_id;
    if (!bucket_of(model, request.params).empty() && says_elsewhere(operation, http, wire)) {
      elsewhere = {.said = true, .asked = outgoing.scope.region, .region = told_region(http)};
    }
    ErrorContext context{.operation = request.operation_name(),
                         .host = outgoing.http.host,
                         .retry_after = std::string(http.header("x-amz-retry-after")),
                         .attempt = request.attempt,
                         .has_answered = answered_.contains(request.operation_name())};
    if (meta.date) context.skew = *meta.date - outgoing.signed_at;
    co_return fail(to_error(wire, &operation, context));
  }

  std::shared_ptr<ByteReader> body;
  const auto expected = response_checksum(operation, outgoing.params, http);
  if (outgoing.streamed != nullptr) {
    body = take_stream(http);
    if (expected) body = checked(std::move(body), *expected);
  } else if (expected) {
    CO_TRY(check(*expected, http.body));
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
  if (body && document->root().find(outgoing.streamed->name)) {  // a list of no events
    document = without(model, *document, outgoing.streamed->name);
  }
  co_return Response{.document = *std::move(document), .body = std::move(body), .meta = std::move(meta)};
}

}  // namespace reeve::aws
