#include <unordered_map>

#include "policy/guards/guards.h"

namespace reeve::policy {
namespace {

GuardAnswer answer(Value lock) {
  const auto state = lock["LockState"].as_text();
  if (state.empty() || state == "expired") return {};
  std::string message = "it is locked (" + std::string(state);
  const Value until = lock["LockExpiresOn"];
  if (until.kind() == Kind::timestamp) message += " until " + format_iso8601(until.as_time());
  return keep("locked", message + ")");
}

/// EC2 refuses to delete locked snapshots (EC2 API Reference, LockedSnapshotsInfo).
class Lock : public Guard {
 public:
  std::string_view name() const override { return "lock"; }
  Task<std::vector<GuardAnswer>> check(std::span<Candidate*> candidates, Context& context) const override {
    Document none;
    const Listed listed = co_await list_items(context, "ec2", "DescribeLockedSnapshots", std::move(none));
    std::unordered_map<std::string_view, Value> locks;
    if (listed.items) {
      for (const Document& item : listed.items->items) locks.emplace(item["SnapshotId"].as_text(), item.root());
    }
    std::vector<GuardAnswer> answers;
    for (const Candidate* candidate : candidates) {
      if (!listed.items) {
        answers.push_back(note_undo_none("unknown-lock", "whether it is locked could not be read: " + listed.problem));
      } else if (listed.unsupported()) {
        answers.push_back(note_unsupported("DescribeLockedSnapshots"));
      } else {
        const auto found = locks.find(candidate->view.id());
        answers.push_back(found == locks.end() ? GuardAnswer{} : answer(found->second));
      }
    }
    co_return answers;
  }
};

}  // namespace

const Guard& lock_guard() {
  static const Lock guard;
  return guard;
}

}  // namespace reeve::policy
