#include "aws/http_server.h"

#include <aws/http/connection.h>
#include <aws/http/request_response.h>
#include <aws/http/server.h>
#include <aws/io/channel.h>
#include <aws/io/socket.h>
#include <aws/io/socket_channel_handler.h>
#include <aws/io/stream.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <mutex>
#include <system_error>

#include "aws/crt_runtime.h"
#include "aws/http_server_body.h"
#include "base/limits.h"

namespace reeve::aws {
namespace {

/// Most bytes of a request's headers; AWS's own services refuse more than 8 to 16 KB.
constexpr std::size_t header_bytes = 64 * 1024;
/// What readers may look at behind a body, as behind a body from Http.
constexpr std::size_t padding_bytes = 64;
/// How long stop() waits for answers to be made and written: a client that does not read must not hold it up.
constexpr Duration stop_grace = std::chrono::seconds(5);

struct Server;

/// One request on a connection, from its first byte until its answer is written.
struct Incoming : std::enable_shared_from_this<Incoming> {
  explicit Incoming(Server& s) : server(s) {}
  ~Incoming() {
    aws_http_message_release(message);
    aws_input_stream_release(body);
  }
  void answer(HttpAnswer given);
  void hand_over();                  // to the loop
  void open_window(std::size_t by);  // from any thread

  Server& server;  // outlives every request: stop() waits for them
  HttpRequest request;
  std::size_t header_size = 0;
  int refused = 0;                            // status, where a limit was passed
  bool head = false;                          // a HEAD request: its answer has no body
  bool handed = false;                        // to the loop
  std::size_t dropped = 0;                    // of a body that nobody wants
  std::shared_ptr<server::RequestPipe> pipe;  // where the body is streamed
  std::shared_ptr<Incoming> self;             // while the library may call back

  std::mutex mutex;
  aws_http_stream* stream = nullptr;  // nullptr: over
  HttpResponse response;
  aws_http_message* message = nullptr;
  aws_input_stream* body = nullptr;
};

struct Server final : HttpServer {
  Server(Loop& l, Handler h, Streams s) : loop(l), handler(std::move(h)), streams(std::move(s)), idle(l), unserved(l) {}
  ~Server() override { REEVE_ASSERT(stopped); }
  std::uint16_t port() const override { return bound_port; }
  Task<void> stop() override;
  Result<void> start(std::uint16_t wanted);
  Task<void> serve(std::shared_ptr<Incoming> incoming);
  void finished();  // a handed request is over

  Loop& loop;
  Handler handler;
  Streams streams;
  Event idle, unserved;
  std::size_t serving = 0;  // handlers that run
  bool closed = false;      // no more will
  std::uint16_t bound_port = 0;
  bool stopped = true;
  std::atomic<bool> stopping = false;
  std::atomic<std::size_t> handed = 0;
  aws_http_server* server = nullptr;
  std::move_only_function<void(bool)> destroyed;
  crt::Runtime runtime;  // last: its threads end before the rest goes
};

/// A body that breaks off: reading past what is there is an error, and the library closes the connection. That comes
/// with a read of its own, since what is read together with the error is not sent.
struct BrokenBody : aws_input_stream {
  explicit BrokenBody(std::string_view there) : left(crt::cursor(there)) {
    static constexpr aws_input_stream_vtable functions{
        .seek = nullptr, .read = &read, .get_status = &get_status, .get_length = &get_length};
    impl = this;
    vtable = &functions;
    aws_ref_count_init(&ref_count, this, [](void* self) { delete static_cast<BrokenBody*>(self); });
  }
  static int read(aws_input_stream* stream, aws_byte_buf* into) {
    auto& self = *static_cast<BrokenBody*>(stream->impl);
    if (self.left.len == 0 && self.begun) return aws_raise_error(AWS_ERROR_HTTP_CONNECTION_CLOSED);
    self.begun = true;
    aws_byte_buf_write_to_capacity(into, &self.left);
    return AWS_OP_SUCCESS;
  }
  static int get_status(aws_input_stream*, aws_stream_status* status) {
    *status = {.is_end_of_stream = false, .is_valid = true};
    return AWS_OP_SUCCESS;
  }
  static int get_length(aws_input_stream*, std::int64_t*) { return aws_raise_error(AWS_ERROR_UNSUPPORTED_OPERATION); }
  aws_byte_cursor left;
  bool begun = false;
};

std::optional<std::uint64_t> length_of(const std::vector<std::pair<std::string, std::string>>& headers) {
  for (const auto& [name, value] : headers) {
    if (!aws_http_header_name_eq(crt::cursor(name), crt::cursor("Content-Length"))) continue;
    std::uint64_t size = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), size);
    if (error == std::errc{} && end == value.data() + value.size()) return size;
  }
  return std::nullopt;
}

