// Test cases: what is compared, what is read, and that a case that cannot run stops no other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/sim_seams.h"
#include "cases/compare.h"
#include "cases/run_case.h"

namespace reeve::cases {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(CompareCalls, OrderBatchesDatesAndTokensDoNotCount) {
  const auto plain = [](std::string_view json) { return comparable("ec2", "CreateTags", parse_json(json).value()); };
  const auto two = plain(R"({"Resources": ["b", "a"], "Tags": [{"Key": "k", "Value": "due 2026/01/31 1500 UTC"}]})");
  EXPECT_EQ(two.size(), 2U);
  const auto one = plain(R"({"Tags": [{"Value": "due 2027/02/28", "Key": "k"}], "Resources": ["a"], "DryRun": false})");
  EXPECT_EQ(one[0], two[1]);
  EXPECT_NE(plain(R"({"Resources": ["a"], "Tags": [{"Key": "other"}]})")[0], one[0]);
  EXPECT_EQ(mask_dates("a 2026-01-31T10:00:00.5+01:00, 20260-01-31"), "a <date>, 20260-01-31");
}

TEST(CompareCalls, DifferencesCountRepetitions) {
  const Difference differs = difference({"a", "a", "b"}, {"a", "c"});
  EXPECT_THAT(differs.missing, ElementsAre("a", "b"));
  EXPECT_THAT(differs.extra, ElementsAre("c"));
}

class Cases : public ::testing::Test {
 protected:
  std::vector<Outcome> run(const std::string& yaml) {
    EXPECT_TRUE(disk_.write_file("/tmp/cases.yaml", yaml));
    const auto all = read_cases(disk_, "/tmp/cases.yaml", {});
    EXPECT_TRUE(all) << all.error().text();
    Runner runner({.disk = disk_,
                   .models = models_,
                   .kinds = *kinds_,
                   .vocabulary = vocabulary_,
                   .prices = prices_,
                   .now = parse_iso8601("2026-03-01T00:00:00Z").value(),
                   .given = {}});
    std::vector<Outcome> out;
    for (const auto& one : *all) out.push_back(runner.run(one));
    return out;
  }
  SimWorld world_;
  SimDisk& disk_ = world_.disk;
  aws::Models models_;
  std::shared_ptr<const estate::Kinds> kinds_ = estate::Kinds::embedded().value();
  estate::Prices prices_ = estate::Prices::embedded().value();
  policy::Vocabulary vocabulary_;
};

const std::string answers = R"(
  answers:
    ec2.DescribeVolumes:
      - Volumes:
          - {VolumeId: vol-1, State: available, CreateTime: "2026-01-01T00:00:00Z"}
          - {VolumeId: vol-2, State: in-use, CreateTime: "2026-01-01T00:00:00Z"}
    ec2.CreateTags: [{}]
)";

TEST_F(Cases, IdsAndCallsAreCompared) {
  const std::string policy = R"(
  policy: {name: free, resource: ebs, filters: [{State: available}], actions: [{type: tag, key: review, value: "yes"}]}
)";
  const std::string call = R"(
  calls: [[ec2, CreateTags, {Resources: [vol-1], Tags: [{Key: review, Value: "yes"}]}, ok]]
)";
  const auto out = run("- test: fits" + policy + answers + call + "  ids: [vol-1]\n- test: other" + policy + answers +
                       "  ids: [vol-2]\n  calls: []\n- test: nothing expected" + policy + answers);
  ASSERT_EQ(out.size(), 3U);
  EXPECT_TRUE(out[0].passed) << out[0].reason();
  EXPECT_THAT(out[0].ids, ElementsAre("vol-1"));
  EXPECT_EQ(out[0].changing.size(), 1U);
  EXPECT_FALSE(out[1].passed);
  EXPECT_THAT(out[1].reason(), HasSubstr("ids: missing vol-2; not expected vol-1"));
  EXPECT_THAT(out[1].reason(), HasSubstr("calls: not expected ec2.CreateTags"));
  EXPECT_TRUE(out[2].passed);
}

TEST_F(Cases, APolicyThatDoesNotBuildFailsAlone) {
  const auto out =
      run("- test: unknown\n  policy: {name: a, resource: spaceship}\n  answers: {ec2.X: [{}]}\n- test: known\n" +
          std::string("  policy: {name: b, resource: ebs}") + answers + "  count: 2\n");
  ASSERT_EQ(out.size(), 2U);
  EXPECT_THAT(out[0].reason(), HasSubstr("policy: Reeve does not know the kind \"spaceship\""));
  EXPECT_TRUE(out[1].passed) << out[1].reason();
}

TEST_F(Cases, AListingThatWasNotRecordedIsNoEmptyOne) {
  const auto out =
      run("- test: bare\n  policy: {name: a, resource: ebs}\n  answers: {ec2.DescribeVpcs: [{}]}\n  count: 0\n");
  ASSERT_EQ(out.size(), 1U);
  EXPECT_FALSE(out[0].passed);
  EXPECT_THAT(out[0].reason(), HasSubstr("listing: the recording has no answer of ec2.DescribeVolumes"));
}

}  // namespace
}  // namespace reeve::cases
