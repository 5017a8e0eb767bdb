#pragma once
#include <memory>
#include <string>
#include <vector>

#include "policy/filters/lookup.h"
#include "policy/vocabulary.h"

namespace reeve::policy {

/// `has-statement`: a record's own policy has all statements of `statement_ids` and all of `statements`: each of whose
/// elements one statement has, whole or, where PartialMatch names them, in part.
class HasStatementFilter : public Filter {
 public:
  HasStatementFilter(Lookup policy, std::vector<std::string> ids, Document statements)
      : policy_(std::move(policy)), ids_(std::move(ids)), statements_(std::move(statements)) {}
  std::string_view type() const override { return "has-statement"; }
  Verdict test(Candidate& candidate, Context& context) const override;
  std::vector<std::string> columns() const override { return policy_.columns(); }
  static std::vector<Key> keys();
  /// nullptr after problems were reported.
  static std::unique_ptr<Filter> make(const Build& build);

 private:
  Lookup policy_;
  std::vector<std::string> ids_;
  Document statements_;
};

}  // namespace reeve::policy
