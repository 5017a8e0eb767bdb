#include "aws/transport_tls.h"

#include <aws/io/tls_channel_handler.h>
#include <s2n.h>

#include <utility>

namespace reeve::aws::crt {
namespace {

/// What s2n says of the handshake that just failed on this thread; empty where the network broke it, which may pass.
std::string what_tls_says() {
  const int error = *s2n_errno_location();
  switch (s2n_error_get_type(error)) {
    case S2N_ERR_T_ALERT:
    case S2N_ERR_T_PROTO:
      return s2n_strerror(error, "EN");
    default:
      return {};
  }
}

}  // namespace

void Handshakes::watch(aws_tls_connection_options& options) {
  aws_tls_connection_options_set_callbacks(&options, &Handshakes::ended, nullptr, nullptr, this);
}

std::uint64_t Handshakes::on_failure(Tell tell) {
  const std::lock_guard lock(mutex_);
  waiting_.emplace(++next_, std::move(tell));
  return next_;
}

void Handshakes::forget(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  waiting_.erase(id);
}

void Handshakes::ended(aws_channel_handler*, aws_channel_slot*, int error, void* user_data) {
  if (error != AWS_IO_TLS_ERROR_NEGOTIATION_FAILURE) return;
  const std::string why = what_tls_says();
  if (why.empty()) return;
  auto* self = static_cast<Handshakes*>(user_data);
  std::map<std::uint64_t, Tell> told;
  {
    const std::lock_guard lock(self->mutex_);
    told = std::exchange(self->waiting_, {});
  }
  for (auto& [id, tell] : told) tell(why);
}

}  // namespace reeve::aws::crt
