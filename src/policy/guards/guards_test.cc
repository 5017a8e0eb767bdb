#include "policy/guards/guards.h"

#include <gmock/gmock.h>

#include "policy/testing/snapshot_estate.h"

namespace reeve::policy {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class Guards : public testing::SnapshotEstate {
 protected:
  GuardAnswer ask(std::string_view guard, Candidate& candidate) {
    fresh_reader();
    Context facts = context();
    Candidate* one[] = {&candidate};
    return loop_.run(find_guard(guard)->check(one, facts)).at(0);
  }
  /// "pass", "keep CODE: message", "note CODE: message"; "!" after note where undo counts as none.
  std::string answer(std::string_view guard, Candidate candidate) {
    const GuardAnswer found = ask(guard, candidate);
    if (found.kind == GuardAnswer::Kind::pass) return "pass";
    const std::string kind = found.kind == GuardAnswer::Kind::keep ? "keep " : found.undo_none ? "note! " : "note ";
    return kind + found.code + ": " + found.message;
  }
  std::string answer(std::string_view guard) { return answer(guard, snapshot("snap-1")); }
  Candidate tagged(const std::string& tags) { return snapshot("snap-1", ", \"Tags\": [" + tags + "]"); }
};

TEST_F(Guards, EveryActionNamesGuardsThatExist) {
  for (const auto* json :
       {R"("delete")", R"("archive")", R"({"type": "tag", "tags": {"a": "b"}})", R"("remove-tag")"}) {
    const auto made = action(json);
    ASSERT_TRUE(made) << json;
    for (const auto& guard : made->guards()) EXPECT_NE(find_guard(guard), nullptr) << guard;
  }
  EXPECT_EQ(find_guard("no-such-guard"), nullptr);
}

TEST_F(Guards, NothingSpeaksAgainstAPlainSnapshot) {
  for (const auto* guard : {"protected", "images", "launch-templates", "launch-configurations", "sharing", "managed",
                            "lock", "archive-minimum", "archive-quota", "fast-restore", "recycle-bin"}) {
    EXPECT_EQ(answer(guard), "pass") << guard;
  }
}

TEST_F(Guards, ProtectionByTags) {
  const auto protect = [&](const std::string& value) {
    return answer("protected", tagged(R"({"Key": "reeve:protect", "Value": ")" + value + "\"}"));
  };
  EXPECT_THAT(protect(""), StartsWith("keep protected"));
  EXPECT_THAT(protect("until the audit"), StartsWith("keep protected"));
  EXPECT_THAT(protect("2026-06-02"), StartsWith("keep protected"));
  EXPECT_THAT(protect("2026-06-01"), StartsWith("keep protected"));  // to the end of that day
  EXPECT_EQ(protect("2026-05-31"), "pass");
  // A time reaches to the end of its day, wherever it was written. It is 2026-06-01T00:00:00Z.
  EXPECT_EQ(protect("2026-05-31T00:00:00Z"), "pass");
  for (const char* time : {"2026-05-31T00:00:01Z", "2026-05-30T12:00:01-12:00", "2026-05-31T14:00:01+14:00"}) {
    EXPECT_THAT(protect(time), StartsWith("keep protected")) << time;
  }
  for (const char* key : {"Reeve:Protect", "reeve:protect ", " REEVE:PROTECT", "reeve:protect\\t"}) {  // meant it
    EXPECT_THAT(answer("protected", tagged(std::string(R"({"Key": ")") + key + R"(", "Value": ""})")),
                StartsWith("keep protected"))
        << key;
  }
  EXPECT_THAT(answer("protected", tagged(R"({"Key": "cloud-nuke-excluded", "Value": "true"})")),
              StartsWith("keep protected"));
  EXPECT_THAT(answer("protected", tagged(R"({"Key": "janitor", "Value": "DoNotMark"})")), StartsWith("keep protected"));
  EXPECT_EQ(
      answer("protected", tagged(R"({"Key": "janitor", "Value": "2026-07-01"}, {"Key": "Protect", "Value": ""})")),
      "pass");
}

TEST_F(Guards, ProtectionByConfiguration) {
  configuration_.protect = {{.id = "snap-1", .reason = "case 4711", .line = 3}, {.tag_key = "legal-*", .line = 9}};
  EXPECT_EQ(answer("protected"), "keep protected: the configuration protects it (line 3): case 4711");
  EXPECT_EQ(answer("protected", snapshot("snap-2")), "pass");
  EXPECT_EQ(answer("protected", snapshot("snap-2", R"(, "Tags": [{"Key": "legal-hold", "Value": "x"}])")),
            "keep protected: the configuration protects it (line 9)");
}

TEST_F(Guards, UnknownTagsKeep) {
  Builder b;
  b.begin_map();
  b.put("SnapshotId", "snap-1");
  b.key("Tags");
  b.unknown("denied");
  b.end();
  const Candidate candidate{.view = estate::RecordView({&kind(), {}, b.finish()})};
  EXPECT_THAT(answer("protected", candidate), StartsWith("keep unknown"));
  EXPECT_THAT(answer("managed", candidate), StartsWith("keep unknown"));
}

TEST_F(Guards, ImagesKeepEverySnapshotOfTheirs) {
  api_.on("ec2.DescribeImages", R"({"Images": [{"ImageId": "ami-1", "State": "disabled", "BlockDeviceMappings": [
    {"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": "snap-root"}}, {"DeviceName": "/dev/sdb", "Ebs": {"SnapshotId": "snap-1"}},
    {"DeviceName": "/dev/sdc", "VirtualName": "ephemeral0"}]}]})");
  EXPECT_EQ(answer("images"), "keep in-use-by-image: image ami-1 uses it");
  EXPECT_EQ(answer("images", snapshot("snap-2")), "pass");
  EXPECT_THAT(api_.calls[0].second, HasSubstr(R"("Owners":["self","aws-backup-vault"])"));
  EXPECT_THAT(api_.calls[0].second, HasSubstr(R"("IncludeDisabled":true)"));
}

