#include <array>

#include "policy/guards/guards.h"

namespace reeve::policy {
namespace {

/// Tags by which a service or a controller says that the record is its own to delete.
struct Manager {
  std::string_view tag_prefix;
  std::string_view who;
};
constexpr std::array<Manager, 7> managers = {{{"aws:backup:", "AWS Backup"},
                                              {"aws:dlm:", "Amazon Data Lifecycle Manager"},
                                              {"ebs.csi.aws.com/", "the EBS CSI driver of a Kubernetes cluster"},
                                              {"CSIVolumeSnapshotName", "the EBS CSI driver of a Kubernetes cluster"},
                                              {"kubernetes.io/", "a Kubernetes cluster"},
                                              {"KubernetesCluster", "a Kubernetes cluster"},
                                              {"velero.io/", "Velero"}}};

GuardAnswer answer(const Candidate& candidate) {
  const Value tags = candidate.view.record().tags();
  if (tags.is_unknown()) return keep_unknown("its tags are unknown: " + tags.as_string());
  for (const Value tag : tags.items()) {
    if (tag["Key"].is_unknown()) return keep_unknown("a tag of it is unknown");
    for (const Manager& manager : managers) {
      if (!tag["Key"].as_text().starts_with(manager.tag_prefix)) continue;
      return keep("managed", std::string(manager.who) + " manages it (tag " + tag["Key"].as_string() + ")");
    }
  }
  return {};
}

class Managed : public Guard {
 public:
  std::string_view name() const override { return "managed"; }
  Task<std::vector<GuardAnswer>> check(std::span<Candidate*> candidates, Context&) const override {
    std::vector<GuardAnswer> answers;
    for (const Candidate* candidate : candidates) answers.push_back(answer(*candidate));
    co_return answers;
  }
};

}  // namespace

const Guard& managed_guard() {
  static const Managed guard;
  return guard;
}

}  // namespace reeve::policy
