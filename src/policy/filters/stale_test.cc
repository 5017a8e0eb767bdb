#include "policy/filters/stale.h"

#include <gmock/gmock.h>

#include "policy/testing/snapshot_estate.h"

namespace reeve::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto* all_reasons = "copied,foreign,no-volume,last-copy,volume-gone,volume-unattached,instance-not-running";

class Stale : public testing::SnapshotEstate {
 protected:
  /// vol-up is attached to a running instance, vol-down to a stopped one, vol-free to none.
  void SetUp() override {
    api_.on("ec2.DescribeVolumes", R"({"Volumes": [
      {"VolumeId": "vol-up", "State": "in-use", "Attachments": [{"InstanceId": "i-up"}]},
      {"VolumeId": "vol-down", "State": "in-use", "Attachments": [{"InstanceId": "i-down"}]},
      {"VolumeId": "vol-both", "State": "in-use", "Attachments": [{"InstanceId": "i-down"}, {"InstanceId": "i-up"}]},
      {"VolumeId": "vol-ghost", "State": "in-use", "Attachments": [{"InstanceId": "i-terminated-long-ago"}]},
      {"VolumeId": "vol-managed", "State": "in-use", "Attachments": [{"AssociatedResource": "arn:aws:x"}]},
      {"VolumeId": "vol-free", "State": "available"}]})");
    api_.on("ec2.DescribeInstances", R"({"Reservations": [{"Instances": [
      {"InstanceId": "i-up", "State": {"Name": "running"}}, {"InstanceId": "i-down", "State": {"Name": "stopped"}}]}]})");
    api_.on("ec2.ListVolumesInRecycleBin", R"({"Volumes": [{"VolumeId": "vol-bin"}]})");
    own({R"({"SnapshotId": "snap-old", "VolumeId": "vol-gone", "State": "completed", "StartTime": "2025-01-01T00:00:00Z"})",
         R"({"SnapshotId": "snap-new", "VolumeId": "vol-gone", "State": "completed", "StartTime": "2025-03-01T00:00:00Z"})",
         R"({"SnapshotId": "snap-pending", "VolumeId": "vol-gone", "State": "pending", "StartTime": "2025-04-01T00:00:00Z"})",
         R"({"SnapshotId": "snap-copy", "VolumeId": "vol-gone", "State": "completed", "StartTime": "2025-05-01T00:00:00Z",
             "TransferType": "standard"})"});
  }
  void own(const std::vector<std::string>& snapshots) {
    std::string json;
    for (const auto& snapshot : snapshots) json += (json.empty() ? "" : ",") + snapshot;
    api_.on("ec2.DescribeSnapshots", R"({"Snapshots": [)" + json + "]}");
  }

  Verdict judge(Candidate& candidate, const std::string& reasons = all_reasons) {
    const auto stale = filter(R"({"type": "stale", "reasons": ")" + reasons + "\"}");
    EXPECT_TRUE(stale) << ::testing::PrintToString(problems_);
    Context facts = context();
    Candidate* one[] = {&candidate};
    return loop_.run(stale->judge(one, facts)).at(0);
  }
  /// "reason" where it matches, else "no: why" or "unknown: why".
  std::string verdict(Candidate candidate, const std::string& reasons = all_reasons) {
    fresh_reader();
    const Verdict found = judge(candidate, reasons);
    const auto evidence = candidate.view.find_evidence(stale_evidence);
    EXPECT_EQ(evidence.has_value(), found.truth == Truth::yes);
    return found.truth == Truth::yes ? (*evidence)["reason"].as_string()
                                     : std::string(name(found.truth)) + ": " + found.reason;
  }
  std::string verdict_of_volume(const std::string& volume, const std::string& reasons = all_reasons) {
    return verdict(snapshot("snap-old", R"(, "VolumeId": ")" + volume + "\""), reasons);
  }
};

