#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace reeve::aws {

/// An endpoint's URL in parts.
struct Url {
  std::string scheme = "https";  ///< http or https
  std::string host;              ///< lower case; an IPv6 address in brackets
  std::uint16_t port = 0;        ///< 0: the scheme's own
  std::string path;              ///< without a final slash; "" for none
};

/// Reads "https://host:port/path". Errors: endpoint (says what is wrong with it).
Result<Url> parse_url(std::string_view text);

/// The URL for messages: with "***" for a user's name and password before the host.
std::string without_password(std::string_view url);

/// True for addresses and "localhost": hosts that no name can be put before.
bool names_a_machine(std::string_view host);

}  // namespace reeve::aws
