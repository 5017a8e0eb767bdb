#include "text/cidr.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace reeve::text {
namespace {

/// ASCII digits only, 1 to `most` of them.
std::optional<int> decimal(std::string_view text, std::size_t most) {
  if (text.empty() || text.size() > most) return std::nullopt;
  int value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || stop != text.data() + text.size() || text.front() == '-') return std::nullopt;
  return value;
}

bool parse_v4(std::string_view text, std::array<std::uint8_t, 16>& out) {
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t end = i < 3 ? text.find('.') : text.size();
    if (end == std::string_view::npos) return false;
    const auto octet = decimal(text.substr(0, end), 3);
    if (!octet || *octet > 255 || (end > 1 && text.front() == '0')) return false;
    out[i] = static_cast<std::uint8_t>(*octet);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return true;
}

bool parse_v6(std::string_view text, Cidr& out) {
  if (const std::size_t percent = text.find('%'); percent != std::string_view::npos) {
    out.scope = text.substr(percent + 1);
    text = text.substr(0, percent);
    if (out.scope.empty() || out.scope.find('%') != std::string::npos) return false;
  }
  if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != std::string_view::npos) return false;
  // The octets of a mapped address have no leading zeros either; inet_pton takes care of that.
  return inet_pton(AF_INET6, std::string(text).c_str(), out.address.data()) == 1;
}

/// The length of a prefix from "24", a netmask or a host mask.
std::optional<int> parse_prefix(std::string_view text, bool v6) {
  if (const auto bits = decimal(text, 3)) return *bits <= (v6 ? 128 : 32) ? bits : std::nullopt;
  std::array<std::uint8_t, 16> mask{};
  if (v6 || !parse_v4(text, mask)) return std::nullopt;
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < 4; ++i) bits = (bits << 8) | mask[i];
  const auto length_of = [](std::uint32_t m) -> std::optional<int> {
    const int ones = __builtin_popcount(m);
    const std::uint32_t wanted = ones == 0 ? 0 : ~std::uint32_t{0} << (32 - ones);
    return m == wanted ? std::optional(ones) : std::nullopt;
  };
  if (const auto ones = length_of(bits)) return ones;
  return length_of(~bits);
}

bool same_prefix(const Cidr& a, const Cidr& b, int bits) {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (!std::equal(a.address.begin(), a.address.begin() + static_cast<std::ptrdiff_t>(whole), b.address.begin())) {
    return false;
  }
  const int rest = bits % 8;
  return rest == 0 || ((a.address[whole] ^ b.address[whole]) >> (8 - rest)) == 0;
}

}  // namespace

bool Cidr::contains(const Cidr& other) const {
  return v6 == other.v6 && prefix <= other.prefix && same_prefix(*this, other, prefix);
}

std::string Cidr::text() const {
  char out[INET6_ADDRSTRLEN] = {};
  inet_ntop(v6 ? AF_INET6 : AF_INET, address.data(), out, sizeof(out));
  std::string result = out;
  if (!scope.empty()) result += "%" + scope;
  if (network) result += fmt::format("/{}", prefix);
  return result;
}

std::optional<Cidr> parse_network(std::string_view text) {
  Cidr out;
  const std::size_t slash = text.find('/');
  const std::string_view address = text.substr(0, slash);
  out.v6 = address.find(':') != std::string_view::npos;
  out.prefix = out.v6 ? 128 : 32;
  if (out.v6 ? !parse_v6(address, out) : !parse_v4(address, out.address)) return std::nullopt;
  if (slash == std::string_view::npos) return out;
  out.network = true;
  const auto prefix = parse_prefix(text.substr(slash + 1), out.v6);
  if (!prefix || !out.scope.empty()) return std::nullopt;
  out.prefix = *prefix;
  for (int bit = out.prefix; bit < (out.v6 ? 128 : 32); ++bit) {
    if ((out.address[static_cast<std::size_t>(bit / 8)] & (0x80 >> (bit % 8))) != 0) return std::nullopt;
  }
  return out;
}

std::optional<Cidr> parse_cidr(std::string_view text) {
  auto out = parse_network(text);
  if (out && out->network && out->v6) return std::nullopt;
  return out;
}

}  // namespace reeve::text
