#pragma once
#include <memory>
#include <string>
#include <vector>

#include "policy/vocabulary.h"

namespace reeve::policy {

/// `and`, `or`, `not` over filters, by Kleene's logic: an unknown child decides nothing that the others don't. The
/// children of `not` are chained: it matches what does not match all of them. Evidence of children stays only on
/// records that match the block; `not` leaves none.
class Block : public Filter {
 public:
  enum class Connective : std::uint8_t { all, any, none };
  Block(Connective connective, std::vector<std::unique_ptr<Filter>> children);

  std::string_view type() const override;
  Stage stage() const override { return stage_; }
  /// A block that holds a frozen filter is decided in the plan as a whole.
  Again again() const override { return again_; }
  std::vector<std::string> columns() const override;
  Verdict test(Candidate& candidate, Context& context) const override;
  Task<std::vector<Verdict>> judge(std::span<Candidate*> candidates, Context& context) const override;
  void explain(Candidate& candidate, Context& context, std::size_t mark) const override;

  /// nullptr after problems were reported.
  static std::unique_ptr<Filter> make(const Build& build, Connective connective);

 private:
  void nest_findings(Candidate& candidate, std::size_t first) const;
  Connective connective_;
  std::vector<std::unique_ptr<Filter>> children_;
  Stage stage_ = Stage::record;
  Again again_ = Again::record;
};

}  // namespace reeve::policy
