#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "estate/testing/scripted_api.h"
#include "policy/filter.h"
#include "policy/vocabulary.h"

namespace reeve::policy::testing {

/// A scripted account with snapshots: its listings are empty until a test writes something down.
class SnapshotEstate : public ::testing::Test {
 protected:
  SnapshotEstate() : kinds_(estate::Kinds::embedded().value()), prices_(estate::Prices::embedded().value()) {
    for (const auto* list :
         {"DescribeVolumes", "DescribeSnapshots", "DescribeInstances", "DescribeImages", "ListVolumesInRecycleBin",
          "ListImagesInRecycleBin", "DescribeLaunchTemplates", "DescribeSnapshotAttribute", "DescribeLockedSnapshots",
          "DescribeFastSnapshotRestores", "DescribeSnapshotTierStatus"}) {
      api_.on(std::string("ec2.") + list, "{}");
    }
    api_.on("autoscaling.DescribeLaunchConfigurations", "{}");
    api_.on("rbin.ListRules", R"({"Rules": [{"Identifier": "rule-1"}]})");
    api_.on("rbin.GetRule", rule("rule-1", 7));
    fresh_reader();
  }

  /// GetRule's answer for a region-level rule, with more members as JSON (", …").
  static std::string rule(const std::string& id, int days, const std::string& more = "") {
    return R"({"Identifier": ")" + id + R"(", "Status": "available", "RetentionPeriod": {"RetentionPeriodValue": )" +
           std::to_string(days) + R"(, "RetentionPeriodUnit": "DAYS"})" + more + "}";
  }

  /// Forgets what was listed, as for judging again.
  void fresh_reader() {
    const aws::Scope scope{.account = "123456789012", .region = region_};
    reader_ = std::make_unique<estate::Reader>(api_, models_, *kinds_, loop_, scope, estate::Reader::Options{});
  }
  Context context() {
    return {.reader = *reader_,
            .prices = prices_,
            .now = now_,
            .account = "123456789012",
            .region = region_,
            .partition = "aws",
            .run = "run-1",
            .scratch = scratch_,
            .configuration = &configuration_};
  }
  const estate::Kind& kind(std::string_view name = "ebs-snapshot") const { return *kinds_->find(name); }

  /// A completed own snapshot, with more members as JSON (", …"): a later member of the same name does not count.
  Candidate snapshot(const std::string& id, const std::string& more = "") const {
    return from_json(R"({"SnapshotId": ")" + id +
                     R"(", "OwnerId": "123456789012", "State": "completed", "StartTime": "2026-01-01T00:00:00Z")" +
                     more + "}");
  }
  Candidate from_json(const std::string& json, std::string_view kind_name = "ebs-snapshot") const {
    const aws::Scope scope{.account = "123456789012", .region = region_};
    return {.view = estate::RecordView({&kind(kind_name), scope, estate::testing::decoded(json)})};
  }

  template <class Make>
  auto with_build(const std::string& json, const estate::Kind& for_kind, Make make) {
    problems_.clear();
    const Document data = estate::testing::decoded(json);
    const auto report = [this](Value, std::string message) { problems_.push_back(std::move(message)); };
    const Build build{
        .kind = for_kind, .data = data, .vocabulary = vocabulary_, .problem = report, .warning = report, .now = now_};
    return make(build);
  }

  /// A filter from its JSON (which is YAML); problems_ holds what was wrong.
  std::unique_ptr<Filter> filter(const std::string& json) {
    return with_build(json, kind(), [&](const Build& build) { return vocabulary_.make_filter(build); });
  }
  std::unique_ptr<Action> action(const std::string& json, std::string_view kind_name = "ebs-snapshot") {
    return with_build(json, kind(kind_name), [&](const Build& build) { return vocabulary_.make_action(build); });
  }
  static std::vector<Candidate*> pointers(std::vector<Candidate>& candidates) {
    std::vector<Candidate*> out;
    for (auto& candidate : candidates) out.push_back(&candidate);
    return out;
  }

  std::string region_ = "us-east-1";
  Time now_ = parse_iso8601("2026-06-01T00:00:00Z").value();
  estate::testing::StillClock clock_{now_};
  Loop loop_{clock_};
  aws::Models models_;
  estate::testing::ScriptedApi api_;
  std::shared_ptr<const estate::Kinds> kinds_;
  estate::Prices prices_;
  text::Scratch scratch_;
  Vocabulary vocabulary_;
  Configuration configuration_;
  std::vector<std::string> problems_;
  std::unique_ptr<estate::Reader> reader_;
};

}  // namespace reeve::policy::testing
