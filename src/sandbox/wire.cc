#include "sandbox/wire.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/protocol/compress.h"
#include "aws/sign_chunks.h"
#include "base/json.h"
#include "base/limits.h"
#include "sandbox/listing.h"
#include "sandbox/services/lambda.h"
#include "sandbox/services/ses_mail.h"
#include "sandbox/services/sqs_wire.h"
#include "sandbox/words.h"

namespace reeve::sandbox {

struct Wire::Asked {
  const HttpRequest& request;
  std::shared_ptr<const aws::ServiceModel> model;
  const aws::Codec* codec;
  const aws::Operation* operation;
  std::string account, region;
  const Session* session;
  Document params;
  Bodies bodies;
};

struct Wire::Spoken {
  std::shared_ptr<const aws::ServiceModel> model;
  const aws::Codec* codec = nullptr;
};

namespace {

using Sent = aws::HttpAnswer::Sent;

/// How long a connection is held where an answer never comes and the script does not say.
constexpr Duration unanswered = std::chrono::seconds(60);

HttpResponse plain_answer(int status, std::string type, std::string body) {
  HttpResponse response;
  response.status = status;
  response.headers.emplace_back("Content-Type", std::move(type));
  response.body = std::move(body);
  return response;
}

HttpResponse json_answer(int status, Value value) { return plain_answer(status, "application/json", to_json(value)); }

/// The code under which a service's protocol tells what verify() found.
Fault auth_fault(const aws::ServiceModel& model, std::string_view code, std::string message) {
  const bool rest = model.protocol.starts_with("rest-json");
  if (model.protocol == "ec2" && code != "RequestExpired" && code != "IncompleteSignature") {
    return {"AuthFailure", "AWS was not able to validate the provided access credentials", 401};
  }
  if (rest && code == "InvalidClientTokenId") return {"UnrecognizedClientException", std::move(message), 403};
  if (rest && code == "ExpiredToken") return {"ExpiredTokenException", std::move(message), 403};
  if (rest && code != "MissingAuthenticationToken") return {"InvalidSignatureException", std::move(message), 403};
  return {std::string(code), std::move(message), code == "RequestExpired" || code == "IncompleteSignature" ? 400 : 403};
}

Fault auth_fault(const aws::ServiceModel& model, const Error& error) {
  if (model.service() == "s3") {
    auto said = aws::refusal_of("s3", error);
    return {std::move(said.code), std::move(said.message), said.status};
  }
  return auth_fault(model, error.aws ? error.aws->code : "SignatureDoesNotMatch", error.message);
}

/// The fault of a caller in the service's words.
Fault caller_fault(const aws::ServiceModel& model, const Fault& fault) {
  if (model.service() != "s3") return auth_fault(model, fault.code, fault.message);
  if (fault.code == "ExpiredToken") return {"ExpiredToken", "The provided token has expired.", 400};
  return {"InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403};
}

/// Whether a request that nobody signed can only be S3's, which anybody may ask: the others' say what they want.
bool is_anonymous_s3(const HttpRequest& request) {
  return request.method != "POST" && request.target.find("Action=") == std::string::npos;
}

/// Whether the operation's body is content, as it is, of any size.
bool takes_stream(const aws::Operation& operation) {
  if (operation.input == nullptr || operation.input->payload.empty()) return false;
  const aws::Member* payload = operation.input->find(operation.input->payload);
  return payload != nullptr && payload->shape != nullptr && payload->shape->type == aws::ShapeType::blob &&
         (payload->streaming || payload->shape->streaming);
}

bool twelve_digits(std::string_view id) {
  return id.size() == 12 && std::ranges::all_of(id, [](char c) { return c >= '0' && c <= '9'; });
}

void set_date(HttpResponse& response, Time now) { response.headers.emplace_back("Date", format_http_date(now)); }

/// A document without one of its members.
Document without(const Document& document, std::string_view member, const std::shared_ptr<const Keys>& keys) {
  Builder out(keys);
  out.begin_map();
  for (auto [key, value] : document.root().entries()) {
    if (key != member) out.put(key, value);
  }
  out.end();
  return out.finish();
}

}  // namespace

std::string Wire::next_request_id() {
  ++requests_;
  return fmt::format("00000000-{:04x}-4000-8000-{:012x}", (requests_ >> 48) & 0xFFFF, requests_ & 0xFFFFFFFFFFFF);
}

std::optional<std::string> Wire::secret_of(std::string_view key) const {
  const Store& store = sandbox_.store_;
  if (auto at = store.sessions.find(key); at != store.sessions.end()) return at->second.secret;
  if (twelve_digits(key)) return "sandbox";
  for (const auto& [id, account] : store.accounts) {
    if (auto at = account.keys.find(key); at != account.keys.end()) return at->second;
  }
  return std::nullopt;
}

std::expected<std::pair<std::string, const Session*>, Fault> Wire::caller_of(const aws::SignatureScope& scope) const {
  const Store& store = sandbox_.store_;
  const std::string& key = scope.access_key_id;
  if (auto at = store.sessions.find(key); at != store.sessions.end()) {
    const Session& session = at->second;
    if (scope.session_token != session.token) {
      return fault("InvalidClientTokenId", "The security token included in the request is invalid.", 403);
    }
    if (session.expires <= sandbox_.now()) {
      return fault("ExpiredToken", "The security token included in the request is expired", 403);
    }
    return std::pair(session.account, &session);
  }
  if (twelve_digits(key)) return std::pair(key, nullptr);
  for (const auto& [id, account] : store.accounts) {
    if (account.keys.contains(key)) return std::pair(id, nullptr);
  }
  return fault("InvalidClientTokenId", "The security token included in the request is invalid.", 403);
}

HttpResponse Wire::error(const aws::ServiceModel& model, const aws::Codec& codec, const Fault& f) {
  aws::WireError wire{.code = f.code,
                      .message = f.message,
                      .status = f.status,
                      .request_id = next_request_id(),
                      .elements = f.elements};
  HttpResponse response = codec.encode_error(model, wire);
  for (const auto& header : f.headers) response.headers.push_back(header);
  return response;
}

WireAnswer Wire::own_page(const HttpRequest& request) {
  const std::string_view path = std::string_view(request.target).substr(0, request.target.find('?'));
  if (request.method == "GET" && path == "/_sandbox/state") return {{json_answer(200, sandbox_.state())}};
  if (request.method == "GET" && path == "/_sandbox/calls") return {{json_answer(200, sandbox_.calls())}};
  if (request.method == "GET" && path == "/_sandbox/invocations") {
    return {{json_answer(200, all_invocations(sandbox_.store_))}};
  }
  if (path.starts_with("/_sandbox/mail")) return {{mail_page(sandbox_.store_, request, sandbox_.now())}};
  if (request.method == "POST" && path == "/_sandbox/clock") {
    const auto body = parse_json(request.body);
    constexpr std::int64_t most = std::int64_t{3'000} * 365 * 86'400;  // far from where microseconds end
    const double seconds = body && (*body)["advance_s"].is_number() ? (*body)["advance_s"].as_real() : -1;
    if (!(seconds >= 0 && seconds <= static_cast<double>(most)) ||
        sandbox_.store_.clock_offset > std::chrono::seconds(most)) {
      return {{plain_answer(400, "text/plain", "wanted: {\"advance_s\": SECONDS}, from 0\n")}};
    }
    sandbox_.advance(Duration(static_cast<std::int64_t>(seconds * 1e6)));
    Builder out;
    out.begin_map();
    out.put("now", format_iso8601(sandbox_.now()));
    out.end();
    return {{json_answer(200, out.finish())}};
  }
  return {{plain_answer(
      404, "text/plain",
      "GET /_sandbox/state, /_sandbox/calls, /_sandbox/mail, /_sandbox/invocations, POST /_sandbox/clock\n")}};
}

namespace {
/// The folder of the service that signs under this name: for most of them the name itself.
std::string_view folder_of(std::string_view signing_name) {
  if (signing_name == "monitoring") return "cloudwatch";
  if (signing_name == "tagging") return "resourcegroupstaggingapi";
  return signing_name;
}
}  // namespace

Wire::Spoken Wire::spoken_by(const HttpRequest& sent) const {
  const auto claimed = aws::signature_scope(sent);
  auto model = sandbox_.models_.get(claimed ? folder_of(claimed->service) : is_anonymous_s3(sent) ? "s3" : "sts");
  if (!model) model = sandbox_.models_.get("sts");
  if (claimed && claimed->service == "ses" && sent.target.starts_with("/v2/")) model = sandbox_.models_.get("sesv2");
  if (!model) return {};
  const auto codec = claimed && claimed->service == "sqs" ? sqs_codec(sent) : aws::codec_of(**model, sent);
  return {.model = *model, .codec = codec ? *codec : nullptr};
}

WireAnswer Wire::refuse(const Spoken& spoken, const Fault& fault) {
  WireAnswer out;
  if (!spoken.model) return {{plain_answer(500, "text/plain", "the models are missing\n")}};
  if (spoken.codec == nullptr) {
    return {{plain_answer(501, "text/plain", "the sandbox does not speak this service's protocol\n")}};
  }
  out.response = error(*spoken.model, *spoken.codec, fault);
  set_date(out.response, sandbox_.now());
  return out;
}

WireAnswer Wire::refuse(const Spoken& spoken, const Error& why) {
  if (!spoken.model || spoken.codec == nullptr) return refuse(spoken, Fault{});
  if (why.code != Code::access_denied) return refuse(spoken, Fault{"InternalError", why.message, 500});
  return refuse(spoken, auth_fault(*spoken.model, why));
}

Task<WireAnswer> Wire::answer_streamed(const HttpRequest& request) {
  const aws::SecretOf secrets = [this](std::string_view key) { return secret_of(key); };
  auto verified = aws::verify(request, secrets, sandbox_.now());
  if (!verified) co_return refuse(spoken_by(request), verified.error());
  Task<Result<Received>> receiving = receive(request, *std::move(verified), secrets, sandbox_.blobs_);
  const Result<Received> received = co_await std::move(receiving);
  if (!received) co_return refuse(spoken_by(request), received.error());
  co_return answer(request, &*received);
}

WireAnswer Wire::answer(const HttpRequest& sent, const Received* received) {
  if (sent.target.starts_with("/_sandbox/")) return own_page(sent);
  const Spoken spoken = spoken_by(sent);
  if (!spoken.model || spoken.codec == nullptr) return refuse(spoken, Fault{});
  const auto& model = spoken.model;
  const aws::Codec* codec = spoken.codec;
  const aws::SecretOf secrets = [this](std::string_view key) { return secret_of(key); };
  const auto verified =
      received ? Result<aws::SignatureScope>(received->scope) : aws::verify(sent, secrets, sandbox_.now());
  if (!verified) return refuse(spoken, verified.error());
  const auto whole = received ? Result<std::optional<HttpRequest>>(std::nullopt) : aws::without_chunks(sent, secrets);
  if (!whole) return refuse(spoken, whole.error());
  const HttpRequest& request = *whole ? **whole : sent;
  const auto caller = caller_of(*verified);
  if (!caller) return refuse(spoken, caller_fault(*model, caller.error()));
  const std::string& service = model->service();
  HttpRequest changed;
  bool is_changed = false;
  if (received) {
    changed = aws::chunkless_head(request, received->trailers);
    is_changed = true;
  }
  if (service == "s3") {
    if (const std::string bucket = bucket_of_host(request); !bucket.empty()) {
      changed = with_bucket_in_path(is_changed ? changed : request, bucket);
      if (!received) changed.body = request.body;
      is_changed = true;
    }
  }
  if (!received && aws::has_packed_body(request, *codec)) {
    if (!is_changed) changed = request;
    is_changed = true;
    if (const auto done = aws::decompress_body(changed); !done) {
      return refuse(spoken, Fault{"SerializationException", done.error().message, 400});
    }
  }
  const HttpRequest& plain = is_changed ? changed : request;
  const auto operation = codec->route(*model, plain);
  if (!operation) {
    // Counted under what the request calls it, as far as that can be told.
    const auto at = request.body.find("Action=");
    const std::string name =
        at == std::string::npos ? request.method : request.body.substr(at + 7, request.body.find('&', at) - at - 7);
    Bodies none;
    const auto counted =
        sandbox_.run(caller->first, verified->region, service, name.substr(0, 100), {}, caller->second, none);
    return refuse(spoken, words::unknown_operation(model->protocol, name));
  }
  Bodies bodies;
  Result<Document> params = Document();
  if (takes_stream(**operation)) {
    auto kept = received ? Result<BlobPtr>(received->body) : sandbox_.blobs_.keep(plain.body);
    if (!kept) return refuse(spoken, kept.error());
    bodies.in = *std::move(kept);
    if (received) bodies.sums = received->sums;
    params = codec->decode_request(*model, **operation, aws::chunkless_head(plain, {}));
  } else if (received) {
    auto text = sandbox::whole({received->body, 0, received->body->size()}, limits::request_body_bytes);
    if (!text) return refuse(spoken, text.error());
    changed.body = *std::move(text);
    params = codec->decode_request(*model, **operation, changed);
  } else {
    params = codec->decode_request(*model, **operation, plain);
  }
  if (!params) {
    const std::string_view protocol = model->protocol;
    return refuse(spoken, Fault{protocol == "ec2"        ? "InvalidParameterValue"
                                : protocol == "query"    ? "ValidationError"
                                : protocol == "rest-xml" ? "MalformedXML"
                                                         : "ValidationException",
                                params.error().message, 400});
  }
  Asked asked{sent,
              model,
              codec,
              *operation,
              caller->first,
              verified->region,
              caller->second,
              *std::move(params),
              std::move(bodies)};
  WireAnswer out = ask(asked);
  if (out.wait > Duration(0)) {
    asked.session = nullptr;  // may be gone by then
    out.asked = std::make_shared<Asked>(std::move(asked));
  }
  return out;
}

std::expected<Document, Fault> Wire::run(Asked& asked, Duration* wait, bool again) {
  return sandbox_.run(asked.account, asked.region, asked.model->service(), asked.operation->name, asked.params,
                      asked.session, asked.bodies, wait, again);
}

HttpResponse Wire::encode(Asked& asked, const std::expected<Document, Fault>& result) {
  if (!result) return error(*asked.model, *asked.codec, result.error());
  HttpResponse response = asked.codec->encode_response(*asked.model, *asked.operation, *result, next_request_id());
  if (const auto put = put_body(asked.bodies, response); !put) {
    return error(*asked.model, *asked.codec, {"InternalError", put.error().message, 500});
  }
  return response;
}

WireAnswer Wire::ask(Asked& asked) {
  WireAnswer out;
  Time date = sandbox_.now();
  const std::string& service = asked.model->service();
  const std::string_view operation = asked.operation->name;
  const auto fault_now = sandbox_.faults_.next_fault(service, operation, asked.params);
  auto run = [&] { return this->run(asked); };
  auto send = [&](const std::expected<Document, Fault>& result) { out.response = encode(asked, result); };
  const std::string place = fmt::format("{}/{}/{}.{}", asked.account, asked.region, service, operation);
  using aws::FaultKind;
  if (!fault_now) {
    send(this->run(asked, &out.wait));
  } else {
    const aws::FaultAction& f = *fault_now;
    const Fault worded{f.code, f.message, f.status};
    switch (f.kind) {
      case FaultKind::throttle:
      case FaultKind::error:
      case FaultKind::server_error_before:
      case FaultKind::expired_token:
        out.response = error(*asked.model, *asked.codec, worded);
        break;
      case FaultKind::server_error_after: {
        [[maybe_unused]] const auto hidden = run();
        out.response = error(*asked.model, *asked.codec, worded);
        break;
      }
      case FaultKind::timeout_after: {
        [[maybe_unused]] const auto hidden = run();
        [[fallthrough]];
      }
      case FaultKind::timeout_before:
        out.sent = Sent::nothing;
        out.delay = f.time > Duration(0) ? f.time : unanswered;
        break;
      case FaultKind::torn_body:
        send(run());
        out.sent = Sent::half;
        break;
      case FaultKind::slow:
        send(run());
        out.delay = f.time;
        break;
      case FaultKind::slow_bytes:
        send(run());
        if (sandbox_.loop_) trickle(out.response, *sandbox_.loop_, static_cast<std::size_t>(f.bytes), f.time);
        break;
      case FaultKind::error_in_200:
        out.response = error(*asked.model, *asked.codec, worded);
        out.response.status = 200;
        break;
      case FaultKind::clock_skew: {
        date = date + f.time;
        const auto again = aws::verify(asked.request, [this](std::string_view key) { return secret_of(key); }, date);
        if (again) {
          send(run());
        } else {
          out.response = error(*asked.model, *asked.codec, auth_fault(*asked.model, again.error()));
        }
        break;
      }
      case FaultKind::repeat_page: {
        auto last = last_answers_.find(place);
        if (last == last_answers_.end()) {
          send(run());
        } else {
          out.response = last->second;
          return out;
        }
        break;
      }
      case FaultKind::drop_token: {
        auto result = run();
        if (result) result = without(*result, f.member.empty() ? "NextToken" : f.member, sandbox_.store_.keys);
        send(result);
        break;
      }
      case FaultKind::empty_page: {
        const std::string member = f.member.empty() ? "NextToken" : f.member;
        std::string token = asked.params[member].as_string();
        if (token.empty()) token = first_token(asked.account, asked.region, service, operation);
        Builder page(sandbox_.store_.keys);
        page.begin_map();
        page.put(member, token);
        page.end();
        send(page.finish());
        break;
      }
      case FaultKind::not_aws:
        out.response = plain_answer(f.status == 0 ? 500 : f.status, "text/html",
                                    "<html><body><h1>Internal Server Error</h1></body></html>");
        break;
    }
  }
  set_date(out.response, date);
  // Kept only where a script may ask for it: answers can be large.
  constexpr std::size_t most_kept = 1000;
  if (!sandbox_.faults_.rules().empty() && out.sent == Sent::whole && out.response.status < 300 &&
      !out.response.stream && last_answers_.size() < most_kept) {
    last_answers_[place] = out.response;
  }
  return out;
}

Task<Result<void>> Wire::wait_for_more(Loop& loop, WireAnswer& answer, Steady deadline, Cancel cancel) {
  constexpr Duration pause = std::chrono::milliseconds(20);
  const auto kept = std::static_pointer_cast<Asked>(std::exchange(answer.asked, nullptr));
  const Steady until = std::min(loop.clock().steady() + answer.wait, deadline);
  while (kept && answer.wait > Duration(0) && loop.clock().steady() < until) {
    const Steady next = std::min(loop.clock().steady() + pause, until);
    auto slept = co_await loop.sleep_until(next, cancel);
    if (!slept) co_return std::unexpected(std::move(slept).error());
    answer.wait = Duration(0);
    answer.response = encode(*kept, run(*kept, &answer.wait, true));
    set_date(answer.response, sandbox_.now());
  }
  co_return {};
}

}  // namespace reeve::sandbox
