#include "aws/transport_exchange.h"

#include <aws/http/connection.h>
#include <aws/http/connection_manager.h>
#include <aws/http/request_response.h>
#include <aws/io/stream.h>

#include "aws/crt_runtime.h"

namespace reeve::aws::crt {
namespace {

/// What readers may look at behind a body (Http's contract).
constexpr std::size_t padding_bytes = 64;

}  // namespace

void pad(std::string& body) {
  const std::size_t size = body.size();
  body.resize(size + padding_bytes);  // writes the zeros
  body.resize(size);
}

Exchange::Exchange(HttpRequest request, std::size_t response_limit_bytes)
    : request_(std::move(request)), limit_(response_limit_bytes) {}

Exchange::~Exchange() {
  aws_http_message_release(message_);
  aws_input_stream_release(body_);
}

int Exchange::start(aws_http_connection_manager* manager, std::move_only_function<void(Outcome)> done) {
  message_ = aws_http_message_new_request(allocator());
  const bool sends_body = !request_.body.empty() || request_.method == "POST" || request_.method == "PUT";
  const auto body_bytes = sends_body ? std::optional<std::uint64_t>(request_.body.size()) : std::nullopt;
  if (const int error = write_head(message_, request_, body_bytes); error != 0) return error;
  manager_ = manager;
  done_ = std::move(done);
  self_ = shared_from_this();
  acquire();
  return 0;
}

void Exchange::acquire() {
  if (!request_.body.empty()) {  // read from the start again by a second attempt
    aws_input_stream_release(body_);
    const aws_byte_cursor bytes = cursor(request_.body);
    body_ = aws_input_stream_new_from_cursor(allocator(), &bytes);
    aws_http_message_set_body_stream(message_, body_);
  }
  ++attempts_;
  began_ = false;
  aws_http_connection_manager_acquire_connection(manager_, &Exchange::on_connection, this);
}

void Exchange::on_connection(aws_http_connection* connection, int error, void* user_data) {
  auto* self = static_cast<Exchange*>(user_data);
  bool aborted = false;
  if (error == 0) {
    const std::lock_guard lock(self->mutex_);
    aborted = self->aborted_;
    if (!aborted) error = self->send_on(connection);
  }
  if (error == 0 && !aborted) return;  // on_complete goes on
  auto* manager = self->manager_;
  if (!aborted && connection != nullptr && self->attempts_ < most_attempts) {
    self->acquire();  // it closed as we took it
  } else {
    self->finish(aborted ? AWS_ERROR_HTTP_STREAM_CANCELLED : error);
  }
  if (connection != nullptr) aws_http_connection_manager_release_connection(manager, connection);
}

int Exchange::send_on(aws_http_connection* connection) {
  aws_http_make_request_options options{};
  options.self_size = sizeof(options);
  options.request = message_;
  options.user_data = this;
  options.on_response_headers = [](aws_http_stream* stream, aws_http_header_block block, const aws_http_header* headers,
                                   std::size_t count,
                                   void* user_data) { return on_headers(stream, block, headers, count, user_data); };
  options.on_response_header_block_done = [](aws_http_stream* stream, aws_http_header_block block, void* user_data) {
    return on_headers_end(stream, block, user_data);
  };
  options.on_response_body = &Exchange::on_body;
  options.on_metrics = &Exchange::on_metrics;
  options.on_complete = &Exchange::on_complete;
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

int Exchange::on_headers(aws_http_stream*, int block, const aws_http_header* headers, std::size_t count,
                         void* user_data) {
  auto* self = static_cast<Exchange*>(user_data);
  if (!self->head_.take(block, headers, count, self->response)) {
    self->excess_ = Outcome::Excess::headers;
    return aws_raise_error(AWS_ERROR_HTTP_CALLBACK_FAILURE);
  }
  const std::size_t size = self->head_.size().value_or(0);
  if (size <= self->limit_) self->response.body.reserve(size + padding_bytes);
  return AWS_OP_SUCCESS;
}

int Exchange::on_headers_end(aws_http_stream*, int block, void* user_data) {
  auto* self = static_cast<Exchange*>(user_data);
  if (self->head_.end_block(block)) return AWS_OP_SUCCESS;
  self->excess_ = Outcome::Excess::headers;
  return aws_raise_error(AWS_ERROR_HTTP_CALLBACK_FAILURE);
}

int Exchange::on_body(aws_http_stream*, const aws_byte_cursor* data, void* user_data) {
  auto* self = static_cast<Exchange*>(user_data);
  if (data->len > self->limit_ - self->response.body.size()) {
    self->excess_ = Outcome::Excess::body;
    return aws_raise_error(AWS_ERROR_HTTP_CALLBACK_FAILURE);
  }
  self->response.body.append(view(*data));
  return AWS_OP_SUCCESS;
}

void Exchange::on_metrics(aws_http_stream*, const aws_http_stream_metrics* metrics, void* user_data) {
  static_cast<Exchange*>(user_data)->began_ = metrics->send_start_timestamp_ns != -1;
}

void Exchange::on_complete(aws_http_stream* stream, int error, void* user_data) {
  auto* self = static_cast<Exchange*>(user_data);
  aws_http_connection* connection = nullptr;
  bool aborted = false;
  {
    const std::lock_guard lock(self->mutex_);
    connection = std::exchange(self->connection_, nullptr);
    self->stream_ = nullptr;
    aborted = self->aborted_;
    self->completed_ = aborted || error == 0 || self->began_ || self->attempts_ >= most_attempts;
  }
  auto* manager = self->manager_;
  const auto keep = self->shared_from_this();
  if (error == 0) aws_http_stream_get_incoming_response_status(stream, &self->response.status);
  aws_http_stream_release(stream);
  aws_http_connection_manager_release_connection(manager, connection);
  if (self->completed_) {
    self->finish(error);
  } else {
    self->acquire();  // nothing of the request was sent: the connection closed while it lay in the pool
  }
}

void Exchange::finish(int error) {
  const auto keep = std::move(self_);
  if (error == 0) pad(response.body);
  auto done = std::move(done_);
  done({.error = error, .excess = excess_, .unframed = head_.lacks_body(request_, response.status)});
}

bool Exchange::abort() {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(aborted_, true) && stream_ != nullptr) {
    break_off(stream_, connection_);
  }
  return stream_ != nullptr || completed_;
}

bool Exchange::abort_connecting() {
  const std::lock_guard lock(mutex_);
  if (stream_ != nullptr || completed_) return false;
  aborted_ = true;
  return true;
}

}  // namespace reeve::aws::crt
