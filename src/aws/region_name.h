#pragma once
#include <string_view>

namespace reeve::aws {

/// Whether a text has the form of a region's name: small letters, digits and inner dashes, as a label of a host name
/// (RFC 1035: 63 at most). Nothing of that form leads out of a folder.
inline bool is_region_name(std::string_view name) {
  constexpr std::size_t most = 63;
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789-";
  return !name.empty() && name.size() <= most && name.find_first_not_of(allowed) == name.npos && name.front() != '-' &&
         name.back() != '-';
}

}  // namespace reeve::aws
