// The recorded policy cases (c7n/cases.json): each policy on its recorded answers selects the same resources and makes
// the same changing calls. Those that do not yet are listed with the reason in policies_skips.tsv; the list can only
// shrink, since an entry whose case passes is a failure (`scripts/policy-cases --shrink` takes it off).
#include <gtest/gtest.h>

#include <iostream>

#include "base/real_seams.h"
#include "cases/run_case.h"
#include "suite_files.h"

namespace reeve::cases {
namespace {

TEST(Policies, RecordedCasesComeOutAsRecorded) {
  const char* shared = std::getenv("REEVE_SHARED");
  const std::string folder = std::string(shared != nullptr ? shared : "../shared") + "/conformance/c7n";
  RealDisk disk;
  const auto all = read_cases(disk, folder + "/cases.json", folder + "/flight");
  if (!all && all.error().code == Code::not_found) {
    std::cout << "no suite at " << folder << ": set REEVE_SHARED\n";
    GTEST_SKIP();
  }
  ASSERT_TRUE(all) << all.error().text();
  RealClock clock;
  aws::Models models;
  const auto kinds = estate::Kinds::embedded().value();
  const auto prices = estate::Prices::embedded().value();
  const policy::Vocabulary vocabulary;
  Runner runner({.disk = disk,
                 .models = models,
                 .kinds = *kinds,
                 .vocabulary = vocabulary,
                 .prices = prices,
                 .now = clock.now(),
                 .given = {}});
  Ledger ledger("policies", suite_skips("policies_skips.tsv"));
  for (const auto& one : *all) {
    const Outcome outcome = runner.run(one);
    ledger.note(outcome.name, outcome.passed, outcome.reason());
  }
}

}  // namespace
}  // namespace reeve::cases
