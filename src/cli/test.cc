#include <fmt/format.h>

#include <algorithm>

#include "aws/only_reads.h"
#include "base/encoding.h"
#include "base/real_seams.h"
#include "cases/run_case.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "plan/plan_json.h"

namespace reeve::cli {
namespace {

using cases::Case;
using cases::Outcome;

bool expects_something(const Case& one) { return one.ids || one.count || one.calls; }

void put_call(Builder& b, std::string_view service, std::string_view operation, Value params,
              std::string_view outcome) {
  b.begin_list();
  b.add(service);
  b.add(operation);
  b.add(params);
  b.add(outcome);
  b.end();
}

void put_expected(Builder& b, const Case& one, bool reads) {
  b.begin_map("expected");
  if (one.ids) {
    b.begin_list("ids");
    for (const auto& id : *one.ids) b.add(id);
    b.end();
  } else {
    b.put_null("ids");
  }
  if (one.count) {
    b.put("count", *one.count);
  } else {
    b.put_null("count");
  }
  if (one.calls) {
    b.begin_list("calls");
    for (const Value call : one.calls->root().items()) {
      if (reads || !aws::only_reads(call[0].as_text(), call[1].as_text(), call[2])) b.add(call);
    }
    b.end();
  } else {
    b.put_null("calls");
  }
  b.end();
}

void put_outcome(Builder& b, const Case& one, const Outcome& outcome, bool reads) {
  b.begin_map();
  b.put("name", outcome.name);
  b.put("passed", outcome.passed);
  put_expected(b, one, reads);
  b.begin_map("actual");
  b.begin_list("ids");
  for (const auto& id : outcome.ids) b.add(id);
  b.end();
  b.begin_list("calls");
  for (const auto& call : reads ? outcome.calls : outcome.changing) {
    put_call(b, call.service, call.operation, call.params, call.outcome);
  }
  b.end();
  b.end();
  std::map<std::string, std::uint64_t> counts;
  for (const auto& call : outcome.calls) {
    if (call.outcome != "missing") ++counts[call.service + "." + call.operation];
  }
  plan::put_calls(b, counts);
  b.put("reason", outcome.reason());
  b.end();
}

/// For people: a line a case, and below a failed one why.
void show(const Case& one, const Outcome& outcome) {
  const std::string_view mark = !outcome.passed ? "FAILED" : expects_something(one) ? "ok" : "ran";
  std::string out =
      fmt::format("{:<7}{}: {} selected, {} changing\n", mark, outcome.name, outcome.ids.size(),
                  outcome.changing.size() == 1 ? "1 call" : fmt::format("{} calls", outcome.changing.size()));
  for (const auto& reason : outcome.reasons) out += "       " + reason + "\n";
  if (outcome.passed && !expects_something(one)) {
    for (const auto& id : outcome.ids) out += "       " + id + "\n";
  }
  print(harmless_text(out, true));
}

}  // namespace

Result<int> test(const Common& common, const TestOptions& options) {
  RealDisk disk;
  TRY(auto given, variables(common));
  std::optional<Time> pinned;
  if (!common.now.empty()) {
    TRY(pinned, parse_iso8601(common.now));
  }
  RealClock clock(pinned);
  aws::Models models;
  if (!common.models.empty()) TRY(models.add_folder(disk, common.models));
  TRY(const auto kinds, estate::Kinds::embedded());
  TRY(const auto prices, estate::Prices::embedded());
  const policy::Vocabulary vocabulary;
  std::vector<Case> all;
  for (const auto& file : options.files) {
    TRY(auto some, cases::read_cases(disk, file, options.flight));
    std::ranges::move(some, std::back_inserter(all));
  }
  cases::Runner runner({.disk = disk,
                        .models = models,
                        .kinds = *kinds,
                        .vocabulary = vocabulary,
                        .prices = prices,
                        .now = clock.now(),
                        .given = std::move(given)});
  Builder b;
  b.begin_map();
  b.put("format", 1);
  b.begin_list("cases");
  views::Table table({{"name"}, {"passed"}, {"selected"}, {"changing_calls"}, {"reason"}});
  std::size_t passed = 0;
  for (const auto& one : all) {
    const Outcome outcome = runner.run(one);
    passed += outcome.passed ? 1 : 0;
    put_outcome(b, one, outcome, options.reads);
    table.add(
        {outcome.name, outcome.passed ? "yes" : "no", outcome.ids.size(), outcome.changing.size(), outcome.reason()});
    if (common.people() && !(common.quiet && outcome.passed)) show(one, outcome);
  }
  b.end();
  b.end();
  if (common.json()) print_json(b.finish());
  if (common.csv()) print(table.csv());
  if (common.people()) print(fmt::format("{} of {} passed\n", passed, all.size()));
  return passed == all.size() ? Exit::ok : Exit::failed;
}

}  // namespace reeve::cli
