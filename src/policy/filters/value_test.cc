#include "policy/filters/value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/filters/python_value.h"
#include "policy/testing/snapshot_estate.h"

namespace reeve::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ValueFilters : public testing::SnapshotEstate {
 protected:
  /// The verdict of a filter on a snapshot with these members more; "?" becomes an unknown value.
  Truth judge(const std::string& filter_json, const std::string& members) {
    const auto made = filter(filter_json);
    EXPECT_NE(made, nullptr) << filter_json << ": " << (problems_.empty() ? "" : problems_[0]);
    if (!made) return Truth::unknown;
    Builder builder;
    put_unknowns(builder, parse_json("{" + members + "}").value());
    Candidate candidate{.view = estate::RecordView({&kind(), reader_->scope(), builder.finish()})};
    Context given = context();
    const Verdict verdict = made->test(candidate, given);
    reason_ = verdict.reason;
    why_not_ = verdict.truth == Truth::no ? made->why_not(candidate, given) : "";
    return verdict.truth;
  }
  static void put_unknowns(Builder& builder, Value value) {
    if (value.is_map()) {
      builder.begin_map();
      for (const auto [key, member] : value.entries()) {
        builder.key(key);
        put_unknowns(builder, member);
      }
      builder.end();
    } else if (value.is_list()) {
      builder.begin_list();
      for (const Value item : value.items()) put_unknowns(builder, item);
      builder.end();
    } else if (value.as_text_or({}) == "?") {
      builder.unknown("denied");
    } else {
      builder.add(value);
    }
  }
  std::string problem(const std::string& json) {
    EXPECT_EQ(filter(json), nullptr) << json;
    EXPECT_EQ(problems_.size(), 1u) << json;
    return problems_.empty() ? "" : problems_[0];
  }
  std::string reason_, why_not_;
};

TEST_F(ValueFilters, ShortFormIsEquality) {
  EXPECT_EQ(judge(R"({"State": "completed"})", R"("State": "completed")"), Truth::yes);
  EXPECT_EQ(judge(R"({"State": "completed"})", R"("State": "pending")"), Truth::no);
  EXPECT_EQ(why_not_, R"(State is "pending")");
  EXPECT_EQ(judge(R"({"State": null})", R"("A": 1)"), Truth::yes);
  EXPECT_EQ(judge(R"({"A": 1})", R"("A": true)"), Truth::yes) << "true is 1";
  EXPECT_EQ(judge(R"({"A": []})", R"("A": [])"), Truth::yes);
}

TEST_F(ValueFilters, UnknownGivesUnknownWithTheReason) {
  for (const char* rest :
       {R"("value": "x")", R"("value": "absent")", R"("value": "present")", R"("op": "ne", "value": 1)",
        R"("op": "in", "value": [1])", R"("op": "not-in", "value": [1])",
        R"("op": "gt", "value": 1, "value_type": "age")", R"("op": "regex", "value": "x")",
        R"("value": 0, "value_type": "size")", R"~("value": "x", "value_regex": "(x)")~",
        R"("value": "10.0.0.0/8", "op": "in", "value_type": "cidr")", R"("value": "a", "value_type": "swap")"}) {
    EXPECT_EQ(judge(R"({"type": "value", "key": "A", )" + std::string(rest) + "}", R"("A": "?")"), Truth::unknown)
        << rest;
    EXPECT_THAT(reason_, HasSubstr("A is unknown: denied")) << rest;
  }
  EXPECT_EQ(judge(R"({"A.B": "x"})", R"("A": "?")"), Truth::unknown);
  EXPECT_EQ(judge(R"({"tag:Keep": "absent"})", R"("Tags": "?")"), Truth::unknown);
  EXPECT_EQ(judge(R"~({"length(A)": 1})~", R"("A": "?")"), Truth::unknown);
}

