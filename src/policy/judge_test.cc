#include "policy/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/guard.h"
#include "policy/testing/snapshot_estate.h"

namespace reeve::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class Judging : public testing::SnapshotEstate {
 protected:
  std::unique_ptr<Policy> policy(const std::string& lines) {
    PolicyFile file = read_policies("policies:\n- name: p\n  resource: ebs-snapshot\n" + lines, "p.yaml", {.now = now_},
                                    vocabulary_, *kinds_);
    EXPECT_THAT(file.problems, IsEmpty()) << file.problems[0].message;
    return std::move(file.policies.at(0));
  }
  Judged judge(const Policy& policy) {
    Context given = context();
    return loop_.run(judge_policy(policy, given));
  }
  static std::vector<std::string> ids(const Judged& judged) {
    std::vector<std::string> out;
    for (const Candidate& candidate : judged.matched) out.emplace_back(candidate.view.id());
    return out;
  }
  static std::string listed(int from, int to, const std::string& token = "") {
    std::string json = R"({"Snapshots": [)";
    for (int i = from; i < to; ++i) {
      json += std::string(i > from ? "," : "") + R"({"SnapshotId": "snap-)" + std::to_string(i) + R"(", "State": ")" +
              (i % 10 == 0 ? "error" : "completed") + R"(", "VolumeSize": )" + std::to_string(i) +
              (i == 3 ? "" : R"(, "StartTime": "2026-01-01T00:00:00Z")") + "}";
    }
    return json + "]" + (token.empty() ? "" : R"(, "NextToken": ")" + token + "\"") + "}";
  }
};

TEST_F(Judging, MatchesOfAllPagesComeInListingOrderWithTheirFindings) {
  api_.on("ec2.DescribeSnapshots", [](Value params) -> Result<Document> {
    return estate::testing::decoded(params["NextToken"].is_null() ? listed(0, 20, "next") : listed(20, 25));
  });
  const auto p = policy("  filters: [{State: error}, {type: age, days: 30}]\n");
  const Judged judged = judge(*p);
  EXPECT_FALSE(judged.broken);
  EXPECT_EQ(judged.seen, 25u);
  EXPECT_THAT(ids(judged), ElementsAre("snap-0", "snap-10", "snap-20"));
  ASSERT_THAT(judged.matched[1].findings, SizeIs(2));
  EXPECT_EQ(judged.matched[1].findings[0].filter, "value State");
  EXPECT_EQ(judged.matched[1].findings[1].filter, "age");
  EXPECT_EQ(to_json(*judged.matched[1].view.find_evidence("c7n:MatchedFilters")), R"(["State"])");
  EXPECT_THAT(judged.unknown, IsEmpty());
}

TEST_F(Judging, UnknownRecordsAreKeptWithTheReasonUnlessAnotherFilterRefusesThem) {
  api_.on("ec2.DescribeSnapshots", listed(0, 5));
  const auto p = policy("  filters: [{type: age, days: 30}, {State: completed}]\n");
  const Judged judged = judge(*p);
  EXPECT_THAT(ids(judged), ElementsAre("snap-1", "snap-2", "snap-4"));
  ASSERT_THAT(judged.unknown, SizeIs(1));
  EXPECT_EQ(judged.unknown[0].record.id(), "snap-3");
  EXPECT_EQ(judged.unknown[0].code, "unknown");
  EXPECT_THAT(judged.unknown[0].message, HasSubstr("StartTime"));
  EXPECT_THAT(judge(*policy("  filters: [{type: age, days: 30}, {SnapshotId: snap-1}]\n")).unknown, IsEmpty());
}

TEST_F(Judging, FewMatchesAreCopiedOutOfTheirPageManyKeepIt) {
  api_.on("ec2.DescribeSnapshots", listed(0, 20));
  const auto arena = [](const Candidate& candidate) { return candidate.view.record().document.arena(); };
  const Judged few = judge(*policy("  filters: [{State: error}]\n"));
  ASSERT_THAT(ids(few), ElementsAre("snap-0", "snap-10"));
  EXPECT_NE(arena(few.matched[0]), arena(few.matched[1]));
  EXPECT_EQ(few.matched[0].view.record().document["VolumeSize"].as_integer(), 0);
  fresh_reader();
  const Judged many = judge(*policy("  filters: [{State: completed}]\n"));
  ASSERT_THAT(many.matched, SizeIs(18));
  EXPECT_EQ(arena(many.matched[0]), arena(many.matched[17]));
}

