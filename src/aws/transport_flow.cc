#include "aws/transport_flow.h"

#include <aws/http/connection.h>
#include <aws/http/connection_manager.h>
#include <aws/http/request_response.h>
#include <aws/io/stream.h>
#include <fmt/format.h>

#include <algorithm>

#include "aws/crt_runtime.h"

namespace reeve::aws::crt {
namespace {

/// What is handed to the library at a time: small enough that a slow line shows that something moves.
constexpr std::size_t slice_bytes = std::size_t{64} << 10;
/// How long a body is held back for the server's "go on", which not every server says (RFC 9110, 10.1.1).
constexpr Duration longest_expectation = std::chrono::seconds(1);

bool is_success(int status) { return status >= 200 && status < 300; }

}  // namespace

/// A slice on its way. The library calls back once for each, whether it was sent or not.
struct Flow::Write {
  std::shared_ptr<Flow> flow;
  std::shared_ptr<const std::string> piece;  // what the slice points into
  std::size_t size = 0;
};

struct Flow::Wait {
  Flow& flow;
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> handle) { flow.waiting_.push_back(handle); }
  void await_resume() {}
};

Flow::Flow(Loop& loop, HttpRequest request, FlowBounds bounds, std::size_t response_limit_bytes)
    : loop_(loop), request_(std::move(request)), bounds_(std::move(bounds)), limit_(response_limit_bytes) {}

Flow::~Flow() { aws_http_message_release(message_); }

// --- The loop's thread -----------------------------------------------------------------------------------------------

int Flow::start(aws_http_connection_manager* manager) {
  message_ = aws_http_message_new_request(allocator());
  if (request_.stream) {
    announced_ = request_.stream->size();
  } else if (request_.method == "POST" || request_.method == "PUT" || !request_.body.empty()) {
    announced_ = request_.body.size();
  }
  if (const int error = write_head(message_, request_, announced_); error != 0) {
    ended_ = true;
    outcome_.error = error;
    return error;
  }
  if (!request_.stream && !request_.body.empty()) {
    const aws_byte_cursor bytes = cursor(request_.body);
    aws_input_stream* body = aws_input_stream_new_from_cursor(allocator(), &bytes);
    aws_http_message_set_body_stream(message_, body);
    aws_input_stream_release(body);
  }
  manager_ = manager;
  self_ = shared_from_this();
  in_air_ = true;
  loop_.enter_air();
  if (request_.stream) {
    feeding_ = true;
    loop_.spawn(feed());
  }
  aws_http_connection_manager_acquire_connection(manager, &Flow::on_connection, this);
  return 0;
}

void Flow::wake() {
  {
    const std::lock_guard lock(mutex_);
    watched_ = posted_ = false;
  }
  for (const auto handle : std::exchange(waiting_, {})) loop_.resume_later(handle);
}

bool Flow::watch() {
  const std::lock_guard lock(mutex_);
  watched_ = true;
  return ended_;
}

std::uint64_t Flow::movements() const {
  const std::lock_guard lock(mutex_);
  return movements_;
}

bool Flow::ended() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

bool Flow::streams() const {
  const std::lock_guard lock(mutex_);
  return streams_;
}

bool Flow::connected() const {
  const std::lock_guard lock(mutex_);
  return connected_;
}

Task<void> Flow::until(std::function<bool()> done) {
  const auto keep = shared_from_this();
  const Cancel::Hook hook(bounds_.cancel, [this] { stop(Stop::cancel); });
  std::uint64_t seen = movements();
  Steady since = loop_.clock().steady();
  while (!watch() && !done()) {
    const bool timed = stop_ == Stop::no;  // what was stopped ends soon
    bool due = false;
    Loop::CallId timer{};
    if (timed) {
      timer = loop_.call_at(std::min(bounds_.deadline, since + bounds_.stall), [this, &due] {
        due = true;
        wake();
      });
    }
    co_await Wait{*this};
    if (!timed) continue;
    if (!due) loop_.cancel_call(timer);
    const Steady now = loop_.clock().steady();
    if (const std::uint64_t moves = movements(); moves != seen) seen = moves, since = now;
    if (now >= bounds_.deadline) {
      stop(Stop::deadline);
    } else if (now >= since + bounds_.stall) {
      stop(Stop::stall);
    }
  }
}

