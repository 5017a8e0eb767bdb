#include "aws/transport_errors.h"

#include <aws/http/http.h>
#include <aws/io/io.h>
#include <fmt/format.h>

#include "aws/crt_runtime.h"
#include "base/limits.h"

namespace reeve::aws::crt {
namespace {

bool is_bad_request(int error) {
  return error == AWS_ERROR_HTTP_INVALID_PATH || error == AWS_ERROR_HTTP_INVALID_METHOD ||
         error == AWS_ERROR_HTTP_INVALID_HEADER_NAME || error == AWS_ERROR_HTTP_INVALID_HEADER_VALUE ||
         error == AWS_ERROR_HTTP_INVALID_HEADER_FIELD;
}

}  // namespace

std::string_view what_failed(int error) {
  switch (error) {
    case AWS_IO_DNS_QUERY_FAILED:
    case AWS_IO_DNS_INVALID_NAME:
    case AWS_IO_DNS_NO_ADDRESS_FOR_HOST:
    case AWS_IO_DNS_HOST_REMOVED_FROM_CACHE:
      return "the name could not be resolved";
    case AWS_IO_SOCKET_CONNECTION_REFUSED:
      return "the connection was refused";
    case AWS_IO_SOCKET_TIMEOUT:
      return "no connection in time";
    case AWS_IO_SOCKET_NO_ROUTE_TO_HOST:
    case AWS_IO_SOCKET_NETWORK_DOWN:
      return "the network is not reachable";
    case AWS_IO_TLS_ERROR_NEGOTIATION_FAILURE:
    case AWS_IO_TLS_ERROR_ALERT_RECEIVED:
    case AWS_IO_TLS_NEGOTIATION_TIMEOUT:
    case AWS_IO_TLS_CTX_ERROR:
      return "TLS could not be agreed on (is the certificate trusted? AWS_CA_BUNDLE names other authorities)";
    case AWS_ERROR_HTTP_CONNECTION_CLOSED:
    case AWS_ERROR_HTTP_SERVER_CLOSED:
    case AWS_IO_SOCKET_CLOSED:
    case AWS_IO_BROKEN_PIPE:
      return "the connection broke before the answer was complete";
    case AWS_ERROR_HTTP_PROXY_CONNECT_FAILED:
    case AWS_ERROR_HTTP_PROXY_CONNECT_FAILED_RETRYABLE:
      return "the proxy did not connect";
    case AWS_ERROR_HTTP_PROTOCOL_ERROR:
      return "the answer is not HTTP";
    default:
      return error_text(error);
  }
}

Error explain(const std::string& where, const Outcome& outcome, Stop stop, bool connected, std::size_t limit_bytes) {
  Error error{.code = Code::network, .message = fmt::format("{}: {}", where, what_failed(outcome.error))};
  using Excess = Outcome::Excess;
  if (outcome.excess == Excess::headers) {
    error.code = Code::limit_exceeded;
    error.message =
        fmt::format("{}: the answer has more than {} headers, {} bytes of them or {} interim answers", where,
                    limits::response_headers, limits::response_header_bytes, limits::interim_answers);
  } else if (outcome.excess == Excess::body) {
    error.code = Code::limit_exceeded;
    error.message = fmt::format("{}: the answer is larger than {} bytes", where, limit_bytes);
  } else if (outcome.error == 0) {
    error.message =
        where + ": the answer does not say where it ends (no Content-Length, no chunks), so it was not read";
    error.hint = "something on the way answers in HTTP/1.0: see HTTP_PROXY, HTTPS_PROXY and the endpoint";
  } else if (!outcome.tls.empty()) {  // what is configured must change before it can work
    error.code = Code::endpoint;
    error.message = fmt::format("{}: TLS could not be agreed on: {}", where, outcome.tls);
    error.hint = "check the endpoint's name; AWS_CA_BUNDLE or ca_bundle in the profile names other authorities";
  } else if (stop == Stop::deadline) {
    error.code = Code::timed_out;
    error.message = where + (connected ? ": no answer before the deadline" : ": no connection before the deadline");
  } else if (stop == Stop::stall) {
    error.code = Code::timed_out;
    error.message = where + (connected ? ": nothing was sent or received for too long" : ": no connection in time");
  } else if (stop == Stop::cancel) {
    error.code = Code::cancelled;
    error.message = where + ": interrupted while waiting for the answer";
  } else if (is_bad_request(outcome.error)) {
    error.code = Code::invalid_params;
    error.message = where + ": the request cannot be written as HTTP";
  }
  return error;
}

}  // namespace reeve::aws::crt
