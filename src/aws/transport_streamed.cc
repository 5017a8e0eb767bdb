#include "aws/transport_streamed.h"

namespace reeve::aws::crt {
namespace {

/// Why a flow that ended so failed.
Error error_of(const Flow& flow, const std::string& where, std::size_t limit_bytes) {
  if (flow.stopped() == Stop::source) return flow.source_error();
  return explain(where, flow.outcome(), flow.stopped(), flow.connected(), limit_bytes);
}

bool is_fine(const Flow& flow) { return flow.outcome().error == 0 && !flow.outcome().unframed; }

/// The body of an answer as it arrives. Gone before the end, it closes the connection.
class FlowReader final : public ByteReader {
 public:
  FlowReader(std::shared_ptr<Flow> flow, std::string where, std::size_t limit_bytes)
      : flow_(std::move(flow)), where_(std::move(where)), limit_bytes_(limit_bytes) {}
  FlowReader(const FlowReader&) = delete;
  FlowReader& operator=(const FlowReader&) = delete;
  ~FlowReader() override { flow_->stop(Stop::abandoned); }

  Task<Result<std::string>> next() override {
    if (over_) co_return std::string();
    Task<std::string> reading = flow_->piece();
    std::string piece = co_await std::move(reading);
    if (!piece.empty()) co_return piece;
    over_ = true;
    if (is_fine(*flow_)) co_return std::string();
    co_return fail(error_of(*flow_, where_, limit_bytes_));
  }

 private:
  std::shared_ptr<Flow> flow_;
  std::string where_;
  std::size_t limit_bytes_;
  bool over_ = false;
};

}  // namespace

void Flows::add(const std::shared_ptr<Flow>& flow) {
  std::erase_if(flows_, [](const auto& one) { return one.expired(); });
  flows_.push_back(flow);
}

void Flows::stop() {
  for (const auto& one : std::exchange(flows_, {})) {
    if (const auto flow = one.lock()) flow->stop(Stop::abandoned);
  }
}

Task<Result<HttpResponse>> send_streamed(Loop& loop, Flows& flows, aws_http_connection_manager* manager,
                                         Handshakes* handshakes, std::string where, HttpRequest request,
                                         FlowBounds bounds, std::size_t response_limit_bytes) {
  for (int attempt = 1;; ++attempt) {
    const auto flow = std::make_shared<Flow>(loop, request, bounds, response_limit_bytes);
    flows.add(flow);
    flow->start(manager);
    std::uint64_t handshake = 0;
    if (handshakes != nullptr) {
      handshake = handshakes->on_failure([flow](std::string why) { flow->tls_failed(std::move(why)); });
    }
    Task<void> head = flow->head();
    co_await std::move(head);
    if (handshakes != nullptr) handshakes->forget(handshake);
    if (flow->streams()) {  // a request that is still being sent goes on meanwhile
      co_return HttpResponse{.status = flow->response.status,
                             .headers = flow->response.headers,
                             .stream = std::make_shared<FlowReader>(flow, where, response_limit_bytes)};
    }
    Task<void> end = flow->end();
    co_await std::move(end);
    Task<void> fed = flow->fed();
    co_await std::move(fed);
    if (is_fine(*flow)) co_return std::move(flow->response);
    if (flow->unsent() && attempt < most_attempts) continue;
    co_return fail(error_of(*flow, where, response_limit_bytes));
  }
}

}  // namespace reeve::aws::crt