TEST_F(Stale, EachReasonIsFound) {
  EXPECT_EQ(verdict(snapshot("snap-1", R"(, "VolumeId": "vol-up", "TransferType": "standard")")), "copied");
  EXPECT_EQ(verdict(snapshot("snap-1", R"(, "VolumeId": "vol-x", "Description": "[Copied snap-1 from us-east-1]")")),
            "copied");
  EXPECT_EQ(verdict(snapshot("snap-1", R"(, "VolumeId": "vol-ffffffff")")), "foreign");
  EXPECT_EQ(verdict(snapshot("snap-1")), "no-volume");
  EXPECT_EQ(verdict(snapshot("snap-1", R"(, "VolumeId": "")")), "no-volume");
  EXPECT_EQ(verdict(snapshot("snap-new", R"(, "VolumeId": "vol-gone")")), "last-copy");
  EXPECT_EQ(verdict(snapshot("snap-old", R"(, "VolumeId": "vol-gone")")), "volume-gone");
  EXPECT_EQ(verdict_of_volume("vol-free"), "volume-unattached");
  EXPECT_EQ(verdict_of_volume("vol-down"), "instance-not-running");
  EXPECT_EQ(verdict_of_volume("vol-ghost"), "instance-not-running");
}

TEST_F(Stale, WhatIsInUseIsNotStale) {
  EXPECT_THAT(verdict_of_volume("vol-up"),
              HasSubstr("no: its volume vol-up is attached to instance i-up, which is running"));
  EXPECT_THAT(verdict_of_volume("vol-both"), HasSubstr("no:"));
  EXPECT_THAT(verdict_of_volume("vol-managed"), HasSubstr("no:"));
  EXPECT_THAT(verdict_of_volume("vol-bin"), HasSubstr("no: its volume vol-bin is in the Recycle Bin"));
  for (const auto* state : {"pending", "stopping", "shutting-down"}) {
    api_.on("ec2.DescribeInstances", std::string(R"({"Reservations": [{"Instances": [{"InstanceId": "i-down",
                                       "State": {"Name": ")") +
                                         state + "\"}}]}]}");
    EXPECT_THAT(verdict_of_volume("vol-down"), HasSubstr("no:")) << state;
  }
}

TEST_F(Stale, CopiesForeignOnesAndLastCopiesAreTakenOnlyWhereNamed) {
  const std::string standard = "no-volume,volume-gone,volume-unattached,instance-not-running";
  EXPECT_THAT(verdict(snapshot("snap-1", R"(, "TransferType": "standard")"), standard),
              HasSubstr("where the policy names copied"));
  EXPECT_THAT(verdict(snapshot("snap-1", R"(, "VolumeId": "vol-ffffffff")"), standard), HasSubstr("names foreign"));
  EXPECT_THAT(verdict(snapshot("snap-new", R"(, "VolumeId": "vol-gone")"), standard), HasSubstr("names last-copy"));
  EXPECT_EQ(verdict(snapshot("snap-new", R"(, "VolumeId": "vol-gone")"), "last-copy"), "last-copy");
}

// The first reason counts: a snapshot that matches a later one does not slip through under an earlier one's name.
TEST_F(Stale, AReasonThatIsNotNamedDoesNotMatch) {
  EXPECT_THAT(verdict_of_volume("vol-gone", "volume-unattached"), HasSubstr("no:"));
  EXPECT_THAT(verdict_of_volume("vol-free", "volume-gone"), HasSubstr("no:"));
  EXPECT_THAT(verdict_of_volume("vol-down", "volume-gone"), HasSubstr("no:"));
  EXPECT_EQ(api_.count("ec2.DescribeInstances"), 0U);  // nobody asked about instances
}

TEST_F(Stale, NewestIsByStartTimeThenIdOverThePopulation) {
  own({R"({"SnapshotId": "snap-a", "VolumeId": "vol-gone", "State": "completed", "StartTime": "2025-01-01T00:00:00Z"})",
       R"({"SnapshotId": "snap-b", "VolumeId": "vol-gone", "State": "completed", "StartTime": "2025-01-01T00:00:00Z"})"});
  EXPECT_EQ(verdict(snapshot("snap-a", R"(, "VolumeId": "vol-gone")")), "volume-gone");
  EXPECT_EQ(verdict(snapshot("snap-b", R"(, "VolumeId": "vol-gone")")), "last-copy");
}

TEST_F(Stale, WhatCannotBeListedIsUnknown) {
  for (const auto* operation : {"DescribeVolumes", "ListVolumesInRecycleBin", "DescribeSnapshots"}) {
    SetUp();
    api_.fails(std::string("ec2.") + operation, Code::access_denied, "not for you");
    EXPECT_THAT(verdict_of_volume("vol-gone"), HasSubstr("unknown:")) << operation;
  }
  SetUp();
  api_.fails("ec2.DescribeInstances", Code::throttled, "slow down");
  EXPECT_THAT(verdict_of_volume("vol-down"), HasSubstr("unknown: the instances could not be listed"));
  EXPECT_EQ(verdict_of_volume("vol-gone"), "volume-gone");  // what does not rest on it is known
}

// Without the listing of volumes every volume would look gone; without a bin there is nothing in it.
TEST_F(Stale, AnUnknownOperationIsNoProofThatAVolumeIsGone) {
  api_.fails("ec2.DescribeVolumes", Code::unsupported, "what?");
  EXPECT_THAT(verdict_of_volume("vol-gone"), HasSubstr("unknown:"));
  SetUp();
  api_.fails("ec2.ListVolumesInRecycleBin", Code::unsupported, "what?");
  Candidate candidate = snapshot("snap-old", R"(, "VolumeId": "vol-gone")");
  fresh_reader();
  EXPECT_EQ(judge(candidate).truth, Truth::yes);
  EXPECT_EQ((*candidate.view.find_evidence(stale_evidence))["bin"].as_text(), "unsupported");
}

TEST_F(Stale, OnlyFinishedOwnSnapshotsAreJudged) {
  EXPECT_THAT(verdict(from_json(R"({"SnapshotId": "snap-1", "State": "pending"})")),
              HasSubstr("no: its state is pending"));
  EXPECT_EQ(verdict(from_json(R"({"SnapshotId": "snap-1", "State": "error"})")), "no-volume");
  EXPECT_THAT(verdict(from_json(R"({"SnapshotId": "snap-1", "State": "completed", "OwnerId": "210987654321"})")),
              HasSubstr("no: it belongs to account 210987654321"));
}

TEST_F(Stale, EvidenceNamesVolumeAndInstance) {
  Candidate candidate = snapshot("snap-1", R"(, "VolumeId": "vol-down")");
  ASSERT_EQ(judge(candidate).truth, Truth::yes);
  Context facts = context();
  filter(R"({"type": "stale"})")->explain(candidate, facts, 0);
  ASSERT_EQ(candidate.findings.size(), 1U);
  EXPECT_EQ(candidate.findings[0].filter, "stale");
  EXPECT_EQ(to_json(candidate.findings[0].evidence),
            R"({"reason":"instance-not-running","volume":"vol-down","instance":"i-down","state":"stopped"})");
}

TEST_F(Stale, AFixedNumberOfCallsForAnyNumberOfSnapshots) {
  std::vector<Candidate> many;
  for (int i = 0; i < 50; ++i) many.push_back(snapshot("snap-" + std::to_string(i), R"(, "VolumeId": "vol-gone")"));
  const auto stale = filter(R"("stale")");
  ASSERT_TRUE(stale);
  Context facts = context();
  auto pointers_to = pointers(many);
  const auto verdicts = loop_.run(stale->judge(pointers_to, facts));
  EXPECT_EQ(verdicts.size(), 50U);
  EXPECT_EQ(api_.calls.size(), 4U);
}

TEST_F(Stale, ReasonsAreAListOrOneText) {
  const auto reasons = [&](const std::string& json) {
    const auto made = filter(json);
    return made ? static_cast<const StaleFilter&>(*made).reasons() : std::set<StaleReason>{};
  };
  EXPECT_THAT(reasons(R"({"type": "stale"})"),
              ElementsAre(StaleReason::no_volume, StaleReason::volume_gone, StaleReason::volume_unattached,
                          StaleReason::instance_not_running));
  EXPECT_THAT(reasons(R"({"type": "stale", "reasons": ["copied", "foreign"]})"),
              ElementsAre(StaleReason::copied, StaleReason::foreign));
  EXPECT_THAT(reasons(R"({"type": "stale", "reasons": "volume-gone, no-volume"})"),
              ElementsAre(StaleReason::no_volume, StaleReason::volume_gone));
}

TEST_F(Stale, WrongReasonsAreProblems) {
  for (const auto* json : {R"({"type": "stale", "reasons": "volume-goen"})", R"({"type": "stale", "reasons": []})",
                           R"({"type": "stale", "reasons": [3]})", R"({"type": "stale", "reasons": ""})",
                           R"({"type": "stale", "reason": "volume-gone"})"}) {
    EXPECT_FALSE(filter(json)) << json;
    EXPECT_EQ(problems_.size(), 1U) << json;
  }
  EXPECT_FALSE(filter(R"({"type": "stale", "reasons": "volume-goen"})"));
  EXPECT_THAT(problems_.at(0), HasSubstr("did you mean \"volume-gone\"?"));
}

}  // namespace
}  // namespace reeve::policy
