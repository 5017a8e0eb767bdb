// Fail-closed, for every kind: what a filter needs is denied, and the record is neither matched nor free to act on.
#include <gmock/gmock.h>

#include <set>

#include "policy/guard.h"
#include "policy/judge.h"
#include "policy/run_filter.h"
#include "policy/testing/snapshot_estate.h"

namespace reeve::policy {
namespace {

class DeniedColumns : public testing::SnapshotEstate {
 protected:
  Verdict judge(const std::string& json, Candidate& candidate, const estate::Kind& kind) {
    const auto made = with_build(json, kind, [&](const Build& build) { return vocabulary_.make_filter(build); });
    EXPECT_TRUE(made) << json << (problems_.empty() ? "" : problems_.front());
    if (!made) return {};
    Context facts = context();
    std::vector<Candidate*> one{&candidate};
    const std::span<Candidate*> these(one);
    return loop_.run(run_filter(*made, these, facts)).at(0);
  }
  /// With all that the calls need of a record of any kind.
  Candidate record(const estate::Kind& kind) const {
    std::set<std::string> members{"AlarmArn",      "FunctionArn",     "Arn", "arn", "KeyArn", "DefaultVersionId", "ARN",
                                  "repositoryArn", "DBSubnetGroupArn"};
    members.insert(kind.id);
    Builder b;
    b.begin_map();
    for (const auto& member : members) b.put(member, "arn:x");
    b.end();
    return {.view = estate::RecordView({&kind, {.account = "123456789012", .region = region_}, b.finish()})};
  }
};

TEST_F(DeniedColumns, UntaggedIsUnknownWhereTagsCannotBeRead) {
  int kinds = 0;
  for (const auto& kind : kinds_->all()) {
    const estate::Column* tags = kind->tags_column();
    if (tags == nullptr) continue;
    ++kinds;
    api_.fails(tags->service + "." + tags->operation, Code::access_denied, "not for you");
    for (const auto* filter : {R"({"tag:Owner": "absent"})", R"({"Tags": "empty"})", R"({"type": "tag-count"})",
                               R"({"type": "value", "key": "tag:Owner", "op": "ne", "value": "x"})",
                               R"({"not": [{"tag:Owner": "present"}]})"}) {
      Candidate candidate = record(*kind);
      EXPECT_EQ(judge(filter, candidate, *kind).truth, Truth::unknown) << kind->name << " " << filter;
    }
  }
  EXPECT_GT(kinds, 15);
}

TEST_F(DeniedColumns, WhatAKeyRestsOnIsUnknown) {
  for (const auto& kind : kinds_->all()) {
    for (const estate::Column& column : kind->columns) {
      api_.fails(column.service + "." + column.operation, Code::timed_out, "too slow");
      Candidate candidate = record(*kind);
      const std::string key = !column.spread           ? column.name
                              : column.members.empty() ? "Anything"
                                                       : column.members.front();
      EXPECT_EQ(judge("{\"" + key + "\": \"absent\"}", candidate, *kind).truth, Truth::unknown)
          << kind->name << " " << key;
    }
  }
}

// A policy that asks for no tag must see protection all the same.
TEST_F(DeniedColumns, ProtectionIsReadWhateverThePolicyAsks) {
  const auto guarded = [this](const char* kind_name) {
    const auto made = action(R"({"type": "tag", "tags": {"k": "v"}})", kind_name);
    Candidate candidate = record(kind(kind_name));
    std::vector<Candidate*> one{&candidate};
    Context facts = context();
    const std::span<Candidate*> these(one);
    return loop_.run(run_guards(*made, these, facts)).at(0);
  };
  api_.on("resourcegroupstaggingapi.GetResources",
          R"({"ResourceTagMappingList": [{"ResourceARN": "arn:x", "Tags": [{"Key": "reeve:protect", "Value": ""}]}]})");
  EXPECT_EQ(guarded("lambda").code, "protected");
  api_.fails("resourcegroupstaggingapi.GetResources", Code::access_denied, "not for you");
  EXPECT_EQ(guarded("lambda").code, "unknown");
  api_.on("resourcegroupstaggingapi.GetResources", R"({"ResourceTagMappingList": []})");
  EXPECT_FALSE(guarded("lambda").kept);
}

}  // namespace
}  // namespace reeve::policy