void Incoming::open_window(std::size_t by) {
  const std::lock_guard lock(mutex);
  if (stream != nullptr) aws_http_stream_update_window(stream, by);
}

/// The library sends one answer a request and no interim ones: this goes past it, to the socket, on the connection's
/// thread, where nothing else is being written since the request before was answered. It comes as soon as the header
/// is read, since the library tells of a head's end together with the body's first byte.
void send_continue(aws_http_stream* stream) {
  static constexpr std::string_view words = "HTTP/1.1 100 Continue\r\n\r\n";
  aws_channel_slot* first =
      aws_channel_get_first_slot(aws_http_connection_get_channel(aws_http_stream_get_connection(stream)));
  aws_socket* socket =
      first == nullptr ? nullptr : const_cast<aws_socket*>(aws_socket_handler_get_socket(first->handler));
  if (socket == nullptr) return;
  const aws_byte_cursor bytes = crt::cursor(words);
  aws_socket_write(socket, &bytes, [](aws_socket*, int, std::size_t, void*) {}, nullptr);
}

void Incoming::hand_over() {
  handed = true;
  server.handed.fetch_add(1);
  server.loop.run_or_post([incoming = shared_from_this()]() mutable {
    Server& to = incoming->server;
    to.loop.spawn(to.serve(std::move(incoming)));
  });
}

void Incoming::answer(HttpAnswer given) {
  if (pipe) pipe->give_up();
  if (given.sent == HttpAnswer::Sent::nothing) {
    const std::lock_guard lock(mutex);
    if (stream != nullptr) aws_http_connection_close(aws_http_stream_get_connection(stream));
    return;
  }
  response = std::move(given.response);
  message = aws_http_message_new_response(crt::allocator());
  aws_http_message_set_response_status(message, response.status);
  bool sized = false;
  for (const auto& [name, value] : response.headers) {
    aws_http_header header{};
    header.name = crt::cursor(name), header.value = crt::cursor(value);
    sized = sized || aws_http_header_name_eq(header.name, crt::cursor("Content-Length"));
    aws_http_message_add_header(message, header);
  }
  const bool bodiless = response.status < 200 || response.status == 204 || response.status == 304;
  if (!sized && !bodiless && response.stream) {
    aws_http_message_add_header(message, {.name = crt::cursor("Transfer-Encoding"), .value = crt::cursor("chunked")});
  } else if (!sized && !bodiless) {
    const std::string size = std::to_string(response.body.size());
    aws_http_header header{};
    header.name = crt::cursor("Content-Length"), header.value = crt::cursor(size);
    aws_http_message_add_header(message, header);
  }
  if (response.stream && !bodiless && !head) {
    std::optional<std::uint64_t> broken_after;
    if (given.sent == HttpAnswer::Sent::half) broken_after = length_of(response.headers).value_or(0) / 2;
    body = server::answer_stream(server.loop, std::move(response.stream), broken_after);
    aws_http_message_set_body_stream(message, body);
  } else if (!response.body.empty() && !bodiless && !head) {
    const std::string_view whole = response.body;
    const aws_byte_cursor bytes = crt::cursor(whole);
    body = given.sent == HttpAnswer::Sent::half ? new BrokenBody(whole.substr(0, whole.size() / 2))
                                                : aws_input_stream_new_from_cursor(crt::allocator(), &bytes);
    aws_http_message_set_body_stream(message, body);
  }
  const std::lock_guard lock(mutex);
  if (stream == nullptr) return;  // the client has gone
  if (aws_http_stream_send_response(stream, message) != AWS_OP_SUCCESS) {
    aws_http_connection_close(aws_http_stream_get_connection(stream));
  }
}

