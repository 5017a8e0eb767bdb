#pragma once
// Bodies that a server does not hold: on their way in and on their way out. Inside the room only.
#include <aws/http/request_response.h>
#include <aws/io/stream.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/task.h"

namespace reeve::aws::server {

/// How much of a request's body may be on its way: what the library may read before somebody took what came.
constexpr std::size_t window_bytes = std::size_t{1} << 20;

/// A request's body between the library's thread, which puts pieces in, and the loop's, which takes them out. A piece
/// that is taken opens the connection's window for as much, so that no more than a window is ever held.
class RequestPipe {
 public:
  /// `open_window(bytes)` lets the library read on; called on any thread.
  RequestPipe(Loop& loop, std::function<void(std::size_t)> open_window)
      : loop_(loop), open_window_(std::move(open_window)) {}

  // The library's thread.
  /// False where nobody wants it any more.
  bool put(std::string_view piece);
  /// The body is whole, or (not `whole`) its connection broke.
  void end(bool whole);

  // The loop's thread.
  Task<Result<std::string>> take();
  /// Nobody reads on: what still comes is dropped.
  void give_up();

 private:
  Loop& loop_;
  std::function<void(std::size_t)> open_window_;
  std::mutex mutex_;
  std::string held_;
  bool ended_ = false, broken_ = false, given_up_ = false;
  std::move_only_function<void(bool)> waiting_;
};

/// The pipe as what HttpRequest::stream promises. May be opened once.
std::shared_ptr<ByteSource> request_source(std::shared_ptr<RequestPipe> pipe, std::optional<std::uint64_t> size);

/// A body for the library, which reads it on its own thread, from a reader of the loop's thread. One piece is sent
/// while the next is fetched. `broken_after`: the connection breaks when so many bytes were read.
aws_input_stream* answer_stream(Loop& loop, std::shared_ptr<ByteReader> reader,
                                std::optional<std::uint64_t> broken_after);

}  // namespace reeve::aws::server
