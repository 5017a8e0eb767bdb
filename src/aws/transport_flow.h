#pragma once
#include <coroutine>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "aws/transport_errors.h"
#include "aws/transport_exchange.h"
#include "base/seams.h"

namespace reeve::aws::crt {

/// How long a flow may take.
struct FlowBounds {
  Steady deadline;
  Duration stall{};  ///< not a byte moved for so long, while somebody waits for one
  Cancel cancel;
};

/// One request and its answer, of which at least one has a body that is not held: sent from a ByteSource, handed on
/// piece by piece. One connection, one attempt. The library's thread fills it, everything public belongs to the loop's
/// thread. What is held at most: `unread_bytes` of the answer (the library holds as much again), `unsent_bytes` and one
/// piece of the request.
class Flow : public std::enable_shared_from_this<Flow> {
 public:
  static constexpr std::size_t unread_bytes = std::size_t{512} << 10, unsent_bytes = std::size_t{256} << 10;

  Flow(Loop& loop, HttpRequest request, FlowBounds bounds, std::size_t response_limit_bytes);
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;
  ~Flow();

  /// Takes a connection of `manager`'s and sends. 0, or the library's error number if the request cannot be written;
  /// then the flow has ended.
  int start(aws_http_connection_manager* manager);
  /// Until the answer's head is there, or all has ended.
  Task<void> head();
  /// Until the flow has ended.
  Task<void> end();
  /// Until nobody reads from the request's source any more.
  Task<void> fed();
  /// The next piece of the answer's body; empty when there are no more, which outcome() explains.
  Task<std::string> piece();
  /// Gives up; the first reason counts. Closes the connection, unless all has ended.
  void stop(Stop why);
  /// TLS fails for good, and says so; from any thread.
  void tls_failed(std::string why);

  /// Whether the answer's head is there and its body goes to whoever calls piece(). Otherwise the body is held whole.
  bool streams() const;
  bool ended() const;
  Stop stopped() const { return stop_; }
  /// Whether a connection was made.
  bool connected() const;
  /// Of a flow that has ended.
  const Outcome& outcome() const { return outcome_; }
  /// Nothing of it was sent, since the connection closed as it was taken: it may be sent over another one.
  bool unsent() const { return unsent_; }
  /// What the request's source failed with, where it stopped the flow.
  const Error& source_error() const { return source_error_; }
  /// The answer: its head once head() is over; its body, where it is held, once the flow has ended.
  HttpResponse response;

 private:
  struct Write;
  static void on_connection(aws_http_connection* connection, int error, void* self);
  static int on_headers(aws_http_stream* stream, int block, const aws_http_header* headers, std::size_t count,
                        void* self);
  static int on_headers_end(aws_http_stream* stream, int block, void* self);
  static int on_body(aws_http_stream* stream, const aws_byte_cursor* data, void* self);
  static void on_metrics(aws_http_stream* stream, const aws_http_stream_metrics* metrics, void* self);
  static void on_complete(aws_http_stream* stream, int error, void* self);
  static void on_written(aws_http_stream* stream, int error, void* write);

  int send_on(aws_http_connection* connection);  // with mutex_ held
  void finish(Outcome outcome, bool unsent);
  /// A refusal that came whole needs no more of the request: what is left of it may be gigabytes.
  void stop_sending_if_refused(aws_http_stream* stream);
  void moved();  // with mutex_ held: something did, and who waits should look
  void wake();
  bool watch();  // what moves from now on wakes; whether all has ended
  std::uint64_t movements() const;
  Task<void> feed();
  Task<Result<void>> feed_all();
  bool write(const std::shared_ptr<const std::string>& piece, std::string_view slice, bool last);
  Task<void> until(std::function<bool()> done);
  struct Wait;

  Loop& loop_;
  const HttpRequest request_;
  const FlowBounds bounds_;
  const std::size_t limit_;
  aws_http_connection_manager* manager_ = nullptr;
  aws_http_message* message_ = nullptr;
  std::shared_ptr<Flow> self_;  // while the library may call back

  // The loop's thread.
  std::vector<std::coroutine_handle<>> waiting_;
  bool in_air_ = false, feeding_ = false;
  Stop stop_ = Stop::no;
  Error source_error_;
  std::optional<std::uint64_t> announced_;  // bytes of the request's body

  mutable std::mutex mutex_;  // guards what follows
  aws_http_connection* connection_ = nullptr;
  aws_http_stream* stream_ = nullptr;
  bool ended_ = false, connected_ = false, streams_ = false;
  bool head_begun_ = false, head_done_ = false;  // an interim answer begins it
  bool watched_ = false, posted_ = false;
  bool abandoned_ = false;  // what still comes is dropped
  std::string unread_;
  std::size_t unsent_now_ = 0;   // handed to the library, not yet written
  std::uint64_t movements_ = 0;  // of anything: what stalls is what does not change this
  Outcome outcome_;
  bool unsent_ = false;

  // The library's thread alone.
  Outcome::Excess excess_ = Outcome::Excess::none;
  AnswerHead head_;
  std::uint64_t received_ = 0;
  bool began_ = false;
};

}  // namespace reeve::aws::crt