TEST_F(Guards, ImagesInTheBinKeepWhatWasMadeForThem) {
  api_.on("ec2.ListImagesInRecycleBin", R"({"Images": [{"ImageId": "ami-0ab"}]})");
  const auto described = [&](const std::string& text) {
    return answer("images", snapshot("snap-1", R"(, "Description": ")" + text + "\""));
  };
  EXPECT_THAT(described("Created by CreateImage(i-1) for ami-0ab"), StartsWith("keep in-use-by-image"));
  EXPECT_THAT(described("Copied for DestinationAmi ami-0ab from SourceAmi ami-9"), StartsWith("keep in-use-by-image"));
  EXPECT_THAT(described("Created by CreateImage(i-1) for ami-0abc"), StartsWith("note images-in-bin"));
}

TEST_F(Guards, AllVersionsOfTemplatesAreLookedAt) {
  api_.on("ec2.DescribeLaunchTemplates",
          R"({"LaunchTemplates": [{"LaunchTemplateId": "lt-1", "LaunchTemplateName": "web"},
                                                                 {"LaunchTemplateId": "lt-2", "LaunchTemplateName": "db"}]})");
  api_.on("ec2.DescribeLaunchTemplateVersions", [](Value params) -> Result<Document> {
    EXPECT_TRUE(params["Versions"].is_null());  // none named: all
    if (params["LaunchTemplateId"].as_text() == "lt-1") return estate::testing::decoded("{}");
    return estate::testing::decoded(R"({"LaunchTemplateVersions": [{"VersionNumber": 3, "LaunchTemplateData": {}},
      {"VersionNumber": 1, "LaunchTemplateData": {"BlockDeviceMappings": [{"Ebs": {"SnapshotId": "snap-1"}}]}}]})");
  });
  EXPECT_EQ(answer("launch-templates"), "keep in-use-by-template: version 1 of launch template db uses it");
  EXPECT_EQ(answer("launch-templates", snapshot("snap-2")), "pass");
  api_.fails("ec2.DescribeLaunchTemplateVersions", Code::access_denied, "no");
  EXPECT_THAT(answer("launch-templates", snapshot("snap-2")), StartsWith("keep unknown"));
}

