#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/checksum_rules.h"
#include "aws/config_file.h"
#include "aws/protocol/compress.h"
#include "aws/retry.h"
#include "base/result.h"
#include "base/seams.h"

namespace reeve::aws {

/// What the command line says; it wins over everything else.
struct SettingsOverrides {
  std::string profile;       ///< --profile
  std::string region;        ///< --region
  std::string endpoint_url;  ///< --endpoint-url
  bool ignore_configured_endpoint_urls = false;
  std::string metadata_endpoint, metadata_endpoint_mode;  ///< of instance metadata; the environment's endpoint wins
};

/// Whether an endpoint holds the account's number, where a service has such ("Account-based endpoints", AWS SDKs and
/// Tools Reference Guide).
enum class AccountIdEndpointMode : std::uint8_t { preferred, disabled, required };
std::string_view name(AccountIdEndpointMode mode);

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
  RetrySettings retry;  ///< of max_attempts and retry_mode
  ChecksumUse request_checksums = ChecksumUse::when_supported, response_checksums = ChecksumUse::when_supported;
  CompressionRules compression;  ///< of disable_request_compression and request_min_compression_size_bytes
  AccountIdEndpointMode account_id_endpoint_mode = AccountIdEndpointMode::preferred;
  std::vector<std::string> sigv4a_signing_region_set;  ///< empty: the endpoint rules say it
  /// Instance metadata (AWS_EC2_METADATA_…, AWS_METADATA_SERVICE_…): an endpoint that is empty follows from the mode.
  bool metadata_disabled = false, metadata_v1_disabled = false;
  std::string metadata_endpoint, metadata_endpoint_mode;
  Duration metadata_timeout = std::chrono::seconds(1);
  int metadata_attempts = 1;
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

/// AWS_DEFAULTS_MODE is passed over: what it chooses between, Reeve has its own measured values for.
/// Errors: invalid_input (a file does not parse, the profile that was asked for does not exist, or a setting has a
/// value that is none of its own), io.
Result<Settings> load_settings(Environment& environment, Disk& disk, const SettingsOverrides& overrides = {});

}  // namespace reeve::aws
