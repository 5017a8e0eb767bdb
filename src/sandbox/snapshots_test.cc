#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sandbox/test_cloud.h"

namespace reeve::sandbox {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr std::string_view bin_estate = R"({
  "snapshots": [
    {"SnapshotId": "snap-plain", "StartTime": "-40d", "SharedWith": ["210987654321"], "Tags": {"Name": "x"}},
    {"SnapshotId": "snap-out", "Tags": {"bin": "no"}},
    {"SnapshotId": "snap-long", "Tags": {"keep": "long"}}],
  "bin_rules": [
    {"Identifier": "region", "RetentionDays": 3, "ExcludeResourceTags": {"bin": "no"}},
    {"Identifier": "short", "RetentionDays": 1, "ResourceTags": {"keep": ""}},
    {"Identifier": "long", "RetentionDays": 9, "ResourceTags": {"keep": "long"}}]})";

TEST(RecycleBin, RestoringBringsTheSameSnapshotBackWithItsSharing) {
  TestCloud cloud;
  cloud.load(bin_estate);
  const std::string before = canonical_json(cloud.ok("DescribeSnapshots", R"({"SnapshotIds": ["snap-plain"]})"));
  cloud.ok("DeleteSnapshot", R"({"SnapshotId": "snap-plain"})");
  EXPECT_EQ(cloud.refused("DescribeSnapshots", R"({"SnapshotIds": ["snap-plain"]})"), "InvalidSnapshotID.Malformed");
  EXPECT_THAT(cloud.ids("ListSnapshotsInRecycleBin", "{}"), ElementsAre("snap-plain"));
  cloud.ok("RestoreSnapshotFromRecycleBin", R"({"SnapshotId": "snap-plain"})");
  EXPECT_EQ(canonical_json(cloud.ok("DescribeSnapshots", R"({"SnapshotIds": ["snap-plain"]})")), before);
  const Document sharing =
      cloud.ok("DescribeSnapshotAttribute", R"({"SnapshotId": "snap-plain", "Attribute": "createVolumePermission"})");
  EXPECT_EQ(sharing["CreateVolumePermissions"][0]["UserId"].as_text(), "210987654321");
}

TEST(RecycleBin, TagRulesBeatRegionRulesAndTheLongestRetentionWins) {
  TestCloud cloud;
  cloud.load(bin_estate);
  for (const char* id : {"snap-plain", "snap-out", "snap-long"}) {
    cloud.ok("DeleteSnapshot", R"({"SnapshotId": ")" + std::string(id) + R"("})");
  }
  EXPECT_THAT(cloud.ids("ListSnapshotsInRecycleBin", "{}"), ElementsAre("snap-long", "snap-plain"));
  cloud.advance(std::chrono::hours(24 * 3));
  EXPECT_THAT(cloud.ids("ListSnapshotsInRecycleBin", "{}"), ElementsAre("snap-long"));
  cloud.advance(std::chrono::hours(24 * 6));
  EXPECT_THAT(cloud.ids("ListSnapshotsInRecycleBin", "{}"), IsEmpty());
}

TEST(RecycleBin, RulesAreMadeReadChangedAndLocked) {
  TestCloud cloud;
  const Document made = cloud.ok(
      "CreateRule",
      R"({"ResourceType": "EBS_SNAPSHOT", "RetentionPeriod": {"RetentionPeriodValue": 7, "RetentionPeriodUnit": "DAYS"}})",
      "rbin");
  const std::string id = made["Identifier"].as_string();
  EXPECT_EQ(id.size(), 11U);
  EXPECT_EQ(cloud.ok("ListRules", R"({"ResourceType": "EBS_SNAPSHOT"})", "rbin")["Rules"].size(), 1U);
  EXPECT_EQ(cloud.ok("ListRules", R"({"ResourceType": "EC2_IMAGE"})", "rbin")["Rules"].size(), 0U);
  const std::string named = R"({"Identifier": ")" + id + R"(")";
  cloud.ok("LockRule",
           named + R"(, "LockConfiguration": {"UnlockDelay": {"UnlockDelayValue": 7, "UnlockDelayUnit": "DAYS"}}})",
           "rbin");
  EXPECT_EQ(cloud.refused("DeleteRule", named + "}", "rbin"), "ConflictException");
  cloud.ok("UnlockRule", named + "}", "rbin");
  EXPECT_EQ(cloud.refused("DeleteRule", named + "}", "rbin"), "ConflictException");
  cloud.advance(std::chrono::hours(24 * 7 + 1));
  cloud.ok("DeleteRule", named + "}", "rbin");
  EXPECT_EQ(cloud.refused("GetRule", named + "}", "rbin"), "ResourceNotFoundException");
}