TEST_F(Guards, LaunchConfigurationsKeep) {
  api_.on("autoscaling.DescribeLaunchConfigurations", R"({"LaunchConfigurations": [{"LaunchConfigurationName": "old",
    "BlockDeviceMappings": [{"DeviceName": "/dev/sdb", "Ebs": {"SnapshotId": "snap-1"}}]}]})");
  EXPECT_EQ(answer("launch-configurations"), "keep in-use-by-launch-configuration: launch configuration old uses it");
  EXPECT_EQ(answer("launch-configurations", snapshot("snap-2")), "pass");
}

TEST_F(Guards, SharedSnapshotsAreKept) {
  api_.on("ec2.DescribeSnapshotAttribute", R"({"CreateVolumePermissions": [{"UserId": "210987654321"}]})");
  EXPECT_EQ(answer("sharing"), "keep shared: it is shared with account 210987654321");
  api_.on("ec2.DescribeSnapshotAttribute", R"({"CreateVolumePermissions": [{"Group": "all"}]})");
  EXPECT_EQ(answer("sharing"), "keep shared: it is shared with everybody");
}

TEST_F(Guards, ManagedSnapshotsAreLeftToTheirManagers) {
  for (const auto* key : {"aws:backup:source-resource", "aws:dlm:lifecycle-policy-id", "kubernetes.io/cluster/x",
                          "ebs.csi.aws.com/cluster", "CSIVolumeSnapshotName"}) {
    EXPECT_THAT(answer("managed", tagged(std::string(R"({"Key": ")") + key + R"(", "Value": "x"})")),
                StartsWith("keep managed"))
        << key;
  }
  EXPECT_EQ(answer("managed", tagged(R"({"Key": "aws:cloudformation:stack-id", "Value": "x"})")), "pass");
}

TEST_F(Guards, LockedSnapshotsAreKept) {
  const auto locked = [&](const std::string& state) {
    api_.on("ec2.DescribeLockedSnapshots", R"({"Snapshots": [{"SnapshotId": "snap-1", "LockState": ")" + state +
                                               R"(", "LockExpiresOn": "2027-01-01T00:00:00Z"}]})");
    return answer("lock");
  };
  EXPECT_EQ(locked("compliance"), "keep locked: it is locked (compliance until 2027-01-01T00:00:00Z)");
  EXPECT_THAT(locked("governance"), StartsWith("keep locked"));
  EXPECT_THAT(locked("compliance-cooloff"), StartsWith("keep locked"));
  EXPECT_EQ(locked("expired"), "pass");
}

TEST_F(Guards, ArchivesThatArePaidAnywayAreNoted) {
  const auto archived = [&](const std::string& since) {
    api_.on("ec2.DescribeSnapshotTierStatus",
            R"({"SnapshotTierStatuses": [{"SnapshotId": "snap-1", "StorageTier": "archive",
      "ArchivalCompleteTime": ")" +
                since + "\"}]}");
    return answer("archive-minimum", snapshot("snap-1", R"(, "StorageTier": "archive")"));
  };
  EXPECT_THAT(archived("2026-05-01T00:00:00Z"), HasSubstr("note archive-minimum: archived for less than 90 days"));
  EXPECT_THAT(archived("2026-05-01T00:00:00Z"), HasSubstr("until 2026-07-30T00:00:00Z"));
  EXPECT_EQ(archived("2026-01-01T00:00:00Z"), "pass");
  api_.calls.clear();
  EXPECT_EQ(answer("archive-minimum"), "pass");
  EXPECT_TRUE(api_.calls.empty());  // a snapshot in the standard tier needs no call
}

