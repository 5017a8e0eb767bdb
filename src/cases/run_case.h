#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "aws/flight.h"
#include "cases/case.h"
#include "estate/prices.h"
#include "policy/policy.h"

namespace reeve::cases {

/// What cases run with.
struct Bench {
  Disk& disk;
  aws::Models& models;
  const estate::Kinds& kinds;
  const policy::Vocabulary& vocabulary;
  const estate::Prices& prices;
  Time now;                                  ///< of cases that have none
  std::map<std::string, std::string> given;  ///< --var
};

/// What a case came to.
struct Outcome {
  std::string name;
  bool passed = false;
  std::vector<std::string> reasons;         ///< why not; each begins with what it is about: "policy: …", "ids: …"
  std::vector<std::string> ids;             ///< selected, in listing order, before guards and limits
  std::vector<aws::Flight::Call> calls;     ///< all that were made, in order
  std::vector<aws::Flight::Call> changing;  ///< those that its actions made
  std::string reason() const;
};

/// Runs cases one after another. Several runs of one test share their recording: each goes on where the last one ended,
/// as does one whose earlier runs are not in the list, by one answer of each operation a run.
class Runner {
 public:
  explicit Runner(const Bench& bench) : bench_(bench) {}
  Outcome run(const Case& one);

 private:
  Task<void> judge_and_act(const Case& one, const policy::Policy& policy, aws::Flight& flight, Loop& loop,
                           Outcome& out);
  std::unique_ptr<policy::Policy> build(const Case& one, Time now, Outcome& out) const;
  Bench bench_;
  struct Progress {
    std::int64_t next_run = 0;
    aws::Flight::Used used;
  };
  std::map<std::pair<std::string, std::string>, Progress> progress_;  // by test and flight
};

}  // namespace reeve::cases