int on_headers(aws_http_stream* stream, aws_http_header_block block, const aws_http_header* headers, std::size_t count,
               void* user_data) {
  auto& in = *static_cast<Incoming*>(user_data);
  if (block != AWS_HTTP_HEADER_BLOCK_MAIN) return AWS_OP_SUCCESS;
  for (std::size_t i = 0; i < count; ++i) {
    in.header_size += headers[i].name.len + headers[i].value.len + 4;
    if (in.header_size > header_bytes) {
      in.refused = 431;
      return AWS_OP_SUCCESS;
    }
    in.request.headers.emplace_back(crt::view(headers[i].name), crt::view(headers[i].value));
    if (aws_http_header_name_eq(headers[i].name, crt::cursor("Expect")) &&
        aws_http_header_name_eq(headers[i].value, crt::cursor("100-continue"))) {
      send_continue(stream);
    }
  }
  return AWS_OP_SUCCESS;
}

int on_header_block_done(aws_http_stream* stream, aws_http_header_block block, void* user_data) {
  auto& in = *static_cast<Incoming*>(user_data);
  if (block != AWS_HTTP_HEADER_BLOCK_MAIN) return AWS_OP_SUCCESS;
  aws_byte_cursor method{}, uri{};
  aws_http_stream_get_incoming_request_method(stream, &method);
  aws_http_stream_get_incoming_request_uri(stream, &uri);
  in.request.method = crt::view(method);
  in.head = in.request.method == "HEAD";
  in.request.target = crt::view(uri);
  if (in.refused != 0) return AWS_OP_SUCCESS;
  if (!in.server.streams || !in.server.streams(in.request)) return AWS_OP_SUCCESS;
  in.pipe = std::make_shared<server::RequestPipe>(in.server.loop, [weak = in.weak_from_this()](std::size_t bytes) {
    if (const auto alive = weak.lock()) alive->open_window(bytes);
  });
  in.request.stream = server::request_source(in.pipe, length_of(in.request.headers));
  in.hand_over();
  return AWS_OP_SUCCESS;
}

int on_body(aws_http_stream* stream, const aws_byte_cursor* data, void* user_data) {
  auto& in = *static_cast<Incoming*>(user_data);
  if (in.pipe) {
    if (in.pipe->put(crt::view(*data))) return AWS_OP_SUCCESS;
    in.dropped += data->len;
    if (in.dropped > limits::request_body_bytes) return aws_raise_error(AWS_ERROR_HTTP_CONNECTION_CLOSED);
    aws_http_stream_update_window(stream, data->len);
    return AWS_OP_SUCCESS;
  }
  // Small bodies end within the first window; what goes beyond is read on.
  if (in.refused != 0 || in.request.body.size() + data->len > server::window_bytes / 2) {
    aws_http_stream_update_window(stream, data->len);
  }
  if (in.refused != 0) return AWS_OP_SUCCESS;  // read and dropped, so that the client hears the answer
  if (data->len > limits::request_body_bytes - in.request.body.size()) {
    in.refused = 413;
    std::string().swap(in.request.body);
    return AWS_OP_SUCCESS;
  }
  in.request.body.append(crt::view(*data));
  return AWS_OP_SUCCESS;
}

int on_request_done(aws_http_stream*, void* user_data) {
  auto& in = *static_cast<Incoming*>(user_data);
  if (in.pipe) {
    in.pipe->end(true);
    return AWS_OP_SUCCESS;
  }
  if (in.refused != 0) {
    in.answer({.response = {.status = in.refused, .headers = {{"Connection", "close"}}, .body = {}}});
    return AWS_OP_SUCCESS;
  }
  const std::size_t size = in.request.body.size();
  in.request.body.resize(size + padding_bytes);  // writes the zeros
  in.request.body.resize(size);
  in.hand_over();
  return AWS_OP_SUCCESS;
}

void on_complete(aws_http_stream* stream, int, void* user_data) {
  auto& in = *static_cast<Incoming*>(user_data);
  {
    const std::lock_guard lock(in.mutex);
    in.stream = nullptr;
  }
  aws_http_stream_release(stream);
  if (in.pipe) in.pipe->end(false);
  const auto keep = std::move(in.self);
  if (in.handed) in.server.finished();
}

aws_http_stream* on_incoming_request(aws_http_connection* connection, void* user_data) {
  auto& server = *static_cast<Server*>(user_data);
  if (server.stopping) {
    aws_raise_error(AWS_ERROR_HTTP_SERVER_CLOSED);
    return nullptr;
  }
  auto incoming = std::make_shared<Incoming>(server);
  aws_http_request_handler_options options{};
  options.self_size = sizeof(options);
  options.server_connection = connection;
  options.user_data = incoming.get();
  options.on_request_headers = &on_headers;
  options.on_request_header_block_done = &on_header_block_done;
  options.on_request_body = &on_body;
  options.on_request_done = &on_request_done;
  options.on_complete = &on_complete;
  aws_http_stream* stream = aws_http_stream_new_server_request_handler(&options);
  if (stream == nullptr) return nullptr;
  incoming->request.scheme = "http";
  incoming->request.host = "127.0.0.1";
  incoming->request.port = server.bound_port;
  incoming->request.headers.reserve(12);
  incoming->stream = stream;
  incoming->self = incoming;
  return stream;
}

