#include "aws/config_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace reeve::aws {
namespace {

bool blank(char c) { return c == ' ' || c == '\t'; }
bool comment(char c) { return c == '#' || c == ';'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

bool valid_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-/.%@_:+").find(c) != std::string_view::npos;
  });
}

/// Cuts " # …" and " ; …"; adjacent to the value these characters belong to it.
std::string_view without_comment(std::string_view line) {
  for (std::size_t i = 1; i < line.size(); ++i) {
    if (comment(line[i]) && blank(line[i - 1])) return line.substr(0, i);
  }
  return line;
}

class Parser {
 public:
  Parser(ConfigFileKind kind, const std::string& path) : kind_(kind), path_(path) {}

  Result<Profiles> parse(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // Windows' editors write a byte order mark
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      std::string_view line = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      if (line.ends_with('\r')) line.remove_suffix(1);
      ++line_;
      if (trim(line).empty() || comment(line.front())) continue;
      if (line.front() == '[') {
        TRY(section(line));
      } else if (blank(line.front())) {
        TRY(continuation(trim(line)));
      } else {
        TRY(property(line));
      }
    }
    if (prefixed_default_) {
      out_.profiles["default"] = std::move(*prefixed_default_);
    }
    if (kind_ == ConfigFileKind::credentials) {
      for (const auto& [name, properties] : out_.profiles) {
        const bool keys = properties.contains("aws_access_key_id") || properties.contains("aws_secret_access_key");
        if (keys) out_.keys_in_credentials_file.insert(name);
      }
    }
    return std::move(out_);
  }

 private:
  std::unexpected<Error> error(std::string_view what) const {
    return fail({.code = Code::invalid_input,
                 .message = fmt::format("cannot read the AWS configuration: {}", what),
                 .resource = fmt::format("{}:{}", path_, line_)});
  }

  Result<void> section(std::string_view line) {
    const std::size_t end = line.find(']');
    if (end == std::string_view::npos) return error("Profile definition must end with ']'");
    const std::string_view rest = trim(line.substr(end + 1));
    if (!rest.empty() && !comment(rest.front())) return error("Profile definition must end with ']'");
    in_section_ = true;
    property_ = nullptr;
    has_property_ = false;
    open(trim(line.substr(1, end - 1)));
    return {};
  }

  /// Points properties_ at the section's map, or at none where the section does not count.
  void open(std::string_view title) {
    properties_ = nullptr;
    if (kind_ == ConfigFileKind::credentials) {
      if (valid_name(title)) properties_ = &out_.profiles[std::string(title)];
      return;
    }
    const std::size_t space = title.find_first_of(" \t");
    if (space == std::string_view::npos) {
      if (title == "default") properties_ = &out_.profiles["default"];
      return;
    }
    const std::string_view type = title.substr(0, space);
    std::string_view name = trim(title.substr(space));
    // AWS CLI quotes names with spaces: [profile "my profile"].
    const bool quoted = name.size() > 2 && (name[0] == '"' || name[0] == '\'') && name.back() == name[0];
    if (quoted) name = name.substr(1, name.size() - 2);
    if (quoted ? name.find_first_of("\"'") != std::string_view::npos : !valid_name(name)) return;
    if (type == "profile" && name == "default") {
      if (!prefixed_default_) prefixed_default_.emplace();
      properties_ = &*prefixed_default_;
    } else if (type == "profile") {
      properties_ = &out_.profiles[std::string(name)];
    } else if (type == "sso-session") {
      properties_ = &out_.sso_sessions[std::string(name)];
    } else if (type == "services") {
      properties_ = &out_.services[std::string(name)];
    }
  }

  Result<void> property(std::string_view line) {
    if (!in_section_) return error("Expected a profile definition before a property");
    line = without_comment(line);
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) return error("Expected an '=' sign defining a property");
    const std::string_view name = trim(line.substr(0, equals)), value = trim(line.substr(equals + 1));
    if (name.empty()) return error("Property did not have a name");
    has_property_ = true;
    nested_ = value.empty();
    property_ = nullptr;
    if (properties_ == nullptr || !valid_name(name)) return {};
    property_ = &(*properties_)[lower(name)];
    *property_ = value;
    return {};
  }

  Result<void> continuation(std::string_view text) {
    if (!in_section_) return error("Expected a profile definition, found continuation");
    if (!has_property_) return error("Expected a property definition, found continuation");
    if (nested_) {
      const std::size_t equals = text.find('=');
      if (equals == std::string_view::npos) return error("Expected an '=' sign defining a sub-property");
      if (trim(text.substr(0, equals)).empty()) return error("Sub-property did not have a name");
    }
    if (property_ != nullptr) property_->append("\n").append(text);
    return {};
  }

  ConfigFileKind kind_;
  const std::string& path_;
  int line_ = 0;
  Profiles out_;
  std::optional<Properties> prefixed_default_;
  Properties* properties_ = nullptr;
  std::string* property_ = nullptr;
  bool in_section_ = false, has_property_ = false, nested_ = false;
};

void merge_sections(std::map<std::string, Properties>& into, const std::map<std::string, Properties>& from) {
  for (const auto& [name, properties] : from) {
    Properties& target = into[name];
    for (const auto& [key, value] : properties) target[key] = value;
  }
}

}  // namespace

Result<Profiles> parse_config_file(std::string_view text, ConfigFileKind kind, const std::string& path) {
  return Parser(kind, path).parse(text);
}

void merge(Profiles& into, const Profiles& from) {
  merge_sections(into.profiles, from.profiles);
  merge_sections(into.sso_sessions, from.sso_sessions);
  merge_sections(into.services, from.services);
  into.keys_in_credentials_file.insert(from.keys_in_credentials_file.begin(), from.keys_in_credentials_file.end());
}

Properties sub_properties(std::string_view value) {
  Properties out;
  while (!value.empty()) {
    const std::size_t end = std::min(value.find('\n'), value.size());
    const std::string_view line = value.substr(0, end);
    value.remove_prefix(std::min(end + 1, value.size()));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    out[lower(trim(line.substr(0, equals)))] = trim(line.substr(equals + 1));
  }
  return out;
}

}  // namespace reeve::aws
