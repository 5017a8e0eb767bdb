#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/document.h"
#include "policy/filter.h"

namespace reeve::policy {

/// One thing that is done for a row: an AWS call, a wait, or a message.
struct Step {
  enum class Type : std::uint8_t { call, wait, send };
  Type type = Type::call;
  std::string service, operation;
  Document params;  ///< may refer to an earlier step: {"$step": 1, "path": "SnapshotId"}
};
bool operator==(const Step& a, const Step& b);

/// What can be taken back (design, section 1), and until when.
enum class UndoClass : std::uint8_t { exact, approximate, none };
std::string_view name(UndoClass undo);
struct Undo {
  UndoClass undo_class = UndoClass::none;
  std::string service, operation;  ///< the means; empty = none
  std::optional<Time> until;       ///< a deadline, where there is one
};

/// USD a month. nullopt = no figure.
struct Saving {
  std::optional<double> likely, at_most;
  std::string from;        ///< how it was reckoned, for people; also from when it starts ("after 7 days in the bin")
  std::string price_date;  ///< the price's as_of
};

enum class RiskLevel : std::uint8_t { low, medium, high };
std::string_view name(RiskLevel level);

/// What an action would do to one record.
struct RowDraft {
  std::vector<Step> steps;
  Undo undo;
  Saving saves;
  RiskLevel risk = RiskLevel::low;
  std::vector<std::string> risk_reasons;
  Document pre_image;  ///< what undo needs of the record as it is now: a map; never user data or secrets
  bool needs_consent = false;  ///< even if its undo class is not none
};
/// Why an action has nothing to do, or may not, on a record.
struct Kept {
  std::string code, message;
};

/// Something a policy does with what it selected. It never calls AWS: it writes down steps (design, idea 5).
class Action {
 public:
  virtual ~Action() = default;
  virtual std::string_view type() const = 0;
  /// Names of guards, in order, after "protected".
  virtual std::vector<std::string> guards() const { return {}; }
  /// Columns that plan_row reads fresh.
  virtual std::vector<std::string> columns() const { return {}; }
  /// Removes or moves the data of a data set (volume → snapshots → …), so that the last-survivor rule applies.
  virtual bool removes_data() const { return false; }
  /// The record is gone when it is done, so that no later action can be done on it.
  virtual bool ends_record() const { return false; }
  /// Pure: the same view and context give the same draft.
  virtual std::variant<RowDraft, Kept> plan_row(const estate::RecordView& view, const Context& context) const = 0;
};

}  // namespace reeve::policy
