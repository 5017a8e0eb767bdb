#include "aws/transport.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "aws/http_server.h"
#include "base/real_seams.h"

namespace reeve::aws {
namespace {

/// The real world, small: a loop, two workers, a client and a server that answers what `handler` says.
struct Fixture {
  RealClock clock;
  Loop loop{clock};
  ThreadWorkers workers{2};
  std::unique_ptr<HttpServer> server;
  std::unique_ptr<Http> http;

  explicit Fixture(HttpServer::Handler handler, TransportOptions options = {}) {
    auto listening = HttpServer::listen(loop, 0, std::move(handler));
    EXPECT_TRUE(listening);
    server = std::move(*listening);
    http = make_http(loop, workers, std::move(options));
  }
  ~Fixture() {
    if (server) loop.run(server->stop());
  }
  HttpRequest request(std::string target = "/", std::string body = {}) const {
    return {.method = body.empty() ? "GET" : "POST",
            .scheme = "http",
            .host = "127.0.0.1",
            .port = server->port(),
            .target = std::move(target),
            .headers = {{"X-Test", "one"}},
            .body = std::move(body)};
  }
  Task<Result<HttpResponse>> send(HttpRequest what, Cancel cancel = {}) {
    return http->send(std::move(what), clock.steady() + std::chrono::seconds(60), cancel);
  }
};

Task<HttpAnswer> echo(HttpRequest request) {
  HttpResponse out{.status = 200, .headers = {{"X-Target", request.target}, {"X-Method", request.method}}, .body = {}};
  for (const auto& [name, value] : request.headers) {
    if (name == "X-Test") out.headers.emplace_back("X-Echo", value);
  }
  out.body = std::move(request.body);
  co_return HttpAnswer{std::move(out)};
}

TEST(Transport, AnswersComeBack) {
  Fixture f(echo);
  const auto got = f.loop.run(f.send(f.request("/a%20b?c=d", "hello")));
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(got->status, 200);
  EXPECT_EQ(got->header("x-target"), "/a%20b?c=d");
  EXPECT_EQ(got->header("x-method"), "POST");
  EXPECT_EQ(got->header("x-echo"), "one");
  EXPECT_EQ(got->body, "hello");
}

TEST(Transport, ZeroBytesStandBehindTheBody) {
  Fixture f(echo);
  for (const std::size_t size : {0u, 1u, 15u, 16u, 1000u, 100000u}) {
    const auto got = f.loop.run(f.send(f.request("/", std::string(size, 'x'))));
    ASSERT_TRUE(got);
    ASSERT_GE(got->body.capacity(), size + 64);
    for (std::size_t i = 0; i < 64; ++i) ASSERT_EQ(got->body.data()[size + i], '\0');
  }
}

TEST(Transport, ManyInFlight) {
  Fixture f(echo, {.connections_per_endpoint = 16});
  std::vector<Task<Result<HttpResponse>>> sends;
  for (int i = 0; i < 500; ++i) sends.push_back(f.send(f.request("/" + std::to_string(i), "b" + std::to_string(i))));
  const auto all_of = f.loop.run(all(f.loop, std::move(sends)));
  for (std::size_t i = 0; i < all_of.size(); ++i) {
    ASSERT_TRUE(all_of[i]) << all_of[i].error().text();
    EXPECT_EQ(all_of[i]->header("X-Target"), "/" + std::to_string(i));
    EXPECT_EQ(all_of[i]->body, "b" + std::to_string(i));
  }
}

TEST(Transport, BigBodiesBothWays) {
  Fixture f(echo);
  std::string body(8'000'000, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 2654435761u >> 13);
  const auto got = f.loop.run(f.send(f.request("/", body)));
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_TRUE(got->body == body);
}

TEST(Transport, HeadHasNoBodyButItsLength) {
  Fixture f([](HttpRequest) -> Task<HttpAnswer> { co_return HttpAnswer{{.status = 200, .body = "twelve bytes"}}; });
  HttpRequest head = f.request();
  head.method = "HEAD";
  const auto got = f.loop.run(f.send(head));
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(got->body, "");
  EXPECT_EQ(got->header("content-length"), "12");
  EXPECT_TRUE(f.loop.run(f.send(f.request()))) << "the connection is still good";
}

TEST(Transport, TheAnswerMayNotBeLargerThanTheLimit) {
  Fixture f(echo, {.response_limit_bytes = 1000});
  EXPECT_TRUE(f.loop.run(f.send(f.request("/", std::string(1000, 'x')))));
  const auto got = f.loop.run(f.send(f.request("/", std::string(1001, 'x'))));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::limit_exceeded);
}

TEST(Transport, ServerRefusesWhatIsTooLarge) {
  Fixture f(echo);
  HttpRequest large = f.request();
  for (int i = 0; i < 10; ++i) large.headers.emplace_back("X-Large", std::string(8000, 'h'));
  const auto headers = f.loop.run(f.send(large));
  ASSERT_TRUE(headers) << headers.error().text();
  EXPECT_EQ(headers->status, 431);
  const auto body = f.loop.run(f.send(f.request("/", std::string(limits::request_body_bytes + 1, 'b'))));
  ASSERT_TRUE(body) << body.error().text();
  EXPECT_EQ(body->status, 413);
}

/// A handler that waits until the test lets it go.
struct Held {
  std::unique_ptr<Event> gate;
  HttpServer::Handler handler() {
    return [this](HttpRequest) -> Task<HttpAnswer> {
      co_await gate->wait();
      co_return HttpAnswer{{.status = 200}};
    };
  }
};

TEST(Transport, DeadlineEndsTheWait) {
  Held held;
  Fixture f(held.handler());
  held.gate = std::make_unique<Event>(f.loop);
  const Steady soon = f.clock.steady() + std::chrono::milliseconds(20);
  const auto got = f.loop.run(f.http->send(f.request(), soon, {}));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::timed_out);
  const auto late = f.loop.run(f.http->send(f.request(), soon, {}));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::timed_out) << "a deadline that has passed sends nothing";
  held.gate->set();
}

