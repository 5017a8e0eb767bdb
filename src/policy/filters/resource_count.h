#pragma once
#include <memory>

#include "policy/filters/operand.h"
#include "policy/vocabulary.h"

namespace reeve::policy {

/// `value_type: resource_count` of the value filter: compares how many records have come so far with a number; all of
/// them match, or none.
class ResourceCountFilter : public Filter {
 public:
  ResourceCountFilter(Op op, Document value) : op_(op), value_(std::move(value)) {}
  std::string_view type() const override { return "value"; }
  Stage stage() const override { return Stage::set; }
  Again again() const override { return Again::frozen; }
  Task<std::vector<Verdict>> judge(std::span<Candidate*> candidates, Context& context) const override;
  /// nullptr after problems were reported.
  static std::unique_ptr<Filter> make(const Build& build);

 private:
  Op op_;
  Document value_;
};

}  // namespace reeve::policy
