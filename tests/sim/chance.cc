#include "sim/chance.h"

#include <array>
#include <string>
#include <vector>

namespace reeve::sim {
namespace {

constexpr auto* policies = R"(
vars: {days: 30, reasons: "no-volume, volume-gone", action: delete}
policies:
  - name: stale-snapshots
    resource: aws.ebs-snapshot
    filters:
      - {type: age, days: "{days}", op: ge}
      - {type: stale, reasons: "{reasons}"}
    actions: [{type: "{action}"}]
)";
constexpr auto* tag_policy = R"(
  - name: mark
    resource: aws.ebs-snapshot
    filters: [{type: age, days: 60, op: ge}]
    actions: [{type: tag, tags: {reviewed: "2026", Name: "seen"}}]
)";
constexpr auto* tag_again_policy = R"(
  - name: mark-again
    resource: aws.ebs-snapshot
    actions: [{type: tag, tags: {reviewed: "again"}}]
)";
constexpr auto* untag_policy = R"(
  - name: unmark
    resource: aws.ebs-snapshot
    filters: [{"tag:Name": present}]
    actions: [{type: remove-tag, tags: [Name]}]
)";
constexpr auto* old_policy = R"(
  - name: old
    resource: aws.ebs-snapshot
    filters: [{type: age, days: 200, op: ge}]
    actions: [delete]
)";

}  // namespace

aws::FaultScript random_faults(SeededRandom& random) {
  using aws::FaultKind;
  static constexpr std::array kinds = {FaultKind::throttle,
                                       FaultKind::server_error_before,
                                       FaultKind::server_error_after,
                                       FaultKind::timeout_after,
                                       FaultKind::timeout_before,
                                       FaultKind::torn_body,
                                       FaultKind::slow,
                                       FaultKind::error,
                                       FaultKind::empty_page};
  static constexpr std::array operations = {"",           "Describe*", "DeleteSnapshot", "ModifySnapshotTier",
                                            "CreateTags", "Restore*"};
  std::vector<aws::FaultRule> rules;
  const std::size_t count = random.below(4);
  for (std::size_t i = 0; i < count; ++i) {
    aws::FaultRule rule{.operation = operations.at(random.below(operations.size()))};
    rule.every = static_cast<std::int64_t>(1 + random.below(12));
    rule.times = random.chance(0.3) ? 0 : static_cast<std::int64_t>(1 + random.below(20));
    rule.fault.kind = kinds.at(random.below(kinds.size()));
    if (rule.fault.kind == FaultKind::error) {
      rule.fault.code = "UnauthorizedOperation";
      rule.fault.status = 403;
    }
    if (rule.fault.kind == FaultKind::empty_page) {
      rule.operation = "DescribeSnapshots";  // what has no pages cannot have an empty one
    }
    const bool waits = rule.fault.kind == FaultKind::slow || rule.fault.kind == FaultKind::timeout_after ||
                       rule.fault.kind == FaultKind::timeout_before;
    if (waits) rule.fault.time = std::chrono::milliseconds(100 + random.below(70'000));
    rules.push_back(std::move(rule));
  }
  return aws::FaultScript(std::move(rules));
}

Wish random_wish(SeededRandom& random) {
  Wish wish{.policies = policies};
  static constexpr std::array reasons = {"copied",      "foreign",           "no-volume",           "last-copy",
                                         "volume-gone", "volume-unattached", "instance-not-running"};
  std::string named;
  for (const auto* reason : reasons) {
    if (random.chance(0.5)) named += (named.empty() ? "" : ",") + std::string(reason);
  }
  if (!named.empty()) wish.variables["reasons"] = named;
  wish.variables["days"] = std::to_string(random.below(120));
  if (random.chance(0.25)) wish.variables["action"] = "archive";
  std::vector<std::string> more;
  if (random.chance(0.4)) more.emplace_back(tag_policy);
  if (random.chance(0.3)) more.emplace_back(tag_again_policy);
  if (random.chance(0.2)) more.emplace_back(untag_policy);
  if (random.chance(0.4)) more.emplace_back(old_policy);
  for (const auto& policy : more) wish.policies += policy;
  static constexpr std::array limits = {"", "none", "none", "100%", "7", "30%"};
  wish.limit = limits.at(random.below(limits.size()));
  wish.oldest_first = random.chance(0.6);
  return wish;
}

}  // namespace reeve::sim
