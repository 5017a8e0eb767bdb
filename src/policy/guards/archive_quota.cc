#include "policy/guards/guards.h"

namespace reeve::policy {
namespace {

/// Archives in progress at a time in an account's region (EBS User Guide, Quotas for archiving snapshots).
constexpr std::size_t archives_at_once = 25;

Document in_progress() {
  Builder b;
  b.begin_map();
  b.begin_list("Filters");
  b.begin_map();
  b.put("Name", "last-tiering-operation");
  b.begin_list("Values");
  b.add("archival-in-progress");
  b.end();
  b.end();
  b.end();
  b.end();
  return b.finish();
}

class ArchiveQuota : public Guard {
 public:
  std::string_view name() const override { return "archive-quota"; }
  Task<std::vector<GuardAnswer>> check(std::span<Candidate*> candidates, Context& context) const override {
    Document params = in_progress();
    const Listed listed = co_await list_items(context, "ec2", "DescribeSnapshotTierStatus", std::move(params));
    std::vector<GuardAnswer> answers;
    for (std::size_t i = 0; i < candidates.size(); ++i) answers.push_back(answer(i, listed));
    co_return answers;
  }

 private:
  static GuardAnswer answer(std::size_t position, const Listed& listed) {
    if (!listed.items) {
      return note_undo_none("unknown-tier", "the archives in progress could not be listed: " + listed.problem);
    }
    if (listed.unsupported()) return note_unsupported("DescribeSnapshotTierStatus");
    const std::size_t running = listed.items->items.size();
    if (running + position < archives_at_once) return {};
    return keep("archive-quota", "at most " + std::to_string(archives_at_once) +
                                     " archives may be in progress at a time, and " + std::to_string(running) +
                                     " are: it can be archived in a later run");
  }
};

}  // namespace

const Guard& archive_quota_guard() {
  static const ArchiveQuota guard;
  return guard;
}

}  // namespace reeve::policy