void on_incoming_connection(aws_http_server*, aws_http_connection* connection, int error, void* user_data) {
  if (error != 0) return;
  aws_http_server_connection_options options{};
  options.self_size = sizeof(options);
  options.connection_user_data = user_data;
  options.on_incoming_request = &on_incoming_request;
  options.on_shutdown = [](aws_http_connection* closed, int, void*) { aws_http_connection_release(closed); };
  if (aws_http_connection_configure_server(connection, &options) != AWS_OP_SUCCESS) {
    aws_http_connection_release(connection);  // closes it, too
  }
}

/// Tries the port first: aws_http_server_new of aws-c-http 0.38 releases freed memory where the port is taken.
Result<void> probe(std::uint16_t wanted) {
  const int probing = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(probing, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(wanted);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool free =
      ::bind(probing, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 && ::listen(probing, 1) == 0;
  const int error = errno;
  ::close(probing);
  if (free) return {};
  return fail({.code = Code::network,
               .message = fmt::format("cannot listen on 127.0.0.1:{}: {}", wanted,
                                      std::error_code(error, std::generic_category()).message()),
               .hint = "if another program has the port: port 0 picks a free one"});
}

Result<void> Server::start(std::uint16_t wanted) {
  if (wanted != 0) TRY(probe(wanted));
  aws_socket_options socket = crt::socket_options(3000);
  aws_socket_endpoint endpoint{};
  const std::string_view address = "127.0.0.1";
  std::copy(address.begin(), address.end(), endpoint.address);
  endpoint.port = wanted;
  aws_http_server_options options = AWS_HTTP_SERVER_OPTIONS_INIT;
  options.allocator = crt::allocator();
  options.bootstrap = runtime.server();
  options.endpoint = &endpoint;
  options.socket_options = &socket;
  options.server_user_data = this;
  options.on_incoming_connection = &on_incoming_connection;
  options.manual_window_management = true;
  options.initial_window_size = server::window_bytes;
  options.on_destroy_complete = [](void* user_data) {
    auto done = std::move(static_cast<Server*>(user_data)->destroyed);
    done(true);
  };
  server = aws_http_server_new(&options);
  if (server == nullptr) {
    const int error = aws_last_error();
    return fail({.code = Code::network,
                 .message = fmt::format("cannot listen on 127.0.0.1:{}: {}", wanted, crt::error_text(error))});
  }
  bound_port = static_cast<std::uint16_t>(aws_http_server_get_listener_endpoint(server)->port);
  stopped = false;
  loop.enter_air();  // requests may come at any time, so that a loop with nothing else to do waits for them
  return {};
}

Task<void> Server::serve(std::shared_ptr<Incoming> incoming) {
  ++serving;
  Task<HttpAnswer> handled = handler(std::move(incoming->request));
  HttpAnswer answer = co_await std::move(handled);
  incoming->answer(std::move(answer));
  if (--serving == 0 && closed) unserved.set();
}

void Server::finished() {
  if (handed.fetch_sub(1) == 1 && stopping) {
    loop.post([this] { idle.set(); });
  }
}

Task<void> Server::stop() {
  if (std::exchange(stopped, true)) co_return;
  stopping = true;
  if (handed.load() > 0) {
    const auto timer = loop.call_at(loop.clock().steady() + stop_grace, [this] { idle.set(); });
    co_await idle.wait();
    loop.cancel_call(timer);
  }
  Completion<bool> gone(loop);
  destroyed = gone.completer();
  aws_http_server_release(std::exchange(server, nullptr));
  Task<bool> wait = gone.wait();
  co_await std::move(wait);
  // Nothing comes from the library any more; a handler that took longer than the grace still holds our loop.
  closed = true;
  if (serving > 0) co_await unserved.wait();
  loop.leave_air();
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::listen(Loop& loop, std::uint16_t port, Handler handler,
                                                       Streams streams) {
  auto server = std::make_unique<Server>(loop, std::move(handler), std::move(streams));
  TRY(server->start(port));
  return server;
}

}  // namespace reeve::aws