TEST_F(ValueFilters, AnUnknownPartDecidesOnlyWhereTheAnswerRestsOnIt) {
  const std::string in_list = R"({"type": "value", "key": "A", "op": "contains", "value": 1})";
  EXPECT_EQ(judge(in_list, R"("A": ["?", 1])"), Truth::yes);
  EXPECT_EQ(judge(in_list, R"("A": ["?", 2])"), Truth::unknown);
  const std::string common = R"({"type": "value", "key": "A", "op": "intersect", "value": [1, 2]})";
  EXPECT_EQ(judge(common, R"("A": ["?", 2])"), Truth::yes);
  EXPECT_EQ(judge(common, R"("A": ["?"])"), Truth::unknown);
  EXPECT_EQ(judge(R"({"type": "value", "key": "A", "value": [1, 2]})", R"("A": ["?", 3])"), Truth::no);
  EXPECT_EQ(judge(R"({"type": "value", "key": "A", "value": 2, "value_type": "size"})", R"("A": ["?", 1])"),
            Truth::yes);
  EXPECT_EQ(judge(R"({"tag:b": "x"})", R"("Tags": [{"Key": "?"}, {"Key": "b", "Value": "x"}])"), Truth::yes);
}

TEST_F(ValueFilters, TagsAndTheirTransforms) {
  const std::string tags = R"("Tags": [{"Key": "My-Team ", "Value": "a"}, {"Key": "e", "Value": ""}])";
  EXPECT_EQ(judge(R"({"tag:My-Team ": "a"})", tags), Truth::yes);
  EXPECT_EQ(judge(R"({"tag:e": "present"})", tags), Truth::yes);
  EXPECT_EQ(judge(R"({"tag:e": "empty"})", tags), Truth::yes);
  EXPECT_EQ(judge(R"({"tag:e": "not-null"})", tags), Truth::no);
  EXPECT_EQ(judge(R"({"type": "value", "key": "tag:myteam", "value": "a",
                      "tag_key_transforms": ["lower", "strip", "nodashes"]})",
                  tags),
            Truth::yes);
}

TEST_F(ValueFilters, ValuePathAndExprTakeTheValueFromTheRecord) {
  const std::string record = R"("A": 5, "B": {"c": 5}, "D": 6)";
  EXPECT_EQ(judge(R"({"type": "value", "key": "A", "value_path": "B.c"})", record), Truth::yes);
  EXPECT_EQ(judge(R"({"type": "value", "key": "A", "op": "lt", "value": "D", "value_type": "expr"})", record),
            Truth::yes);
  EXPECT_EQ(judge(R"({"type": "value", "key": "A", "value_path": "X"})", record), Truth::no);
  EXPECT_EQ(judge(R"({"type": "value", "key": "A", "value_path": "X.y"})", R"("A": 1, "X": "?")"), Truth::unknown);
}

TEST_F(ValueFilters, WhatWouldStopCustodianIsUnknown) {
  EXPECT_EQ(judge(R"({"type": "value", "key": "A", "op": "gt", "value": "1.0", "value_type": "version"})", ""),
            Truth::unknown);
  EXPECT_EQ(judge(R"({"type": "value", "key": "A", "value": 8, "value_type": "cidr_size"})", R"("A": "10.0.0.1")"),
            Truth::unknown);
  EXPECT_EQ(judge(R"~({"type": "value", "key": "length(A)", "value": 8})~", R"("A": 1)"), Truth::unknown);
  EXPECT_THAT(reason_, HasSubstr("does not fit this record"));
}

TEST_F(ValueFilters, ARegularExpressionThatIsAbortedFindsNeitherSomethingNorNothing) {
  const std::string regex = R"({"type": "value", "key": "State", "value": "absent", "value_regex": )"
                            R"-("(?:(?:a|aa|aaa)*(?:b|c)*(?:a+)+)+(x)"})-";
  EXPECT_EQ(judge(regex, R"("State": "b")"), Truth::yes);
  EXPECT_EQ(judge(regex, R"("State": "ax")"), Truth::no);
  EXPECT_EQ(judge(regex, R"("State": ")" + std::string(5000, 'a') + R"(!")"), Truth::unknown);
}

