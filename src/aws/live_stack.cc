#include <utility>

#include "aws/endpoint_choices.h"
#include "aws/live.h"
#include "aws/settings.h"
#include "aws/trace_header.h"

namespace reeve::aws {

/// The layers, from the lowest up; destroyed in the other order.
struct Live::Parts {
  std::shared_ptr<Endpoints> endpoints;
  ClockSkew skew;
  std::unique_ptr<LiveApi> sender;
  std::unique_ptr<Api> inside;
  std::shared_ptr<RateLimits> limits;
  std::unique_ptr<Limiter> limiter;
  std::unique_ptr<Retry> retry;
};

Live::Live(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Live::~Live() = default;
Task<Result<Response>> Live::call(Request request) { return parts_->retry->call(std::move(request)); }
ClockSkew& Live::clock_skew() { return parts_->skew; }
LiveApi& Live::sender() { return *parts_->sender; }

LiveSettings live_settings(const Settings& settings, Environment& environment, Models& models) {
  LiveSettings out;
  out.endpoint_url = settings.endpoint_url;
  out.use_fips = settings.use_fips;
  out.use_dual_stack = settings.use_dual_stack;
  out.account_id_endpoint_mode = name(settings.account_id_endpoint_mode);
  out.endpoint_choices = endpoint_choices(settings, environment);
  out.retry = settings.retry;
  out.request_checksums = settings.request_checksums;
  out.response_checksums = settings.response_checksums;
  out.compression = settings.compression;
  out.finish = [&environment](HttpRequest& request) { add_trace_header(environment, request); };
  out.configured_endpoint = [&settings, &environment, &models](const std::string& service) -> std::string {
    const auto model = models.get(service);
    return model ? settings.endpoint_url_for(environment, (*model)->service_id) : "";
  };
  return out;
}

CredentialDoor credential_door(const World& world, Models& models, Settings settings, std::string version,
                               std::string run_id) {
  // --endpoint-url stands for one cloud, STS included. To sign-in services it is not told: they get tokens of people.
  auto own = std::make_shared<Settings>(std::move(settings));
  const std::string url = std::exchange(own->endpoint_url, {});
  return [&world, &models, own, url, version = std::move(version), run_id = std::move(run_id)](
             CredentialSource& credentials, std::function<void(HttpRequest&)> finish) -> std::unique_ptr<Api> {
    LiveSettings live = live_settings(*own, world.environment, models);
    live.version = version;
    live.run_id = run_id;
    if (!url.empty()) live.service_endpoints["sts"] = url;
    if (finish) {
      live.finish = [traced = std::move(live.finish), finish = std::move(finish)](HttpRequest& request) {
        traced(request);
        finish(request);
      };
    }
    return make_live(world, models, credentials, std::move(live));
  };
}

std::unique_ptr<Live> make_live(const World& world, Models& models, CredentialSource& credentials,
                                LiveSettings settings, std::shared_ptr<RateLimits> limits, Live::Inside inside) {
  auto parts = std::make_unique<Live::Parts>();
  parts->endpoints = settings.endpoints ? std::move(settings.endpoints) : Endpoints::make(Models::partitions_json());
  auto find_model = [&models](const std::string& service, const std::string& operation) {
    return models.get(service, operation);
  };
  const RetrySettings retry = settings.retry;
  const RateRules rates{.chosen = settings.max_rates, .per_client = retry.mode == RetryMode::adaptive};
  parts->sender = std::make_unique<LiveApi>(world, find_model, codec_for, *parts->endpoints, credentials, parts->skew,
                                            std::move(settings));
  LiveApi& sender = *parts->sender;
  if (inside) parts->inside = inside(sender);
  Api& sending = parts->inside ? *parts->inside : static_cast<Api&>(sender);
  parts->limits = limits ? std::move(limits) : std::make_shared<RateLimits>(world.clock, rates);
  parts->limiter = std::make_unique<Limiter>(sending, world.loop, *parts->limits,
                                             [&sender](const std::string& service) { return sender.at_aws(service); });
  parts->retry = std::make_unique<Retry>(*parts->limiter, world.loop, world.random, retry);
  return std::unique_ptr<Live>(new Live(std::move(parts)));
}

}  // namespace reeve::aws
