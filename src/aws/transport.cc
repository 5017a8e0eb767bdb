#include "aws/transport.h"

#include <aws/http/connection_manager.h>
#include <aws/http/proxy.h>
#include <aws/io/socket.h>
#include <aws/io/tls_channel_handler.h>
#include <fmt/format.h>

#include <charconv>
#include <map>
#include <tuple>

#include "aws/crt_runtime.h"
#include "aws/transport_errors.h"
#include "aws/transport_exchange.h"
#include "aws/transport_streamed.h"
#include "aws/transport_tls.h"
#include "base/encoding.h"

namespace reeve::aws {
namespace {

/// Scheme, host, port, and whether answers are held back that nobody reads.
using Origin = std::tuple<std::string, std::string, std::uint16_t, bool>;

std::uint16_t port_of(const HttpRequest& request) {
  if (request.port != 0) return request.port;
  return request.scheme == "http" ? 80 : 443;
}

struct Proxy {
  std::string host, user, password;
  std::uint16_t port = 0;
};

/// The proxy of a URL ("http://user:password@host:port", scheme and credentials may be missing) for this host. Metadata
/// services (link-local addresses) are never asked through one: it would get the credentials.
std::optional<Proxy> proxy_for(std::string_view url, std::string_view host) {
  if (url.empty() || host == "localhost" || host == "::1" || host.starts_with("127.") || host.starts_with("169.254.") ||
      host.starts_with("fd00:ec2:")) {
    return std::nullopt;
  }
  if (const auto scheme = url.find("://"); scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find('/'));
  Proxy out;
  if (const auto at = url.rfind('@'); at != std::string_view::npos) {
    const std::string_view who = url.substr(0, at);
    const auto colon = who.find(':');
    out.user = decode_percent(who.substr(0, colon));
    if (colon != std::string_view::npos) out.password = decode_percent(who.substr(colon + 1));
    url.remove_prefix(at + 1);
  }
  const auto colon = url.rfind(':');
  out.port = 8080;
  if (colon != std::string_view::npos) {
    std::from_chars(url.data() + colon + 1, url.data() + url.size(), out.port);
    url = url.substr(0, colon);
  }
  out.host = url;
  return out;
}

/// How long the end waits for connections to close, which takes milliseconds but for the worst of them.
constexpr std::chrono::milliseconds longest_goodbye{1'000};

/// What the library's thread works with. Handshakes stay when a pool is let go: its connections may still be closing.
struct Library {
  crt::Runtime runtime;
  crt::Shutdowns managers;
  std::map<Origin, crt::Handshakes> handshakes;
};

class Transport final : public Http {
 public:
  Transport(Loop& loop, Workers& workers, TransportOptions options)
      : loop_(loop), workers_(workers), options_(std::move(options)) {}

  ~Transport() override {
    flows_.stop();
    for (auto& [origin, pool] : pools_) aws_http_connection_manager_release(pool.manager);
    const bool over = library_->managers.wait_for(longest_goodbye);
    if (tls_ != nullptr) aws_tls_ctx_release(tls_);
    // After a failed TLS handshake s2n holds the connection for 10 to 30 s, so that its time tells an attacker nothing;
    // one that is being made when a call is given up takes up to its time-out. Nobody needs either here: what the
    // library's thread still looks at is left to the end of the process. Calls have ended; it touches none of ours.
    if (!over) std::ignore = library_.release();
  }

  Task<Result<HttpResponse>> send(HttpRequest request, Steady deadline, Cancel cancel) override {
    if (cancel.requested()) co_return fail(Code::cancelled, "interrupted before the request was sent");
    if (deadline <= loop_.clock().steady()) co_return fail(Code::timed_out, "no time was left to send the request");
    if (request.scheme == "https" && tls_ == nullptr) {
      Task<Result<void>> loading = load_tls();
      CO_TRY(co_await std::move(loading));
    }
    const Origin origin{request.scheme, request.host, port_of(request), request.streams_response};
    const std::string where = fmt::format("{}://{}:{}", request.scheme, request.host, port_of(request));
    CO_TRY(Pool * pool, pool_of(origin));
    Task<Result<HttpResponse>> exchange =
        request.stream || request.streams_response
            ? crt::send_streamed(loop_, flows_, pool->manager, pool->handshakes, where, std::move(request),
                                 {.deadline = deadline, .stall = options_.stall_timeout, .cancel = cancel},
                                 options_.response_limit_bytes)
            : exchange_over(*pool, where, std::move(request), deadline, cancel);
    ++pool->in_use;
    auto result = co_await std::move(exchange);
    --pool->in_use;
    pool->last_use = loop_.clock().steady();
    co_return result;
  }

 private:
  struct Pool {
    aws_http_connection_manager* manager = nullptr;
    crt::Handshakes* handshakes = nullptr;  ///< where the scheme is https
    std::size_t in_use = 0;
    Steady last_use;
  };

  Task<Result<HttpResponse>> exchange_over(Pool& pool, std::string where, HttpRequest request, Steady deadline,
                                           Cancel cancel) {
    const auto exchange = std::make_shared<crt::Exchange>(std::move(request), options_.response_limit_bytes);
    Completion<crt::Outcome> completion(loop_);
    if (const int error = exchange->start(pool.manager, completion.completer()); error != 0) {
      auto done = completion.completer();  // the library never called: take the call out of the air
      done({.error = error});
    }
    using crt::Stop;
    Stop stop = Stop::no;
    bool connected = true;
    auto give_up = [&](Stop why) {
      if (stop != Stop::no) return;
      stop = why;
      if (exchange->abort()) return;
      connected = false;
      auto done = completion.completer();
      done({.error = AWS_ERROR_HTTP_STREAM_CANCELLED});
    };
    std::uint64_t handshake = 0;
    if (pool.handshakes != nullptr) {
      handshake = pool.handshakes->on_failure([exchange, done = completion.completer()](std::string why) mutable {
        if (exchange->abort_connecting()) done({.error = AWS_IO_TLS_ERROR_NEGOTIATION_FAILURE, .tls = std::move(why)});
      });
    }
    crt::Outcome outcome;
    const bool timed = deadline.us != INT64_MAX;
    Loop::CallId timer{};
    if (timed) timer = loop_.call_at(deadline, [&] { give_up(Stop::deadline); });
    {
      const Cancel::Hook hook(cancel, [&] { give_up(Stop::cancel); });
      Task<crt::Outcome> end = completion.wait();
      outcome = co_await std::move(end);
    }
    if (timed) loop_.cancel_call(timer);
    if (pool.handshakes != nullptr) pool.handshakes->forget(handshake);

    if (outcome.error == 0 && !outcome.unframed) co_return std::move(exchange->response);
    co_return fail(crt::explain(where, outcome, stop, connected, options_.response_limit_bytes));
  }

  /// Reading the authorities takes milliseconds, so a worker does it, once.
  Task<Result<void>> load_tls() {
    if (!tls_loading_) {
      tls_loading_ = std::make_unique<Event>(loop_);
      Task<void> work = workers_.run(loop_, [this] { make_tls(); });
      co_await std::move(work);
      tls_loading_->set();
    } else {
      co_await tls_loading_->wait();
    }
    if (tls_ != nullptr) co_return Result<void>{};
    co_return fail({.code = Code::network,
                    .message = fmt::format("the certificate authorities could not be read: {}", tls_error_),
                    .resource = options_.ca_bundle.empty() ? "system" : options_.ca_bundle,
                    .hint = "AWS_CA_BUNDLE or ca_bundle in the profile names a PEM file"});
  }

  void make_tls() {
    aws_tls_ctx_options options{};
    aws_tls_ctx_options_init_default_client(&options, crt::allocator());
    bool fine = aws_tls_ctx_options_set_alpn_list(&options, "http/1.1") == AWS_OP_SUCCESS;
    if (fine && !options_.ca_bundle.empty()) {
      fine = aws_tls_ctx_options_override_default_trust_store_from_path(&options, nullptr,
                                                                        options_.ca_bundle.c_str()) == AWS_OP_SUCCESS;
    }
    if (fine) tls_ = aws_tls_client_ctx_new(crt::allocator(), &options);
    if (tls_ == nullptr) tls_error_ = crt::error_text(aws_last_error());
    aws_tls_ctx_options_clean_up(&options);
  }

  Result<Pool*> pool_of(const Origin& origin) {
    if (const auto found = pools_.find(origin); found != pools_.end()) return &found->second;
    if (pools_.size() >= options_.endpoints) {
      auto oldest = pools_.end();
      for (auto at = pools_.begin(); at != pools_.end(); ++at) {
        if (at->second.in_use > 0) continue;
        if (oldest == pools_.end() || at->second.last_use < oldest->second.last_use) oldest = at;
      }
      if (oldest != pools_.end()) {
        aws_http_connection_manager_release(oldest->second.manager);
        pools_.erase(oldest);
      }
    }
    const auto& [scheme, written, port, held_back] = origin;
    const bool brackets = written.starts_with('[') && written.ends_with(']');  // an IPv6 address in a URL
    const std::string host = brackets ? written.substr(1, written.size() - 2) : written;
    const bool secure = scheme == "https";
    const auto timeout = std::chrono::duration_cast<std::chrono::milliseconds>(options_.connect_timeout).count();
    const aws_socket_options socket = crt::socket_options(static_cast<unsigned>(timeout));
    const auto idle = std::chrono::duration_cast<std::chrono::milliseconds>(options_.idle_timeout).count();

    aws_tls_connection_options tls{};
    if (secure) {
      aws_tls_connection_options_init_from_ctx(&tls, tls_);
      tls.timeout_ms = static_cast<std::uint32_t>(timeout);
      const aws_byte_cursor name = crt::cursor(host);
      aws_tls_connection_options_set_server_name(&tls, crt::allocator(), &name);
      library_->handshakes[origin].watch(tls);
    }
    const auto through = proxy_for(secure ? options_.https_proxy : options_.http_proxy, host);
    aws_http_proxy_options proxy{};
    if (through) {
      proxy.connection_type = secure ? AWS_HPCT_HTTP_TUNNEL : AWS_HPCT_HTTP_FORWARD;
      proxy.host = crt::cursor(through->host);
      proxy.port = through->port;
      proxy.no_proxy_hosts = crt::cursor(options_.no_proxy);
      if (!through->user.empty()) {
        proxy.auth_type = AWS_HPAT_BASIC;
        proxy.auth_username = crt::cursor(through->user);
        proxy.auth_password = crt::cursor(through->password);
      }
    }

    aws_http_connection_manager_options options{};
    options.bootstrap = library_->runtime.client();
    options.initial_window_size = held_back ? crt::Flow::unread_bytes : SIZE_MAX;
    options.enable_read_back_pressure = held_back;
    options.socket_options = &socket;
    options.tls_connection_options = secure ? &tls : nullptr;
    options.host = crt::cursor(host);
    options.port = port;
    options.proxy_options = through ? &proxy : nullptr;
    options.max_connections = options_.connections_per_endpoint;
    options.max_connection_idle_in_milliseconds = static_cast<std::uint64_t>(idle);
    options.shutdown_complete_callback = &crt::Shutdowns::arrived;
    options.shutdown_complete_user_data = &library_->managers;
    aws_http_connection_manager* manager = aws_http_connection_manager_new(crt::allocator(), &options);
    if (secure) aws_tls_connection_options_clean_up(&tls);
    if (manager == nullptr) {
      return fail({.code = Code::network,
                   .message = fmt::format("{}://{}:{}: {}", scheme, host, port, crt::what_failed(aws_last_error()))});
    }
    library_->managers.expect();
    return &pools_
                .emplace(origin, Pool{.manager = manager,
                                      .handshakes = secure ? &library_->handshakes[origin] : nullptr,
                                      .last_use = loop_.clock().steady()})
                .first->second;
  }

  Loop& loop_;
  Workers& workers_;
  const TransportOptions options_;
  std::unique_ptr<Library> library_ = std::make_unique<Library>();
  crt::Flows flows_;
  aws_tls_ctx* tls_ = nullptr;
  std::string tls_error_;
  std::unique_ptr<Event> tls_loading_;
  std::map<Origin, Pool> pools_;
};

}  // namespace

std::unique_ptr<Http> make_http(Loop& loop, Workers& workers, TransportOptions options) {
  return std::make_unique<Transport>(loop, workers, std::move(options));
}

}  // namespace reeve::aws
