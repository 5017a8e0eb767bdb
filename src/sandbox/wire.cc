#include "sandbox/wire.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/protocol/compress.h"
#include "aws/sign_chunks.h"
#include "base/json.h"
#include "sandbox/listing.h"
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
  aws::WireError wire{.code = f.code, .message = f.message, .status = f.status, .request_id = next_request_id()};
  return codec.encode_error(model, wire);
}

WireAnswer Wire::own_page(const HttpRequest& request) {
  const std::string_view path = std::string_view(request.target).substr(0, request.target.find('?'));
  if (request.method == "GET" && path == "/_sandbox/state") return {{json_answer(200, sandbox_.state())}};
  if (request.method == "GET" && path == "/_sandbox/calls") return {{json_answer(200, sandbox_.calls())}};
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
  return {{plain_answer(404, "text/plain", "GET /_sandbox/state, GET /_sandbox/calls, POST /_sandbox/clock\n")}};
}

WireAnswer Wire::answer(const HttpRequest& sent) {
  if (sent.target.starts_with("/_sandbox/")) return own_page(sent);
  const Time now = sandbox_.now();
  const auto claimed = aws::signature_scope(sent);
  // A service's folder is named as its signing name for all that the sandbox has.
  auto model = sandbox_.models_.get(claimed ? claimed->service : "sts");
  if (!model) model = sandbox_.models_.get("sts");
  if (!model) return {{plain_answer(500, "text/plain", "the models are missing\n")}};
  const auto codec = aws::codec_of(**model, sent);
  if (!codec) return {{plain_answer(501, "text/plain", "the sandbox does not speak this service's protocol\n")}};
  WireAnswer out;
  auto refuse = [&](const Fault& f) {
    out.response = error(**model, **codec, f);
    set_date(out.response, now);
    return std::move(out);
  };
  auto refuse_signature = [&](const Error& error) {
    const std::string code = error.aws ? error.aws->code : "SignatureDoesNotMatch";
    return refuse(auth_fault(**model, code, error.message));
  };
  const aws::SecretOf secrets = [this](std::string_view key) { return secret_of(key); };
  const auto verified = aws::verify(sent, secrets, now);
  if (!verified) return refuse_signature(verified.error());
  const auto whole = aws::without_chunks(sent, secrets);
  if (!whole) return refuse_signature(whole.error());
  const HttpRequest& request = *whole ? **whole : sent;
  const auto caller = caller_of(*verified);
  if (!caller) return refuse(auth_fault(**model, caller.error().code, caller.error().message));
  HttpRequest unpacked;
  if (aws::has_packed_body(request, **codec)) {
    unpacked = request;
    if (const auto done = aws::decompress_body(unpacked); !done) {
      return refuse({"SerializationException", done.error().message, 400});
    }
  }
  const HttpRequest& plain = unpacked.body.empty() ? request : unpacked;
  const auto operation = (*codec)->route(**model, plain);
  const std::string& service = (*model)->service();
  if (!operation) {
    // Counted under what the request calls it, as far as that can be told.
    const auto at = request.body.find("Action=");
    const std::string name =
        at == std::string::npos ? request.method : request.body.substr(at + 7, request.body.find('&', at) - at - 7);
    const auto counted =
        sandbox_.run(caller->first, verified->region, service, name.substr(0, 100), {}, caller->second);
    return refuse(words::unknown_operation((*model)->protocol, name));
  }
  auto params = (*codec)->decode_request(**model, **operation, plain);
  if (!params) {
    const std::string_view protocol = (*model)->protocol;
    return refuse({protocol == "ec2"        ? "InvalidParameterValue"
                   : protocol == "query"    ? "ValidationError"
                   : protocol == "rest-xml" ? "MalformedXML"
                                            : "ValidationException",
                   params.error().message, 400});
  }
  Asked asked{sent, *model, *codec, *operation, caller->first, verified->region, caller->second, *std::move(params)};
  return ask(asked);
}

WireAnswer Wire::ask(Asked& asked) {
  WireAnswer out;
  Time date = sandbox_.now();
  const std::string& service = asked.model->service();
  const std::string_view operation = asked.operation->name;
  const auto fault_now = sandbox_.faults_.next_fault(service, operation, asked.params);
  auto run = [&] { return sandbox_.run(asked.account, asked.region, service, operation, asked.params, asked.session); };
  auto send = [&](const std::expected<Document, Fault>& result) {
    out.response = result ? asked.codec->encode_response(*asked.model, *asked.operation, *result, next_request_id())
                          : error(*asked.model, *asked.codec, result.error());
  };
  const std::string place = fmt::format("{}/{}/{}.{}", asked.account, asked.region, service, operation);
  using aws::FaultKind;
  if (!fault_now) {
    send(run());
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
      case FaultKind::clock_skew: {
        date = date + f.time;
        const auto again = aws::verify(asked.request, [this](std::string_view key) { return secret_of(key); }, date);
        if (again) {
          send(run());
        } else {
          out.response = error(*asked.model, *asked.codec,
                               auth_fault(*asked.model, again.error().aws ? again.error().aws->code : "RequestExpired",
                                          again.error().message));
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
      last_answers_.size() < most_kept) {
    last_answers_[place] = out.response;
  }
  return out;
}

// --- The doors that others see
// ------------------------------------------------------------------------------------------

Task<aws::HttpAnswer> Sandbox::handle(HttpRequest request) {
  WireAnswer answer = wire_->answer(request);
  if (loop_ && answer.delay > Duration(0)) {
    [[maybe_unused]] const auto slept = co_await loop_->sleep(answer.delay);
  }
  co_return std::move(answer);
}

namespace {

class InProcess : public Http {
 public:
  explicit InProcess(Wire& wire, Loop* loop) : wire_(wire), loop_(loop) {}
  Task<Result<HttpResponse>> send(HttpRequest request, Steady deadline, Cancel cancel) override {
    if (cancel.requested()) co_return fail(Code::cancelled, "the request was cancelled");
    WireAnswer answer = wire_.answer(request);
    if (loop_ && answer.delay > Duration(0)) {
      Steady until = loop_->clock().steady() + answer.delay;
      const bool too_late = until > deadline;
      if (too_late) until = deadline;
      auto slept = co_await loop_->sleep_until(until, cancel);
      if (!slept) co_return std::unexpected(std::move(slept).error());
      if (too_late) co_return fail(Code::timed_out, "no answer before the deadline");
    }
    if (answer.sent == Sent::nothing) co_return fail(Code::timed_out, "no answer");
    if (answer.sent == Sent::half) {
      co_return fail(Code::network, "the connection broke in the middle of the answer");
    }
    std::string& body = answer.response.body;
    const std::size_t size = body.size();
    body.resize(size + 64, '\0');  // decoders may read that far
    body.resize(size);
    co_return std::move(answer.response);
  }

 private:
  Wire& wire_;
  Loop* loop_;
};

}  // namespace

std::unique_ptr<Http> in_process_http(Sandbox& sandbox) {
  return std::make_unique<InProcess>(*sandbox.wire_, sandbox.loop_);
}

Result<std::unique_ptr<aws::HttpServer>> serve(Sandbox& sandbox, Loop& loop, std::uint16_t port) {
  return aws::HttpServer::listen(loop, port,
                                 [&sandbox](HttpRequest request) { return sandbox.handle(std::move(request)); });
}

}  // namespace reeve::sandbox