TEST_F(Guards, NoMoreArchivesThanTheQuota) {
  std::string running;
  for (int i = 0; i < 24; ++i)
    running += (i == 0 ? "" : ",") + std::string(R"({"SnapshotId": "snap-x)") + std::to_string(i) + "\"}";
  api_.on("ec2.DescribeSnapshotTierStatus", R"({"SnapshotTierStatuses": [)" + running + "]}");
  std::vector<Candidate> two;
  two.push_back(snapshot("snap-1"));
  two.push_back(snapshot("snap-2"));
  Context facts = context();
  auto both = pointers(two);
  const auto answers = loop_.run(find_guard("archive-quota")->check(both, facts));
  EXPECT_EQ(answers[0].kind, GuardAnswer::Kind::pass);
  EXPECT_EQ(answers[1].code, "archive-quota");
}

TEST_F(Guards, FastRestoreMeansThatSomebodyUsesIt) {
  const auto state = [&](const std::string& is) {
    api_.on("ec2.DescribeFastSnapshotRestores",
            R"({"FastSnapshotRestores": [{"SnapshotId": "snap-1", "State": ")" + is + "\"}]}");
    return answer("fast-restore");
  };
  EXPECT_THAT(state("enabled"), StartsWith("keep fast-restore"));
  EXPECT_THAT(state("optimizing"), StartsWith("keep fast-restore"));
  EXPECT_EQ(state("disabled"), "pass");
}

// Design, idea 9.
TEST_F(Guards, UnreadableOnesKeepOrNoteByTheirNature) {
  const struct {
    const char* guard;
    const char* operation;
    const char* starts;
  } cases[] = {{"images", "ec2.DescribeImages", "keep unknown"},
               {"images", "ec2.ListImagesInRecycleBin", "keep unknown"},
               {"launch-templates", "ec2.DescribeLaunchTemplates", "keep unknown"},
               {"launch-configurations", "autoscaling.DescribeLaunchConfigurations", "keep unknown"},
               {"sharing", "ec2.DescribeSnapshotAttribute", "keep unknown"},
               {"lock", "ec2.DescribeLockedSnapshots", "note! unknown-lock"},
               {"fast-restore", "ec2.DescribeFastSnapshotRestores", "note! unknown-fast-restore"},
               {"recycle-bin", "rbin.GetRule", "note! unknown-bin"},
               {"recycle-bin", "rbin.ListRules", "note! unknown-bin"},
               {"archive-quota", "ec2.DescribeSnapshotTierStatus", "note! unknown-tier"}};
  for (const auto& c : cases) {
    api_.fails(c.operation, Code::access_denied, "not for you");
    EXPECT_THAT(answer(c.guard), StartsWith(c.starts)) << c.operation;
    api_.on(c.operation, "{}");
  }
  api_.fails("ec2.DescribeSnapshotTierStatus", Code::timed_out, "late");
  EXPECT_THAT(answer("archive-minimum", snapshot("snap-1", R"(, "StorageTier": "archive")")),
              StartsWith("note! unknown-tier"));
}

// Design, idea 4: its list is empty, the row notes it, undo counts as none.
TEST_F(Guards, UnsupportedOperationsAreNoted) {
  for (const auto& [guard, operation] :
       {std::pair{"images", "ec2.ListImagesInRecycleBin"},
        std::pair{"launch-configurations", "autoscaling.DescribeLaunchConfigurations"},
        std::pair{"sharing", "ec2.DescribeSnapshotAttribute"}, std::pair{"lock", "ec2.DescribeLockedSnapshots"},
        std::pair{"fast-restore", "ec2.DescribeFastSnapshotRestores"}, std::pair{"recycle-bin", "rbin.ListRules"}}) {
    api_.fails(operation, Code::unsupported, "what?");
    EXPECT_THAT(answer(guard), StartsWith("note! unsupported")) << operation;
  }
  // Known use keeps all the same.
  api_.on("ec2.DescribeImages",
          R"({"Images": [{"ImageId": "ami-1", "BlockDeviceMappings": [{"Ebs": {"SnapshotId": "snap-1"}}]}]})");
  EXPECT_THAT(answer("images"), StartsWith("keep in-use-by-image"));
}

