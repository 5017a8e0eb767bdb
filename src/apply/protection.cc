#include "apply/protection.h"

#include <fmt/format.h>

namespace reeve::apply {
namespace {

constexpr Duration came_back = std::chrono::days(30);

/// Why one closed change protects its record; nullopt if it does not.
std::optional<std::string> reason_of(const Entry& change, Time now) {
  const auto operation = change.body["first_operation"].as_text();
  const auto until = parse_iso8601(change.body["until"].as_text());
  const bool is_recent = change.at >= now - came_back;
  if (operation == "DeleteSnapshot") {
    if (!is_recent && !(until && *until >= now - came_back)) return std::nullopt;
    return fmt::format("run {} deleted it and it came back: somebody wanted it", change.run);
  }
  if (operation == "RestoreSnapshotFromRecycleBin") {
    return is_recent ? std::optional(fmt::format("run {} brought it back", change.run)) : std::nullopt;
  }
  if (!until || *until <= now) return std::nullopt;
  return fmt::format("the undo of run {} needs it until {}", change.run, format_iso8601(*until));
}

}  // namespace

JournalProtection protection_by_journal(Journal& journal, Time now, const std::string& but_for) {
  return [&journal, now, but_for](const aws::Scope& scope, std::string_view kind,
                                  std::string_view id) -> std::optional<std::string> {
    const auto changes = journal.about(subject_of(scope, kind, id));
    if (!changes) return "the journal cannot tell whether it is protected: " + changes.error().message;
    std::optional<std::string> reason;
    for (const Entry& change : *changes) {
      if (change.run == but_for) continue;
      if (auto newer = reason_of(change, now)) reason = std::move(newer);
    }
    return reason;
  };
}

}  // namespace reeve::apply
