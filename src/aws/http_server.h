#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/seams.h"
#include "base/task.h"

namespace reeve::aws {

/// What a server sends, and how much of it: for servers that play a network which fails.
struct HttpAnswer {
  enum class Sent : std::uint8_t {
    whole,
    nothing,  ///< the connection closes without an answer
    half,     ///< the head with the whole body's Content-Length, half of the body; then the connection closes
  };
  HttpResponse response;
  Sent sent = Sent::whole;
};

/// An HTTP/1.1 server on 127.0.0.1. Each request is handed to `handler` as if on the loop's thread (see
/// Loop::run_or_post); its answer is sent.
/// Limits: bodies that are not streamed up to limits::request_body_bytes, 431 and 413 past the limits. Keep-alive;
/// tcp_nodelay. `Expect: 100-continue` is answered with the word to go on as soon as it is read.
class HttpServer {
 public:
  using Handler = std::function<Task<HttpAnswer>(HttpRequest)>;
  /// Whether the handler is to have a request's body as HttpRequest::stream, told by the request's head alone. Called
  /// on the library's thread: must look at nothing else. Such requests are handed over before their bodies have come;
  /// what the handler leaves of a body is dropped.
  using Streams = std::function<bool(const HttpRequest& head)>;
  /// Port 0 picks a free one. Errors: network (the port is taken).
  static Result<std::unique_ptr<HttpServer>> listen(Loop& loop, std::uint16_t port, Handler handler,
                                                    Streams streams = {});
  virtual ~HttpServer() = default;
  virtual std::uint16_t port() const = 0;
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port()); }
  /// Stops accepting, waits for requests in flight, closes. Must be awaited before destruction.
  virtual Task<void> stop() = 0;
};

}  // namespace reeve::aws
