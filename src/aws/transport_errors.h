#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "aws/transport_exchange.h"
#include "base/result.h"

namespace reeve::aws::crt {

/// Why this side gave an exchange up.
enum class Stop : std::uint8_t {
  no,
  deadline,
  stall,  ///< nothing moved for too long
  cancel,
  source,     ///< the request's body could not be read
  abandoned,  ///< nobody wants the rest of the answer
};

/// What part of the way failed, for people, by the library's error number.
std::string_view what_failed(int error);

/// An exchange that failed as an error of Http. `where` is scheme, host and port; `connected`: it had a connection.
Error explain(const std::string& where, const Outcome& outcome, Stop stop, bool connected, std::size_t limit_bytes);

}  // namespace reeve::aws::crt
