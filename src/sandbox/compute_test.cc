#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sandbox/test_cloud.h"

namespace reeve::sandbox {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view machines = R"({
  "instances": [{"InstanceId": "i-a", "AvailabilityZone": "us-east-1a", "ReservationId": "r-1"},
                {"InstanceId": "i-b", "AvailabilityZone": "us-east-1b", "DisableApiTermination": true, "ReservationId": "r-1"},
                {"InstanceId": "i-c", "AvailabilityZone": "us-east-1b", "DisableApiStop": true, "ReservationId": "r-2"}],
  "volumes": [{"VolumeId": "vol-root", "Attachments": [{"InstanceId": "i-a", "Device": "/dev/xvda", "DeleteOnTermination": true}]},
              {"VolumeId": "vol-data", "Attachments": [{"InstanceId": "i-a", "Device": "/dev/sdf"}]},
              {"VolumeId": "vol-free"}]})";

std::string state_of(TestCloud& cloud, const std::string& id) {
  const Document answer = cloud.ok("DescribeInstances", R"({"InstanceIds": [")" + id + R"("]})");
  return answer["Reservations"][0]["Instances"][0]["State"]["Name"].as_string();
}

TEST(Instances, LaunchedTogetherTheyShareAReservation) {
  TestCloud cloud;
  cloud.load(machines);
  const Document all = cloud.ok("DescribeInstances", "{}");
  ASSERT_EQ(all["Reservations"].size(), 2U);
  EXPECT_EQ(all["Reservations"][0]["Instances"].size(), 2U);
  EXPECT_EQ(all["Reservations"][0]["Instances"][0]["BlockDeviceMappings"].size(), 2U);
}

TEST(Instances, StoppingIsDatedAndStartingClearsIt) {
  TestCloud cloud;
  cloud.load(machines);
  const Document stopped = cloud.ok("StopInstances", R"({"InstanceIds": ["i-a"]})");
  EXPECT_EQ(stopped["StoppingInstances"][0]["CurrentState"]["Name"].as_text(), "stopping");
  EXPECT_EQ(state_of(cloud, "i-a"), "stopped");
  const Document seen = cloud.ok("DescribeInstances", R"({"InstanceIds": ["i-a"]})");
  EXPECT_EQ(seen["Reservations"][0]["Instances"][0]["StateTransitionReason"].as_text(),
            "User initiated (2026-06-01 12:00:00 GMT)");
  cloud.ok("StartInstances", R"({"InstanceIds": ["i-a"]})");
  EXPECT_EQ(state_of(cloud, "i-a"), "running");
  EXPECT_EQ(cloud.refused("StopInstances", R"({"InstanceIds": ["i-c"]})"), "OperationNotPermitted");
  EXPECT_EQ(cloud.refused("StopInstances", R"({"InstanceIds": ["i-a", "i-0123456789abcdef0"]})"),
            "InvalidInstanceID.NotFound");
}

TEST(Instances, EndedOnesStayVisibleForAnHourAndTakeTheirRootDiskAlong) {
  TestCloud cloud;
  cloud.load(machines);
  cloud.ok("TerminateInstances", R"({"InstanceIds": ["i-a"]})");
  EXPECT_EQ(state_of(cloud, "i-a"), "terminated");
  EXPECT_THAT(cloud.ids("DescribeVolumes", "{}"), ElementsAre("vol-data", "vol-free"));
  cloud.ok("TerminateInstances", R"({"InstanceIds": ["i-a"]})");
  cloud.advance(std::chrono::minutes(61));
  EXPECT_EQ(cloud.refused("DescribeInstances", R"({"InstanceIds": ["i-a"]})"), "InvalidInstanceID.Malformed");
}

