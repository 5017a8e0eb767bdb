#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/filter.h"

namespace reeve::policy {

/// What a guard says of one record.
struct GuardAnswer {
  enum class Kind : std::uint8_t {
    pass,
    keep,  ///< the record has no row; `code` and `message` say why ("in-use-by-image", "shared", "unknown")
    note,  ///< the row stays, the message joins its risk; `undo_none`: its undo counts as none
  };
  Kind kind = Kind::pass;
  std::string code = {};
  std::string message = {};
  bool undo_none = false;
};

/// A filter that an action brings along (design, idea 9). What it found that plan_row needs (a bin rule, an archive date)
/// it leaves as a column or evidence in the view. Runs after the user's filters, and again just before acting.
class Guard {
 public:
  virtual ~Guard() = default;
  virtual std::string_view name() const = 0;
  /// One answer a record, in their order. Never fails: what can't be read is keep or note by the guard's nature.
  virtual Task<std::vector<GuardAnswer>> check(std::span<Candidate*> candidates, Context& context) const = 0;
};

/// A guard by name; nullptr if there is none. "protected" is the first of every action.
const Guard* find_guard(std::string_view name);

}  // namespace reeve::policy