Task<void> Flow::head() {
  return until([this] {
    const std::lock_guard lock(mutex_);
    return head_done_;
  });
}

Task<void> Flow::end() {
  return until([] { return false; });
}

Task<void> Flow::fed() {
  const auto keep = shared_from_this();
  while (feeding_) co_await Wait{*this};
}

Task<std::string> Flow::piece() {
  const auto keep = shared_from_this();
  Task<void> arrival = until([this] {
    const std::lock_guard lock(mutex_);
    return !unread_.empty();
  });
  co_await std::move(arrival);
  const std::lock_guard lock(mutex_);
  std::string out = std::move(unread_);
  unread_.clear();
  if (stream_ != nullptr && !out.empty()) aws_http_stream_update_window(stream_, out.size());
  co_return out;
}

void Flow::stop(Stop why) {
  bool connecting = false;
  {
    const std::lock_guard lock(mutex_);
    if (ended_ || stop_ != Stop::no) return;
    stop_ = why;
    connecting = stream_ == nullptr;
    if (connecting) {  // the library may take its time until it calls: nobody waits for that
      ended_ = true;
      outcome_.error = AWS_ERROR_HTTP_STREAM_CANCELLED;
    } else {
      abandoned_ = true;
      // A server that closed is heard when what it sent before was read.
      if (!unread_.empty()) aws_http_stream_update_window(stream_, unread_.size());
      unread_.clear();
      break_off(stream_, connection_);
    }
  }
  if (!connecting) return;
  if (std::exchange(in_air_, false)) loop_.leave_air();
  wake();
}

Task<void> Flow::feed() {
  const auto keep = shared_from_this();
  Task<void> connection = until([this] { return connected(); });
  co_await std::move(connection);
  if (has_header(request_, "Expect")) {
    bool enough = false;
    const auto timer = loop_.call_at(loop_.clock().steady() + longest_expectation, [this, &enough] {
      enough = true;
      wake();
    });
    Task<void> word = until([this, &enough] {
      const std::lock_guard lock(mutex_);
      return enough || head_begun_;
    });
    co_await std::move(word);
    if (!enough) loop_.cancel_call(timer);
  }
  if (!ended()) {
    Task<Result<void>> feeding = feed_all();
    if (Result<void> fed = co_await std::move(feeding); !fed && !ended()) {
      source_error_ = std::move(fed).error();
      stop(Stop::source);
    }
  }
  feeding_ = false;
  wake();
}

Task<Result<void>> Flow::feed_all() {
  CO_TRY(const std::unique_ptr<ByteReader> reader, request_.stream->open());
  std::uint64_t read = 0;
  auto wrong_size = [&] {
    return fail(Code::io, fmt::format("the body to send has {} {} bytes, as it was said to have",
                                      read > *announced_ ? "more than" : "not the", *announced_));
  };
  while (true) {
    Task<Result<std::string>> next = reader->next();
    CO_TRY(std::string got, co_await std::move(next));
    if (ended()) co_return Result<void>{};
    if (got.empty()) break;
    read += got.size();
    if (announced_ && read > *announced_) co_return wrong_size();
    const auto piece = std::make_shared<const std::string>(std::move(got));
    for (std::string_view rest = *piece; !rest.empty();) {
      const std::string_view slice = rest.substr(0, slice_bytes);
      rest.remove_prefix(slice.size());
      if (!write(piece, slice, false)) co_return Result<void>{};
      Task<void> room = until([this] {
        const std::lock_guard lock(mutex_);
        return unsent_now_ <= unsent_bytes;
      });
      co_await std::move(room);
      if (ended()) co_return Result<void>{};
    }
  }
  if (announced_ && read < *announced_) co_return wrong_size();
  write(nullptr, {}, true);
  co_return Result<void>{};
}

