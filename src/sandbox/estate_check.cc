#include "sandbox/estate_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "base/contains.h"

namespace reeve::sandbox {
namespace {

/// A member that names something of a kind, wherever it stands.
struct Prefix {
  std::string_view member, prefix;
};
constexpr Prefix prefixes[] = {{"SnapshotId", "snap-"}, {"VolumeId", "vol-"},        {"InstanceId", "i-"},
                               {"ImageId", "ami-"},     {"LaunchTemplateId", "lt-"}, {"VpcId", "vpc-"},
                               {"SubnetId", "subnet-"}, {"GroupId", "sg-"}};

/// The words of a member in the tables whose name begins so (EC2 API Reference, the types of that name).
struct Words {
  std::string_view table, member;
  std::vector<std::string_view> words;
};
const std::vector<Words>& words() {
  static const std::vector<Words> all = {
      {"snapshots", "State", {"pending", "completed", "error", "recoverable", "recovering"}},
      {"snapshots", "StorageTier", {"standard", "archive"}},
      {"volumes", "State", {"creating", "available", "in-use", "deleting", "deleted", "error"}},
      {"instances", "State", {"pending", "running", "shutting-down", "terminated", "stopping", "stopped"}},
      {"images",
       "State",
       {"pending", "available", "invalid", "deregistered", "transient", "failed", "error", "disabled"}},
      {"bin_rules", "ResourceType", {"EBS_SNAPSHOT", "EC2_IMAGE", "EBS_VOLUME"}},
      {"bin_rules", "Status", {"pending", "available"}},
  };
  return all;
}

/// Sizes and counts, from 0 to what AWS could ever mean.
struct Bound {
  std::string_view member;
  std::int64_t most;
};
constexpr Bound bounds[] = {
    {"VolumeSize", 1'000'000}, {"Size", 1'000'000},        {"FullSnapshotSizeInBytes", std::int64_t{1} << 50},
    {"Iops", 10'000'000},      {"Throughput", 10'000'000}, {"RetentionDays", 36'500},
    {"Duration", 36'500}};

}  // namespace

void check_resource(std::string_view table, Value item, const std::string& at, EstateProblems& problems) {
  for (const auto& [member, prefix] : prefixes) {
    const std::string_view id = item[member].as_text_or({});
    if (!id.empty() && !id.starts_with(prefix)) {
      problems.add(at + "." + std::string(member), fmt::format("\"{}\" does not begin with {}", id, prefix));
    }
  }
  for (const auto& one : words()) {
    const Value value = item[one.member];
    if (!table.starts_with(one.table) || !value.is_text() || contains(one.words, value.as_text())) continue;
    problems.add(at + "." + std::string(one.member),
                 fmt::format("\"{}\" is none of {}", value.as_text(), fmt::join(one.words, ", ")));
  }
  for (const auto& [member, most] : bounds) {
    const Value value = item[member];
    if (!value.is_number() || (value.as_real() >= 0 && value.as_real() <= static_cast<double>(most))) continue;
    problems.add(at + "." + std::string(member), fmt::format("a number from 0 to {} is wanted", most));
  }
  if (item["Lock"].is_map()) check_resource("", item["Lock"], at + ".Lock", problems);
  for (const auto* list : {"BlockDeviceMappings", "Attachments"}) {
    std::size_t n = 0;
    for (const Value part : item[list].items()) {
      if (part.is_map()) check_resource("", part, fmt::format("{}.{}[{}]", at, list, n), problems);
      ++n;
    }
  }
}

}  // namespace reeve::sandbox
