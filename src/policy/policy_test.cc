#include "policy/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/real_seams.h"
#include "policy/testing/snapshot_estate.h"

namespace reeve::policy {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Policies : public testing::SnapshotEstate {
 protected:
  PolicyFile read(std::string_view text, std::map<std::string, std::string> vars = {}) {
    const Variables variables{
        .given = std::move(vars), .account_id = "123456789012", .region = "us-east-1", .now = now_};
    return read_policies(text, "p.yaml", variables, vocabulary_, *kinds_);
  }
  /// Each problem as people see it.
  static std::vector<std::string> said(const PolicyFile& file) {
    std::vector<std::string> out;
    for (const Problem& p : file.problems) {
      out.push_back(p.file + ":" + std::to_string(p.line) + ":" + std::to_string(p.column) + ": " + p.message);
    }
    return out;
  }
  std::vector<std::string> problems(std::string_view text, std::map<std::string, std::string> vars = {}) {
    return said(read(text, std::move(vars)));
  }
  /// Problems of one policy of snapshots with these lines more, in line 4 and on.
  std::vector<std::string> problems_with(const std::string& lines) {
    return problems("policies:\n- name: p\n  resource: ebs-snapshot\n" + lines);
  }
};

TEST_F(Policies, OneIsReadWhole) {
  const PolicyFile file = read(R"(
policies:
  - name: old_snapshots-1
    resource: aws.ebs-snapshot
    description: text
    tags: [a]
    query: [{OwnerIds: [self]}, {"tag:Team": x}, {encrypted: true}]
    filters:
      - State: completed
      - {type: age, days: 30, op: ge}
      - or: [{VolumeSize: 8}, not: [{"tag:Keep": present}]]
    actions: [delete]
    max-resources: {amount: 5, percent: 10, op: and}
    metadata: {owner: me, reeve: {irreversible: allow}}
    mode: {type: periodic, schedule: rate(1 day)}
)");
  EXPECT_THAT(said(file), IsEmpty());
  ASSERT_EQ(file.policies.size(), 1u);
  const Policy& policy = *file.policies[0];
  EXPECT_EQ(policy.name, "old_snapshots-1");
  EXPECT_EQ(policy.kind->name, "ebs-snapshot");
  EXPECT_EQ(policy.filters.size(), 3u);
  EXPECT_EQ(policy.actions.size(), 1u);
  EXPECT_EQ(policy.mode, "periodic");
  EXPECT_TRUE(policy.irreversible_allowed);
  EXPECT_TRUE(policy.max_resources.both);
  EXPECT_EQ(policy.max_resources.amount, 5);
  EXPECT_EQ(policy.max_resources.percent, 10);
  EXPECT_EQ(canonical_json(policy.query),
            R"({"Filters":[{"Name":"tag:Team","Values":["x"]},{"Name":"encrypted","Values":["true"]}],)"
            R"("OwnerIds":["self"]})");
}

// Judged without its event, such a policy would act on everything that its other filters leave.
TEST_F(Policies, WhatWaitsForAnEventSaysSo) {
  const auto needs_event = [this](const std::string& more) {
    const auto file = read("policies: [{name: p, resource: ebs-snapshot, " + more + "}]");
    EXPECT_THAT(said(file), IsEmpty()) << more;
    return !file.policies.empty() && file.policies[0]->needs_event;
  };
  const std::string event = "{type: event, key: detail.userIdentity.userName, value: intern}";
  EXPECT_FALSE(needs_event("filters: [{State: completed}]"));
  EXPECT_FALSE(needs_event("mode: {type: schedule, schedule: rate(1 day)}"));
  EXPECT_TRUE(needs_event("mode: {type: cloudtrail, events: [CreateSnapshot]}"));
  EXPECT_TRUE(needs_event("filters: [" + event + "]"));
  EXPECT_TRUE(needs_event("filters: [{not: [{or: [{State: completed}, " + event + "]}]}]"));
  EXPECT_TRUE(needs_event("conditions: [" + event + "]"));
}

TEST_F(Policies, AllProblemsAreNamedAtOnceWithTheirPlaces) {
  EXPECT_THAT(
      problems(R"(policies:
- name: p
  resource: ebs-snapshot
  filtres: []
  filters:
  - {type: agee, days: 3}
  - {type: age, dyas: 3}
  - {type: value, key: State, value: x, op: equals}
  actions:
  - type: delet
variables: {}
)"),
      ElementsAre(AllOf(HasSubstr("p.yaml:4:3: "), HasSubstr("\"filtres\""), HasSubstr("did you mean \"filters\"?")),
                  AllOf(HasSubstr("p.yaml:6:12: "), HasSubstr("\"agee\""), HasSubstr("did you mean \"age\"?")),
                  AllOf(HasSubstr("p.yaml:7:17: "), HasSubstr("did you mean \"days\"?")),
                  AllOf(HasSubstr("p.yaml:8:45: "), HasSubstr("did you mean \"equal\"?")),
                  AllOf(HasSubstr("p.yaml:10:11: "), HasSubstr("did you mean \"delete\"?")),
                  AllOf(HasSubstr("p.yaml:11:1: "), HasSubstr("\"variables\""))));
}

TEST_F(Policies, FilesThatAreNoPolicyFiles) {
  EXPECT_THAT(problems(""), ElementsAre(HasSubstr("must be a map with \"policies\"")));
  EXPECT_THAT(problems("- name: p\n"), ElementsAre(HasSubstr("p.yaml:1:1: ")));
  EXPECT_THAT(problems("vars: {}\n"), ElementsAre(HasSubstr("needs the key \"policies\"")));
  EXPECT_THAT(problems("policies: {}\n"), ElementsAre(HasSubstr("p.yaml:1:11: \"policies\" must be a list")));
  EXPECT_THAT(problems("policies: [1]\n"), ElementsAre(HasSubstr("p.yaml:1:12: a policy must be a map")));
  EXPECT_THAT(problems("policies:\n- a: [\n"), ElementsAre(HasSubstr("p.yaml:")));
}

TEST_F(Policies, KeysAndNamesStandOnce) {
  EXPECT_THAT(problems("policies:\n- name: p\n  resource: ebs\n  name: q\n"),
              ElementsAre(AllOf(HasSubstr("p.yaml:4:3: "), HasSubstr("second time: first in line 2"))));
  EXPECT_THAT(problems("policies:\n- {name: p, resource: ebs}\n- {name: p, resource: ec2}\n"),
              ElementsAre(AllOf(HasSubstr("p.yaml:3:10: "), HasSubstr("the first is in line 2"))));
  for (const char* wrong : {"1a", "a--b", "a-", "-a", "a b", "''"}) {
    EXPECT_THAT(problems("policies: [{name: " + std::string(wrong) + ", resource: ebs}]"),
                ElementsAre(HasSubstr("must begin with a letter")))
        << wrong;
  }
}

TEST_F(Policies, AnUnknownKindStopsItsPolicyAlone) {
  const PolicyFile file =
      read("policies:\n- {name: a, resource: ebs-snapshott, filters: [x]}\n- {name: b, resource: ebs}\n");
  EXPECT_THAT(said(file), ElementsAre(AllOf(HasSubstr("p.yaml:2:23: "), HasSubstr("did you mean \"ebs-snapshot\"?"))));
  EXPECT_TRUE(file.ok());
  EXPECT_TRUE(file.problems[0].alone);
  EXPECT_EQ(file.problems[0].policy, "a");
  ASSERT_EQ(file.policies.size(), 1u);
  EXPECT_EQ(file.policies[0]->name, "b");
}

TEST_F(Policies, ValuesOfPolicyKeysAreChecked) {
  EXPECT_THAT(problems_with("  mode: {type: cloud-trail}\n"), ElementsAre(HasSubstr("did you mean \"cloudtrail\"?")));
  EXPECT_THAT(problems_with("  max-resources: 0\n"), ElementsAre(HasSubstr("1 or more")));
  EXPECT_THAT(problems_with("  max-resources-percent: 101\n"), ElementsAre(HasSubstr("0 to 100")));
  EXPECT_THAT(problems_with("  metadata: {reeve: {irreversible: yes}}\n"), ElementsAre(HasSubstr("p.yaml:4:36: ")));
  EXPECT_THAT(problems_with("  metadata: {reeve: {ireversible: allow}}\n"),
              ElementsAre(HasSubstr("did you mean \"irreversible\"?")));
  EXPECT_THAT(problems_with("  source: config\n"), ElementsAre(HasSubstr("not supported yet")));
  EXPECT_THAT(problems_with("  query: [{OwnerId: self}]\n"), ElementsAre(HasSubstr("did you mean \"OwnerIds\"?")));
  EXPECT_THAT(problems_with("  conditions: [{type: age, days: 1}]\n"), ElementsAre(HasSubstr("a condition must be")));
}

TEST_F(Policies, VariablesExpandBeforeAnythingIsChecked) {
  const char* text = R"(vars: {days: 30, action: delete}
policies:
- name: p
  resource: ebs-snapshot
  description: "in {account_id} {region} {now:%Y-%m-%d} {op}"
  filters: [{type: age, days: "{days}"}]
  actions: ["{action}"]
)";
  PolicyFile file = read(text);
  EXPECT_THAT(said(file), IsEmpty());
  EXPECT_EQ(file.policies[0]->data["filters"][0]["days"].as_integer(), 30);
  EXPECT_EQ(file.policies[0]->data["description"].as_text(), "in {account_id} {region} {now:%Y-%m-%d} {op}")
      << "a text with a missing name stays whole";
  file = read(text, {{"days", "7"}, {"action", "archive"}});
  EXPECT_THAT(said(file), IsEmpty());
  EXPECT_EQ(file.policies[0]->data["filters"][0]["days"].as_integer(), 7);
  EXPECT_EQ(file.policies[0]->actions[0]->type(), "archive");
  EXPECT_THAT(problems(text, {{"action", "dellete"}}),
              ElementsAre(AllOf(HasSubstr("p.yaml:7:13: "), HasSubstr("did you mean \"delete\"?"))));
  EXPECT_THAT(problems(text, {{"dys", "7"}}),
              ElementsAre(AllOf(HasSubstr("--var"), HasSubstr("\"dys\""), HasSubstr("did you mean \"days\"?"))));
  EXPECT_THAT(problems(text, {{"region", "x"}}), ElementsAre(HasSubstr("a name that Reeve sets itself")));
  EXPECT_THAT(problems_with("  description: \"a { b\"\n"),
              ElementsAre(AllOf(HasSubstr("p.yaml:4:16: "), HasSubstr("cannot be expanded"))));
}

