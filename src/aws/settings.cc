#include "aws/settings.h"

#include <fmt/format.h>

namespace reeve::aws {
namespace {

/// Shared configuration files have a few kilobytes.
constexpr std::size_t most_file_bytes = std::size_t{4} << 20;

/// A variable that is set to something.
std::optional<std::string> get(Environment& environment, std::string_view name) {
  auto value = environment.get(name);
  return value && !value->empty() ? value : std::nullopt;
}

bool is_true(std::string_view text) {
  return text.size() == 4 && (text[0] | 32) == 't' && (text[1] | 32) == 'r' && (text[2] | 32) == 'u' &&
         (text[3] | 32) == 'e';
}

std::string expand_home(std::string path, Environment& environment) {
  if (path == "~" || path.starts_with("~/")) return environment.home() + path.substr(1);
  return path;
}

/// "Auto Scaling" → "AUTO_SCALING" or "auto_scaling".
std::string key_of(std::string_view service_id, bool upper) {
  std::string out(service_id);
  for (char& c : out) {
    if (c == ' ') c = '_';
    if (upper && c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    if (!upper && c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

Result<Profiles> load(Disk& disk, const std::string& path, ConfigFileKind kind) {
  auto text = disk.read_file(path, most_file_bytes);
  if (!text) {
    if (text.error().code == Code::not_found) return Profiles{};
    return fail(std::move(text).error());
  }
  return parse_config_file(*text, kind, path);
}

}  // namespace

const std::string* Settings::property(const std::string& name) const {
  const auto section = profiles.profiles.find(profile);
  if (section == profiles.profiles.end()) return nullptr;
  const auto found = section->second.find(name);
  return found == section->second.end() ? nullptr : &found->second;
}

std::string Settings::endpoint_url_for(Environment& environment, std::string_view service_id) const {
  if (!endpoint_url.empty()) return endpoint_url;
  if (ignore_configured_endpoint_urls) return {};
  if (auto url = get(environment, "AWS_ENDPOINT_URL_" + key_of(service_id, true))) return *url;
  if (auto url = get(environment, "AWS_ENDPOINT_URL")) return *url;
  if (const std::string* services = property("services")) {
    if (const auto section = profiles.services.find(*services); section != profiles.services.end()) {
      const auto of_service = section->second.find(key_of(service_id, false));
      if (of_service != section->second.end()) {
        const Properties nested = sub_properties(of_service->second);
        if (const auto url = nested.find("endpoint_url"); url != nested.end()) return url->second;
      }
    }
  }
  const std::string* url = property("endpoint_url");
  return url != nullptr ? *url : std::string();
}

Settings locate_files(Environment& environment, const SettingsOverrides& overrides) {
  Settings out;
  const std::string folder = environment.home() + "/.aws/";
  const auto config = get(environment, "AWS_CONFIG_FILE");
  const auto credentials = get(environment, "AWS_SHARED_CREDENTIALS_FILE");
  out.config_path = expand_home(config.value_or(folder + "config"), environment);
  out.credentials_path = expand_home(credentials.value_or(folder + "credentials"), environment);
  out.profile_by_flag = !overrides.profile.empty();
  if (out.profile_by_flag) {
    out.profile = overrides.profile;
  } else if (auto profile = get(environment, "AWS_PROFILE")) {
    out.profile = *profile;
  } else if (auto old = get(environment, "AWS_DEFAULT_PROFILE")) {
    out.profile = *old;
  }
  return out;
}

Result<Profiles> load_profiles(Disk& disk, const std::string& config_path, const std::string& credentials_path) {
  TRY(auto out, load(disk, config_path, ConfigFileKind::config));
  TRY(const auto credentials, load(disk, credentials_path, ConfigFileKind::credentials));
  merge(out, credentials);
  return out;
}

Result<Settings> load_settings(Environment& environment, Disk& disk, const SettingsOverrides& overrides) {
  Settings out = locate_files(environment, overrides);
  TRY(out.profiles, load_profiles(disk, out.config_path, out.credentials_path));
  if (out.profile != "default" && !out.profiles.profiles.contains(out.profile)) {
    std::string known;
    for (const auto& [name, properties] : out.profiles.profiles) known += (known.empty() ? "" : ", ") + name;
    return fail({.code = Code::invalid_input,
                 .message = fmt::format("the profile \"{}\" is neither in {} nor in {}", out.profile, out.config_path,
                                        out.credentials_path),
                 .hint = known.empty() ? "there are no profiles" : "there are: " + known});
  }
  auto property_or = [&](const char* name) {
    const std::string* value = out.property(name);
    return value != nullptr ? *value : std::string();
  };
  auto variable_or = [&](const char* variable, const char* name) {
    auto value = get(environment, variable);
    return value ? *value : property_or(name);
  };
  out.region = overrides.region;
  if (out.region.empty()) out.region = get(environment, "AWS_REGION").value_or("");
  if (out.region.empty()) out.region = variable_or("AWS_DEFAULT_REGION", "region");
  out.endpoint_url = overrides.endpoint_url;
  out.ignore_configured_endpoint_urls =
      overrides.ignore_configured_endpoint_urls ||
      is_true(variable_or("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls"));
  out.use_fips = is_true(variable_or("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"));
  out.use_dual_stack = is_true(variable_or("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"));
  out.ca_bundle = expand_home(variable_or("AWS_CA_BUNDLE", "ca_bundle"), environment);
  auto proxy = [&](const char* lower_case, const char* upper_case) {
    auto value = get(environment, lower_case);
    return value ? *value : get(environment, upper_case).value_or("");
  };
  out.http_proxy = proxy("http_proxy", "HTTP_PROXY");
  out.https_proxy = proxy("https_proxy", "HTTPS_PROXY");
  out.no_proxy = proxy("no_proxy", "NO_PROXY");
  return out;
}

}  // namespace reeve::aws
