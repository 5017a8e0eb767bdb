#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/limits.h"
#include "base/seams.h"

namespace reeve::aws {

struct TransportOptions {
  /// PEM file of the authorities to trust (AWS_CA_BUNDLE); empty: the system's.
  std::string ca_bundle;
  Duration connect_timeout = std::chrono::seconds(10);
  /// A connection that nobody used for so long is closed; AWS's front ends close theirs after 20 s and more.
  Duration idle_timeout = std::chrono::seconds(15);
  /// A streamed body of which not a byte moves for so long, while somebody waits for one, is timed_out.
  Duration stall_timeout = std::chrono::seconds(60);
  std::size_t connections_per_endpoint = 64;
  /// Endpoints with open connections; past it the one that was not used for the longest time is let go.
  std::size_t endpoints = 128;
  std::size_t response_limit_bytes = limits::response_body_bytes;
  /// Proxies for http and for https ("http://user:password@host:port"); empty: none. Loopback never goes through one.
  std::string http_proxy, https_proxy;
  /// Hosts that are reached directly, separated by commas (NO_PROXY's rules: suffixes of names, addresses, *).
  std::string no_proxy;
};

/// The real network: HTTP/1.1 over pooled connections a (scheme, host, port), TLS where the scheme is https. The
/// library's one thread does the input and output; answers come back to `loop`. A request that a closing connection
/// did not begin to send is sent over another one; nothing else is retried. Adds Host and Content-Length.
///
/// An answer must say its length or come in chunks, as all of AWS's do. A success that ends with its connection
/// (HTTP/1.0) is an error of network, since its body is not read and may not pass for an empty one.
/// Body, headers and interim answers have limits (base/limits.h). One header line that never ends is bounded by the
/// deadline alone: the library gathers it whole before it hands it over.
///
/// Streamed bodies (HttpRequest) are held to about 1 MiB each way: a reader that does not read holds its server back.
/// They have no limit of size; the deadline and the cancel of send() count until the last byte was read. A body that is
/// torn is an error of network; a reader that is dropped before the end closes its connection.
///
/// Destroy it on the loop's thread when every send() has ended: it waits for the library's threads, a second at most.
/// What is still read then ends with an error.
/// Errors of send(): those of Http; network says what failed (name resolution, connection, TLS, a torn connection).
std::unique_ptr<Http> make_http(Loop& loop, Workers& workers, TransportOptions options = {});

}  // namespace reeve::aws
