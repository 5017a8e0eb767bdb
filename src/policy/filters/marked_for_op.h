#pragma once
#include <memory>
#include <string>
#include <vector>

#include "policy/vocabulary.h"

namespace reeve::policy {

/// `marked-for-op`: a tag that mark-for-op wrote, "TEXT: OP@DATE", names this operation and its time has come. Dates
/// without a zone count in UTC; `skew` days and `skew_hours` make it come earlier.
class MarkedForOpFilter : public Filter {
 public:
  std::string_view type() const override { return "marked-for-op"; }
  Verdict test(Candidate& candidate, Context& context) const override;
  std::vector<std::string> columns() const override { return columns_; }
  void explain(Candidate& candidate, Context& context, std::size_t mark) const override;
  std::string why_not(const Candidate& candidate, Context& context) const override;
  static std::vector<Key> keys();
  /// nullptr after problems were reported.
  static std::unique_ptr<Filter> make(const Build& build);

 private:
  std::vector<std::string> columns_;  // that the tags come from
  std::string tag_ = "maid_status", op_ = "stop";
  double skew_hours_ = 0;
};

}  // namespace reeve::policy
