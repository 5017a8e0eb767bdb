#pragma once
#include <memory>

#include "policy/filters/operand.h"
#include "policy/vocabulary.h"

namespace reeve::policy {

/// `tag-count`: compares the number of a record's tags with `count` (10 by default; op: gte); tags of AWS ("aws:…") do
/// not count.
class TagCountFilter : public Filter {
 public:
  std::string_view type() const override { return "tag-count"; }
  Verdict test(Candidate& candidate, Context& context) const override;
  std::vector<std::string> columns() const override { return columns_; }
  void explain(Candidate& candidate, Context& context, std::size_t mark) const override;
  static std::vector<Key> keys();
  static std::unique_ptr<Filter> make(const Build& build);

 private:
  std::vector<std::string> columns_;  // that the tags come from
  std::int64_t count_ = 10;
  Op op_ = Op::at_least;
};

}  // namespace reeve::policy
