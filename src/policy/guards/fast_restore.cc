#include <unordered_set>

#include "policy/guards/guards.h"

namespace reeve::policy {
namespace {

/// Fast restore costs money by the hour: where it is on, somebody uses the snapshot.
class FastRestore : public Guard {
 public:
  std::string_view name() const override { return "fast-restore"; }
  Task<std::vector<GuardAnswer>> check(std::span<Candidate*> candidates, Context& context) const override {
    Document none;
    const Listed listed = co_await list_items(context, "ec2", "DescribeFastSnapshotRestores", std::move(none));
    std::unordered_set<std::string_view> on;
    if (listed.items) {
      for (const Document& item : listed.items->items) {
        const auto state = item["State"].as_text();
        if (state != "disabled" && state != "disabling") on.insert(item["SnapshotId"].as_text());
      }
    }
    std::vector<GuardAnswer> answers;
    for (const Candidate* candidate : candidates) {
      if (!listed.items) {
        answers.push_back(
            note_undo_none("unknown-fast-restore", "whether fast restore is on could not be read: " + listed.problem));
      } else if (listed.unsupported()) {
        answers.push_back(note_unsupported("DescribeFastSnapshotRestores"));
      } else if (on.contains(candidate->view.id())) {
        answers.push_back(keep("fast-restore", "fast snapshot restore is on: somebody uses it"));
      } else {
        answers.push_back({});
      }
    }
    co_return answers;
  }
};

}  // namespace

const Guard& fast_restore_guard() {
  static const FastRestore guard;
  return guard;
}

}  // namespace reeve::policy
