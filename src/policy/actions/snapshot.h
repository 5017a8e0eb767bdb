#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/action.h"
#include "policy/vocabulary.h"

namespace reeve::policy {

/// Deletes a snapshot: DeleteSnapshot. Undo is approximate while a Recycle Bin rule keeps it (fast restore is lost),
/// and none without one. A last copy is of high risk and always needs consent.
class DeleteSnapshotAction : public Action {
 public:
  static std::unique_ptr<Action> make(const Build& build);
  std::string_view type() const override { return "delete"; }
  std::vector<std::string> guards() const override;
  bool removes_data() const override { return true; }
  bool ends_record() const override { return true; }
  std::variant<RowDraft, Kept> plan_row(const estate::RecordView& view, const Context& context) const override;
};

/// Moves a snapshot to the archive tier: ModifySnapshotTier. Undo is approximate: RestoreSnapshotTier takes up to 72
/// hours and costs by the GB, and 90 days are paid. It cannot be read while it is archived.
class ArchiveSnapshotAction : public Action {
 public:
  static std::unique_ptr<Action> make(const Build& build);
  std::string_view type() const override { return "archive"; }
  std::vector<std::string> guards() const override;
  bool removes_data() const override { return true; }
  std::variant<RowDraft, Kept> plan_row(const estate::RecordView& view, const Context& context) const override;
};

}  // namespace reeve::policy