TEST(Instances, AProtectedOneRefusesItsZoneWhileOthersEnd) {
  TestCloud cloud;
  cloud.load(machines);
  EXPECT_EQ(cloud.refused("TerminateInstances", R"({"InstanceIds": ["i-a", "i-b", "i-c"]})"), "OperationNotPermitted");
  EXPECT_EQ(state_of(cloud, "i-a"), "terminated");
  EXPECT_EQ(state_of(cloud, "i-c"), "running");
  cloud.ok("ModifyInstanceAttribute", R"({"InstanceId": "i-b", "DisableApiTermination": {"Value": false}})");
  const Document attribute =
      cloud.ok("DescribeInstanceAttribute", R"({"InstanceId": "i-b", "Attribute": "disableApiTermination"})");
  EXPECT_FALSE(attribute["DisableApiTermination"]["Value"].as_bool());
  cloud.ok("TerminateInstances", R"({"InstanceIds": ["i-b"]})");
}

TEST(Volumes, AttachedOnesAreInUseAndDetachedOnesGo) {
  TestCloud cloud;
  cloud.load(machines);
  EXPECT_EQ(cloud.refused("DeleteVolume", R"({"VolumeId": "vol-data"})"), "VolumeInUse");
  cloud.ok("DetachVolume", R"({"VolumeId": "vol-data"})");
  cloud.ok("DeleteVolume", R"({"VolumeId": "vol-data"})");
  EXPECT_THAT(cloud.ids("DescribeVolumes", "{}"), ElementsAre("vol-free", "vol-root"));
  cloud.ok("AttachVolume", R"({"VolumeId": "vol-free", "InstanceId": "i-a", "Device": "/dev/sdg"})");
  EXPECT_THAT(cloud.ids("DescribeVolumes", R"({"Filters": [{"Name": "attachment.instance-id", "Values": ["i-a"]}]})"),
              ElementsAre("vol-free", "vol-root"));
}

TEST(Volumes, HiddenManagedOnesAreListedOnlyWhenAskedFor) {
  TestCloud cloud;
  cloud.load(
      R"({"volumes": [{"VolumeId": "vol-m", "Operator": {"Principal": "eks.amazonaws.com", "HiddenByDefault": true}}]})");
  EXPECT_TRUE(cloud.ids("DescribeVolumes", "{}").empty());
  EXPECT_THAT(cloud.ids("DescribeVolumes", R"({"IncludeManagedResources": true})"), ElementsAre("vol-m"));
  EXPECT_EQ(cloud.refused("DeleteVolume", R"({"VolumeId": "vol-m"})"), "OperationNotPermitted");
}

TEST(Images, MadeOfInstancesCopiedDisabledAndBinned) {
  TestCloud cloud;
  cloud.load(machines);
  cloud.load(R"({"bin_rules": [{"Identifier": "images", "ResourceType": "EC2_IMAGE"}]})");
  const std::string id = cloud.ok("CreateImage", R"({"InstanceId": "i-a", "Name": "golden"})")["ImageId"].as_string();
  const std::string named = R"({"ImageId": ")" + id + R"("})";
  EXPECT_EQ(cloud.ids("DescribeSnapshots", "{}").size(), 2U);
  EXPECT_EQ(cloud.refused("CreateImage", R"({"InstanceId": "i-a", "Name": "golden"})"), "InvalidAMIName.Duplicate");
  cloud.ok("DisableImage", named);
  EXPECT_EQ(cloud.ok("DescribeImages", R"({"Owners": ["self"]})")["Images"].size(), 0U);
  EXPECT_EQ(cloud.ok("DescribeImages", R"({"Owners": ["self"], "IncludeDisabled": true})")["Images"].size(), 1U);
  cloud.ok("DeregisterImage", named);
  EXPECT_THAT(cloud.ids("ListImagesInRecycleBin", "{}"), ElementsAre(id));
  cloud.ok("RestoreImageFromRecycleBin", named);
  cloud.ok("EnableImage", named);
  const Document gone =
      cloud.ok("DeregisterImage", R"({"ImageId": ")" + id + R"(", "DeleteAssociatedSnapshots": true})");
  EXPECT_EQ(gone["DeleteSnapshotResults"].size(), 2U);
  EXPECT_TRUE(cloud.ids("DescribeSnapshots", "{}").empty());
}

