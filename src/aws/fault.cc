#include "aws/fault.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "aws/errors.h"

namespace reeve::aws {

namespace {

constexpr Duration timeout_default = std::chrono::seconds(60);
constexpr Duration skew_most = std::chrono::minutes(5);  // more than that and AWS refuses a signature

std::string lane_of(const Request& request) {
  return fmt::format("{}/{}/{}", request.scope.account, request.scope.region, request.operation_name());
}

Error refused(const FaultAction& fault, const Request& request) {
  const bool is_document = fault.kind != FaultKind::not_aws;
  // What the codecs make of an error in a 200 (see Codec::is_error).
  const int status = fault.kind == FaultKind::error_in_200 ? 500 : fault.status;
  const WireError wire{.code = fault.code,
                       .message = fault.message,
                       .status = status,
                       .request_id = "fault",
                       .is_document = is_document};
  ErrorContext context{.operation = request.operation_name(), .attempt = request.attempt};
  if (is_document) context.host = "amazonaws.com";
  return to_error(wire, nullptr, context);
}

Error broken(Code code, std::string message, const Request& request) {
  return {.code = code, .message = std::move(message), .operation = request.operation_name()};
}

Document without(Value map, std::string_view member) {
  Builder out;
  out.begin_map();
  for (const auto [key, value] : map.entries()) {
    if (key != member) out.put(key, value);
  }
  out.end();
  return out.finish();
}

}  // namespace

Task<Result<Response>> Fault::pass(Request request) {
  const std::string lane = lane_of(request);
  Task<Result<Response>> inner = inner_.call(std::move(request));
  Result<Response> answer = co_await std::move(inner);
  if (answer) last_answers_[lane] = *answer;
  co_return answer;
}

Task<Result<void>> Fault::time_out(const Request& request, const FaultAction& fault) {
  const Steady now = loop_.clock().steady();
  const Duration wait = fault.time.count() > 0 ? fault.time : timeout_default;
  const Steady until = std::min(now + wait, request.deadline);
  Task<Result<void>> pause = loop_.sleep_until(until, request.cancel);
  CO_TRY(co_await std::move(pause));
  co_return fail(broken(Code::timed_out, "no answer (a fault script says so)", request));
}

void Fault::restore_token(Request& request) const {
  for (const auto [key, value] : request.params.root().entries()) {
    const auto held = value.is_text() ? tokens_.find(value.as_string()) : tokens_.end();
    if (held == tokens_.end()) continue;
    request.params = Document(held->second);
    return;
  }
}

Task<Result<Response>> Fault::call(Request request) {
  restore_token(request);
  const std::optional<FaultAction> due = script_.next_fault(request.service, request.operation, request.params);
  if (!due) {
    Task<Result<Response>> plain = pass(std::move(request));
    co_return co_await std::move(plain);
  }
  const FaultAction fault = *due;

  // Before the effect.
  switch (fault.kind) {
    case FaultKind::throttle:
    case FaultKind::error:
    case FaultKind::server_error_before:
    case FaultKind::expired_token:
    case FaultKind::not_aws:
    case FaultKind::error_in_200:
      co_return fail(refused(fault, request));
    case FaultKind::clock_skew:
      if (std::chrono::abs(fault.time) > skew_most) co_return fail(refused(fault, request));
      break;
    case FaultKind::timeout_before: {
      Task<Result<void>> silence = time_out(request, fault);
      CO_TRY(co_await std::move(silence));
      break;
    }
    case FaultKind::slow:
    case FaultKind::slow_bytes: {
      Task<Result<void>> pause = loop_.sleep(fault.time, request.cancel);
      CO_TRY(co_await std::move(pause));
      break;
    }
    case FaultKind::repeat_page: {
      const auto last = last_answers_.find(lane_of(request));
      if (last != last_answers_.end()) co_return last->second;
      break;
    }
    case FaultKind::empty_page: {
      const std::string token = fmt::format("empty-page-{}", next_token_++);
      tokens_.emplace(token, request.params);
      Builder page;
      page.begin_map();
      page.put(fault.member, token);
      page.end();
      co_return Response{.document = page.finish(), .meta = {.status = 200, .request_id = "fault"}};
    }
    case FaultKind::server_error_after:
    case FaultKind::timeout_after:
    case FaultKind::torn_body:
    case FaultKind::drop_token:
      break;
  }

  Task<Result<Response>> passing = pass(request);
  CO_TRY(Response answer, co_await std::move(passing));

  // After it.
  switch (fault.kind) {
    case FaultKind::server_error_after:
      co_return fail(refused(fault, request));
    case FaultKind::torn_body:
      co_return fail(broken(Code::network, "the connection broke within the answer (a fault script says so)", request));
    case FaultKind::timeout_after: {
      Task<Result<void>> silence = time_out(request, fault);
      CO_TRY(co_await std::move(silence));
      break;
    }
    case FaultKind::drop_token:
      answer.document = without(answer.document, fault.member);
      break;
    case FaultKind::clock_skew:
      if (answer.meta.date) answer.meta.date = *answer.meta.date + fault.time;
      break;
    default:
      break;
  }
  co_return answer;
}

}  // namespace reeve::aws