TEST(Transport, CancelEndsTheWait) {
  Held held;
  Fixture f(held.handler());
  held.gate = std::make_unique<Event>(f.loop);
  CancelSource source;
  f.loop.call_at(f.clock.steady() + std::chrono::milliseconds(20), [&] { source.cancel(); });
  const auto got = f.loop.run(f.send(f.request(), source.token()));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::cancelled);
  const auto again = f.loop.run(f.send(f.request(), source.token()));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::cancelled);
  held.gate->set();
  EXPECT_TRUE(f.loop.run(f.send(f.request()))) << "others are not disturbed";
}

TEST(Transport, CancelledWhileWaitingForAConnection) {
  Held held;
  Fixture f(held.handler(), {.connections_per_endpoint = 1});
  held.gate = std::make_unique<Event>(f.loop);
  CancelSource source;
  std::vector<Task<Result<HttpResponse>>> sends;
  sends.push_back(f.send(f.request()));  // holds the only connection
  sends.push_back(f.send(f.request(), source.token()));
  f.loop.call_at(f.clock.steady() + std::chrono::milliseconds(20), [&] {
    source.cancel();
    held.gate->set();
  });
  const auto got = f.loop.run(all(f.loop, std::move(sends)));
  EXPECT_TRUE(got[0]);
  ASSERT_FALSE(got[1]);
  EXPECT_EQ(got[1].error().code, Code::cancelled);
  EXPECT_TRUE(f.loop.run(f.send(f.request()))) << "the connection went back into the pool";
}

/// A server of raw bytes: answers the n-th connection's first request with `answers[n]`, then closes.
class RawServer {
 public:
  explicit RawServer(std::vector<std::string> answers) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(listener_, 8);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, answers = std::move(answers)] {
      for (const auto& answer : answers) {
        const int peer = ::accept(listener_, nullptr, nullptr);
        if (peer < 0) return;  // shut: the test ended before its answers did
        std::string request;
        char buffer[4096];
        while (request.find("\r\n\r\n") == std::string::npos) {
          const auto got = ::read(peer, buffer, sizeof(buffer));
          if (got <= 0 || buffer[0] == 0x16) break;  // 0x16: TLS's first byte
          request.append(buffer, static_cast<std::size_t>(got));
        }
        EXPECT_EQ(::write(peer, answer.data(), answer.size()), static_cast<ssize_t>(answer.size()));
        ::close(peer);
      }
    });
  }
  ~RawServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  std::uint16_t port() const { return port_; }

 private:
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

