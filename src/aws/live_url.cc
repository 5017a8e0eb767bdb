#include "aws/live_url.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace reeve::aws {

std::string without_password(std::string_view url) {
  const auto at = url.rfind('@');
  if (at == std::string_view::npos) return std::string(url);
  const auto scheme = url.find("://");
  const bool has_scheme = scheme != std::string_view::npos && scheme < at;
  return std::string(has_scheme ? url.substr(0, scheme + 3) : std::string_view{}) + "***" + std::string(url.substr(at));
}

Result<Url> parse_url(std::string_view text) {
  const auto wrong = [text](std::string_view why) {
    return fail({.code = Code::endpoint,
                 .message = fmt::format("the endpoint '{}' {}", without_password(text), why),
                 .hint = "write it like https://localhost:5000"});
  };
  Url out;
  std::string_view rest = text;
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
    out.scheme = "http";
  } else {
    return wrong("begins with neither http:// nor https://");
  }
  if (rest.find('@') != std::string_view::npos) return wrong("holds a user's name: requests are signed instead");
  if (rest.find_first_of("?# \t\r\n") != std::string_view::npos) return wrong("holds more than a host and a path");
  const std::size_t slash = rest.find('/');
  std::string_view authority = rest.substr(0, slash);
  if (slash != std::string_view::npos) out.path = rest.substr(slash);
  while (out.path.ends_with('/')) out.path.pop_back();

  const std::size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
  if (bracket == std::string_view::npos) return wrong("has an address without its closing bracket");
  const std::size_t colon = authority.find(':', bracket);
  if (colon != std::string_view::npos) {
    const std::string_view port = authority.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (error != std::errc{} || end != port.data() + port.size() || out.port == 0) return wrong("has no proper port");
  }
  out.host = authority.substr(0, colon);
  std::ranges::transform(out.host, out.host.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (out.host.empty()) return wrong("names no host");
  return out;
}

bool names_a_machine(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost") || host.starts_with('[') ||
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace reeve::aws
