#include "policy/guards/snapshot_users.h"

namespace reeve::policy {
namespace {

class LaunchConfigurations : public Guard {
 public:
  std::string_view name() const override { return "launch-configurations"; }
  Task<std::vector<GuardAnswer>> check(std::span<Candidate*> candidates, Context& context) const override {
    Document none;
    const Listed listed = co_await list_items(context, "autoscaling", "DescribeLaunchConfigurations", std::move(none));
    SnapshotUsers users;
    if (listed.items) {
      for (const Document& item : listed.items->items) {
        add_users(item["BlockDeviceMappings"], item["LaunchConfigurationName"].as_string(), users);
      }
    }
    std::vector<GuardAnswer> answers;
    for (const Candidate* candidate : candidates) answers.push_back(answer(candidate->view.id(), listed, users));
    co_return answers;
  }

 private:
  static GuardAnswer answer(std::string_view id, const Listed& listed, const SnapshotUsers& users) {
    if (!listed.items) return keep_unknown("the launch configurations could not be listed: " + listed.problem);
    if (listed.unsupported()) return note_unsupported("DescribeLaunchConfigurations");
    const auto user = users.find(id);
    if (user == users.end()) return {};
    return keep("in-use-by-launch-configuration", "launch configuration " + user->second + " uses it");
  }
};

}  // namespace

const Guard& launch_configurations_guard() {
  static const LaunchConfigurations guard;
  return guard;
}

}  // namespace reeve::policy