TEST(LaunchTemplates, VersionsKeepWhatTheyWere) {
  TestCloud cloud;
  const Document made =
      cloud.ok("CreateLaunchTemplate", R"({"LaunchTemplateName": "web", "LaunchTemplateData": {"ImageId": "ami-1",
    "BlockDeviceMappings": [{"DeviceName": "/dev/sdf", "Ebs": {"SnapshotId": "snap-1"}}]}})");
  const std::string id = made["LaunchTemplate"]["LaunchTemplateId"].as_string();
  cloud.ok("CreateLaunchTemplateVersion",
           R"({"LaunchTemplateName": "web", "SourceVersion": "1", "LaunchTemplateData": {"ImageId": "ami-2"}})");
  const Document versions = cloud.ok("DescribeLaunchTemplateVersions", R"({"LaunchTemplateId": ")" + id + R"("})");
  ASSERT_EQ(versions["LaunchTemplateVersions"].size(), 2U);
  EXPECT_EQ(versions["LaunchTemplateVersions"][1]["LaunchTemplateData"]["ImageId"].as_text(), "ami-2");
  EXPECT_EQ(versions["LaunchTemplateVersions"][1]["LaunchTemplateData"]["BlockDeviceMappings"].size(), 1U);
  EXPECT_EQ(cloud
                .ok("DescribeLaunchTemplateVersions",
                    R"({"Versions": ["$Latest"]})")["LaunchTemplateVersions"][0]["VersionNumber"]
                .as_integer(),
            2);
}

TEST(Scaling, ConfigurationsInUseStay) {
  TestCloud cloud;
  auto scaling = [&](std::string_view operation, std::string_view params) {
    return cloud.ok(operation, params, "autoscaling");
  };
  scaling("CreateLaunchConfiguration",
          R"({"LaunchConfigurationName": "lc", "ImageId": "ami-1", "InstanceType": "t3.micro"})");
  scaling("CreateAutoScalingGroup",
          R"({"AutoScalingGroupName": "g", "LaunchConfigurationName": "lc", "MinSize": 0, "MaxSize": 2})");
  EXPECT_EQ(cloud.refused("DeleteLaunchConfiguration", R"({"LaunchConfigurationName": "lc"})", "autoscaling"),
            "ResourceInUse");
  EXPECT_EQ(scaling("DescribeAutoScalingGroups", "{}")["AutoScalingGroups"][0]["AutoScalingGroupName"].as_text(), "g");
  scaling("DeleteAutoScalingGroup", R"({"AutoScalingGroupName": "g"})");
  scaling("DeleteLaunchConfiguration", R"({"LaunchConfigurationName": "lc"})");
}

TEST(Accounts, AliasesAreUniqueAndRegionsMustBeOptedInto) {
  TestCloud cloud;
  cloud.ok("CreateAccountAlias", R"({"AccountAlias": "example"})", "iam");
  EXPECT_EQ(cloud.ok("ListAccountAliases", "{}", "iam")["AccountAliases"][0].as_text(), "example");
  TestCloud other;
  const Document regions = cloud.ok("DescribeRegions", "{}");
  EXPECT_EQ(regions["Regions"].size(), 17U);
  EXPECT_GT(cloud.ok("DescribeRegions", R"({"AllRegions": true})")["Regions"].size(), 17U);
  cloud.region = "ap-east-1";
  EXPECT_EQ(cloud.refused("DescribeSnapshots", "{}"), "AuthFailure");
}

TEST(Behaviour, AwsThrottlesByOperationAndRefills) {
  TestCloud cloud(Behaviour::aws);
  cloud.load(machines);
  int answered = 0;
  for (int n = 0; n < 100; ++n) answered += cloud.call("DescribeVolumes", "{}") ? 1 : 0;
  EXPECT_EQ(answered, 50);
  EXPECT_EQ(cloud.refused("DescribeVolumes", "{}"), "RequestLimitExceeded");
  cloud.ok("DescribeInstances", "{}");
  cloud.advance(std::chrono::seconds(1));
  cloud.ok("DescribeVolumes", "{}");
}

