#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/flight.h"
#include "base/document.h"
#include "base/result.h"
#include "base/seams.h"

namespace reeve::cases {

/// One policy with recorded answers, and what is expected of it (docs/formats/test-case.md).
struct Case {
  std::string test;  ///< what several runs of one test share
  std::int64_t run = 0;
  Document policy;                  ///< a map, as it stands in a policy file
  Document vars;                    ///< `vars:` of its file, or null
  std::string name;                 ///< test#run
  Document event;                   ///< what a policy of an event mode is handed; null: none
  std::string flight;               ///< folder of the recording; empty: `answers`
  aws::Flight::Files answers = {};  ///< that stand in the case itself
  std::optional<Time> now;          ///< the clock; nullopt: the caller's
  std::string account, region;

  std::optional<std::vector<std::string>> ids;  ///< expected to be selected
  std::optional<std::size_t> count;             ///< how many
  std::optional<Document> calls;                ///< a list of [service, operation, parameters, outcome]
};

/// The account of public recordings, where a case names none.
inline constexpr std::string_view recorded_account = "644160558196";

/// Where the files around a case file are found.
struct CaseFolders {
  std::string beside;  ///< folder of the case file: policies are named from there
  std::string flight;  ///< --flight; empty: "flight" in `beside`
};

/// Reads a list of cases, JSON or YAML. Errors: invalid_input with the file and the case, io, not_found (policy files).
Result<std::vector<Case>> read_cases(Disk& disk, const std::string& path, const std::string& flight);

}  // namespace reeve::cases
