#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "plan/plan_json.h"
#include "views/table.h"

namespace reeve::cli {
namespace {

using views::Table;

/// What a verb reads in a region, and the IAM action that it takes.
struct Read {
  std::string_view service, operation, iam, params;
};
// Read-only, a page at most: listing whole estates is not a doctor's work.
constexpr Read reads[] = {
    {"ec2", "DescribeSnapshots", "ec2:DescribeSnapshots", "small"},
    {"ec2", "DescribeVolumes", "ec2:DescribeVolumes", "small"},
    {"ec2", "DescribeInstances", "ec2:DescribeInstances", "small"},
    {"ec2", "DescribeImages", "ec2:DescribeImages", "owned"},
    {"ec2", "DescribeLaunchTemplateVersions", "ec2:DescribeLaunchTemplateVersions", "templates"},
    {"ec2", "DescribeLockedSnapshots", "ec2:DescribeLockedSnapshots", "small"},
    {"ec2", "DescribeFastSnapshotRestores", "ec2:DescribeFastSnapshotRestores", ""},
    {"ec2", "DescribeSnapshotTierStatus", "ec2:DescribeSnapshotTierStatus", ""},
    {"ec2", "ListSnapshotsInRecycleBin", "ec2:ListSnapshotsInRecycleBin", ""},
    {"ec2", "ListImagesInRecycleBin", "ec2:ListImagesInRecycleBin", ""},
    {"ec2", "ListVolumesInRecycleBin", "ec2:ListVolumesInRecycleBin", ""},
    {"rbin", "ListRules", "rbin:ListRules", "rules"},
    {"autoscaling", "DescribeLaunchConfigurations", "autoscaling:DescribeLaunchConfigurations", ""},
};

Document params_of(std::string_view how) {
  Builder b;
  b.begin_map();
  if (how == "small") b.put("MaxResults", 5);
  if (how == "rules") b.put("ResourceType", "EBS_SNAPSHOT");
  if (how == "owned") {
    b.begin_list("Owners");
    b.add("self");
    b.end();
  }
  if (how == "templates") {
    b.begin_list("Versions");
    b.add("$Latest");
    b.end();
  }
  b.end();
  return b.finish();
}

struct Finding {
  std::string region, operation, state, advice;
};

struct Report {
  Connected connected;
  double clock_off_s = 0;
  std::vector<std::string> unlooked, disabled;
  std::vector<Finding> findings;
  std::vector<std::pair<std::string, std::string>> rules;  ///< region, text
  std::optional<std::string> regions_unknown;
  std::string configuration;  ///< its file; empty: there is none
  std::size_t protects = 0, expired = 0;
};

Task<void> examine(Engine& engine, aws::Scope scope, Report& report) {
  for (const Read& read : reads) {
    aws::Request request{.service = std::string(read.service),
                         .operation = std::string(read.operation),
                         .params = params_of(read.params),
                         .scope = scope,
                         .cancel = engine.stop()};
    const auto answer = co_await engine.api().call(std::move(request));
    Finding finding{
        .region = scope.region, .operation = fmt::format("{}.{}", read.service, read.operation), .state = "ok"};
    if (!answer && answer.error().code == Code::unsupported) {
      finding.state = "unsupported";
      finding.advice = "this endpoint does not know it: its list counts as empty, and undo as none";
    } else if (!answer && answer.error().code == Code::access_denied) {
      finding.state = "denied";
      finding.advice = fmt::format("allow {} to {}", read.iam, report.connected.identity.arn);
    } else if (!answer) {
      finding.state = "failed";
      finding.advice = answer.error().text();
    }
    if (answer && read.operation == "ListRules") {
      for (const Value rule : answer->document["Rules"].items()) {
        report.rules.emplace_back(scope.region,
                                  fmt::format("{} keeps deleted snapshots for {} {}", rule["Identifier"].as_text(),
                                              rule["RetentionPeriod"]["RetentionPeriodValue"].as_integer(),
                                              rule["RetentionPeriod"]["RetentionPeriodUnit"].as_text_or("DAYS")));
      }
    }
    report.findings.push_back(std::move(finding));
  }
}

Document document(const Report& report) {
  Builder b;
  b.begin_map();
  b.put("format", 1);
  b.begin_map("doctor");
  b.put("account", report.connected.identity.account);
  if (report.connected.alias) {
    b.put("alias", *report.connected.alias);
  } else {
    b.put_null("alias");
  }
  b.put("caller", report.connected.identity.arn);
  b.put("partition", report.connected.identity.partition);
  b.put("clock_off_s", report.clock_off_s);
  b.begin_list("regions");
  for (const auto& scope : report.connected.scopes) b.add(scope.region);
  b.end();
  b.begin_list("regions_not_looked_at");
  for (const auto& region : report.unlooked) b.add(region);
  b.end();
  b.begin_list("regions_disabled");
  for (const auto& region : report.disabled) b.add(region);
  b.end();
  b.begin_list("reads");
  for (const auto& finding : report.findings) {
    b.begin_map();
    b.put("region", finding.region);
    b.put("operation", finding.operation);
    b.put("state", finding.state);
    b.put("advice", finding.advice);
    b.end();
  }
  b.end();
  if (report.configuration.empty()) {
    b.put_null("configuration");
  } else {
    b.begin_map("configuration");
    b.put("file", report.configuration);
    b.put("protects", report.protects);
    b.put("expired", report.expired);
    b.end();
  }
  b.begin_list("bin_rules");
  for (const auto& [region, rule] : report.rules) {
    b.begin_map();
    b.put("region", region);
    b.put("rule", rule);
    b.end();
  }
  b.end();
  b.end();
  b.end();
  return b.finish();
}

void print_reads(const Common& common, const Report& report) {
  Table table({{"region"}, {"read"}, {"state"}, {"what to do", Table::Align::left, 140}});
  for (const auto& finding : report.findings) {
    table.add({finding.region, finding.operation, finding.state, finding.advice});
  }
  print_table(common, table);
}

void print_report(const Report& report) {
  print(fmt::format("Clock: {:+.0f} s from AWS's\n", report.clock_off_s));
  if (report.regions_unknown) {
    print("Regions: which are enabled could not be read: " + harmless_text(*report.regions_unknown) + "\n");
  } else {
    print(fmt::format("Regions not looked at: {}\n",
                      report.unlooked.empty() ? "none" : fmt::format("{}", fmt::join(report.unlooked, " "))));
  }
  if (report.configuration.empty()) {
    print("Configuration: none: only tags protect\n");
  } else {
    print(fmt::format("Configuration: {}: {} in force, {} expired\n", harmless_text(report.configuration),
                      report.protects == 1 ? "1 entry" : fmt::format("{} entries", report.protects), report.expired));
  }
  if (report.rules.empty()) {
    print("Recycle Bin: no readable rule for snapshots: a delete cannot be undone\n");
  }
  for (const auto& [region, rule] : report.rules) print("Recycle Bin: " + region + ": " + harmless_text(rule) + "\n");
}

}  // namespace

Task<Result<int>> doctor(Engine& engine) {
  Report report;
  CO_TRY(report.connected, co_await engine.connect());
  report.clock_off_s = static_cast<double>(engine.clock_off().count()) / 1e6;
  aws::Scope home = report.connected.scopes.front();
  const auto regions = co_await aws::list_regions(engine.api(), std::move(home), engine.stop());
  if (!regions) report.regions_unknown = regions.error().text();
  if (regions) {
    for (const auto& region : *regions) {
      const bool looked = std::ranges::any_of(report.connected.scopes,
                                              [&](const aws::Scope& scope) { return scope.region == region.name; });
      if (!looked) (region.enabled ? report.unlooked : report.disabled).push_back(region.name);
    }
  }
  report.configuration = engine.configuration().file;
  for (const auto& entry : engine.configuration().protect) {
    ++(entry.until && engine.now() >= *entry.until ? report.expired : report.protects);
  }
  for (const auto& scope : report.connected.scopes) {
    Task<void> one = examine(engine, scope, report);
    co_await std::move(one);
  }
  if (engine.common().json()) {
    print_json(document(report));
  } else {
    if (!engine.common().csv()) print_report(report);
    print_reads(engine.common(), report);
  }
  const bool all_read =
      std::ranges::none_of(report.findings, [](const Finding& finding) { return finding.state == "failed"; });
  co_return all_read ? Exit::ok : Exit::failed;
}

}  // namespace reeve::cli