TEST(Behaviour, AwsReadsMayBeOldForSecondsAndNoLonger) {
  TestCloud cloud(Behaviour::aws);
  int late = 0;
  for (int n = 0; n < 40; ++n) {
    const std::string id =
        cloud.ok("CreateVolume", R"({"AvailabilityZone": "us-east-1a", "Size": 1})")["VolumeId"].as_string();
    const std::string asked = R"({"VolumeIds": [")" + id + R"("]})";
    late += cloud.call("DescribeVolumes", asked) ? 0 : 1;
    cloud.advance(std::chrono::seconds(6));
    cloud.ok("DescribeVolumes", asked);
  }
  EXPECT_GT(late, 0);
  EXPECT_LT(late, 40);
}

TEST(Generate, IsTheSameForASeedAndHasAllThatRealEstatesHave) {
  TestCloud a, b, c;
  a.sandbox.generate(300, 7);
  b.sandbox.generate(300, 7);
  c.sandbox.generate(300, 8);
  EXPECT_TRUE(canonical_json(a.sandbox.state()) == canonical_json(b.sandbox.state()));
  EXPECT_FALSE(canonical_json(a.sandbox.state()) == canonical_json(c.sandbox.state()));
  const Region& region = *a.sandbox.store().find_region(home_account, home_region);
  EXPECT_EQ(region.snapshots.rows.size(), 300U);
  std::map<std::string, int> met;
  int stale = 0;
  std::map<std::string, std::pair<Time, std::string>> newest;
  for (const auto& [id, s] : region.snapshots.rows) {
    const bool copy = !s.transfer_type.empty(), foreign = !copy && s.volume_id == "vol-ffffffff";
    const Volume* v = nullptr;
    if (auto at = region.volumes.rows.find(s.volume_id); at != region.volumes.rows.end()) v = &at->second;
    const bool running =
        v && !v->attachments.empty() && region.instances.rows.at(v->attachments[0].instance_id).state == "running";
    stale += running ? 0 : 1;
    met["copied"] += copy, met["foreign"] += foreign, met["no-volume"] += s.volume_id.empty() && !copy;
    met["gone"] += !v && !copy && !foreign && !s.volume_id.empty();
    met["unattached"] += v && v->attachments.empty();
    met["stopped"] += v && !v->attachments.empty() && !running;
    met["locked"] += s.lock.has_value(), met["archived"] += s.storage_tier == "archive",
        met["fast"] += !s.fast_restores.empty();
    met["shared"] += !s.shared_with.empty(), met["public"] += s.is_public, met["pending"] += s.state == "pending";
    met["error"] += s.state == "error", met["recent"] += a.clock.at - s.start_time < std::chrono::hours(24 * 30);
    for (const char* tag : {"aws:backup:source-resource", "aws:dlm:lifecycle-policy-id", "reeve:protect",
                            "cloud-nuke-excluded", "janitor", "CSIVolumeSnapshotName", "recycle-bin"}) {
      met[tag] += s.tags.contains(tag);
    }
  }
  met["images"] = static_cast<int>(region.images.rows.size()),
  met["images in bin"] = static_cast<int>(region.images_in_bin.rows.size());
  met["templates"] = static_cast<int>(region.launch_templates.rows.size());
  for (const auto& [what, count] : met) EXPECT_GT(count, 0) << what;
  EXPECT_GT(stale, 180);
  EXPECT_LT(stale, 260);
}

TEST(Generate, StateRoundTripsThroughTheEstateFormat) {
  TestCloud cloud;
  cloud.sandbox.generate(300, 7);
  TestCloud again;
  const auto loaded = again.sandbox.load_estate(cloud.sandbox.state());
  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_TRUE(canonical_json(again.sandbox.state()) == canonical_json(cloud.sandbox.state()));
}

}  // namespace
}  // namespace reeve::sandbox
