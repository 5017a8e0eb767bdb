#include "sandbox/sandbox.h"

#include <fmt/format.h>

#include "sandbox/listing.h"
#include "sandbox/wire.h"

namespace reeve::sandbox {

Sandbox::Sandbox(Options options)
    : clock_(options.clock),
      loop_(options.loop),
      models_(options.models),
      store_(options.behaviour, options.seed, options.models.keys()),
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
  Account* home = store_.account(home_account);
  home->keys.emplace("testing", "testing");
  store_.region(*home, home_region);
}

Sandbox::~Sandbox() = default;

Time Sandbox::now() const { return clock_.wall() + store_.clock_offset; }

std::expected<Document, Fault> Sandbox::call(std::string_view account, std::string_view region,
                                             std::string_view service, std::string_view operation, Value params) {
  return run(account, region, service, operation, params, nullptr);
}

namespace {

enum class Style : std::uint8_t { ec2, query, rest };
Style style_of(std::string_view service) {
  if (service == "ec2") return Style::ec2;
  return service == "autoscaling" || service == "sts" || service == "iam" ? Style::query : Style::rest;
}

}  // namespace

Fault unknown_operation(std::string_view service, std::string_view operation) {
  if (style_of(service) == Style::rest) {
    return {"UnknownOperationException", fmt::format("The operation {} is not known.", operation), 404};
  }
  return {"InvalidAction", fmt::format("The action {} is not valid for this web service.", operation), 400};
}

Outcome Sandbox::allowed(const Account& account, const Region& region, std::string_view service,
                         std::string_view operation, Value params, std::string_view caller) {
  const Style style = style_of(service);
  if (!region.opted_in && service != "iam") {
    return style == Style::ec2
               ? fault("AuthFailure", "AWS was not able to validate the provided access credentials", 401)
               : fault("InvalidClientTokenId", "The security token included in the request is invalid", 403);
  }
  const std::string action = fmt::format("{}:{}", service, operation);
  for (const std::string& pattern : account.deny) {
    if (!matches_wildcard(pattern, action)) continue;
    std::string text = fmt::format("User: {} is not authorized to perform: {} with an explicit deny", caller, action);
    switch (style) {
      case Style::ec2:
        return fault("UnauthorizedOperation", "You are not authorized to perform this operation. " + text, 403);
      case Style::query:
        return fault("AccessDenied", std::move(text), 403);
      case Style::rest:
        return fault("AccessDeniedException", std::move(text), 403);
    }
  }
  if (store_.behaviour == Behaviour::aws && style == Style::ec2) {
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
  if (style == Style::ec2 && params["DryRun"].as_bool()) {
    return fault("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412);
  }
  return {};
}

std::expected<Document, Fault> Sandbox::run(std::string_view account_id, std::string_view region_name,
                                            std::string_view service, std::string_view operation, Value params,
                                            const Session* session) {
  std::string counted;
  counted.reserve(service.size() + operation.size() + 1);
  counted.append(service).append(".").append(operation);
  constexpr std::size_t most_counted = 20'000;  // more than all operations of all services
  if (calls_.size() < most_counted || calls_.contains(counted)) ++calls_[std::move(counted)];
  const Time at = now();
  store_.settle(at);
  Account* account = store_.account(account_id);
  if (!account) return fault("AuthFailure", "AWS was not able to validate the provided access credentials", 401);
  Region* region = store_.region(*account, region_name);
  if (!region) return fault("AuthFailure", fmt::format("There is no region {}.", region_name), 401);
  const std::string caller = session ? session->arn : fmt::format("arn:aws:iam::{}:user/sandbox", account->id);
  const Handler handler = registry_.find(service, operation);
  if (!handler) return std::unexpected(unknown_operation(service, operation));
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
            .caller_id = session ? session->user_id : "AIDA" + account->id + "EXMP"};
  TRY(handler(call));
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
