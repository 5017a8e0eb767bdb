#pragma once
#include <string>

namespace reeve {

/// The folder that a path's last name stands in: "/a" for "/a/b", "/" for "/a", "." for a bare name.
std::string folder_of(const std::string& path);

}  // namespace reeve