/// A server that answers `begin`, then `piece` without end, until the other side hangs up.
class EndlessServer {
 public:
  EndlessServer(std::string begin, std::string piece, std::chrono::milliseconds pause = {}) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(listener_, 8);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this, pause, begin = std::move(begin), piece = std::move(piece)] {
      const int peer = ::accept(listener_, nullptr, nullptr);
      char buffer[4096];
      (void)!::read(peer, buffer, sizeof(buffer));
      (void)!::send(peer, begin.data(), begin.size(), MSG_NOSIGNAL);
      for (auto sent = piece.size(); sent < most_bytes; sent += piece.size()) {  // a client without bounds fails
        if (::send(peer, piece.data(), piece.size(), MSG_NOSIGNAL) < 0) break;
        std::this_thread::sleep_for(pause);
      }
      ::close(peer);
    });
  }
  ~EndlessServer() {
    thread_.join();
    ::close(listener_);
  }
  std::uint16_t port() const { return port_; }

 private:
  static constexpr std::size_t most_bytes = std::size_t{64} << 20;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::jthread thread_;
};

TEST(Transport, HeadersWithoutEndAreRefused) {
  const std::string begin = "HTTP/1.1 200 OK\r\n", interim = "HTTP/1.1 100 Continue\r\n\r\n";
  for (const auto& [first, piece] : {std::pair<std::string, std::string>{begin, "X-A: b\r\n"},
                                     {begin, "X-A: " + std::string(10'000, 'y') + "\r\n"},
                                     {interim, interim},
                                     {"HTTP/1.1 103 Early Hints\r\n", "X-A: b\r\n"},
                                     {begin + "Transfer-Encoding: chunked\r\n\r\n0\r\n", "X-A: b\r\n"}}) {
    Fixture f(echo);
    const EndlessServer endless(first, piece);
    HttpRequest request = f.request();
    request.port = endless.port();
    const auto got = f.loop.run(f.send(request));
    ASSERT_FALSE(got) << piece.substr(0, 40);
    EXPECT_EQ(got.error().code, Code::limit_exceeded) << got.error().text();
  }
}

TEST(Transport, ABodyThatTricklesEndsWithTheDeadline) {
  Fixture f(echo);
  const EndlessServer endless("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", "<", std::chrono::milliseconds(2));
  HttpRequest request = f.request();
  request.port = endless.port();
  const auto got = f.loop.run(f.http->send(request, f.clock.steady() + std::chrono::milliseconds(50), {}));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::timed_out);
}

TEST(Transport, NobodyListens) {
  Fixture f(echo);
  HttpRequest request = f.request();
  f.loop.run(f.server->stop());
  f.server.reset();
  const auto got = f.loop.run(f.send(request));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::network);
  EXPECT_NE(got.error().message.find("refused"), std::string::npos) << got.error().message;
}

TEST(Transport, NameThatDoesNotExist) {
  Fixture f(echo);
  HttpRequest request = f.request();
  request.host = "no-such-host.invalid";
  const auto got = f.loop.run(f.send(request));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::network);
  EXPECT_NE(got.error().message.find("resolved"), std::string::npos) << got.error().message;
}

TEST(Transport, AMissingCaBundleIsNamed) {
  Fixture f(echo, {.ca_bundle = "no/such/bundle.pem"});
  HttpRequest request = f.request();
  request.scheme = "https";
  const auto got = f.loop.run(f.send(request));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::network);
  EXPECT_EQ(got.error().resource, "no/such/bundle.pem");
}

