#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

struct aws_channel_handler;
struct aws_channel_slot;
struct aws_tls_connection_options;

namespace reeve::aws::crt {

/// Hears at once of TLS handshakes with one origin that fail for good: a certificate that is not trusted or is for
/// another name, or something that is not TLS. The library itself tells only when it has closed the connection, and
/// s2n holds that back for 10 to 30 seconds.
class Handshakes {
 public:
  /// Called on any thread with what TLS says ("Certificate is untrusted").
  using Tell = std::move_only_function<void(std::string why)>;

  /// Has the library tell this object of handshakes by these options; it must outlive the connections.
  void watch(aws_tls_connection_options& options);
  /// Tells once, of a handshake that fails from now on, until forget().
  std::uint64_t on_failure(Tell tell);
  void forget(std::uint64_t id);

 private:
  static void ended(aws_channel_handler* handler, aws_channel_slot* slot, int error, void* self);

  std::mutex mutex_;
  std::map<std::uint64_t, Tell> waiting_;
  std::uint64_t next_ = 0;
};

}  // namespace reeve::aws::crt