TEST(Snapshots, OnlyTheRootOfARegisteredImageKeepsItsSnapshot) {
  TestCloud cloud;
  cloud.load(R"({"snapshots": [{"SnapshotId": "snap-root"}, {"SnapshotId": "snap-data"}],
    "images": [{"ImageId": "ami-a", "RootDeviceName": "/dev/xvda", "BlockDeviceMappings": [
      {"DeviceName": "/dev/xvda", "SnapshotId": "snap-root"}, {"DeviceName": "/dev/sdf", "SnapshotId": "snap-data"}]}]})");
  EXPECT_EQ(cloud.refused("DeleteSnapshot", R"({"SnapshotId": "snap-root"})"), "InvalidSnapshot.InUse");
  cloud.ok("DeleteSnapshot", R"({"SnapshotId": "snap-data"})");
  EXPECT_EQ(cloud.refused("ModifySnapshotTier", R"({"SnapshotId": "snap-root", "StorageTier": "archive"})"),
            "InvalidSnapshot.InUse");
  cloud.ok("DeregisterImage", R"({"ImageId": "ami-a"})");
  cloud.ok("DeleteSnapshot", R"({"SnapshotId": "snap-root"})");
}

TEST(Snapshots, BackupsAndLocksRefuseDeletion) {
  TestCloud cloud;
  cloud.load(
      R"({"snapshots": [{"SnapshotId": "snap-backup", "Tags": {"aws:backup:source-resource": "arn"}}, {"SnapshotId": "snap-a"}]})");
  EXPECT_EQ(cloud.refused("DeleteSnapshot", R"({"SnapshotId": "snap-backup"})"), "InvalidParameterValue");
  cloud.ok("LockSnapshot",
           R"({"SnapshotId": "snap-a", "LockMode": "compliance", "CoolOffPeriod": 2, "LockDuration": 10})");
  EXPECT_EQ(cloud.refused("DeleteSnapshot", R"({"SnapshotId": "snap-a"})"), "SnapshotLocked");
  cloud.advance(std::chrono::hours(1));
  EXPECT_EQ(cloud.ok("DescribeLockedSnapshots", "{}")["Snapshots"][0]["LockState"].as_text(), "compliance-cooloff");
  cloud.advance(std::chrono::hours(2));
  EXPECT_EQ(cloud.refused("UnlockSnapshot", R"({"SnapshotId": "snap-a"})"), "SnapshotLocked");
  cloud.advance(std::chrono::hours(24 * 10));
  EXPECT_EQ(cloud.ok("DescribeLockedSnapshots", "{}")["Snapshots"].size(), 0U);
  cloud.ok("DeleteSnapshot", R"({"SnapshotId": "snap-a"})");
}

TEST(Snapshots, ArchivedAndRestoredForAWhile) {
  TestCloud cloud;
  cloud.load(R"({"snapshots": [{"SnapshotId": "snap-a"}]})");
  cloud.ok("ModifySnapshotTier", R"({"SnapshotId": "snap-a", "StorageTier": "archive"})");
  auto tier = [&] {
    return cloud.ok("DescribeSnapshots", R"({"SnapshotIds": ["snap-a"]})")["Snapshots"][0]["StorageTier"].as_string();
  };
  EXPECT_EQ(tier(), "archive");
  EXPECT_EQ(cloud.refused("ModifySnapshotTier", R"({"SnapshotId": "snap-a"})"), "IncorrectState");
  cloud.ok("RestoreSnapshotTier", R"({"SnapshotId": "snap-a", "TemporaryRestoreDays": 2})");
  EXPECT_EQ(tier(), "standard");
  cloud.advance(std::chrono::hours(49));
  EXPECT_EQ(tier(), "archive");
  cloud.ok("RestoreSnapshotTier", R"({"SnapshotId": "snap-a", "PermanentRestore": true})");
  cloud.advance(std::chrono::hours(24 * 400));
  EXPECT_EQ(tier(), "standard");
}

TEST(Snapshots, AwsTakesItsTimeAndBoundsArchivesInProgress) {
  TestCloud cloud(Behaviour::aws);
  std::string estate = R"({"snapshots": [)";
  for (int n = 10; n < 36; ++n) estate += R"({"SnapshotId": "snap-)" + std::to_string(n) + R"("},)";
  estate.back() = ']';
  cloud.load(estate + "}");
  int done = 0;
  std::string code;
  for (int n = 10; n < 36; ++n) {
    const auto answer = cloud.call("ModifySnapshotTier", R"({"SnapshotId": "snap-)" + std::to_string(n) + R"("})");
    if (answer) ++done;
    if (!answer) code = answer.error().code;
    cloud.advance(std::chrono::seconds(1));
  }
  EXPECT_EQ(done, 25);
  EXPECT_EQ(code, "ConcurrentSnapshotLimitExceeded");
  cloud.advance(std::chrono::hours(25));
  cloud.ok("RestoreSnapshotTier", R"({"SnapshotId": "snap-10", "PermanentRestore": true})");
  cloud.advance(std::chrono::hours(23));
  auto status = [&] {
    return cloud
        .ok("DescribeSnapshotTierStatus",
            R"({"Filters": [{"Name": "snapshot-id", "Values": ["snap-10"]}]})")["SnapshotTierStatuses"][0]
                                                                               ["LastTieringOperationStatus"]
        .as_string();
  };
  EXPECT_EQ(status(), "permanent-restore-in-progress");
  cloud.advance(std::chrono::hours(50));
  EXPECT_EQ(status(), "permanent-restore-completed");
}

