#include "policy/filters/reduce.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/run_filter.h"
#include "policy/testing/snapshot_estate.h"

namespace reeve::policy {
namespace {

using ::testing::ElementsAre;

constexpr Truth no = Truth::no, unknown = Truth::unknown, yes = Truth::yes;

class Reducing : public testing::SnapshotEstate {
 protected:
  /// What `reduce` with these members says of records whose Description is each of the texts.
  std::vector<Truth> judge(const std::string& members, const std::vector<std::string>& texts) {
    const auto made = filter(R"({"type": "reduce", )" + members + "}");
    EXPECT_NE(made, nullptr) << members;
    std::vector<Candidate> candidates;
    for (const std::string& text : texts) {
      candidates.push_back(from_json(R"({"SnapshotId": "snap-1", "Description": ")" + text + R"("})"));
    }
    Context given = context();
    auto all = pointers(candidates);
    const std::span<Candidate*> these(all);
    std::vector<Truth> truths;
    for (const Verdict& verdict : loop_.run(run_filter(*made, these, given))) truths.push_back(verdict.truth);
    return truths;
  }
};

TEST_F(Reducing, NumbersThatAreNotFiniteCountAsNull) {
  const std::string last = R"("sort-by": {"key": "Description", "value_type": "number"}, "discard": 2)";
  EXPECT_THAT(judge(last, {"nan", "2", "1"}), ElementsAre(yes, no, no));
  EXPECT_THAT(judge(last, {"-inf", "2", "1"}), ElementsAre(yes, no, no));
  EXPECT_THAT(judge(last, {"inf", "nan", "1"}), ElementsAre(no, yes, no)) << "nulls stay in their order";
}

TEST_F(Reducing, ARegularExpressionThatIsAbortedMakesThePlaceUnknown) {
  const std::string slow = std::string(5000, 'a') + "!";
  const std::string by = R"-({"key": "Description", "value_regex": "(?:(?:a|aa|aaa)*(?:b|c)*(?:a+)+)+(x)"})-";
  EXPECT_THAT(judge(R"("limit": 1, "sort-by": )" + by, {slow, "ax"}), ElementsAre(unknown, unknown));
  EXPECT_THAT(judge(R"("limit": 1, "group-by": )" + by, {slow, "ax"}), ElementsAre(unknown, unknown));
  EXPECT_THAT(judge(R"("limit": 1, "sort-by": )" + by, {"b", "ax"}), ElementsAre(no, yes)) << "no match is null";
}

TEST_F(Reducing, PercentagesAreCutToWholeRecords) {
  EXPECT_THAT(judge(R"("limit-percent": 30)", {"a", "b", "c"}), ElementsAre(no, no, no));
  EXPECT_THAT(judge(R"("limit-percent": 34)", {"a", "b", "c"}), ElementsAre(yes, no, no));
  EXPECT_THAT(judge(R"("limit-percent": 0)", {"a", "b", "c"}), ElementsAre(yes, yes, yes)) << "no limit";
  EXPECT_THAT(judge(R"("limit": 0)", {"a", "b", "c"}), ElementsAre(yes, yes, yes)) << "no limit";
  EXPECT_THAT(judge(R"("limit": 1, "limit-percent": 67)", {"a", "b", "c"}), ElementsAre(yes, no, no));
  EXPECT_THAT(judge(R"("limit": 1e300, "discard": 1)", {"a", "b", "c"}), ElementsAre(no, yes, yes));
}

TEST_F(Reducing, ReverseAndRandomizeIgnoreTheKey) {
  EXPECT_THAT(judge(R"("sort-by": "Description", "limit": 1)", {"b", "a", "c"}), ElementsAre(no, yes, no));
  EXPECT_THAT(judge(R"("sort-by": "Description", "order": "reverse", "limit": 1)", {"b", "a", "c"}),
              ElementsAre(no, no, yes));
  const std::string randomize = R"("order": "randomize", "limit": 1)";
  const std::vector<std::string> texts{"f", "e", "d", "c", "b", "a"};
  EXPECT_EQ(judge(R"("sort-by": "Description", )" + randomize, texts), judge(randomize, texts));
}

}  // namespace
}  // namespace reeve::policy
