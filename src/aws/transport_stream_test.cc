#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "aws/http_server.h"
#include "aws/transport.h"
#include "aws/transport_flow.h"
#include "base/byte_streams.h"
#include "base/real_seams.h"

namespace reeve::aws {
namespace {

using namespace std::chrono_literals;

/// One connection of a server that is played by hand, on a thread of its own.
class Line {
 public:
  explicit Line(int fd) : fd_(fd) {}
  /// Reads until the head of a request is there; what came behind it is kept.
  std::string head() {
    std::string got;
    while (got.find("\r\n\r\n") == std::string::npos && more(got)) {
    }
    const auto end = std::min(got.find("\r\n\r\n"), got.size());
    rest_ = got.substr(std::min(end + 4, got.size()));
    return got.substr(0, end);
  }
  /// Reads what comes next, up to `most` bytes in all; how many there were.
  std::string body(std::size_t most) {
    std::string got = std::exchange(rest_, {});
    while (got.size() < most && more(got)) {
    }
    return got;
  }
  std::size_t waiting() const { return rest_.size(); }
  bool more(std::string& into) {
    char buffer[65536];
    const auto n = ::read(fd_, buffer, sizeof(buffer));
    if (n > 0) into.append(buffer, static_cast<std::size_t>(n));
    return n > 0;
  }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

 private:
  int fd_;
  std::string rest_;
};

/// Serves one connection after another, each by the next of `scripts`, then closes it.
class Played {
 public:
  explicit Played(std::vector<std::function<void(Line&)>> scripts) : listening_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(listening_, reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listening_, 8), 0);
    EXPECT_EQ(::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([listening = listening_, all = std::move(scripts)] {
      for (const auto& script : all) {
        const int fd = ::accept(listening, nullptr, nullptr);
        if (fd < 0) return;
        Line line(fd);
        script(line);
        ::close(fd);
      }
    });
  }
  ~Played() {
    ::shutdown(listening_, SHUT_RDWR);
    thread_.join();
    ::close(listening_);
  }
  std::uint16_t port() const { return port_; }

 private:
  int listening_;
  std::uint16_t port_ = 0;
  std::jthread thread_;
};

struct Fixture {
  RealClock clock;
  Loop loop{clock};
  ThreadWorkers workers{1};
  Played server;
  std::unique_ptr<Http> http;

  explicit Fixture(std::function<void(Line&)> script, TransportOptions options = {})
      : server({std::move(script)}), http(make_http(loop, workers, std::move(options))) {}
  HttpRequest get() const {
    return {.scheme = "http", .host = "127.0.0.1", .port = server.port(), .streams_response = true};
  }
  HttpRequest put(std::shared_ptr<ByteSource> body) const {
    return {.method = "PUT", .scheme = "http", .host = "127.0.0.1", .port = server.port(), .stream = std::move(body)};
  }
  Result<HttpResponse> send(HttpRequest request, Duration within = 60s, Cancel cancel = {}) {
    return loop.run(http->send(std::move(request), clock.steady() + within, cancel));
  }
  Result<std::string> rest(HttpResponse& answer) { return loop.run(read_all(*answer.stream, SIZE_MAX)); }
  Result<std::string> next(HttpResponse& answer) { return loop.run(answer.stream->next()); }
  void pause(Duration time) { EXPECT_TRUE(loop.run(loop.sleep(time))); }
};

constexpr std::size_t big = std::size_t{64} << 20;

/// Byte `at` of the test's large bodies.
char pattern(std::size_t at) { return static_cast<char>(at * 2654435761u >> 13); }

std::string pattern(std::size_t from, std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = pattern(from + i);
  return out;
}

/// `size` bytes of the pattern, made as they are read.
class PatternSource final : public ByteSource {
 public:
  explicit PatternSource(std::size_t size, std::size_t gives = SIZE_MAX) : size_(size), gives_(std::min(size, gives)) {}
  std::optional<std::uint64_t> size() const override { return size_; }
  Result<std::unique_ptr<ByteReader>> open() override {
    read = 0;
    return std::make_unique<Reader>(*this);
  }
  std::atomic<std::size_t> read = 0;