bool Flow::write(const std::shared_ptr<const std::string>& piece, std::string_view slice, bool last) {
  aws_http_stream* stream = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (stream_ == nullptr) return false;
    stream = aws_http_stream_acquire(stream_);
    unsent_now_ += slice.size();
  }
  auto on_its_way = std::make_unique<Write>(shared_from_this(), piece, slice.size());
  aws_http_stream_write_data_options options{};
  if (!slice.empty()) {
    const aws_byte_cursor bytes = cursor(slice);
    options.data = aws_input_stream_new_from_cursor(allocator(), &bytes);
  }
  options.end_stream = last;
  options.on_complete = &Flow::on_written;
  options.user_data = on_its_way.get();
  const bool taken = aws_http_stream_write_data(stream, &options) == AWS_OP_SUCCESS;
  if (taken) static_cast<void>(on_its_way.release());  // on_written's now
  aws_input_stream_release(options.data);
  aws_http_stream_release(stream);
  return taken;  // if not, the flow is at its end
}

// --- The library's thread --------------------------------------------------------------------------------------------

void Flow::moved() {
  ++movements_;
  if (!watched_ || std::exchange(posted_, true)) return;
  loop_.post([self = shared_from_this()] { self->wake(); });
}

void Flow::on_connection(aws_http_connection* connection, int error, void* user_data) {
  auto* self = static_cast<Flow*>(user_data);
  auto* manager = self->manager_;
  bool sends = false;
  {
    const std::lock_guard lock(self->mutex_);
    if (error == 0 && !self->ended_) error = self->send_on(connection);
    sends = self->stream_ != nullptr;
    if (sends) {
      self->connected_ = true;
      self->moved();
    }
  }
  if (sends) return;  // on_complete goes on
  self->finish({.error = error != 0 ? error : AWS_ERROR_HTTP_STREAM_CANCELLED}, connection != nullptr);
  if (connection != nullptr) aws_http_connection_manager_release_connection(manager, connection);
}

int Flow::send_on(aws_http_connection* connection) {
  aws_http_make_request_options options{};
  options.self_size = sizeof(options);
  options.request = message_;
  options.user_data = this;
  options.use_manual_data_writes = request_.stream != nullptr;
  options.on_response_headers = [](aws_http_stream* stream, aws_http_header_block block, const aws_http_header* headers,
                                   std::size_t count,
                                   void* user_data) { return on_headers(stream, block, headers, count, user_data); };
  options.on_response_header_block_done = [](aws_http_stream* stream, aws_http_header_block block, void* user_data) {
    return on_headers_end(stream, block, user_data);
  };
  options.on_response_body = &Flow::on_body;
  options.on_metrics = &Flow::on_metrics;
  options.on_complete = &Flow::on_complete;
  aws_http_stream* stream = aws_http_connection_make_request(connection, &options);
  if (stream == nullptr) return aws_last_error();
  if (aws_http_stream_activate(stream) != AWS_OP_SUCCESS) {
    const int error = aws_last_error();
    aws_http_stream_release(stream);
    return error;
  }
  connection_ = connection;
  stream_ = stream;
  return 0;
}

int Flow::on_headers(aws_http_stream*, int block, const aws_http_header* headers, std::size_t count, void* user_data) {
  auto* self = static_cast<Flow*>(user_data);
  if (self->head_.take(block, headers, count, self->response)) return AWS_OP_SUCCESS;
  self->excess_ = Outcome::Excess::headers;
  return aws_raise_error(AWS_ERROR_HTTP_CALLBACK_FAILURE);
}

