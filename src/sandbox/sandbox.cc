#include "sandbox/sandbox.h"

#include <fmt/format.h>

#include "sandbox/listing.h"
#include "sandbox/wire.h"
#include "sandbox/words.h"

namespace reeve::sandbox {

Sandbox::Sandbox(Options options)
    : clock_(options.clock),
      loop_(options.loop),
      models_(options.models),
      store_(options.behaviour, options.seed, options.models.keys()),
      blobs_(options.disk, std::move(options.spool)),
      wire_(std::make_unique<Wire>(*this)) {
  register_ec2_snapshots(registry_);
  register_ec2_snapshot_tiers(registry_);
  register_ec2_snapshot_locks(registry_);
  register_ec2_volumes(registry_);
  register_ec2_instances(registry_);
  register_ec2_images(registry_);
  register_ec2_launch_templates(registry_);
  register_ec2_tags(registry_);
  register_ec2_network(registry_);
  register_ec2_recycle_bin(registry_);
  register_rbin(registry_);
  register_autoscaling(registry_);
  register_sts(registry_);
  register_iam(registry_);
  register_s3(registry_);
  register_cloudwatch(registry_);
  register_logs(registry_);
  register_sqs(registry_);
  register_sns(registry_);
  register_sesv2(registry_);
  register_iam_users(registry_);
  register_iam_roles(registry_);
  register_lambda(registry_);
  register_events(registry_);
  register_scheduler(registry_);
  register_tagging(registry_);
  register_autoscaling_activities(registry_);
  store_.drawer_kinds = std::move(registry_.drawers);
  store_.targets = std::move(registry_.targets);
  Account* home = store_.account(home_account);
  home->keys.emplace("testing", "testing");
  store_.region(*home, home_region);
}

Sandbox::~Sandbox() = default;

Time Sandbox::now() const { return clock_.wall() + store_.clock_offset; }

std::expected<Document, Fault> Sandbox::call(std::string_view account, std::string_view region,
                                             std::string_view service, std::string_view operation, Value params) {
  Bodies bodies;
  return run(account, region, service, operation, params, nullptr, bodies);
}

std::string Sandbox::protocol_of(std::string_view service) const {
  const auto model = models_.get(std::string(service));
  return model ? (*model)->protocol : std::string();
}

Outcome Sandbox::allowed(const Account& account, const Region& region, std::string_view service,
                         std::string_view operation, Value params, std::string_view caller) {
  const bool is_ec2 = service == "ec2";
  if (!region.opted_in && service != "iam") return std::unexpected(words::opted_out(protocol_of(service)));
  const std::string action = fmt::format("{}:{}", service, operation);
  for (const std::string& pattern : account.deny) {
    if (!matches_wildcard(pattern, action)) continue;
    std::string text = fmt::format("User: {} is not authorized to perform: {} with an explicit deny", caller, action);
    return std::unexpected(words::denied(protocol_of(service), std::move(text)));
  }
  if (store_.behaviour == Behaviour::aws && is_ec2) {
    bool plain = true;
    for (auto [name, value] : params.entries()) {
      plain &= !(name.ends_with("Ids") || name == "Filters" || name == "MaxResults" || name == "NextToken");
    }
    const auto instances = static_cast<double>(std::max<std::int64_t>(params["MinCount"].as_integer(), 1) +
                                               static_cast<std::int64_t>(params["InstanceIds"].size()));
    if (!throttle_.take(account.id, region.name, operation, plain, now()) ||
        !throttle_.take_resources(account.id, region.name, operation, instances, now())) {
      return fault("RequestLimitExceeded", "Request limit exceeded.", 503);
    }
  }
  if (is_ec2 && params["DryRun"].as_bool()) {
    return fault("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412);
  }
  return {};
}

std::expected<Document, Fault> Sandbox::run(std::string_view account_id, std::string_view region_name,
                                            std::string_view service, std::string_view operation, Value params,
                                            const Session* session, Bodies& bodies, Duration* wait, bool again) {
  std::string counted;
  counted.reserve(service.size() + operation.size() + 1);
  counted.append(service).append(".").append(operation);
  constexpr std::size_t most_counted = 20'000;  // more than all operations of all services
  if (!again && (calls_.size() < most_counted || calls_.contains(counted))) ++calls_[std::move(counted)];
  const Time at = now();
  store_.settle(at);
  Account* account = store_.account(account_id);
  if (!account) return fault("AuthFailure", "AWS was not able to validate the provided access credentials", 401);
  Region* region = store_.region(*account, region_name);
  if (!region) return fault("AuthFailure", fmt::format("There is no region {}.", region_name), 401);
  const std::string caller = session ? session->arn : fmt::format("arn:aws:iam::{}:user/sandbox", account->id);
  if (session) note_use(*account, *session, service, region->name, at);
  const Handler handler = registry_.find(service, operation);
  if (!handler) return std::unexpected(words::unknown_operation(protocol_of(service), operation));
  TRY(allowed(*account, *region, service, operation, params, caller));
  Builder out(store_.keys);
  out.begin_map();
  Call call{.store = store_,
            .account = *account,
            .region = *region,
            .params = params,
            .out = out,
            .now = at,
            .service = service,
            .operation = operation,
            .caller_arn = caller,
            .caller_id = session ? session->user_id : "AIDA" + account->id + "EXMP",
            .bodies = &bodies,
            .blobs = &blobs_};
  TRY(handler(call));
  if (wait) *wait = call.wait;
  out.end();
  return out.finish();
}

Document Sandbox::calls() const {
  Builder out;
  out.begin_map();
  for (const auto& [name, count] : calls_) out.put(name, count);
  out.end();
  return out.finish();
}

}  // namespace reeve::sandbox
