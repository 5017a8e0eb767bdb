#pragma once
#include <aws/common/byte_buf.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string_view>

struct aws_allocator;
struct aws_client_bootstrap;
struct aws_event_loop_group;
struct aws_host_resolver;
struct aws_http_connection;
struct aws_http_stream;
struct aws_server_bootstrap;
struct aws_shutdown_callback_options;
struct aws_socket_options;

/// The AWS runtime (aws-c-*), set up and torn down. For .cc files of this room only: no type of it leaves the room.
namespace reeve::aws::crt {

/// Registers the libraries' error texts, once a process, and gives their allocator.
aws_allocator* allocator();

inline aws_byte_cursor cursor(std::string_view text) { return aws_byte_cursor_from_array(text.data(), text.size()); }
inline std::string_view view(aws_byte_cursor bytes) { return {reinterpret_cast<const char*>(bytes.ptr), bytes.len}; }
/// The library's sentence for an error number.
std::string_view error_text(int error);

/// Options of every socket, client and server: without Nagle's algorithm, which holds a small segment back until the
/// one before is acknowledged (tens of milliseconds an answer).
aws_socket_options socket_options(unsigned connect_timeout_ms);

/// Ends a stream and closes its connection, whatever the answer said; from any thread.
void break_off(aws_http_stream* stream, aws_http_connection* connection);

/// Counts shutdowns that are under way on the library's threads, and waits for them.
class Shutdowns {
 public:
  void expect();                     ///< one more will come
  static void arrived(void* latch);  ///< the library's callback; the user data is this object
  void wait();
  /// False if some are still under way after `most`.
  bool wait_for(std::chrono::milliseconds most);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t open_ = 0;
};

/// One event-loop thread with what clients and servers need. Destroyed when nothing uses it: waits for its threads.
class Runtime {
 public:
  Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
  ~Runtime();
  aws_client_bootstrap* client() const { return client_; }
  aws_server_bootstrap* server() const { return server_; }

 private:
  Shutdowns shutdowns_;
  aws_event_loop_group* loops_ = nullptr;
  aws_host_resolver* resolver_ = nullptr;
  aws_client_bootstrap* client_ = nullptr;
  aws_server_bootstrap* server_ = nullptr;
};

}  // namespace reeve::aws::crt