 private:
  struct Reader final : ByteReader {
    explicit Reader(PatternSource& from) : source(from) {}
    Task<Result<std::string>> next() override {
      std::string piece = pattern(source.read, std::min<std::size_t>(256 << 10, source.gives_ - source.read));
      source.read += piece.size();
      co_return piece;
    }
    PatternSource& source;
  };
  std::size_t size_, gives_;
};

TEST(TransportStream, AnAnswerOf64MiBComesInPiecesAndWaitsForItsReader) {
  std::atomic<std::size_t> sent = 0;
  Fixture f([&](Line& line) {
    line.head();
    line.send("HTTP/1.1 200 OK\r\nX-Kind: big\r\nConnection: close\r\nContent-Length: " + std::to_string(big) +
              "\r\n\r\n");
    for (; sent < big; sent += 65536) {
      if (!line.send(pattern(sent, 65536))) return;
    }
  });
  auto got = f.send(f.get());
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(got->header("x-kind"), "big");
  ASSERT_TRUE(got->stream);
  for (std::size_t before = SIZE_MAX; before != sent; f.pause(50ms)) before = sent;  // until it goes no further
  EXPECT_LT(sent, big / 2) << "what nobody reads is not taken in (the sockets hold some megabytes)";
  std::size_t read = 0;
  while (true) {
    auto piece = f.next(*got);
    ASSERT_TRUE(piece) << piece.error().text();
    if (piece->empty()) break;
    ASSERT_LE(piece->size(), crt::Flow::unread_bytes);
    ASSERT_TRUE(*piece == pattern(read, piece->size()));
    read += piece->size();
  }
  EXPECT_EQ(read, big);
  EXPECT_EQ(*f.next(*got), "") << "and after the end";
}

TEST(TransportStream, ABodyOf64MiBIsReadAsItIsSent) {
  std::atomic<bool> reads = false;
  std::atomic<std::size_t> wrong = 0, received = 0;
  std::string head;
  const auto source = std::make_shared<PatternSource>(big);
  Fixture f([&](Line& line) {
    head = line.head();
    while (!reads) std::this_thread::sleep_for(1ms);
    while (received < big) {
      const std::string part = line.body(1);
      if (part.empty()) return;
      wrong += part != pattern(received, part.size());
      received += part.size();
    }
    line.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
  });
  std::optional<Result<HttpResponse>> got;
  f.loop.run([&]() -> Task<void> {
    Event over(f.loop);
    auto sending = [&]() -> Task<void> {
      Task<Result<HttpResponse>> send = f.http->send(f.put(source), f.clock.steady() + 60s, {});
      got.emplace(co_await std::move(send));
      over.set();
    };
    f.loop.spawn(sending());
    for (std::size_t before = SIZE_MAX; before != source->read || before == 0;) {
      before = source->read;
      Task<Result<void>> pause = f.loop.sleep(50ms);
      co_await std::move(pause);
    }
    EXPECT_LT(source->read, big / 2) << "what is not sent is not read";
    reads = true;
    co_await over.wait();
  }());
  ASSERT_TRUE(*got) << got->error().text();
  EXPECT_EQ((*got)->body, "ok");
  EXPECT_EQ(received, big);
  EXPECT_EQ(wrong, 0u);
  EXPECT_NE(head.find("Content-Length: 67108864"), std::string::npos) << head;
}

/// A source that does not know its size.
class Unsized final : public ByteSource {
 public:
  std::optional<std::uint64_t> size() const override { return std::nullopt; }
  Result<std::unique_ptr<ByteReader>> open() override { return TextSource("abcdefg", 3).open(); }
};

TEST(TransportStream, ABodyWithoutASizeGoesInChunks) {
  std::string head, body;
  Fixture f([&](Line& line) {
    head = line.head();
    body = line.body(0);
    while (!body.ends_with("0\r\n\r\n") && line.more(body)) {
    }
    line.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  });
  const auto got = f.send(f.put(std::make_shared<Unsized>()));
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_NE(head.find("chunked"), std::string::npos) << head;
  EXPECT_EQ(body, "3\r\nabc\r\n3\r\ndef\r\n1\r\ng\r\n0\r\n\r\n");
}

TEST(TransportStream, AnEmptyBodyIsSent) {
  std::string head;
  Fixture f([&](Line& line) {
    head = line.head();
    line.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  });
  auto request = f.put(std::make_shared<TextSource>(""));
  request.streams_response = true;
  auto got = f.send(std::move(request));
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(*f.rest(*got), "");
  EXPECT_NE(head.find("Content-Length: 0"), std::string::npos) << head;
}

TEST(TransportStream, ATornAnswerIsAnErrorOfNetwork) {
  for (const char* head :
       {"Content-Length: 20\r\n\r\ntwelve bytes", "Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n"}) {
    Fixture f([&](Line& line) {
      line.head();
      line.send("HTTP/1.1 200 OK\r\nConnection: close\r\n" + std::string(head));
    });
    auto got = f.send(f.get());
    ASSERT_TRUE(got) << got.error().text();
    const auto body = f.rest(*got);
    ASSERT_FALSE(body) << *body;
    EXPECT_EQ(body.error().code, Code::network);
    EXPECT_EQ(*f.next(*got), "") << "there are no more";
  }
}

// The library does not hear its own cancel once an answer said that it closes.
constexpr std::string_view closings[] = {"", "Connection: close\r\n"};

TEST(TransportStream, WhatStallsIsTimedOut) {
  for (const auto closing : closings) {
    std::atomic<bool> over = false;
    Fixture f(
        [&](Line& line) {
          line.head();
          line.send(fmt::format("HTTP/1.1 200 OK\r\n{}Content-Length: 20\r\n\r\nhalf", closing));
          while (!over) std::this_thread::sleep_for(1ms);
        },
        {.stall_timeout = 50ms});
    auto got = f.send(f.get());
    ASSERT_TRUE(got) << got.error().text();
    EXPECT_EQ(*f.next(*got), "half");
    f.pause(100ms);  // nobody waits: nothing stalls
    const auto more = f.next(*got);
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error().code, Code::timed_out);
    over = true;
  }
}

