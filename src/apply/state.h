#pragma once
#include <string>

namespace reeve::apply {

/// Where things lie in the state folder (`--state`; default the XDG state folder).
struct StateFolder {
  std::string path;
  std::string plans() const { return path + "/plans"; }
  std::string plan(const std::string& id) const { return plans() + "/" + id + ".jsonl"; }
  std::string locks() const { return path + "/locks"; }
  std::string journal() const { return path + "/journal.sqlite"; }
  /// Of `--sandbox`: it goes with the sandbox, and what was done there protects nothing elsewhere.
  std::string sandbox_journal() const { return path + "/sandbox-journal.sqlite"; }
  std::string trust() const { return path + "/trust.json"; }
};

}  // namespace reeve::apply
