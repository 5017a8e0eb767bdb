#include "aws/crt_runtime.h"

#include <aws/auth/auth.h>
#include <aws/common/thread.h>
#include <aws/http/connection.h>
#include <aws/http/http.h>
#include <aws/http/request_response.h>
#include <aws/io/channel.h>
#include <aws/io/channel_bootstrap.h>
#include <aws/io/event_loop.h>
#include <aws/io/host_resolver.h>
#include <aws/io/socket.h>

#include <atomic>

#include "base/result.h"

namespace reeve::aws::crt {
namespace {

bool initialise() {
  aws_auth_library_init(aws_default_allocator());  // brings http, io, cal, sdkutils and common
  return true;
}

/// Runtimes alive in this process. The library's own list of threads is one a process, too: only the last runtime may
/// wait for it to empty, since it counts the others' threads.
std::atomic<int>& alive() {
  static std::atomic<int> count = 0;
  return count;
}

}  // namespace

aws_allocator* allocator() {
  static const bool once = initialise();
  REEVE_ASSERT(once);
  return aws_default_allocator();
}

std::string_view error_text(int error) { return aws_error_str(error); }

aws_socket_options socket_options(unsigned connect_timeout_ms) {
  aws_socket_options out{};
  out.type = AWS_SOCKET_STREAM;
  out.domain = AWS_SOCKET_IPV4;
  out.connect_timeout_ms = connect_timeout_ms;
  out.tcp_nodelay = AWS_SOCKET_TCP_NODELAY_ON;
  return out;
}

void break_off(aws_http_stream* stream, aws_http_connection* connection) {
  aws_http_stream_cancel(stream, AWS_ERROR_HTTP_STREAM_CANCELLED);
  // Once an answer said `Connection: close`, the library does not hear the cancel.
  aws_channel_shutdown(aws_http_connection_get_channel(connection), AWS_ERROR_HTTP_STREAM_CANCELLED);
}

void Shutdowns::expect() {
  const std::lock_guard lock(mutex_);
  ++open_;
}

void Shutdowns::arrived(void* latch) {
  auto* self = static_cast<Shutdowns*>(latch);
  const std::lock_guard lock(self->mutex_);  // held while notifying: the waiter may destroy us right after
  --self->open_;
  self->changed_.notify_all();
}

void Shutdowns::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return open_ == 0; });
}

bool Shutdowns::wait_for(std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, most, [this] { return open_ == 0; });
}

Runtime::Runtime() {
  aws_allocator* memory = allocator();
  alive().fetch_add(1);
  aws_shutdown_callback_options done{};
  done.shutdown_callback_fn = &Shutdowns::arrived;
  done.shutdown_callback_user_data = &shutdowns_;

  aws_event_loop_group_options group{};
  group.loop_count = 1;
  group.shutdown_options = &done;
  shutdowns_.expect();
  loops_ = aws_event_loop_group_new(memory, &group);
  REEVE_ASSERT(loops_ != nullptr);

  aws_host_resolver_default_options names{};
  names.max_entries = 64;
  names.el_group = loops_;
  names.shutdown_options = &done;
  shutdowns_.expect();
  resolver_ = aws_host_resolver_new_default(memory, &names);
  REEVE_ASSERT(resolver_ != nullptr);

  aws_client_bootstrap_options client{};
  client.event_loop_group = loops_;
  client.host_resolver = resolver_;
  client.on_shutdown_complete = &Shutdowns::arrived;
  client.user_data = &shutdowns_;
  shutdowns_.expect();
  client_ = aws_client_bootstrap_new(memory, &client);
  server_ = aws_server_bootstrap_new(memory, loops_);
  REEVE_ASSERT(client_ != nullptr && server_ != nullptr);
}

Runtime::~Runtime() {
  aws_server_bootstrap_release(server_);
  aws_client_bootstrap_release(client_);
  aws_host_resolver_release(resolver_);
  aws_event_loop_group_release(loops_);
  shutdowns_.wait();
  if (alive().fetch_sub(1) == 1) aws_thread_join_all_managed();
}

}  // namespace reeve::aws::crt
