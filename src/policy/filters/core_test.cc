// Blocks, ages and tag counts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/filters/block.h"
#include "policy/run_filter.h"
#include "policy/testing/snapshot_estate.h"

namespace reeve::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Says what it is told, at any stage, and leaves evidence.
class Told : public Filter {
 public:
  Told(Truth truth, Stage stage, std::string evidence) : truth_(truth), stage_(stage), evidence_(std::move(evidence)) {}
  std::string_view type() const override { return "told"; }
  Stage stage() const override { return stage_; }
  Verdict test(Candidate& candidate, Context&) const override {
    Builder builder;
    builder.add(1);
    candidate.view.add_evidence(evidence_, builder.finish());
    return {truth_, truth_ == Truth::unknown ? "not told" : ""};
  }

 private:
  Truth truth_;
  Stage stage_;
  std::string evidence_;
};

class CoreFilters : public testing::SnapshotEstate {
 protected:
  Verdict judge(const Filter& filter, Candidate& candidate) {
    Context given = context();
    std::vector<Candidate*> one{&candidate};
    const std::span<Candidate*> these(one);
    return loop_.run(run_filter(filter, these, given))[0];
  }
};

constexpr Truth truths[] = {Truth::no, Truth::unknown, Truth::yes};

TEST_F(CoreFilters, BlocksFollowKleeneAtEveryStage) {
  using C = Block::Connective;
  for (const Stage stage : {Stage::record, Stage::page, Stage::set}) {
    for (const Truth a : truths) {
      for (const Truth b : truths) {
        for (const C connective : {C::all, C::any, C::none}) {
          std::vector<std::unique_ptr<Filter>> children;
          children.push_back(std::make_unique<Told>(a, Stage::record, "a"));
          children.push_back(std::make_unique<Told>(b, stage, "b"));
          const Block block(connective, std::move(children));
          EXPECT_EQ(block.stage(), stage);
          Candidate candidate = snapshot("snap-1");
          const Verdict verdict = judge(block, candidate);
          const Truth wanted = connective == C::any ? std::max(a, b) : std::min(a, b);
          EXPECT_EQ(verdict.truth, connective == C::none ? !wanted : wanted);
          EXPECT_EQ(verdict.reason, verdict.truth == Truth::unknown ? "not told" : "");
          if (verdict.truth != Truth::yes || connective == C::none) {
            EXPECT_THAT(candidate.view.evidence(), IsEmpty()) << "evidence stays only on matches";
          }
          EXPECT_EQ(candidate.findings.size(), verdict.truth == Truth::yes ? 1u : 0u);
        }
      }
    }
  }
}

TEST_F(CoreFilters, WhatABlockLeavesUndecidedCountsAsSuchForItsFiltersOverTheSet) {
  const std::string age = R"({"type": "age", "days": 1}, )";
  const auto judged = [&](const std::string& json) {
    const auto made = filter(json);
    std::vector<Candidate> candidates;
    for (const char* more : {R"("VolumeId": "vol-1")", R"("VolumeId": "vol-2", "StartTime": "2026-01-01T00:00:00Z")",
                             R"("VolumeId": "vol-3")"}) {
      candidates.push_back(from_json(R"({"SnapshotId": "snap-1", )" + std::string(more) + "}"));
    }
    Context given = context();
    auto all = pointers(candidates);
    const std::span<Candidate*> these(all);
    std::vector<Truth> truths;
    for (const Verdict& verdict : loop_.run(run_filter(*made, these, given))) truths.push_back(verdict.truth);
    for (const Candidate& candidate : candidates) EXPECT_FALSE(candidate.uncertain) << "as it was before the block";
    return truths;
  };
  const std::string reduce = R"({"type": "reduce", "sort-by": "VolumeId", "discard": 1})";
  const auto unknown = ElementsAre(Truth::unknown, Truth::unknown, Truth::unknown);
  EXPECT_THAT(judged(R"({"and": [)" + age + reduce + "]}"), unknown);
  EXPECT_THAT(judged(R"({"not": [)" + age + reduce + "]}"), unknown);
  EXPECT_THAT(judged(R"({"and": [)" + age + R"({"and": [)" + reduce + "]}]}"), unknown);
  const std::string count = R"({"type": "value", "value_type": "resource_count", "op": "ge", "value": 2})";
  EXPECT_THAT(judged(R"({"and": [)" + age + count + "]}"), unknown);
  // Each child of `or` gets all records, whatever the others say of them.
  EXPECT_THAT(judged(R"({"or": [)" + age + reduce + "]}"), ElementsAre(Truth::unknown, Truth::yes, Truth::yes));
}

