#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/filters/lookup.h"
#include "policy/filters/operand.h"
#include "policy/vocabulary.h"

namespace reeve::policy {

/// Evidence of list-item: paths of the items that matched, such as "IpPermissions[2]".
inline constexpr std::string_view list_item_evidence = "c7n:ListItemMatches";

/// `list-item`: looks `key` up, a list, and asks the filters of `attrs` of each item. Matches where one item passes all
/// of them, or where `count` and `count_op` hold for the number of items that do. A key that is no list is unknown.
class ListItemFilter : public Filter {
 public:
  std::string_view type() const override { return "list-item"; }
  Verdict test(Candidate& candidate, Context& context) const override;
  std::vector<std::string> columns() const override { return key_->columns(); }
  void explain(Candidate& candidate, Context& context, std::size_t mark) const override;
  static std::vector<Key> keys();
  /// nullptr after problems were reported.
  static std::unique_ptr<Filter> make(const Build& build);

 private:
  std::optional<Lookup> key_;
  std::vector<std::unique_ptr<Filter>> attributes_;
  std::optional<std::int64_t> count_;
  Op count_op_ = Op::equal;
};

}  // namespace reeve::policy