TEST(TransportStream, DeadlineAndCancelCountToTheLastByte) {
  for (const auto closing : closings) {
    for (const bool cancels : {true, false}) {
      for (const bool held : {true, false}) {
        std::atomic<bool> over = false;
        Fixture f([&](Line& line) {
          line.head();
          line.send(fmt::format("HTTP/1.1 200 OK\r\n{}Content-Length: 20000000\r\n\r\n", closing));
          while (!over && line.send("x")) std::this_thread::sleep_for(1ms);
        });
        CancelSource stop;
        if (cancels) f.loop.call_at(f.clock.steady() + 50ms, [&] { stop.cancel(); });
        HttpRequest request = f.get();
        request.streams_response = !held;
        auto got = f.send(std::move(request), cancels ? Duration(60s) : Duration(200ms), stop.token());
        Result<std::string> body = fail(Code::internal, "");
        if (held) {
          ASSERT_FALSE(got);
          body = std::unexpected(got.error());
        } else {
          ASSERT_TRUE(got) << got.error().text();
          body = f.rest(*got);
        }
        ASSERT_FALSE(body);
        EXPECT_EQ(body.error().code, cancels ? Code::cancelled : Code::timed_out);
        over = true;
      }
    }
  }
}

TEST(TransportStream, AnAbandonedReaderClosesItsConnection) {
  for (const auto closing : closings) {
    for (const std::size_t sent : {std::size_t{4}, std::size_t{3} << 20}) {
      std::atomic<bool> closed = false;
      Fixture f([&](Line& line) {
        line.head();
        line.send(fmt::format("HTTP/1.1 200 OK\r\n{}Content-Length: 20000000\r\n\r\n", closing));
        std::string rest;
        closed = !line.send(std::string(sent, 'x')) || !line.more(rest);
      });
      {
        auto got = f.send(f.get());
        ASSERT_TRUE(got) << got.error().text();
        EXPECT_FALSE(f.next(*got)->empty());
      }
      while (!closed) f.pause(1ms);
    }
  }
}

TEST(TransportStream, ReadersMayOutliveTheTransport) {
  std::string rest;
  Fixture f([&](Line& line) {
    line.head();
    line.send("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf");
    line.more(rest);
  });
  auto got = f.send(f.get());
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(*f.next(*got), "half");
  f.http.reset();
  EXPECT_FALSE(f.next(*got));
}

