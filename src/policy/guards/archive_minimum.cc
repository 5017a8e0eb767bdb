#include "policy/guards/guards.h"

namespace reeve::policy {
namespace {

bool archived(const Candidate& candidate) {
  return candidate.view.record().document["StorageTier"].as_text() == "archive";
}

GuardAnswer answer(const Candidate& candidate, Time now) {
  if (!archived(candidate)) return {};
  const auto tier = candidate.view.column(tier_column);
  if (candidate.view.column_unsupported(tier_column)) return note_unsupported("DescribeSnapshotTierStatus");
  if (!tier || tier->is_unknown()) {
    return note_undo_none("unknown-tier", "since when it is archived could not be read" +
                                              (tier ? ": " + tier->as_string() : std::string()));
  }
  const Value since = (*tier)["ArchivalCompleteTime"];
  if (since.kind() != Kind::timestamp) return {};
  const Time paid_until = since.as_time() + std::chrono::hours(24 * archive_minimum_days);
  if (now >= paid_until) return {};
  return note("archive-minimum", "archived for less than " + std::to_string(archive_minimum_days) +
                                     " days: the rest, until " + format_iso8601(paid_until) +
                                     ", is charged all the same");
}

class ArchiveMinimum : public Guard {
 public:
  std::string_view name() const override { return "archive-minimum"; }
  Task<std::vector<GuardAnswer>> check(std::span<Candidate*> candidates, Context& context) const override {
    std::vector<estate::RecordView*> views;
    for (Candidate* candidate : candidates) {
      if (archived(*candidate)) views.push_back(&candidate->view);
    }
    if (!views.empty()) {
      const estate::Column* column = views.front()->record().kind->column(tier_column);
      if (column != nullptr) co_await context.reader.fetch_column(*column, std::move(views));
    }
    std::vector<GuardAnswer> answers;
    for (const Candidate* candidate : candidates) answers.push_back(answer(*candidate, context.now));
    co_return answers;
  }
};

}  // namespace

const Guard& archive_minimum_guard() {
  static const ArchiveMinimum guard;
  return guard;
}

}  // namespace reeve::policy