int Flow::on_headers_end(aws_http_stream* stream, int block, void* user_data) {
  auto* self = static_cast<Flow*>(user_data);
  if (!self->head_.end_block(block)) {
    self->excess_ = Outcome::Excess::headers;
    return aws_raise_error(AWS_ERROR_HTTP_CALLBACK_FAILURE);
  }
  const std::lock_guard lock(self->mutex_);
  self->head_begun_ = true;
  if (block != AWS_HTTP_HEADER_BLOCK_MAIN) {
    self->moved();
    return AWS_OP_SUCCESS;
  }
  aws_http_stream_get_incoming_response_status(stream, &self->response.status);
  const int status = self->response.status;
  self->head_done_ = true;
  self->streams_ =
      self->request_.streams_response && is_success(status) && !self->head_.lacks_body(self->request_, status);
  self->stop_sending_if_refused(stream);
  self->moved();
  return AWS_OP_SUCCESS;
}

int Flow::on_body(aws_http_stream* stream, const aws_byte_cursor* data, void* user_data) {
  auto* self = static_cast<Flow*>(user_data);
  const std::lock_guard lock(self->mutex_);
  self->received_ += data->len;
  if (self->abandoned_) {
    aws_http_stream_update_window(stream, data->len);
    return AWS_OP_SUCCESS;
  }
  if (self->streams_) {
    self->unread_.append(view(*data));
  } else {
    if (data->len > self->limit_ - self->response.body.size()) {
      self->excess_ = Outcome::Excess::body;
      return aws_raise_error(AWS_ERROR_HTTP_CALLBACK_FAILURE);
    }
    self->response.body.append(view(*data));
    aws_http_stream_update_window(stream, data->len);
  }
  self->stop_sending_if_refused(stream);
  self->moved();
  return AWS_OP_SUCCESS;
}

void Flow::stop_sending_if_refused(aws_http_stream* stream) {
  if (!request_.stream || is_success(response.status) || head_.size() != received_) return;
  aws_http_stream_cancel(stream, AWS_ERROR_HTTP_STREAM_CANCELLED);  // an answer that is whole stays one
}

void Flow::on_metrics(aws_http_stream*, const aws_http_stream_metrics* metrics, void* user_data) {
  static_cast<Flow*>(user_data)->began_ = metrics->send_start_timestamp_ns != -1;
}

void Flow::on_written(aws_http_stream*, int, void* user_data) {
  const std::unique_ptr<Write> done(static_cast<Write*>(user_data));
  const std::lock_guard lock(done->flow->mutex_);
  done->flow->unsent_now_ -= done->size;
  done->flow->moved();
}

void Flow::on_complete(aws_http_stream* stream, int error, void* user_data) {
  auto* self = static_cast<Flow*>(user_data);
  aws_http_connection* connection = nullptr;
  {
    const std::lock_guard lock(self->mutex_);
    connection = std::exchange(self->connection_, nullptr);
    self->stream_ = nullptr;
  }
  auto* manager = self->manager_;
  aws_http_stream_release(stream);
  aws_http_connection_manager_release_connection(manager, connection);
  self->finish({.error = error,
                .excess = self->excess_,
                .unframed = self->head_.lacks_body(self->request_, self->response.status)},
               !self->began_);
}

void Flow::tls_failed(std::string why) {
  const std::lock_guard lock(mutex_);
  if (stream_ != nullptr || ended_) return;
  ended_ = true;
  outcome_ = {.error = AWS_IO_TLS_ERROR_NEGOTIATION_FAILURE, .tls = std::move(why)};
  loop_.post([self = shared_from_this()] {
    if (std::exchange(self->in_air_, false)) self->loop_.leave_air();
    self->wake();
  });
}

void Flow::finish(Outcome outcome, bool unsent) {
  if (outcome.error == 0) pad(response.body);
  {
    const std::lock_guard lock(mutex_);
    if (!ended_) {
      ended_ = true;
      outcome_ = std::move(outcome);
      unsent_ = outcome_.error != 0 && unsent;
    }
  }
  // The loop's thread drops the last of it: what the request's source stands on belongs there.
  Loop& loop = loop_;
  auto self = std::move(self_);
  loop.post([self = std::move(self)] {
    if (std::exchange(self->in_air_, false)) self->loop_.leave_air();
    self->wake();
  });
}

}  // namespace reeve::aws::crt
