#include "aws/settings.h"

#include <fmt/format.h>

#include <charconv>

namespace reeve::aws {
namespace {

/// Shared configuration files have a few kilobytes.
constexpr std::size_t most_file_bytes = std::size_t{4} << 20;

/// A variable that is set to something.
std::optional<std::string> get(Environment& environment, std::string_view name) {
  auto value = environment.get(name);
  return value && !value->empty() ? value : std::nullopt;
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

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

/// Reads settings by a variable and a property, and says which of them has a value that is none.
class Reader {
 public:
  Reader(Environment& environment, const Settings& settings) : environment_(environment), settings_(settings) {}

  /// Empty: nobody says.
  std::string text(const char* variable, const char* property) {
    auto value = get(environment_, variable);
    if (value) {
      asked_ = variable;
      return *value;
    }
    asked_ = fmt::format("{} of profile {}", property, settings_.profile);
    const std::string* said = settings_.property(property);
    return said != nullptr ? *said : std::string();
  }

  Result<bool> flag(const char* variable, const char* property) {
    const std::string value = lower(text(variable, property));
    if (value.empty() || value == "false") return false;
    if (value == "true") return true;
    return wrong(value, "true or false");
  }

  /// `otherwise` where nobody says. Numbers from `least` to `most`.
  Result<int> number(const char* variable, const char* property, int otherwise, int most, int least = 1) {
    const std::string value = text(variable, property);
    if (value.empty()) return otherwise;
    int out = 0;
    const char* end = value.data() + value.size();
    const auto read = std::from_chars(value.data(), end, out);
    if (read.ec != std::errc() || read.ptr != end || out < least || out > most) {
      return wrong(value, fmt::format("a number from {} to {}", least, most));
    }
    return out;
  }

  /// One of `words` (lower case), as its index; 0 where nobody says.
  Result<int> word(const char* variable, const char* property, const std::vector<std::string>& words) {
    const std::string value = lower(text(variable, property));
    if (value.empty()) return 0;
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (words[i] == value) return static_cast<int>(i);
    }
    return wrong(value, fmt::format("one of {}", fmt::join(words, ", ")));
  }

 private:
  std::unexpected<Error> wrong(const std::string& value, const std::string& expected) const {
    return fail({.code = Code::invalid_input,
                 .message = fmt::format("{} is \"{}\", which is not {}", asked_, value, expected)});
  }

  Environment& environment_;
  const Settings& settings_;
  std::string asked_;  ///< where the latest value came from, for messages
};

/// More attempts, or longer waits for metadata, are a slip of the pen.
constexpr int most_attempts = 100, most_metadata_seconds = 60;

Result<void> load_calling(Settings& out, Reader& reader) {
  TRY(out.use_fips, reader.flag("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"));
  TRY(out.use_dual_stack, reader.flag("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"));
  TRY(const int mode, reader.word("AWS_RETRY_MODE", "retry_mode", {"standard", "adaptive", "legacy"}));
  out.retry.mode = static_cast<RetryMode>(mode);
  const int attempts = out.retry.mode == RetryMode::legacy ? 5 : RetrySettings{}.attempts_most;
  TRY(out.retry.attempts_most, reader.number("AWS_MAX_ATTEMPTS", "max_attempts", attempts, most_attempts));
  TRY(const int accounts,
      reader.word("AWS_ACCOUNT_ID_ENDPOINT_MODE", "account_id_endpoint_mode", {"preferred", "disabled", "required"}));
  out.account_id_endpoint_mode = static_cast<AccountIdEndpointMode>(accounts);
  const std::string set = reader.text("AWS_SIGV4A_SIGNING_REGION_SET", "sigv4a_signing_region_set");
  for (std::string_view regions = set; !regions.empty();) {
    const auto comma = std::min(regions.find(','), regions.size());
    std::string_view region = regions.substr(0, comma);
    while (region.starts_with(' ')) region.remove_prefix(1);
    while (region.ends_with(' ')) region.remove_suffix(1);
    if (!region.empty()) out.sigv4a_signing_region_set.emplace_back(region);
    regions.remove_prefix(std::min(comma + 1, regions.size()));
  }
  return {};
}

Result<void> load_bodies(Settings& out, Reader& reader) {
  const std::vector<std::string> uses = {"when_supported", "when_required"};
  TRY(const int requests, reader.word("AWS_REQUEST_CHECKSUM_CALCULATION", "request_checksum_calculation", uses));
  out.request_checksums = static_cast<ChecksumUse>(requests);
  TRY(const int answers, reader.word("AWS_RESPONSE_CHECKSUM_VALIDATION", "response_checksum_validation", uses));
  out.response_checksums = static_cast<ChecksumUse>(answers);
  TRY(out.compression.disabled, reader.flag("AWS_DISABLE_REQUEST_COMPRESSION", "disable_request_compression"));
  constexpr int largest = 10'485'760;  // SDKs reference guide: "Request compression"
  TRY(const int smallest, reader.number("AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES", "request_min_compression_size_bytes",
                                        static_cast<int>(CompressionRules{}.smallest_body_bytes), largest, 0));
  out.compression.smallest_body_bytes = static_cast<std::size_t>(smallest);
  return {};
}

Result<void> load_metadata(Settings& out, Reader& reader, const SettingsOverrides& overrides) {
  TRY(out.metadata_disabled, reader.flag("AWS_EC2_METADATA_DISABLED", "ec2_metadata_disabled"));
  TRY(out.metadata_v1_disabled, reader.flag("AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled"));
  out.metadata_endpoint = overrides.metadata_endpoint;
  if (out.metadata_endpoint.empty()) {
    out.metadata_endpoint = reader.text("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
  }
  out.metadata_endpoint_mode = overrides.metadata_endpoint_mode;
  if (out.metadata_endpoint_mode.empty()) {
    out.metadata_endpoint_mode =
        reader.text("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode");
  }
  TRY(const int seconds,
      reader.number("AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout", 1, most_metadata_seconds));
  out.metadata_timeout = std::chrono::seconds(seconds);
  TRY(out.metadata_attempts,
      reader.number("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts", 1, most_attempts));
  return {};
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

std::string_view name(AccountIdEndpointMode mode) {
  switch (mode) {
    case AccountIdEndpointMode::preferred:
      return "preferred";
    case AccountIdEndpointMode::disabled:
      return "disabled";
    case AccountIdEndpointMode::required:
      return "required";
  }
  REEVE_ASSERT(false);
}

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
  Reader reader(environment, out);
  out.region = overrides.region;
  if (out.region.empty()) out.region = get(environment, "AWS_REGION").value_or("");
  if (out.region.empty()) out.region = reader.text("AWS_DEFAULT_REGION", "region");
  out.endpoint_url = overrides.endpoint_url;
  TRY(const bool ignored, reader.flag("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls"));
  out.ignore_configured_endpoint_urls = overrides.ignore_configured_endpoint_urls || ignored;
  out.ca_bundle = expand_home(reader.text("AWS_CA_BUNDLE", "ca_bundle"), environment);
  TRY(load_calling(out, reader));
  TRY(load_bodies(out, reader));
  TRY(load_metadata(out, reader, overrides));
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