TEST_F(Policies, AGivenVariableIsTextWhereItsDefaultIs) {
  const char* text =
      "vars: {t: '1', n: 1}\npolicies: [{name: p, resource: ebs, filters: [{A: '{t}'}, {B: '{n}'}, {C: '{u}'}]}]\n";
  const PolicyFile file = read(text, {{"t", "5"}, {"n", "5"}, {"u", "true"}});
  ASSERT_THAT(said(file), IsEmpty());
  const Value filters = file.policies[0]->data["filters"];
  EXPECT_EQ(filters[0]["A"].kind(), Kind::text);
  EXPECT_EQ(filters[1]["B"].kind(), Kind::integer);
  EXPECT_EQ(filters[2]["C"].kind(), Kind::boolean);
}

TEST_F(Policies, APolicyComesBackFromItsData) {
  const PolicyFile file = read(R"(policies:
- name: p
  resource: ebs-snapshot
  filters: [{type: value, key: StartTime, value_type: age, op: ge, value: 2026-01-05 10:00:00}]
  actions: [delete]
)");
  ASSERT_THAT(said(file), IsEmpty());
  const Policy& policy = *file.policies[0];
  const auto again = policy_from_data(parse_json(to_json(policy.data)).value(), vocabulary_, *kinds_, now_);
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ((*again)->hash, policy.hash);
  EXPECT_EQ((*again)->name, "p");
  EXPECT_EQ((*again)->filters.size(), 1u);
  EXPECT_EQ(policy.hash.size(), 64u);
  const auto wrong =
      policy_from_data(parse_json(R"({"name": "p", "resource": "nothing"})").value(), vocabulary_, *kinds_, now_);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Code::invalid_input);
}