TEST_F(ValueFilters, ProblemsAreSaidWhenThePolicyIsRead) {
  EXPECT_THAT(problem(R"({"type": "value", "key": "A"})"), HasSubstr("needs the key \"value\""));
  EXPECT_THAT(problem(R"({"type": "value", "value": 1})"), HasSubstr("needs the key \"key\""));
  EXPECT_THAT(problem(R"({"type": "value", "key": "[", "value": 1})"), HasSubstr("not a key that can be looked up"));
  EXPECT_THAT(problem(R"({"type": "value", "key": "A", "value": "30", "op": "ge", "value_type": "age"})"),
              HasSubstr("number of days"));
  EXPECT_THAT(problem(R"({"type": "value", "key": "A", "value": "junk", "value_type": "date"})"),
              HasSubstr("not a date"));
  EXPECT_THAT(problem(R"({"type": "value", "key": "A", "op": "regex", "value": "("})"),
              HasSubstr("regular expression"));
  EXPECT_THAT(problem(R"({"type": "value", "key": "A", "value": "a", "value_regex": "a"})"),
              HasSubstr("one capture group"));
  EXPECT_THAT(problem(R"({"type": "value", "key": "A", "value_from": {"url": "s3://b/k"}})"),
              HasSubstr("value_from of the value filter is not supported yet"));
  EXPECT_THAT(problem(R"({"type": "value", "key": "A", "op": "mod", "value": 0})"), HasSubstr("divides by zero"));
  EXPECT_THAT(problem(R"({"State": ["a"]})"), HasSubstr("short form"));
  EXPECT_THAT(problem(R"({"type": "value", "key": "A", "value": 1, "tag_key_transforms": ["uper"]})"),
              HasSubstr("did you mean \"upper\"?"));
}

TEST_F(ValueFilters, AMatchIsExplainedInShort) {
  const auto made = filter(R"({"type": "value", "key": "A", "value": "present"})");
  Candidate candidate = snapshot("snap-1", R"(, "A": [1, 2])");
  Context given = context();
  made->explain(candidate, given, 0);
  ASSERT_EQ(candidate.findings.size(), 1u);
  EXPECT_EQ(candidate.findings[0].filter, "value A");
  EXPECT_EQ(to_json(candidate.findings[0].evidence), R"({"found":"2 items"})");
  EXPECT_THAT(candidate.matched_keys, ElementsAre("A"));
}

TEST_F(ValueFilters, InternedKeysAreFoundAgain) {
  const auto keys = std::make_shared<Keys>();
  keys->intern("State");
  const auto made = filter(R"({"State": "completed"})");
  Context given = context();
  for (const char* state : {"completed", "pending", "completed"}) {
    for (const bool first : {true, false}) {  // the place of a member may change
      Builder builder(keys);
      builder.begin_map();
      keys->intern("Other");
      if (!first) builder.put("Other", 1);
      builder.put("State", state);
      builder.end();
      Candidate candidate{.view = estate::RecordView({&kind(), reader_->scope(), builder.finish()})};
      EXPECT_EQ(made->test(candidate, given).truth, std::string(state) == "completed" ? Truth::yes : Truth::no);
    }
  }
}

TEST(PythonValues, EqualityAndOrderFollowPython) {
  const Document d = parse_json(R"([1, 1.0, true, "1", [1], [1, 2], {"a": 1}, {"a": true}, null])").value();
  EXPECT_EQ(equal(d[0], d[1]), Truth::yes);
  EXPECT_EQ(equal(d[0], d[2]), Truth::yes);
  EXPECT_EQ(equal(d[0], d[3]), Truth::no);
  EXPECT_EQ(equal(d[6], d[7]), Truth::yes);
  EXPECT_EQ(order(d[4], d[5]), Order::less);
  EXPECT_EQ(order(d[0], d[3]), Order::none);
  EXPECT_EQ(order(d[6], d[7]), Order::none);
  EXPECT_EQ(order(d[8], d[8]), Order::none);
  EXPECT_EQ(is_in(d[0], d[3]), std::nullopt);
  EXPECT_EQ(remainder(d[0], d[8]), std::nullopt);
}

}  // namespace
}  // namespace reeve::policy
