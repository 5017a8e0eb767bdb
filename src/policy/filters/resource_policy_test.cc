// Filters of a resource's own policy: has-statement, and the statements that cross-account finds.
#include <gtest/gtest.h>

#include "policy/filters/has_statement.h"
#include "policy/filters/policy_checker.h"
#include "policy/testing/snapshot_estate.h"

namespace reeve::policy {
namespace {

using estate::testing::decoded;

/// Whether a statement that allows everybody, with these members more, gives a stranger access.
bool violates(const std::string& members, const Trusted& trusted) {
  const Document policy = decoded(R"({"Statement": {"Effect": "Allow", "Principal": "*")" + members + "}}");
  return !check_policy(policy, trusted).violating.empty();
}

TEST(PolicyChecker, AnOperatorThatLetsRequestsWithoutTheKeyPassDoesNotNarrow) {
  Trusted trusted;
  trusted.accounts.insert("123456789012");
  const auto with = [&](const std::string& op, const std::string& more = "") {
    return violates(R"(, "Condition": {")" + op + R"(": {"aws:SourceAccount": "123456789012"})" + more + "}", trusted);
  };
  EXPECT_FALSE(with("StringEquals"));
  EXPECT_FALSE(with("ForAnyValue:StringLike"));
  EXPECT_TRUE(with("StringEqualsIfExists"));
  EXPECT_TRUE(with("stringequalsifexists"));
  EXPECT_TRUE(with("ForAnyValue:StringEqualsIfExists"));
  EXPECT_FALSE(with("StringEqualsIfExists", R"(, "StringEquals": {"aws:PrincipalAccount": "123456789012"})"));
  EXPECT_TRUE(violates(R"(, "Condition": {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}})", trusted));
  EXPECT_FALSE(violates(R"(, "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}})", trusted));
}

TEST(PolicyChecker, NotActionHasTheActionsThatAreLookedFor) {
  Trusted trusted;
  trusted.actions = {"sns:Publish"};
  EXPECT_TRUE(violates(R"(, "Action": "sns:Publish")", trusted));
  EXPECT_FALSE(violates(R"(, "Action": "sns:Subscribe")", trusted));
  EXPECT_TRUE(violates(R"(, "NotAction": "sns:Subscribe")", trusted));
}

class HasStatement : public testing::SnapshotEstate {
 protected:
  /// What it says of a record whose policy has the one statement.
  Truth judge(std::vector<std::string> ids, const std::string& statements, const std::string& statement) {
    auto policy = Lookup::compile("Policy", {.kind = &kind()});
    EXPECT_TRUE(policy.has_value());
    const HasStatementFilter made(*std::move(policy), std::move(ids), decoded(statements));
    Candidate candidate = from_json(R"({"SnapshotId": "snap-1", "Policy": {"Statement": [)" + statement + "]}}");
    Context given = context();
    return made.test(candidate, given).truth;
  }
};

TEST_F(HasStatement, IdsAndStatementsMustBothBeThere) {
  const std::string wanted = R"([{"Effect": "Deny"}])", statement = R"({"Sid": "One", "Effect": "Deny"})";
  EXPECT_EQ(judge({"One"}, wanted, statement), Truth::yes);
  EXPECT_EQ(judge({"One"}, "[]", statement), Truth::yes);
  EXPECT_EQ(judge({"One", "Two"}, wanted, statement), Truth::no);
  EXPECT_EQ(judge({"Two"}, wanted, statement), Truth::no);
  EXPECT_EQ(judge({"One"}, R"([{"Effect": "Allow"}])", statement), Truth::no);
}

TEST_F(HasStatement, ActionsAreReadWithoutRegardToCase) {
  const auto has = [&](const std::string& wanted, const std::string& statement) {
    return judge({}, "[" + wanted + "]", statement);
  };
  const std::string publish = R"({"Effect": "Deny", "Action": "SNS:Publish"})";
  EXPECT_EQ(has(publish, R"({"Effect": "Deny", "Action": "sns:publish"})"), Truth::yes);
  EXPECT_EQ(has(publish, R"({"Effect": "Deny", "Action": ["sns:publish"]})"), Truth::yes);
  EXPECT_EQ(has(publish, R"({"Effect": "Deny", "Action": ["sns:publish", "sns:Subscribe"]})"), Truth::no);
  EXPECT_EQ(has(publish, R"({"Effect": "Deny", "NotAction": "sns:publish"})"), Truth::no);
  EXPECT_EQ(has(publish, R"({"Effect": "deny", "Action": "sns:publish"})"), Truth::no) << "the rest has its case";
  const std::string partly = R"({"Effect": "Deny", "NotAction": ["SNS:Publish"], "PartialMatch": "NotAction"})";
  EXPECT_EQ(has(partly, R"({"Effect": "Deny", "NotAction": ["sns:Subscribe", "sns:publish"]})"), Truth::yes);
  EXPECT_EQ(has(partly, R"({"Effect": "Deny", "NotAction": ["sns:Subscribe"]})"), Truth::no);
}

}  // namespace
}  // namespace reeve::policy