TEST(Transport, PlainTextIsNotTls) {
  Fixture f(echo);
  const RawServer raw({"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"});
  HttpRequest request = f.request();
  request.scheme = "https";
  request.port = raw.port();
  const auto got = f.loop.run(f.send(request));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::network);
}

TEST(Transport, ARequestThatIsNoHttpIsOurFault) {
  Fixture f(echo);
  const auto got = f.loop.run(f.send(f.request("/a b")));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::invalid_params);
}

TEST(Transport, TornConnection) {
  Fixture f(echo);
  const RawServer raw({"", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this", "not http at all\r\n\r\n"});
  HttpRequest request = f.request();
  request.port = raw.port();
  for (int i = 0; i < 3; ++i) {
    const auto got = f.loop.run(f.send(request));
    ASSERT_FALSE(got) << i;
    EXPECT_EQ(got.error().code, Code::network) << i;
  }
}

// An answer that ends with its connection arrives without its body: an empty list where there is a full one.
TEST(Transport, AnAnswerWithoutALengthIsNoEmptyAnswer) {
  Fixture f(echo);
  const RawServer raw(
      {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<all/>", "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n<all/>",
       "HTTP/1.1 503 Busy\r\nConnection: close\r\n\r\nlater", "HTTP/1.1 204 None\r\nConnection: close\r\n\r\n",
       "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
       "6\r\n<all/>\r\n0\r\n\r\n",
       "HTTP/1.1 200 OK\r\nConnection: close\r\ncontent-length: 0\r\n\r\n",
       "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"});
  HttpRequest request = f.request();
  request.port = raw.port();
  for (int i = 0; i < 2; ++i) {
    const auto got = f.loop.run(f.send(request));
    ASSERT_FALSE(got) << i;
    EXPECT_EQ(got.error().code, Code::network);
    EXPECT_NE(got.error().message.find("where it ends"), std::string::npos) << got.error().message;
  }
  for (const auto& [status, body] : {std::pair{503, ""}, {204, ""}, {200, "<all/>"}, {200, ""}}) {
    const auto got = f.loop.run(f.send(request));
    ASSERT_TRUE(got) << got.error().text();
    EXPECT_EQ(got->status, status);
    EXPECT_EQ(got->body, body);
  }
  request.method = "HEAD";
  EXPECT_TRUE(f.loop.run(f.send(request)));
}

TEST(Transport, AConnectionThatClosedWhileIdleIsNoError) {
  Fixture f(echo);
  constexpr int rounds = 5;
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";  // keeps alive, and closes all the same
  const RawServer raw(std::vector<std::string>(rounds, answer));
  HttpRequest request = f.request();
  request.port = raw.port();
  for (int i = 0; i < rounds; ++i) {
    const auto got = f.loop.run(f.send(request));
    ASSERT_TRUE(got) << got.error().text();
    f.loop.run([&]() -> Task<void> {
      Task<Result<void>> pause = f.loop.sleep(std::chrono::milliseconds(100));  // for the runtime to see the close
      EXPECT_TRUE(co_await std::move(pause));
    }());
  }
}

/// Sends raw bytes to a server, and closes, or waits for `answer_bytes` first.
std::string raw_client(std::uint16_t port, const std::string& bytes, std::size_t answer_bytes) {
  const int peer = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(peer, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_EQ(::write(peer, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  std::string answer;
  char buffer[4096];
  while (answer.size() < answer_bytes) {
    const auto got = ::read(peer, buffer, sizeof(buffer));
    if (got <= 0) break;
    answer.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(peer);
  return answer;
}

TEST(Transport, ClientsThatGoAwayDoNotHarmTheServer) {
  Held held;
  Fixture f(held.handler());
  held.gate = std::make_unique<Event>(f.loop);
  const std::string whole = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody";
  for (std::size_t length = 0; length <= whole.size(); ++length)
    raw_client(f.server->port(), whole.substr(0, length), 0);
  for (const char* garbage : {"\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\x16\x03\x01\x02", "\0\0\0\0",
                              "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                              "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    raw_client(f.server->port(), garbage, 0);
  }
  held.gate->set();
  EXPECT_TRUE(f.loop.run(f.send(f.request())));
}

TEST(Transport, AServerMayBreakTheConnection) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{20}, std::size_t{100'000}}) {
    HttpAnswer::Sent sent = HttpAnswer::Sent::nothing;
    const std::string whole(size, 'b');
    Fixture f([&](HttpRequest) -> Task<HttpAnswer> {
      co_return HttpAnswer{{.status = 200, .headers = {{"X-Head", "there"}}, .body = whole}, sent};
    });
    const auto nothing = f.loop.run(f.send(f.request()));
    ASSERT_FALSE(nothing);
    EXPECT_EQ(nothing.error().code, Code::network);
    sent = HttpAnswer::Sent::half;
    const auto half = f.loop.run(f.send(f.request()));
    EXPECT_EQ(half.has_value(), size == 0) << "an empty body cannot break";
    if (!half) EXPECT_EQ(half.error().code, Code::network);
    sent = HttpAnswer::Sent::whole;
    const auto again = f.loop.run(f.send(f.request()));
    ASSERT_TRUE(again) << again.error().text();
    EXPECT_EQ(again->body, whole);
  }
}

TEST(Transport, ATornAnswerPromisesItsWholeLength) {
  std::string raw;
  Fixture f([&](HttpRequest) -> Task<HttpAnswer> {
    co_return HttpAnswer{{.status = 200, .body = "twenty bytes of body"}, HttpAnswer::Sent::half};
  });
  f.loop.run([&]() -> Task<void> {
    Completion<std::string> done(f.loop);
    std::jthread peer([port = f.server->port(), complete = done.completer()]() mutable {
      complete(raw_client(port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", SIZE_MAX));  // until it is closed
    });
    Task<std::string> read = done.wait();
    raw = co_await std::move(read);
  }());
  EXPECT_NE(raw.find("Content-Length: 20\r\n"), std::string::npos) << raw;
  EXPECT_TRUE(raw.ends_with("\r\n\r\ntwenty byt")) << raw;
}

TEST(Transport, RequestsInARowOnOneConnection) {
  Fixture f(echo);
  const std::string one = "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody";
  std::string answer;
  bool ended = false;
  std::thread client([&] {
    answer = raw_client(f.server->port(), one + one + one, 200);
    f.loop.post([&] { ended = true; });
  });
  f.loop.run([](Loop& loop, bool& flag) -> Task<void> {
    while (!flag) {
      Task<Result<void>> pause = loop.sleep(std::chrono::milliseconds(1));
      if (!co_await std::move(pause)) co_return;
    }
  }(f.loop, ended));
  client.join();
  std::size_t answers = 0;
  for (auto at = answer.find("HTTP/1.1 200"); at != std::string::npos; at = answer.find("HTTP/1.1 200", at + 1)) {
    ++answers;
  }
  EXPECT_EQ(answers, 3u) << answer;
}

TEST(Transport, TearDownAgainAndAgain) {
  for (int i = 0; i < 15; ++i) {
    Fixture f(echo);
    EXPECT_TRUE(f.loop.run(f.send(f.request("/", "x"))));
  }
}

TEST(Transport, PortThatIsTaken) {
  Fixture f(echo);
  const auto second = HttpServer::listen(f.loop, f.server->port(), echo);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::network);
}

TEST(Transport, StopWaitsForTheAnswerInFlight) {
  Held held;
  Fixture f(held.handler());
  held.gate = std::make_unique<Event>(f.loop);
  std::vector<Task<Result<HttpResponse>>> sends;
  sends.push_back(f.send(f.request()));
  f.loop.call_at(f.clock.steady() + std::chrono::milliseconds(30), [&] {
    f.loop.spawn(f.server->stop());
    held.gate->set();
  });
  const auto got = f.loop.run(all(f.loop, std::move(sends)));
  ASSERT_TRUE(got[0]) << got[0].error().text();
  EXPECT_EQ(got[0]->status, 200);
  f.loop.drain();
}

}  // namespace
}  // namespace reeve::aws
