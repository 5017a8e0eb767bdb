#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "aws/config_file.h"
#include "base/result.h"
#include "base/seams.h"

namespace reeve::aws {

/// What the command line says; it wins over everything else.
struct SettingsOverrides {
  std::string profile;       ///< --profile
  std::string region;        ///< --region
  std::string endpoint_url;  ///< --endpoint-url
  bool ignore_configured_endpoint_urls = false;
};

/// The settings that AWS's tools share: flags, then AWS_… variables, then the profile ("Settings reference", AWS SDKs
/// and Tools Reference Guide).
struct Settings {
  std::string profile = "default";
  bool profile_by_flag = false;  ///< --profile: then keys in the environment do not count
  std::string region;            ///< empty: nobody says
  std::string endpoint_url;      ///< --endpoint-url
  bool ignore_configured_endpoint_urls = false;
  bool use_fips = false, use_dual_stack = false;
  std::string ca_bundle;
  std::string http_proxy, https_proxy, no_proxy;
  std::string config_path, credentials_path;
  Profiles profiles;

  /// The profile's property, or nullptr.
  const std::string* property(const std::string& name) const;
  /// The URL somebody gave for a service, or empty: --endpoint-url, AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, the
  /// profile's services section, the profile's endpoint_url. `service_id` is the model's serviceId ("Auto Scaling").
  std::string endpoint_url_for(Environment& environment, std::string_view service_id) const;
};

/// The two shared files' places: AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE, else ~/.aws. Sets only the paths and the
/// profile's name of the result.
Settings locate_files(Environment& environment, const SettingsOverrides& overrides = {});

/// Both files, merged. A file that is not there is empty. Errors: invalid_input, io.
Result<Profiles> load_profiles(Disk& disk, const std::string& config_path, const std::string& credentials_path);

/// Errors: invalid_input (a file does not parse, or the profile that was asked for does not exist), io.
Result<Settings> load_settings(Environment& environment, Disk& disk, const SettingsOverrides& overrides = {});

}  // namespace reeve::aws
