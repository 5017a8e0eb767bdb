#include <array>

#include "sandbox/services/iam.h"

/// Service-linked roles [IAM user guide, "Create a service-linked role"].
namespace reeve::sandbox {
namespace {

struct ServiceRole {
  std::string_view service, name;
};
/// Names that do not follow from the service's own.
constexpr std::array known_roles{
    ServiceRole{"autoscaling.amazonaws.com", "AutoScaling"},
    ServiceRole{"elasticloadbalancing.amazonaws.com", "ElasticLoadBalancing"},
    ServiceRole{"spot.amazonaws.com", "EC2Spot"},
    ServiceRole{"spotfleet.amazonaws.com", "EC2SpotFleet"},
    ServiceRole{"ecs.amazonaws.com", "ECS"},
    ServiceRole{"eks.amazonaws.com", "AmazonEKS"},
    ServiceRole{"rds.amazonaws.com", "RDS"},
    ServiceRole{"elasticache.amazonaws.com", "ElastiCache"},
    ServiceRole{"organizations.amazonaws.com", "Organizations"},
    ServiceRole{"config.amazonaws.com", "Config"},
    ServiceRole{"guardduty.amazonaws.com", "AmazonGuardDuty"},
    ServiceRole{"backup.amazonaws.com", "Backup"},
    ServiceRole{"support.amazonaws.com", "Support"},
    ServiceRole{"trustedadvisor.amazonaws.com", "TrustedAdvisor"},
};

/// "AWSServiceRoleForAutoScaling"; of a service that is not listed, its host name with a capital.
std::string role_name(std::string_view service, std::string_view suffix) {
  std::string name;
  const auto* known = std::ranges::find(known_roles, service, &ServiceRole::service);
  if (known != known_roles.end()) {
    name = known->name;
  } else {
    bool capital = true;
    for (const char l : service.substr(0, service.find('.'))) {
      if (l == '-') {
        capital = true;
        continue;
      }
      name += capital && l >= 'a' && l <= 'z' ? static_cast<char>(l - 'a' + 'A') : l;
      capital = false;
    }
  }
  return fmt::format("AWSServiceRoleFor{}{}{}", name, suffix.empty() ? "" : "_", suffix);
}

Outcome create(Call& c) {
  const std::string service = c["AWSServiceName"].as_string();
  if (!service.ends_with(".amazonaws.com") || service.size() < 16) {
    return fault("InvalidInput", fmt::format("Service {} does not support service-linked roles.", service));
  }
  const std::string suffix = c["CustomSuffix"].as_string();
  IamRole role;
  role.id = role_name(service, suffix);
  TRY(check_name(role.id, "RoleName", OfRole::longest));
  if (iam(c).roles.find(role.id)) {
    return fault(
        "InvalidInput",
        fmt::format("Service role name {} has been taken in this account, please try a different suffix.", role.id));
  }
  role.path = fmt::format("/aws-service-role/{}/", service);
  role.unique_id = new_iam_id(c.store, OfRole::prefix);
  role.created = c.now;
  role.description = c["Description"].as_string();
  role.trust = fmt::format(
      R"({{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{}"}},"Action":"sts:AssumeRole"}}]}})",
      service);
  c.changing(iam(c).roles, role.id);
  const IamRole& kept = iam(c).roles.add(std::move(role));
  c.out.begin_map("Role");
  write_role(c, kept, true);
  c.out.end();
  return {};
}

constexpr std::string_view task = "task/aws-service-role/";

Outcome remove(Call& c) {
  TRY(const IamRole* role, own<OfRole>(c));
  if (!role->path.starts_with("/aws-service-role/")) {
    return fault("ValidationError", fmt::format("The role {} is no service-linked role.", role->id));
  }
  const std::string name = role->id;
  const std::string path = role->path.substr(std::string_view("/aws-service-role/").size());
  c.changing(iam(c).roles, name);
  iam(c).roles.erase(name);
  c.out.put("DeletionTaskId", fmt::format("{}{}{}/{}", task, path, name, c.store.random().uuid()));
  return {};
}

/// The role goes at once, so each task of ours has succeeded.
Outcome deletion_status(Call& c) {
  const std::string_view id = c["DeletionTaskId"].as_text();
  if (!id.starts_with(task)) return no_entity(fmt::format("Deletion task {} cannot be found.", id));
  c.out.put("Status", "SUCCEEDED");
  return {};
}

}  // namespace

void register_iam_service_roles(Registry& r) {
  r.add("iam", "CreateServiceLinkedRole", create);
  r.add("iam", "DeleteServiceLinkedRole", remove);
  r.add("iam", "GetServiceLinkedRoleDeletionStatus", deletion_status);
}

}  // namespace reeve::sandbox