TEST_F(Judging, WithoutFiltersAllMatch) {
  api_.on("ec2.DescribeSnapshots", listed(0, 3));
  EXPECT_THAT(ids(judge(*policy(""))), SizeIs(3));
}

TEST_F(Judging, ABrokenListingSaysSo) {
  api_.on("ec2.DescribeSnapshots", [](Value params) -> Result<Document> {
    if (!params["NextToken"].is_null()) return fail(Code::access_denied, "no");
    return estate::testing::decoded(listed(0, 3, "next"));
  });
  const Judged part = judge(*policy("  filters: [{State: completed}]\n"));
  ASSERT_TRUE(part.broken);
  EXPECT_EQ(part.seen, 3u);
  EXPECT_THAT(judge(*policy("  filters: [stale]\n")).matched, IsEmpty())
      << "a filter over the whole set does not judge a part";
}

TEST_F(Judging, ConditionsThatDoNotHoldListNothing) {
  const Judged judged = judge(*policy("  conditions: [{region: eu-west-1}]\n"));
  EXPECT_THAT(judged.skipped, HasSubstr("us-east-1"));
  EXPECT_EQ(api_.count("ec2.DescribeSnapshots"), 0u);
}

TEST_F(Judging, QueryGoesToTheListing) {
  api_.on("ec2.DescribeSnapshots", listed(0, 1));
  judge(*policy("  query: [{\"tag:Team\": x}]\n"));
  ASSERT_THAT(api_.calls, Not(IsEmpty()));
  EXPECT_THAT(api_.calls[0].second, HasSubstr(R"("Filters":[{"Name":"tag:Team","Values":["x"]}])"));
}

TEST_F(Judging, JudgingAgainSaysWhatChanged) {
  const auto p = policy("  filters: [{State: completed}, {VolumeSize: 8}]\n");
  std::vector<Candidate> candidates;
  candidates.push_back(snapshot("snap-1", R"(, "VolumeSize": 8)"));
  candidates.push_back(snapshot("snap-2", R"(, "VolumeSize": 9)"));
  std::vector<Candidate*> all = pointers(candidates);
  Context given = context();
  const std::span<Candidate*> these(all);
  const auto verdicts = loop_.run(judge_again(*p, these, given));
  EXPECT_EQ(verdicts[0].truth, Truth::yes);
  EXPECT_THAT(candidates[0].findings, SizeIs(2));
  EXPECT_EQ(verdicts[1].truth, Truth::no);
  EXPECT_EQ(verdicts[1].reason, "VolumeSize is 9");
}

TEST_F(Judging, GuardsKeepAndTheFirstOneSaysWhy) {
  const auto made = action(R"("delete")");
  std::vector<Candidate> candidates;
  candidates.push_back(snapshot("snap-1", R"(, "Tags": [{"Key": "reeve:protect", "Value": ""}])"));
  candidates.push_back(snapshot("snap-2"));
  std::vector<Candidate*> all = pointers(candidates);
  Context given = context();
  const std::span<Candidate*> these(all);
  const auto guarded = loop_.run(run_guards(*made, these, given));
  EXPECT_TRUE(guarded[0].kept);
  EXPECT_EQ(guarded[0].code, "protected");
  EXPECT_FALSE(guarded[1].kept) << guarded[1].code << " " << guarded[1].message;
}

TEST_F(Judging, EveryGuardThatAnActionNamesExists) {
  for (const ActionWord& word : vocabulary_.actions()) {
    for (const auto& known : kinds_->all()) {
      if (vocabulary_.find_action(*known, word.name) == nullptr) continue;
      Builder builder;
      builder.begin_map();
      builder.put("type", word.name);
      for (const Key& key : word.keys) {
        if (key.required && key.type == "list") builder.begin_list(key.name), builder.add("x"), builder.end();
        if (key.required && key.type == "text") builder.put(key.name, "x");
      }
      builder.end();
      const auto made = action(to_json(builder.finish()), known->name);
      if (!made) continue;  // needs more than its required keys
      for (const std::string& guard : made->guards()) EXPECT_NE(find_guard(guard), nullptr) << guard;
    }
  }
}

}  // namespace
}  // namespace reeve::policy
