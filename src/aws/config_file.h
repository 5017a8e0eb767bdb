#pragma once
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"

namespace reeve::aws {

/// A section's properties, names in lower case. A value of several lines begins with '\n' where it holds sub-properties
/// (see sub_properties).
using Properties = std::map<std::string, std::string>;

/// What AWS's shared files hold ("Shared config and credentials files", AWS SDKs and Tools Reference Guide).
struct Profiles {
  std::map<std::string, Properties> profiles;
  std::map<std::string, Properties> sso_sessions;
  std::map<std::string, Properties> services;
  /// Profiles whose access keys stand in the credentials file: these come before a login session or a process.
  std::set<std::string> keys_in_credentials_file;
};

enum class ConfigFileKind { config, credentials };

/// Reads one file's text; `path` is for messages. As the SDKs do: sections and properties that stand twice are merged,
/// the last wins; [profile default] wins over [default]; sections and properties with names that are not allowed are
/// left out; " #" and " ;" begin comments. Errors: invalid_input with "path:line" as the resource.
Result<Profiles> parse_config_file(std::string_view text, ConfigFileKind kind, const std::string& path);

/// Adds a file's content; where both have a property, `from` wins (the credentials file does).
void merge(Profiles& into, const Profiles& from);

/// The lines "name = value" of a property's value, by name in lower case.
Properties sub_properties(std::string_view value);

}  // namespace reeve::aws
