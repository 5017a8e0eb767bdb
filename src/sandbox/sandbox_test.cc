#include "sandbox/sandbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "sandbox/test_cloud.h"
#include "sandbox/words.h"

namespace reeve::sandbox {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view small_estate = R"({
  "format": 1,
  "instances": [{"InstanceId": "i-web", "State": "running"}, {"InstanceId": "i-old", "State": "stopped"}],
  "volumes": [
    {"VolumeId": "vol-web", "Attachments": [{"InstanceId": "i-web", "Device": "/dev/xvda", "DeleteOnTermination": true}]},
    {"VolumeId": "vol-free", "Size": 100}],
  "snapshots": [
    {"SnapshotId": "snap-web", "VolumeId": "vol-web", "StartTime": "-10d", "Tags": {"Name": "web"}},
    {"SnapshotId": "snap-gone", "VolumeId": "vol-0123456789abcdef0", "StartTime": "-45d"},
    {"SnapshotId": "snap-none", "VolumeId": "", "StartTime": "-90d"}]
})";

TEST(Sandbox, TheScriptEverybodyStartsWith) {
  TestCloud cloud;
  cloud.load(small_estate);
  const Document snapshots = cloud.ok("DescribeSnapshots", R"({"OwnerIds": ["self"]})");
  std::vector<std::string> deleted;
  for (Value s : snapshots["Snapshots"].items()) {
    const std::string volume = s["VolumeId"].as_string();
    if (volume.empty()) continue;
    const auto answer = cloud.call("DescribeVolumes", R"({"VolumeIds": [")" + volume + R"("]})");
    if (answer) continue;
    EXPECT_EQ(answer.error().code, "InvalidVolume.NotFound");
    const std::string id = s["SnapshotId"].as_string();
    cloud.ok("DeleteSnapshot", R"({"SnapshotId": ")" + id + R"("})");
    deleted.push_back(id);
  }
  EXPECT_THAT(deleted, ElementsAre("snap-gone"));
  EXPECT_THAT(cloud.ids("DescribeSnapshots", "{}"), ElementsAre("snap-none", "snap-web"));
}

TEST(Sandbox, ReadsByIdFailWholeOnOneMissing) {
  TestCloud cloud;
  cloud.load(small_estate);
  const auto answer = cloud.call("DescribeSnapshots", R"({"SnapshotIds": ["snap-web", "snap-0123456789abcdef0"]})");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, "InvalidSnapshot.NotFound");
  EXPECT_EQ(cloud.refused("DescribeSnapshots", R"({"SnapshotIds": ["snap-xyz"]})"), "InvalidSnapshotID.Malformed");
  // By filter the missing one is simply not there.
  EXPECT_THAT(cloud.ids("DescribeSnapshots",
                        R"({"Filters": [{"Name": "snapshot-id", "Values": ["snap-web", "snap-nowhere"]}]})"),
              ElementsAre("snap-web"));
}

TEST(Sandbox, DryRunSaysSoAndChangesNothing) {
  TestCloud cloud;
  cloud.load(small_estate);
  const auto answer = cloud.call("DeleteSnapshot", R"({"SnapshotId": "snap-gone", "DryRun": true})");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, "DryRunOperation");
  EXPECT_EQ(answer.error().status, 412);
  EXPECT_EQ(cloud.ids("DescribeSnapshots", "{}").size(), 3U);
}

TEST(Sandbox, DeniedOperationsAreRefusedInTheProtocolsWords) {
  TestCloud cloud;
  cloud.load(R"({"accounts": {"123456789012": {"deny": ["ec2:Delete*"]}}, "snapshots": [{"SnapshotId": "snap-a"}]})");
  EXPECT_EQ(cloud.refused("DeleteSnapshot", R"({"SnapshotId": "snap-a"})"), "UnauthorizedOperation");
  EXPECT_EQ(cloud.refused("DeleteSnapshot", R"({"SnapshotId": "snap-a", "DryRun": true})"), "UnauthorizedOperation");
}

TEST(Sandbox, UnknownOperationsAreAnsweredAndCounted) {
  TestCloud cloud;
  EXPECT_EQ(cloud.refused("DescribeMoonPhases", "{}"), "InvalidAction");
  EXPECT_EQ(words::unknown_operation("rest-json", "X").code, "UnknownOperationException");
  EXPECT_EQ(cloud.sandbox.calls()["ec2.DescribeMoonPhases"].as_integer(), 1);
}

}  // namespace
}  // namespace reeve::sandbox
