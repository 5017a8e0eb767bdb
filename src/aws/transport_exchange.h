#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "aws/transport_head.h"
#include "base/seams.h"

struct aws_http_connection;
struct aws_http_connection_manager;
struct aws_http_header;
struct aws_http_message;
struct aws_http_stream;
struct aws_http_stream_metrics;
struct aws_input_stream;
struct aws_byte_cursor;

namespace reeve::aws::crt {

/// How an exchange ended.
struct Outcome {
  int error = 0;                                                    ///< the library's error number; 0 = answered
  enum class Excess { none, body, headers } excess = Excess::none;  ///< the limit that the answer passed
  bool unframed = false;  ///< the answer says neither its length nor that it comes in chunks: its body was not read
  std::string tls = {};   ///< not empty: TLS failed for good, and says so
};

/// Connections that closed while they lay in the pool, one after another, before it counts as a fault.
inline constexpr int most_attempts = 4;

/// Puts the zeros behind a body that Http's contract promises.
void pad(std::string& body);

/// One request and its answer on the library's threads. Made and started on the loop's thread; `done` is called once,
/// on any thread, and after that `response` belongs to the loop's thread again.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(HttpRequest request, std::size_t response_limit_bytes);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange();

  /// Takes a connection of `manager`'s and sends. 0, or the library's error number if the request cannot be written.
  int start(aws_http_connection_manager* manager, std::move_only_function<void(Outcome)> done);
  /// Gives up. True: `done` comes soon, or came already. False: a connection is still being made, so that `done` may
  /// take as long as that; nothing will be sent on it and `response` stays empty.
  bool abort();
  /// The same where no connection has been made yet: then true, and the caller says how it ended.
  bool abort_connecting();

  HttpResponse response;

 private:
  static void on_connection(aws_http_connection* connection, int error, void* self);
  static int on_headers(aws_http_stream* stream, int block, const aws_http_header* headers, std::size_t count,
                        void* self);
  static int on_headers_end(aws_http_stream* stream, int block, void* self);
  static int on_body(aws_http_stream* stream, const aws_byte_cursor* data, void* self);
  static void on_metrics(aws_http_stream* stream, const aws_http_stream_metrics* metrics, void* self);
  static void on_complete(aws_http_stream* stream, int error, void* self);

  void acquire();
  int send_on(aws_http_connection* connection);  // with mutex_ held
  void finish(int error);

  HttpRequest request_;
  const std::size_t limit_;
  aws_http_connection_manager* manager_ = nullptr;
  aws_http_message* message_ = nullptr;
  aws_input_stream* body_ = nullptr;
  std::move_only_function<void(Outcome)> done_;
  std::shared_ptr<Exchange> self_;  // while the library may call back

  std::mutex mutex_;  // guards what follows: the loop's thread may abort at any time
  aws_http_connection* connection_ = nullptr;
  aws_http_stream* stream_ = nullptr;
  bool aborted_ = false, completed_ = false;

  // Whoever the library calls back on; one call at a time.
  Outcome::Excess excess_ = Outcome::Excess::none;
  AnswerHead head_;
  bool began_ = false;
  int attempts_ = 0;
};

}  // namespace reeve::aws::crt