TEST_F(Policies, ConditionsHoldOrSayWhy) {
  const PolicyFile file = read(R"(policies:
- {name: a, resource: ebs, conditions: [{region: us-east-1}, {type: value, key: account_id, op: in, value: ["123456789012"]}]}
- {name: b, resource: ebs, region: eu-west-1}
- {name: c, resource: ebs, end: 2026-01-01}
- {name: d, resource: ebs, start: "2026-01-01", end: "2027-01-01"}
)");
  EXPECT_TRUE(file.ok());
  ASSERT_EQ(file.policies.size(), 4u);
  Context here = context();
  EXPECT_EQ(conditions_hold(*file.policies[0], here).truth, Truth::yes);
  const Verdict elsewhere = conditions_hold(*file.policies[1], here);
  EXPECT_EQ(elsewhere.truth, Truth::no);
  EXPECT_EQ(elsewhere.reason, "region is \"us-east-1\"");
  EXPECT_EQ(conditions_hold(*file.policies[2], here).truth, Truth::no);
  EXPECT_EQ(conditions_hold(*file.policies[3], here).truth, Truth::yes);
  EXPECT_THAT(file.policies[1]->warnings, ElementsAre(HasSubstr("deprecated")));
}

TEST_F(Policies, TheShippedPolicyIsFine) {
  RealDisk disk;
  const auto text = disk.read_file("policies/stale-snapshots.yaml", 1 << 20);
  ASSERT_TRUE(text) << text.error().text();
  for (const char* action : {"delete", "archive"}) {
    const PolicyFile file = read(*text, {{"action", action}, {"reasons", "no-volume,last-copy"}, {"days", "90"}});
    ASSERT_THAT(said(file), IsEmpty());
    EXPECT_EQ(file.policies[0]->actions[0]->type(), action);
  }
  const PolicyFile file = read(*text);
  ASSERT_THAT(said(file), IsEmpty());
  EXPECT_EQ(file.policies[0]->filters.size(), 2u);
  EXPECT_EQ(file.policies[0]->data["filters"][0]["days"].as_integer(), 30);
}

}  // namespace
}  // namespace reeve::policy