TEST(Snapshots, OwnersFiltersAndSharing) {
  TestCloud cloud;
  cloud.load(
      R"({"snapshots": [{"SnapshotId": "snap-a", "Tags": {"Name": "web-1"}}, {"SnapshotId": "snap-b", "Tags": {"Name": "db"}}],
    "accounts": {"210987654321": {"regions": {"us-east-1": {"snapshots": [
      {"SnapshotId": "snap-private"}, {"SnapshotId": "snap-public", "Public": true}, {"SnapshotId": "snap-shared", "SharedWith": ["123456789012"]}]}}}}})");
  EXPECT_THAT(cloud.ids("DescribeSnapshots", "{}"),
              UnorderedElementsAre("snap-a", "snap-b", "snap-public", "snap-shared"));
  EXPECT_THAT(cloud.ids("DescribeSnapshots", R"({"OwnerIds": ["self"]})"), ElementsAre("snap-a", "snap-b"));
  EXPECT_THAT(cloud.ids("DescribeSnapshots", R"({"OwnerIds": ["210987654321"], "RestorableByUserIds": ["self"]})"),
              ElementsAre("snap-shared"));
  EXPECT_THAT(cloud.ids("DescribeSnapshots", R"({"Filters": [{"Name": "tag:Name", "Values": ["web-?", "nothing"]}]})"),
              ElementsAre("snap-a"));
  EXPECT_THAT(
      cloud.ids(
          "DescribeSnapshots",
          R"({"Filters": [{"Name": "tag-key", "Values": ["N*e"]}, {"Name": "snapshot-id", "Values": ["snap-b"]}]})"),
      ElementsAre("snap-b"));
  EXPECT_EQ(cloud.refused("DescribeSnapshots", R"({"Filters": [{"Name": "colour", "Values": ["x"]}]})"),
            "InvalidParameterValue");
  EXPECT_EQ(cloud.refused("DeleteSnapshot", R"({"SnapshotId": "snap-shared"})"), "OperationNotPermitted");
  std::string many = R"({"Filters": [{"Name": "snapshot-id", "Values": ["x")";
  for (int n = 0; n < 200; ++n) many += ",\"y" + std::to_string(n) + "\"";
  EXPECT_EQ(cloud.refused("DescribeSnapshots", many + "]}]}"), "FilterLimitExceeded");
}

TEST(Snapshots, PagesGoOnAfterTheLastRowWhateverHappensBetween) {
  TestCloud cloud;
  std::string estate = R"({"snapshots": [)";
  for (int n = 10; n < 30; ++n) estate += R"({"SnapshotId": "snap-)" + std::to_string(n) + R"("},)";
  estate.back() = ']';
  cloud.load(estate + "}");
  std::vector<std::string> seen;
  std::string token;
  do {
    const Document page =
        cloud.ok("DescribeSnapshots", R"({"OwnerIds": ["self"], "MaxResults": 7)" +
                                          (token.empty() ? "" : R"(, "NextToken": ")" + token + "\"") + "}");
    for (Value s : page["Snapshots"].items()) seen.push_back(s["SnapshotId"].as_string());
    cloud.ok("DeleteSnapshot", R"({"SnapshotId": ")" + seen.back() + R"("})");
    token = page["NextToken"].as_string();
  } while (!token.empty());
  EXPECT_EQ(seen.size(), 20U);
  EXPECT_EQ(cloud.refused("DescribeSnapshots", R"({"MaxResults": 4})"), "InvalidParameterValue");
  EXPECT_EQ(cloud.refused("DescribeSnapshots", R"({"MaxResults": 5, "SnapshotIds": ["snap-10"]})"),
            "InvalidParameterCombination");
  EXPECT_EQ(cloud.refused("DescribeSnapshots", R"({"NextToken": "bm90IGEgdG9rZW4="})"), "InvalidNextToken");
}

