#include <utility>

#include "sandbox/wire.h"

/// The doors of the sandbox that others see: a handler for a server, and a network that is the sandbox.
namespace reeve::sandbox {

using Sent = aws::HttpAnswer::Sent;

Task<aws::HttpAnswer> Sandbox::handle(HttpRequest request) {
  WireAnswer answer;
  if (request.stream) {
    Task<WireAnswer> answering = wire_->answer_streamed(request);
    answer = co_await std::move(answering);
  } else {
    answer = wire_->answer(request);
  }
  if (loop_ && answer.delay > Duration(0)) {
    [[maybe_unused]] const auto slept = co_await loop_->sleep(answer.delay);
  }
  if (loop_ && answer.wait > Duration(0)) {
    const Steady never{INT64_MAX};
    [[maybe_unused]] const auto waited = co_await wire_->wait_for_more(*loop_, answer, never, {});
  }
  co_return std::move(answer);
}

namespace {

class InProcess : public Http {
 public:
  explicit InProcess(Wire& wire, Loop* loop) : wire_(wire), loop_(loop) {}
  Task<Result<HttpResponse>> send(HttpRequest request, Steady deadline, Cancel cancel) override {
    if (cancel.requested()) co_return fail(Code::cancelled, "the request was cancelled");
    WireAnswer answer;
    if (request.stream) {
      Task<WireAnswer> answering = wire_.answer_streamed(request);
      answer = co_await std::move(answering);
    } else {
      answer = wire_.answer(request);
    }
    if (loop_ && answer.delay > Duration(0)) {
      Steady until = loop_->clock().steady() + answer.delay;
      const bool too_late = until > deadline;
      if (too_late) until = deadline;
      auto slept = co_await loop_->sleep_until(until, cancel);
      if (!slept) co_return std::unexpected(std::move(slept).error());
      if (too_late) co_return fail(Code::timed_out, "no answer before the deadline");
    }
    if (loop_ && answer.wait > Duration(0)) {
      auto waited = co_await wire_.wait_for_more(*loop_, answer, deadline, cancel);
      if (!waited) co_return std::unexpected(std::move(waited).error());
    }
    if (answer.sent == Sent::nothing) co_return fail(Code::timed_out, "no answer");
    if (answer.sent == Sent::half) {
      co_return fail(Code::network, "the connection broke in the middle of the answer");
    }
    if (!request.streams_response || answer.response.status >= 300) {
      Task<Result<void>> gathering = gather_body(answer.response);
      auto gathered = co_await std::move(gathering);
      if (!gathered) co_return std::unexpected(std::move(gathered).error());
    } else if (!answer.response.stream) {
      const std::uint64_t all = answer.response.body.size();
      answer.response.stream = read_blob({text_blob(std::exchange(answer.response.body, {})), 0, all});
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
  return aws::HttpServer::listen(
      loop, port, [&sandbox](HttpRequest request) { return sandbox.handle(std::move(request)); }, wants_stream);
}

}  // namespace reeve::sandbox
