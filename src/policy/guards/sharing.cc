#include "policy/guards/guards.h"

namespace reeve::policy {
namespace {

constexpr std::string_view column_name = "CreateVolumePermissions";

std::string who(Value permissions) {
  std::string out;
  std::size_t named = 0;
  constexpr std::size_t most_named = 3;
  for (const Value permission : permissions.items()) {
    if (permission["Group"].as_text() == "all") return "everybody";
    if (++named > most_named) continue;
    out += (out.empty() ? "" : ", ") + permission["UserId"].as_string();
  }
  if (named > most_named) out += " and " + std::to_string(named - most_named) + " more";
  return "account " + out;
}

GuardAnswer answer(const Candidate& candidate) {
  const auto permissions = candidate.view.column(column_name);
  if (candidate.view.column_unsupported(column_name)) return note_unsupported("DescribeSnapshotAttribute");
  if (!permissions || permissions->is_unknown()) {
    return keep_unknown("who it is shared with could not be read: " +
                        (permissions ? permissions->as_string() : std::string("it was not asked for")));
  }
  if (permissions->empty()) return {};
  return keep("shared", "it is shared with " + who(*permissions));
}

/// The only guard that needs a call for each record: another account may depend on what is shared with it.
class Sharing : public Guard {
 public:
  std::string_view name() const override { return "sharing"; }
  Task<std::vector<GuardAnswer>> check(std::span<Candidate*> candidates, Context& context) const override {
    if (candidates.empty()) co_return std::vector<GuardAnswer>{};
    const estate::Column* column = candidates.front()->view.record().kind->column(column_name);
    std::vector<estate::RecordView*> views;
    for (Candidate* candidate : candidates) views.push_back(&candidate->view);
    if (column != nullptr) co_await context.reader.fetch_column(*column, std::move(views));
    std::vector<GuardAnswer> answers;
    for (const Candidate* candidate : candidates) answers.push_back(answer(*candidate));
    co_return answers;
  }
};

}  // namespace

const Guard& sharing_guard() {
  static const Sharing guard;
  return guard;
}

}  // namespace reeve::policy
