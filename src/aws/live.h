#pragma once
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "aws/api.h"
#include "aws/checksum_rules.h"
#include "aws/clock_skew.h"
#include "aws/credentials.h"
#include "aws/credentials_source.h"
#include "aws/endpoint_parameters.h"
#include "aws/endpoints.h"
#include "aws/limiter.h"
#include "aws/model.h"
#include "aws/protocol/codec.h"
#include "aws/protocol/compress.h"
#include "aws/redirect.h"
#include "aws/retry.h"
#include "base/seams.h"

namespace reeve::aws {

struct Settings;

/// How calls are made.
struct LiveSettings {
  std::string version;                                   ///< Reeve's, for the user agent
  std::string run_id;                                    ///< for the user agent; may be empty
  std::string endpoint_url;                              ///< --endpoint-url: for every service; empty: as follows
  std::map<std::string, std::string> service_endpoints;  ///< by botocore's folder name
  /// The URL that the environment or the profile gives for a service (botocore's folder name), or empty; asked once a
  /// service. See live_settings. Where nothing is given the rule sets decide.
  std::function<std::string(const std::string& service)> configured_endpoint;
  bool use_fips = false, use_dual_stack = false;
  EndpointChoices endpoint_choices = {};
  /// "preferred", "disabled" or "required": for rule sets that put the account into the endpoint.
  std::string account_id_endpoint_mode = "preferred";
  /// Sees each request after it was signed: adds headers that are not signed. May be empty.
  std::function<void(HttpRequest& request)> finish = {};
  /// May be shared by several doors of one engine, so that rules are read once; a null one is made here.
  std::shared_ptr<Endpoints> endpoints;
  ChecksumUse request_checksums = ChecksumUse::when_supported, response_checksums = ChecksumUse::when_supported;
  CompressionRules compression = {};
  /// One attempt, from the connection to the last byte. EC2's slowest pages take some 20 s. Not of streams: these end
  /// when nothing moves any more (TransportOptions::stall_timeout).
  Duration attempt_timeout = std::chrono::seconds(60);
  RetrySettings retry = {};
  /// Of calls through one door, unless it is given RateLimits of its own.
  MaxRates max_rates = {};
};

/// Calls AWS once: encode → credentials → endpoint → sign → send → decode. Learns AWS's clock from the Date header and
/// signs by it; what AWS refuses as expired is not given again by the credential source. Where S3 says that a bucket is
/// in another region, it is asked there, once, and from then on.
class LiveApi : public Api {
 public:
  /// Finds an operation's model and its protocol; by default Models::get and codec_for.
  using FindModel = std::function<Result<Models::Found>(const std::string& service, const std::string& operation)>;
  using FindCodec = std::function<Result<const Codec*>(const ServiceModel& model)>;
  /// All references must outlive this.
  LiveApi(const World& world, FindModel find_model, FindCodec find_codec, Endpoints& endpoints,
          CredentialSource& credentials, ClockSkew& skew, LiveSettings settings);
  ~LiveApi() override;
  Task<Result<Response>> call(Request request) override;
  /// Where a call goes; `operation` may be null, `input` its parameters. `account_id` (of the credentials, may be
  /// empty) counts where the rules ask for it. Errors: endpoint.
  Result<Endpoint> endpoint(const ServiceModel& model, const Operation* operation, Value input, const Scope& scope,
                            std::string_view account_id = {});
  /// The URL that was given for a service; empty: the rule sets decide.
  const std::string& endpoint_override(const std::string& service) const;
  /// False if an endpoint was given that is not AWS's (an emulator, the sandbox): AWS's limits do not bind there.
  bool at_aws(const std::string& service) const;

 private:
  struct Outgoing;
  /// What an answer said of where a bucket is.
  struct Elsewhere {
    bool said = false;   ///< that it is not here
    std::string asked;   ///< the region that was asked
    std::string region;  ///< where it is; empty: not told
  };
  Task<Result<Response>> attempt(const Request& request, Elsewhere& elsewhere);
  Task<Result<void>> find_bucket(const Request& request, Elsewhere& elsewhere);
  Result<Outgoing> prepare(const Request& request, const Models::Found& found, const Codec& codec,
                           std::string_view account_id);
  Task<Result<void>> sign_it(Outgoing& outgoing, const Request& request, const Credentials& credentials);
  Task<Result<Response>> answer(const Request& request, const Outgoing& outgoing, HttpResponse http,
                                Elsewhere& elsewhere);
  World world_;
  FindModel find_model_;
  FindCodec find_codec_;
  Endpoints& endpoints_;
  CredentialSource& credentials_;
  ClockSkew& skew_;
  LiveSettings settings_;
  BucketRegions buckets_;
  std::set<std::string, std::less<>> answered_;  // operations that the other side has carried out
  struct ServiceEndpoints;
  Result<ServiceEndpoints*> endpoints_of(const ServiceModel& model);
  mutable std::map<std::string, std::string> overrides_;                            // by service, what was found out
  std::map<std::string, std::unique_ptr<ServiceEndpoints>, std::less<>> services_;  // by name
};

/// The door as it is used: retry ⊃ limiter ⊃ (what `inside` puts there) ⊃ sign ⊃ send.
class Live : public Api {
 public:
  /// Goes between limiter and sender; for Fault and for tests.
  using Inside = std::function<std::unique_ptr<Api>(Api& sender)>;
  ~Live() override;
  Task<Result<Response>> call(Request request) override;
  /// How far AWS's clock is from ours, by what answers said.
  ClockSkew& clock_skew();
  LiveApi& sender();

 private:
  friend std::unique_ptr<Live> make_live(const World&, Models&, CredentialSource&, LiveSettings,
                                         std::shared_ptr<RateLimits>, Live::Inside);
  struct Parts;
  explicit Live(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

/// Endpoints, FIPS and dual stack as flags, environment and profile say; all references must outlive the door.
LiveSettings live_settings(const Settings& settings, Environment& environment, Models& models);

/// The door for calls on the way to credentials (see CredentialOptions): endpoints, FIPS and retries as the settings
/// say; --endpoint-url counts for STS alone. `world` and `models` must outlive it.
CredentialDoor credential_door(const World& world, Models& models, Settings settings, std::string version,
                               std::string run_id);

/// Makes the door. `limits` may be shared by several doors of one engine (several accounts); a null one is made here.
std::unique_ptr<Live> make_live(const World& world, Models& models, CredentialSource& credentials,
                                LiveSettings settings, std::shared_ptr<RateLimits> limits = nullptr,
                                Live::Inside inside = {});

}  // namespace reeve::aws
