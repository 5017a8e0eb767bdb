#pragma once
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/engine.h"
#include "policy/filter.h"

namespace reeve::cli {

/// One --where of `list`: PATH=VALUE or PATH!=VALUE, the value read as YAML reads it; tag:NAME is a tag's text.
class Where {
 public:
  /// Errors: usage.
  static Result<Where> parse(Engine& engine, const estate::Kind& kind, const std::string& text);
  /// Columns that must be fetched before matches().
  std::vector<std::string> columns() const { return filter_->columns(); }
  bool matches(policy::Candidate& candidate, policy::Context& context);
  /// After all records: what to say where none of them had the path: probably a slip of the pen.
  std::optional<std::string> nobody_has_it() const;

 private:
  void look(const estate::Record& record);
  std::string path_;
  std::unique_ptr<policy::Filter> filter_;
  bool seen_ = false;             ///< a record has the path
  std::set<std::string> beside_;  ///< what records have where the path ends
};

}  // namespace reeve::cli