class BinRules : public Guards {
 protected:
  void rules(const std::vector<std::pair<std::string, std::string>>& by_id) {
    std::string list;
    for (const auto& [id, json] : by_id)
      list += (list.empty() ? "" : ",") + std::string(R"({"Identifier": ")") + id + "\"}";
    api_.on("rbin.ListRules", R"({"Rules": [)" + list + "]}");
    api_.on("rbin.GetRule", [by_id](Value params) -> Result<Document> {
      for (const auto& [id, json] : by_id) {
        if (id == params["Identifier"].as_text()) return estate::testing::decoded(json);
      }
      return fail(Code::not_found, "no such rule");
    });
  }
  /// "rule days level", or "none".
  std::string column(Candidate candidate) {
    ask("recycle-bin", candidate);
    const auto bin = candidate.view.column(recycle_bin_column);
    if (!bin || bin->is_null()) return "none";
    return (*bin)["rule"].as_string() + " " + std::to_string((*bin)["retention_days"].as_integer()) + " " +
           (*bin)["level"].as_string();
  }
  Candidate with_tag(const std::string& key, const std::string& value) {
    return tagged(R"({"Key": ")" + key + R"(", "Value": ")" + value + "\"}");
  }
};

TEST_F(BinRules, TheLongestRegionRuleCounts) {
  rules({{"r-1", rule("r-1", 3)}, {"r-2", rule("r-2", 14)}, {"r-3", rule("r-3", 7)}});
  EXPECT_EQ(column(snapshot("snap-1")), "r-2 14 region");
}

TEST_F(BinRules, TagRulesComeFirst) {
  rules(
      {{"r-1", rule("r-1", 30)},
       {"r-2", rule("r-2", 5, R"(, "ResourceTags": [{"ResourceTagKey": "env", "ResourceTagValue": "prod"}])")},
       {"r-3",
        rule(
            "r-3", 9,
            R"(, "ResourceTags": [{"ResourceTagKey": "x", "ResourceTagValue": "y"}, {"ResourceTagKey": "env", "ResourceTagValue": "prod"}])")}});
  EXPECT_EQ(column(with_tag("env", "prod")), "r-3 9 tag");
  EXPECT_EQ(column(with_tag("env", "dev")), "r-1 30 region");
}

TEST_F(BinRules, ExclusionTagsTakeOut) {
  rules(
      {{"r-1", rule("r-1", 30, R"(, "ExcludeResourceTags": [{"ResourceTagKey": "bin", "ResourceTagValue": "no"}])")}});
  EXPECT_EQ(column(with_tag("bin", "no")), "none");
  EXPECT_EQ(column(with_tag("bin", "yes")), "r-1 30 region");
  EXPECT_THAT(answer("recycle-bin", with_tag("bin", "no")), StartsWith("note! no-bin-rule"));
}

TEST_F(BinRules, OnlyLiveRulesCount) {
  rules(
      {{"r-1",
        R"({"Identifier": "r-1", "Status": "pending", "RetentionPeriod": {"RetentionPeriodValue": 7, "RetentionPeriodUnit": "DAYS"}})"}});
  EXPECT_EQ(column(snapshot("snap-1")), "none");
  api_.on("rbin.ListRules", R"({"Rules": [{"Identifier": "gone-meanwhile"}]})");
  EXPECT_THAT(answer("recycle-bin"), StartsWith("note! no-bin-rule"));
}

TEST_F(Guards, RelatedKindsAreListedOnceForAllRecords) {
  std::vector<Candidate> many;
  for (int i = 0; i < 40; ++i) many.push_back(snapshot("snap-" + std::to_string(i)));
  Context facts = context();
  auto all = pointers(many);
  for (const auto& guard : action(R"("delete")")->guards()) loop_.run(find_guard(guard)->check(all, facts));
  EXPECT_EQ(api_.count("ec2.DescribeSnapshotAttribute"), 40U);
  EXPECT_EQ(api_.count("ec2.DescribeImages"), 1U);
  EXPECT_LE(api_.calls.size() - 40U, 10U);
}

}  // namespace
}  // namespace reeve::policy
