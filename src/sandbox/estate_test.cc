#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/sim_seams.h"
#include "sandbox/test_cloud.h"
#include "text/yaml.h"

namespace reeve::sandbox {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view small_estate = R"({
  "format": 1,
  "instances": [{"InstanceId": "i-web"}],
  "volumes": [{"VolumeId": "vol-web", "Attachments": [{"InstanceId": "i-web", "Device": "/dev/xvda"}]}, {"VolumeId": "vol-free"}],
  "snapshots": [{"SnapshotId": "snap-web", "VolumeId": "vol-web", "StartTime": "-10d", "Tags": {"Name": "web"}}],
  "bin_rules": [{"Identifier": "r", "ResourceType": "EBS_VOLUME", "RetentionDays": 3}]})";

TEST(Estate, MistakesAreToldTogetherWithTheirPlaces) {
  TestCloud cloud;
  const auto json =
      *parse_json(R"({"snapshots": [{"SnapshotId": "snap-a", "VolumeID": "x", "StartTime": "yesterday"}]})");
  const auto result = cloud.sandbox.load_estate(json);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("estate.snapshots[0].VolumeID"));
  EXPECT_THAT(result.error().message, HasSubstr("did you mean VolumeId?"));
  EXPECT_THAT(result.error().message, HasSubstr("estate.snapshots[0].StartTime"));
}

TEST(Estate, NonsenseIsRefusedAndNeverMore) {
  for (const char* text :
       {"[]", "3", R"({"format": 2})", R"({"snapshots": [3]})", R"({"snapshots": {"a": 1}})",
        R"({"accounts": {"12": {}}})", R"({"region": "mars-1"})", R"({"colours": []})",
        R"({"accounts": {"123456789012": {"regions": {"us-east-1": {"x": []}}}}})",
        R"({"snapshots": [{"VolumeId": "no id"}]})", R"({"volumes": [{"VolumeId": "v", "Attachments": [1]}]})",
        R"({"snapshots": [{"SnapshotId": "s", "StartTime": "-99999999999999999999d"}]})"}) {
    TestCloud cloud;
    const auto result = cloud.sandbox.load_estate(*parse_json(text));
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().code, Code::invalid_input) << text;
  }
}

TEST(Estate, WhatCannotBeIsRefusedWithItsPlace) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"snapshots": [{"SnapshotId": "vol-a"}]})", "estate.snapshots[0].SnapshotId"},
      {R"({"snapshots": [{"SnapshotId": "snap-a", "VolumeId": "a"}]})", "estate.snapshots[0].VolumeId"},
      {R"({"snapshots": [{"SnapshotId": "snap-a"}, {"SnapshotId": "snap-a"}]})", "estate.snapshots[1]: \"snap-a\""},
      {R"({"snapshots": [{"SnapshotId": "snap-a", "VolumeSize": -1}]})", "estate.snapshots[0].VolumeSize"},
      {R"({"snapshots": [{"SnapshotId": "snap-a", "VolumeSize": 9000000000000000000}]})", "snapshots[0].VolumeSize"},
      {R"({"snapshots": [{"SnapshotId": "snap-a", "Lock": {"Duration": 9000000000000000000}}]})", "Lock.Duration"},
      {R"({"snapshots": [{"SnapshotId": "snap-a", "State": "complete"}]})", "estate.snapshots[0].State"},
      {R"({"snapshots_in_bin": [{"SnapshotId": "snap-a", "State": "gone"}]})", "estate.snapshots_in_bin[0].State"},
      {R"({"volumes": [{"VolumeId": "vol-a", "Attachments": [{"InstanceId": "web"}]}]})", "Attachments[0].InstanceId"},
      {R"({"images": [{"ImageId": "ami-a", "BlockDeviceMappings": [{"SnapshotId": "a"}]}]})",
       "estate.images[0].BlockDeviceMappings[0].SnapshotId"},
  };
  for (const auto& [text, place] : cases) {
    TestCloud cloud;
    const auto result = cloud.sandbox.load_estate(*parse_json(text));
    ASSERT_FALSE(result) << text;
    EXPECT_THAT(result.error().message, HasSubstr(place)) << text;
  }
}

TEST(Estate, WhatIsWrittenIsWhatIsRead) {
  TestCloud cloud;
  cloud.load(small_estate);
  cloud.ok("DeleteVolume", R"({"VolumeId": "vol-free"})");
  const Document before = cloud.sandbox.state();
  TestCloud again;
  ASSERT_TRUE(again.sandbox.load_estate(before));
  EXPECT_EQ(canonical_json(again.sandbox.state()), canonical_json(before));
}

TEST(Estate, StateSurvivesOnDiskAndTimeGoesOn) {
  SimClock disk_clock;
  SimDisk disk(disk_clock);
  TestCloud cloud;
  cloud.load(small_estate);
  cloud.ok("DeleteVolume", R"({"VolumeId": "vol-free"})");
  ASSERT_TRUE(cloud.sandbox.save(disk, "estate.json"));
  TestCloud again;
  const auto loaded = again.sandbox.load(disk, "estate.json");
  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_THAT(again.ids("ListVolumesInRecycleBin", "{}"), ElementsAre("vol-free"));
  again.advance(std::chrono::hours(73));
  EXPECT_TRUE(again.ids("ListVolumesInRecycleBin", "{}").empty());
  EXPECT_EQ(again.sandbox.load(disk, "nothing.json").error().code, Code::not_found);
}

TEST(Estate, TheExamplesLoad) {
  int seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator("data/estates")) {
    std::ifstream file(entry.path());
    std::stringstream text;
    text << file.rdbuf();
    const auto yaml = text::parse_yaml(text.str(), entry.path().string());
    ASSERT_TRUE(yaml) << yaml.error().text();
    TestCloud cloud;
    const auto loaded = cloud.sandbox.load_estate(yaml->document());
    EXPECT_TRUE(loaded) << entry.path() << loaded.error().text();
    EXPECT_FALSE(cloud.ids("DescribeSnapshots", R"({"OwnerIds": ["self"]})").empty()) << entry.path();
    ++seen;
  }
  EXPECT_GE(seen, 3);
}

}  // namespace
}  // namespace reeve::sandbox