TEST(TransportStream, ARefusalIsHeldWhole) {
  Fixture f([&](Line& line) {
    line.head();
    line.send("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 700000\r\n\r\n" +
              std::string(700'000, 'e'));
  });
  const auto got = f.send(f.get());
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(got->status, 404);
  EXPECT_FALSE(got->stream);
  EXPECT_EQ(got->body, std::string(700'000, 'e')) << "more than the window of a stream";
}

TEST(TransportStream, ARefusalEndsTheSending) {
  const auto source = std::make_shared<PatternSource>(big);
  std::string rest;
  Fixture f([&](Line& line) {
    line.head();
    line.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nnope");
    while (line.more(rest)) {
    }
  });
  const auto got = f.send(f.put(source));
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(got->status, 403);
  EXPECT_EQ(got->body, "nope");
  EXPECT_LT(source->read, big);
}

TEST(TransportStream, ABodyWaitsForTheServersWord) {
  const auto source = std::make_shared<PatternSource>(1'000'000);
  std::size_t before = 1;
  std::string body;
  Fixture f([&](Line& line) {
    line.head();
    before = line.waiting() + source->read;
    line.send("HTTP/1.1 100 Continue\r\n\r\n");
    body = line.body(1'000'000);
    line.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  });
  auto request = f.put(source);
  request.headers.emplace_back("Expect", "100-continue");
  const auto got = f.send(std::move(request));
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(before, 0u);
  EXPECT_TRUE(body == pattern(0, 1'000'000));
}

TEST(TransportStream, AnAnswerWithoutAnEndIsRefused) {
  Fixture f([&](Line& line) {
    line.head();
    line.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nwho knows how much");
  });
  const auto got = f.send(f.get());
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::network);
}

class Broken final : public ByteSource {
 public:
  std::optional<std::uint64_t> size() const override { return 10; }
  Result<std::unique_ptr<ByteReader>> open() override { return fail(Code::unsupported, "it came once"); }
};

TEST(TransportStream, WhatTheSourceFailsWithIsTheError) {
  for (const bool short_of : {false, true}) {
    Fixture f([&](Line& line) {
      line.head();
      line.body(SIZE_MAX);
    });
    std::shared_ptr<ByteSource> source = std::make_shared<Broken>();
    if (short_of) source = std::make_shared<PatternSource>(1'000'000, 999'999);
    const auto got = f.send(f.put(std::move(source)));
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, short_of ? Code::io : Code::unsupported) << got.error().text();
  }
}

TEST(TransportStream, NoConnectionIsAnErrorOfNetwork) {
  Fixture f([](Line&) {});
  auto request = f.get();
  request.port = 1;
  const auto got = f.send(std::move(request));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::network);
  EXPECT_TRUE(f.http);
}

/// What this process has in memory, in bytes.
std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// Both ends in one process: 64 MiB up and 64 MiB down are held nowhere.
TEST(TransportStream, OurServerAndOurClientStreamInConstantMemory) {
  RealClock clock;
  Loop loop{clock};
  ThreadWorkers workers{1};
  const auto source = std::make_shared<PatternSource>(big), content = std::make_shared<PatternSource>(big);
  std::size_t wrong = 0, received = 0, most = 0;
  auto take = [&](std::size_t& at, const std::string& piece) {
    wrong += piece != pattern(at, piece.size());
    at += piece.size();
    most = std::max(most, resident_bytes());
  };
  auto handler = [&](HttpRequest request) -> Task<HttpAnswer> {
    const auto reader = request.stream ? request.stream->open() : TextSource("").open();
    while (reader) {
      Task<Result<std::string>> next = (*reader)->next();
      const Result<std::string> piece = co_await std::move(next);
      if (!piece || piece->empty()) break;
      take(received, *piece);
    }
    co_return HttpAnswer{{.status = 200,
                          .headers = {{"Content-Length", std::to_string(big)}},
                          .stream = std::shared_ptr<ByteReader>(*content->open())}};
  };
  auto server = HttpServer::listen(loop, 0, handler, [](const HttpRequest& head) { return head.method == "PUT"; });
  ASSERT_TRUE(server);
  {
    const auto http = make_http(loop, workers);
    [[maybe_unused]] const std::size_t before = resident_bytes();
    HttpRequest request{.method = "PUT",
                        .scheme = "http",
                        .host = "127.0.0.1",
                        .port = (*server)->port(),
                        .stream = source,
                        .streams_response = true};
    auto got = loop.run(http->send(std::move(request), clock.steady() + 60s, {}));
    ASSERT_TRUE(got) << got.error().text();
    EXPECT_EQ(received, big);
    for (std::size_t read = 0; read < big;) {
      const auto piece = loop.run(got->stream->next());
      ASSERT_TRUE(piece && !piece->empty());
      take(read, *piece);
    }
    EXPECT_EQ(*loop.run(got->stream->next()), "");
    EXPECT_EQ(wrong, 0u);
#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
    EXPECT_LT(most, before + big / 4);
#endif
  }
  loop.run((*server)->stop());
}

TEST(TransportStream, ABodyIsReadFromItsBeginningOverAnotherConnection) {
  // The first connection closes when it was answered, though it did not say so: the second request finds it closed, in
  // the pool or with nothing sent.
  const auto source = std::make_shared<TextSource>("body");
  std::string second;
  RealClock clock;
  Loop loop{clock};
  ThreadWorkers workers{1};
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  Played server({[&](Line& line) {
                   line.head();
                   line.body(4);
                   line.send(answer);
                 },
                 [&](Line& line) {
                   line.head();
                   second = line.body(4);
                   line.send(answer);
                 }});
  const auto http = make_http(loop, workers);
  for (int i = 0; i < 2; ++i) {
    HttpRequest request{
        .method = "PUT", .scheme = "http", .host = "127.0.0.1", .port = server.port(), .stream = source};
    const auto got = loop.run(http->send(std::move(request), clock.steady() + 60s, {}));
    ASSERT_TRUE(got) << got.error().text();
    EXPECT_TRUE(loop.run(loop.sleep(200ms)));  // for the runtime to see the close
  }
  EXPECT_EQ(second, "body");
}

}  // namespace
}  // namespace reeve::aws