TEST_F(CoreFilters, ABlockSaysWhichChildrenMatched) {
  const auto made = filter(R"({"or": [{"State": "completed"}, {"State": "x"}, {"and": [{"SnapshotId": "snap-1"}]}]})");
  Candidate candidate = snapshot("snap-1");
  EXPECT_EQ(judge(*made, candidate).truth, Truth::yes);
  ASSERT_EQ(candidate.findings.size(), 1u);
  EXPECT_EQ(
      to_json(candidate.findings[0].evidence),
      R"({"matched":[{"filter":"value State","evidence":{"found":"completed"}},)"
      R"({"filter":"and","evidence":{"matched":[{"filter":"value SnapshotId","evidence":{"found":"snap-1"}}]}}]})");
  EXPECT_THAT(candidate.matched_keys, ElementsAre("State", "SnapshotId"));
}

TEST_F(CoreFilters, ABlockNeedsFilters) {
  EXPECT_EQ(filter(R"({"or": []})"), nullptr);
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("not empty")));
  EXPECT_EQ(filter(R"({"not": {"State": "x"}})"), nullptr);
  EXPECT_EQ(filter(R"({"and": [{"type": "agee"}, {"type": "stael"}]})"), nullptr);
  EXPECT_EQ(problems_.size(), 2u) << "each child's problem is told";
}

TEST_F(CoreFilters, AgeCountsFromNowAndNeedsADate) {
  const auto older = [&](const std::string& json, const char* start) {
    const auto made = filter(json);
    EXPECT_NE(made, nullptr);
    Candidate candidate = from_json(R"({"SnapshotId": "snap-1")" + std::string(start) + "}");
    return judge(*made, candidate);
  };
  const char* exactly = R"(, "StartTime": "2026-05-02T00:00:00Z")";  // 30 days before now
  EXPECT_EQ(older(R"({"type": "age", "days": 30, "op": "ge"})", exactly).truth, Truth::yes);
  EXPECT_EQ(older(R"({"type": "age", "days": 30})", exactly).truth, Truth::no) << "greater-than is the default";
  EXPECT_EQ(older(R"({"type": "age", "days": 29, "hours": 23, "minutes": 59})", exactly).truth, Truth::yes);
  EXPECT_EQ(older(R"({"type": "age", "days": 31, "op": "lt"})", exactly).truth, Truth::yes);
  for (const char* none : {"", R"(, "StartTime": "junk")", R"(, "StartTime": null)", R"(, "StartTime": 5)"}) {
    const Verdict verdict = older(R"({"type": "age", "days": 0, "op": "lt"})", none);
    EXPECT_EQ(verdict.truth, Truth::unknown) << none;
    EXPECT_THAT(verdict.reason, HasSubstr("StartTime"));
  }
  Candidate candidate = snapshot("snap-1", "");
  EXPECT_EQ(judge(*filter(R"({"type": "age", "days": 30})"), candidate).truth, Truth::yes);
  EXPECT_EQ(to_json(candidate.findings.at(0).evidence), R"({"date":"2026-01-01T00:00:00Z","days":151})");
  EXPECT_EQ(filter(R"({"type": "age"})"), nullptr);
  EXPECT_EQ(filter(R"("age")"), nullptr);
  EXPECT_EQ(filter(R"({"type": "age", "days": -1})"), nullptr);
  EXPECT_EQ(filter(R"({"type": "age", "days": 1, "op": "in"})"), nullptr);
}

TEST_F(CoreFilters, TagCountLeavesOutTagsOfAws) {
  Candidate candidate = snapshot(
      "snap-1", R"(, "Tags": [{"Key": "a", "Value": ""}, {"Key": "aws:x", "Value": ""}, {"Key": "b", "Value": ""}])");
  EXPECT_EQ(judge(*filter(R"({"type": "tag-count", "count": 2, "op": "eq"})"), candidate).truth, Truth::yes);
  EXPECT_EQ(judge(*filter(R"("tag-count")"), candidate).truth, Truth::no);
  EXPECT_EQ(filter(R"({"type": "tag-count", "count": "2"})"), nullptr);
}

TEST_F(CoreFilters, AFilterOfAnotherKindIsNamedAsSuch) {
  EXPECT_EQ(filter(R"({"type": "instance-uptime", "days": 1})"), nullptr);
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("is not for ebs-snapshot: it is for \"ec2\"")));
}

}  // namespace
}  // namespace reeve::policy
