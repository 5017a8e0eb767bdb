#include "policy/actions/snapshot.h"

#include <algorithm>

#include "policy/actions/snapshot_saving.h"
#include "policy/filters/stale.h"
#include "policy/guards/guards.h"

namespace reeve::policy {
namespace {

Step step_of(std::string operation, Document params) {
  return {.type = Step::Type::call, .service = "ec2", .operation = std::move(operation), .params = std::move(params)};
}

Document id_params(std::string_view id) {
  Builder b;
  b.begin_map();
  b.put("SnapshotId", id);
  b.end();
  return b.finish();
}

Document archive_params(std::string_view id) {
  Builder b;
  b.begin_map();
  b.put("SnapshotId", id);
  b.put("StorageTier", "archive");
  b.end();
  return b.finish();
}

/// What people need to recognise a snapshot by when it is taken back; its tags and permissions come back by themselves.
Document pre_image_of(Value snapshot) {
  Builder b;
  b.begin_map();
  for (const auto* member : {"VolumeId", "VolumeSize", "StartTime", "Description", "StorageTier"}) {
    if (const auto value = snapshot.find(member)) b.put(member, *value);
  }
  b.end();
  return b.finish();
}

std::optional<Kept> not_ours(const estate::RecordView& view, const Context& context) {
  const auto owner = view.record().document["OwnerId"].as_text();
  if (context.account.empty() || owner.empty() || owner == context.account) return std::nullopt;
  return Kept{"not-owned", "it belongs to account " + std::string(owner)};
}

/// Risk that comes with what `stale` found.
void add_stale_risk(const estate::RecordView& view, RowDraft& row) {
  const auto evidence = view.find_evidence(stale_evidence);
  if (!evidence) return;
  if ((*evidence)["reason"].as_text() == name(StaleReason::last_copy)) {
    row.risk = RiskLevel::high;
    row.needs_consent = true;
    row.risk_reasons.push_back("it may be the only copy of the data of volume " + (*evidence)["volume"].as_string() +
                               ", which is gone");
  }
  if ((*evidence)["bin"].as_text() == "unsupported") {
    row.risk_reasons.push_back("whether its volume is in the Recycle Bin is not known on the other side");
    row.undo = {};
  }
}

void set_undo_by_bin(const estate::RecordView& view, const Context& context, RowDraft& row) {
  const auto bin = view.column(recycle_bin_column);
  const std::int64_t days = bin ? (*bin)["retention_days"].as_integer() : 0;
  if (days <= 0) return;
  row.undo = {.undo_class = UndoClass::approximate,
              .service = "ec2",
              .operation = "RestoreSnapshotFromRecycleBin",
              .until = context.now + std::chrono::hours(24 * days)};
}

}  // namespace

std::unique_ptr<Action> DeleteSnapshotAction::make(const Build&) { return std::make_unique<DeleteSnapshotAction>(); }

std::vector<std::string> DeleteSnapshotAction::guards() const {
  return {"managed",         "images",      "launch-templates", "launch-configurations", "lock", "fast-restore",
          "archive-minimum", "recycle-bin", "sharing"};
}

std::variant<RowDraft, Kept> DeleteSnapshotAction::plan_row(const estate::RecordView& view,
                                                            const Context& context) const {
  if (auto kept = not_ours(view, context)) return *std::move(kept);
  const Value snapshot = view.record().document;
  const auto state = snapshot["State"].as_text();
  if (state != "completed" && state != "error") {
    return Kept{"not-completed", "its state is " + std::string(state.empty() ? "unknown" : state)};
  }
  RowDraft row;
  row.steps.push_back(step_of("DeleteSnapshot", id_params(view.id())));
  row.pre_image = pre_image_of(snapshot);
  row.saves = saving_of_delete(view, context);
  set_undo_by_bin(view, context, row);
  add_stale_risk(view, row);
  if (row.undo.undo_class == UndoClass::none) row.risk = std::max(row.risk, RiskLevel::medium);
  return row;
}

std::unique_ptr<Action> ArchiveSnapshotAction::make(const Build&) { return std::make_unique<ArchiveSnapshotAction>(); }

std::vector<std::string> ArchiveSnapshotAction::guards() const {
  return {"managed", "images", "launch-templates", "launch-configurations", "fast-restore", "sharing", "archive-quota"};
}

std::variant<RowDraft, Kept> ArchiveSnapshotAction::plan_row(const estate::RecordView& view,
                                                             const Context& context) const {
  if (auto kept = not_ours(view, context)) return *std::move(kept);
  const Value snapshot = view.record().document;
  if (snapshot["StorageTier"].as_text() == "archive") return Kept{"already-archived", "it is in the archive tier"};
  if (!snapshot["RestoreExpiryTime"].is_null()) {
    return Kept{"temporarily-restored", "it is an archived snapshot that somebody restored for a while"};
  }
  const auto state = snapshot["State"].as_text();
  if (state != "completed") {
    return Kept{"not-completed", "its state is " + std::string(state.empty() ? "unknown" : state)};
  }
  RowDraft row;
  row.steps.push_back(step_of("ModifySnapshotTier", archive_params(view.id())));
  row.pre_image = pre_image_of(snapshot);
  row.saves = saving_of_archive(view, context);
  row.undo = {.undo_class = UndoClass::approximate, .service = "ec2", .operation = "RestoreSnapshotTier"};
  row.risk_reasons.push_back("it cannot be read until it is restored, which takes up to 72 hours and costs by the GB");
  add_stale_risk(view, row);
  return row;
}

std::vector<ActionWord> snapshot_actions() {
  std::vector<ActionWord> words;
  words.push_back({.name = "delete",
                   .kinds = {"ebs-snapshot"},
                   .keys = {{"skip-ami-snapshots", "boolean"}},
                   .description = "Deletes snapshots that no image, template, launch configuration, other account or "
                                  "service uses. `skip-ami-snapshots` is accepted: images always keep their snapshots.",
                   .make = &DeleteSnapshotAction::make});
  words.push_back({.name = "archive",
                   .kinds = {"ebs-snapshot"},
                   .keys = {{"to", "text", false, {"tier"}}},
                   .description = "Moves snapshots to the archive tier (`to: tier`): full copies, paid for 90 days at "
                                  "least, restored within 72 hours.",
                   .make = &ArchiveSnapshotAction::make});
  return words;
}

}  // namespace reeve::policy