TEST(Snapshots, CopiesBearNoVolume) {
  TestCloud cloud;
  cloud.load(
      R"({"accounts": {"123456789012": {"regions": {"us-west-2": {"snapshots": [{"SnapshotId": "snap-west", "VolumeId": "vol-1"}]}}}}})");
  const Document made = cloud.ok("CopySnapshot", R"({"SourceRegion": "us-west-2", "SourceSnapshotId": "snap-west"})");
  const Document copy = cloud.ok("DescribeSnapshots", R"({"OwnerIds": ["self"]})");
  EXPECT_EQ(copy["Snapshots"][0]["SnapshotId"].as_text(), made["SnapshotId"].as_text());
  EXPECT_EQ(copy["Snapshots"][0]["VolumeId"].as_text(), "vol-ffffffff");
  EXPECT_EQ(copy["Snapshots"][0]["TransferType"].as_text(), "standard");
  EXPECT_EQ(copy["Snapshots"][0]["Description"].as_text(), "[Copied snap-west from us-west-2]");
}

TEST(Tags, AMissingIdFailsTheWholeCall) {
  TestCloud cloud;
  cloud.load(R"({"snapshots": [{"SnapshotId": "snap-a"}]})");
  EXPECT_EQ(
      cloud.refused("CreateTags",
                    R"({"Resources": ["snap-a", "snap-0123456789abcdef0"], "Tags": [{"Key": "k", "Value": "v"}]})"),
      "InvalidSnapshot.NotFound");
  EXPECT_EQ(cloud.ok("DescribeTags", "{}")["Tags"].size(), 0U);
  EXPECT_EQ(cloud.refused("CreateTags", R"({"Resources": ["snap-a"], "Tags": [{"Key": "aws:x", "Value": "v"}]})"),
            "InvalidParameterValue");
  std::string many = R"({"Resources": ["snap-a"], "Tags": [)";
  for (int n = 0; n < 51; ++n) many += R"({"Key": "k)" + std::to_string(n) + R"(", "Value": ""},)";
  many.back() = ']';
  EXPECT_EQ(cloud.refused("CreateTags", many + "}"), "TagLimitExceeded");
  cloud.ok("CreateTags", R"({"Resources": ["snap-a"], "Tags": [{"Key": "k", "Value": "v"}]})");
  cloud.ok("DeleteTags", R"({"Resources": ["snap-a"], "Tags": [{"Key": "k", "Value": "other"}]})");
  EXPECT_EQ(cloud.ok("DescribeTags", "{}")["Tags"].size(), 1U);
  cloud.ok("DeleteTags", R"({"Resources": ["snap-a"], "Tags": [{"Key": "k"}]})");
  EXPECT_EQ(cloud.ok("DescribeTags", "{}")["Tags"].size(), 0U);
}

TEST(Tags, AreListedByFiltersInPages) {
  TestCloud cloud;
  cloud.load(R"({"snapshots": [{"SnapshotId": "snap-b", "Tags": {"Name": "b", "team": "x"}},
                               {"SnapshotId": "snap-a", "Tags": {"Name": "a", "env": "x", "team": "y"}}],
                 "volumes": [{"VolumeId": "vol-a", "Tags": {"Name": "a"}}]})");
  auto listed = [&](const std::string& params) {
    std::string out;
    const Document answer = cloud.ok("DescribeTags", params);
    for (const Value tag : answer["Tags"].items()) {
      out += tag["ResourceId"].as_string() + "/" + tag["Key"].as_string() + "=" + tag["Value"].as_string() + " ";
    }
    return out + answer["NextToken"].as_string();
  };
  auto by = [&](const std::string& name, const std::string& value) {
    return listed(R"({"Filters": [{"Name": ")" + name + R"(", "Values": [")" + value + R"("]}]})");
  };
  EXPECT_EQ(listed("{}"), "snap-a/Name=a snap-a/env=x snap-a/team=y snap-b/Name=b snap-b/team=x vol-a/Name=a ");
  EXPECT_EQ(by("resource-id", "snap-b"), "snap-b/Name=b snap-b/team=x ");
  EXPECT_EQ(by("resource-id", "*-a"), "snap-a/Name=a snap-a/env=x snap-a/team=y vol-a/Name=a ");
  EXPECT_EQ(by("resource-id", "snap-none"), "");
  EXPECT_EQ(by("resource-type", "volume"), "vol-a/Name=a ");
  EXPECT_EQ(by("key", "team"), "snap-a/team=y snap-b/team=x ");
  EXPECT_EQ(by("tag-key", "env"), "snap-a/env=x ");
  EXPECT_EQ(by("tag:team", "x"), "snap-b/team=x ");
  EXPECT_EQ(by("value", "x"), "snap-a/env=x snap-b/team=x ");
  const Document first = cloud.ok("DescribeTags", R"({"MaxResults": 5})");
  EXPECT_EQ(first["Tags"].size(), 5U);
  EXPECT_EQ(listed(R"({"MaxResults": 5, "NextToken": ")" + first["NextToken"].as_string() + R"("})"), "vol-a/Name=a ");
}

}  // namespace
}  // namespace reeve::sandbox
