#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reeve::text {

/// An IP address, or a network of them.
struct Cidr {
  bool v6 = false;
  bool network = false;                    ///< was written with a prefix
  int prefix = 32;                         ///< bits; 32 or 128 for an address
  std::array<std::uint8_t, 16> address{};  ///< network byte order; the first four bytes for IPv4
  std::string scope = {};                  ///< "eth0" of "fe80::1%eth0"

  /// Whether every address of `other` is one of this network's (an address contains itself only).
  bool contains(const Cidr& other) const;
  std::string text() const;
  friend bool operator==(const Cidr&, const Cidr&) = default;
};

/// An IPv4 or IPv6 address, or a network of either (address/prefix or address/netmask, no bits set past the prefix), as
/// Python's ipaddress reads them: four decimal numbers without leading zeros. nullopt: neither.
std::optional<Cidr> parse_network(std::string_view text);

/// The same as policies' `value_type: cidr` reads it: no IPv6 networks.
std::optional<Cidr> parse_cidr(std::string_view text);

}  // namespace reeve::text
