#include "apply/rejudge.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "apply/effects.h"
#include "base/contains.h"
#include "plan/survivors.h"
#include "policy/judge.h"

namespace reeve::apply {
namespace {

using policy::Candidate;

JudgedAgain drifted(std::string message) { return {.go = false, .failed = false, .message = std::move(message)}; }

JudgedAgain failed(const Error& error) {
  return {.go = false, .failed = true, .message = error.message, .error = error};
}

/// Whether the way back is now promised for a shorter time. Where it counts from the deed, an hour is no difference.
bool is_shorter(const policy::Undo& now, const policy::Undo& approved) {
  return now.until && (!approved.until || *now.until + std::chrono::hours(1) < *approved.until);
}

/// Compares what was approved with what would be planned now.
std::string difference(const plan::Row& approved, const policy::RowDraft& draft, const policy::Guarded& guarded) {
  if (approved.steps != draft.steps) return "it would now be done in another way";
  const auto now = guarded.undo_none ? policy::UndoClass::none : draft.undo.undo_class;
  if (now != approved.undo.undo_class) {
    return fmt::format("its undo was {} when planned and is {} now", name(approved.undo.undo_class), name(now));
  }
  if (now != policy::UndoClass::none && is_shorter(draft.undo, approved.undo)) {
    return fmt::format("it could be undone {} when planned, and now only until {}",
                       approved.undo.until ? "until " + format_iso8601(*approved.undo.until) : "for ever",
                       format_iso8601(*draft.undo.until));
  }
  if (draft.needs_consent && !approved.needs_consent) return "it would now need consent";
  if (guarded.undo_none) return {};  // the notes that take the undo away say why in other words each time
  for (const auto& note : guarded.notes) {
    if (!contains(approved.risk_reasons, note)) return "a guard says now: " + note;
  }
  return {};
}

/// The record as it would be without what this run did to it.
estate::Record without_own(estate::Record record, std::span<const OwnChange> own) {
  for (const OwnChange& change : std::views::reverse(own)) {
    const Effect* effect = find_effect(change.step.service, change.step.operation);
    if (effect != nullptr) record.document = effect->without(std::move(record.document), change.step, change.before);
  }
  return record;
}

}  // namespace

void carry(plan::Row& row, const policy::Step& earlier) {
  const Effect* effect = find_effect(row.steps.front().service, row.steps.front().operation);
  if (effect != nullptr) row.pre_image = effect->before_after(std::move(row.pre_image), earlier);
}

Result<std::unique_ptr<PolicyJudge>> PolicyJudge::make(const plan::Header& header, const policy::Vocabulary& vocabulary,
                                                       const estate::Kinds& kinds, const estate::Prices& prices,
                                                       const policy::Configuration* configuration) {
  std::unique_ptr<PolicyJudge> out(new PolicyJudge(prices, configuration));
  out->run_ = header.id;
  for (const auto& planned : header.policies) {
    auto built = policy::policy_from_data(planned.data, vocabulary, kinds, header.now);
    if (!built || (*built)->hash != planned.hash) {
      return fail({.code = Code::plan_damaged,
                   .message = fmt::format("the plan's policy {} cannot be read back", planned.name),
                   .resource = header.id,
                   .hint = "Make the plan again",
                   .cause = built ? nullptr : std::make_shared<const Error>(built.error())});
    }
    out->policies_[{planned.name, planned.scope}] = *std::move(built);
  }
  return out;
}

const policy::Policy* PolicyJudge::find(const plan::Row& row) const {
  const auto found = policies_.find({row.policy, row.scope});
  return found == policies_.end() ? nullptr : found->second.get();
}

Task<std::vector<JudgedAgain>> PolicyJudge::judge(std::vector<Look> rows, estate::Reader& reader, Time now) const {
  std::vector<JudgedAgain> out(rows.size());
  std::map<std::string_view, std::vector<std::size_t>> by_policy;  // of one scope, in which names are unique
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const policy::Policy* policy = find(*rows[i].row);
    if (policy == nullptr || rows[i].row->action_index >= policy->actions.size()) {
      out[i] = drifted("the plan holds no policy for this row");
    } else {
      by_policy[policy->name].push_back(i);
    }
  }
  text::Scratch scratch;
  policy::Context context{.reader = reader,
                          .prices = prices_,
                          .now = now,
                          .account = reader.scope().account,
                          .region = reader.scope().region,
                          .partition = reader.scope().partition,
                          .run = run_,
                          .scratch = scratch,
                          .configuration = configuration_};
  for (auto& [name, which] : by_policy) {
    const policy::Policy& policy = *find(*rows[which.front()].row);
    Task<void> judged = judge_policy_rows(policy, which, rows, context, out);
    co_await std::move(judged);
  }
  Task<void> keeping = keep_survivors(rows, reader, out);
  co_await std::move(keeping);
  co_return out;
}

bool PolicyJudge::removes(const plan::Row& row) const {
  const policy::Policy* policy = find(row);
  return policy != nullptr && row.action_index < policy->actions.size() &&
         policy->actions[row.action_index]->removes_data();
}

void PolicyJudge::will_remove(const plan::Row& row) {
  if (!removes(row)) return;
  for (const auto& id : row.records) removing_[row.scope].add(row.kind, id, row.why);
}

/// The plan left a copy of each data set; whether it is still there is looked up again.
Task<void> PolicyJudge::keep_survivors(std::span<const Look> rows, estate::Reader& reader,
                                       std::vector<JudgedAgain>& out) const {
  std::vector<std::size_t> which;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (out[i].go && removes(*rows[i].row)) which.push_back(i);
  }
  if (which.empty()) co_return;
  Task<Result<plan::Copies>> reading = plan::read_copies(reader);
  const auto copies = co_await std::move(reading);
  if (!copies) {
    for (const std::size_t i : which) out[i] = failed(copies.error());
    co_return;
  }
  if (survivors_.snapshots.lock() != copies->snapshots || survivors_.volumes.lock() != copies->volumes) {
    const plan::Removing& removing = removing_.at(reader.scope());
    survivors_ = {
        .snapshots = copies->snapshots, .volumes = copies->volumes, .ids = plan::last_survivors(removing, *copies)};
  }
  for (const std::size_t i : which) {
    if (survivors_.ids.contains(rows[i].row->records.front())) {
      out[i] = drifted("it is now the newest copy of its data set, of which nothing would be left");
    }
  }
}

Task<void> PolicyJudge::judge_policy_rows(const policy::Policy& policy, std::vector<std::size_t> which,
                                          std::span<const Look> rows, policy::Context& context,
                                          std::vector<JudgedAgain>& out) const {
  if (const policy::Verdict holds = policy::conditions_hold(policy, context); holds.truth != policy::Truth::yes) {
    for (const std::size_t i : which) out[i] = drifted("the policy's conditions do not hold any more: " + holds.reason);
    co_return;
  }
  std::vector<std::string> ids;
  for (const std::size_t i : which) ids.push_back(rows[i].row->records.front());
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  const auto records = co_await context.reader.by_ids(*policy.kind, ids);
  if (!records) {
    for (const std::size_t i : which) out[i] = failed(records.error());
    co_return;
  }
  std::map<std::string_view, const std::vector<OwnChange>*> own;  // rows on one record have the same earlier ones
  for (const std::size_t i : which) own.try_emplace(rows[i].row->records.front(), &rows[i].own);
  std::map<std::string, Candidate, std::less<>> found;
  for (const auto& record : *records) {
    found.emplace(record.id(), Candidate{.view = estate::RecordView(without_own(record, *own.at(record.id())))});
  }
  std::vector<Candidate*> candidates;
  for (auto& [id, candidate] : found) candidates.push_back(&candidate);
  const std::vector<policy::Verdict> verdicts = co_await policy::judge_again(policy, candidates, context);
  std::map<const Candidate*, const policy::Verdict*> verdict_of;
  for (std::size_t k = 0; k < candidates.size(); ++k) verdict_of[candidates[k]] = &verdicts[k];

  std::map<std::size_t, std::vector<std::pair<std::size_t, Candidate*>>> by_action;
  for (const std::size_t i : which) {
    const auto at = found.find(rows[i].row->records.front());
    if (at == found.end()) {
      out[i] = drifted("it no longer exists");
      continue;
    }
    if (const auto reason =
            protection_ ? protection_(rows[i].row->scope, rows[i].row->kind, at->first) : std::nullopt) {
      out[i] = drifted(*reason);
      continue;
    }
    const policy::Verdict& verdict = *verdict_of.at(&at->second);
    if (verdict.truth != policy::Truth::yes) {
      out[i] = drifted(fmt::format("the policy {} select it any more: {}",
                                   verdict.truth == policy::Truth::no ? "does not" : "cannot tell whether it should",
                                   verdict.reason.empty() ? "it changed" : verdict.reason));
      continue;
    }
    by_action[rows[i].row->action_index].emplace_back(i, &at->second);
  }
  for (auto& [action_index, pairs] : by_action) {
    const policy::Action& action = *policy.actions[action_index];
    std::vector<Candidate*> these;
    for (const auto& [i, candidate] : pairs) these.push_back(candidate);
    const std::vector<policy::Guarded> guarded = co_await policy::run_guards(action, these, context);
    for (std::size_t k = 0; k < pairs.size(); ++k) {
      const auto [i, candidate] = pairs[k];
      if (guarded[k].kept) {
        out[i] = drifted(guarded[k].message);
        continue;
      }
      auto drafted = action.plan_row(candidate->view, context);
      if (const auto* kept = std::get_if<policy::Kept>(&drafted)) {
        out[i] = drifted(kept->message);
        continue;
      }
      auto& draft = std::get<policy::RowDraft>(drafted);
      if (auto changed = difference(*rows[i].row, draft, guarded[k]); !changed.empty()) {
        out[i] = drifted(std::move(changed));
        continue;
      }
      out[i].go = true;
      out[i].fresh = *rows[i].row;
      out[i].fresh.pre_image = std::move(draft.pre_image);
      for (const OwnChange& change : rows[i].own) carry(out[i].fresh, change.step);
      if (!guarded[k].undo_none) out[i].fresh.undo = std::move(draft.undo);
    }
  }
}

namespace {

/// EC2's reads show a change within seconds ("eventual consistency", EC2 API reference); some more for clocks that
/// differ and for the precision of the journal's times.
constexpr Duration reads_lag = std::chrono::seconds(20);

/// What the guards run for when an undo is judged: nothing but protection.
class UndoAction : public policy::Action {
 public:
  std::string_view type() const override { return "undo"; }
  std::variant<policy::RowDraft, policy::Kept> plan_row(const estate::RecordView&,
                                                        const policy::Context&) const override {
    return policy::RowDraft{};
  }
};

}  // namespace

/// Why the record is protected now, if it is, and not by what is undone alone: that may be taken away again. What is
/// not there is not protected.
Task<Result<std::optional<std::string>>> UndoJudge::protection(const plan::Row& row, const OwnChange& undone,
                                                               policy::Context& context) const {
  std::optional<std::string> none;
  const estate::Kind* kind = context.reader.kinds().find(row.kind);
  if (kind == nullptr) co_return none;
  std::vector<std::string> ids = row.records;
  const auto records = co_await context.reader.by_ids(*kind, std::move(ids));
  if (!records) co_return std::unexpected(records.error());
  if (records->empty()) co_return none;
  policy::Candidate now{.view = estate::RecordView(records->front())};
  policy::Candidate without{.view = estate::RecordView(without_own(records->front(), {&undone, 1}))};
  std::vector<policy::Candidate*> candidates{&now, &without};
  const UndoAction action;
  const std::vector<policy::Guarded> guarded = co_await policy::run_guards(action, candidates, context);
  if (guarded.front().kept && guarded.back().kept) co_return std::optional(guarded.back().message);
  co_return none;
}

Task<std::vector<JudgedAgain>> UndoJudge::judge(std::vector<Look> rows, estate::Reader& reader, Time now) const {
  std::vector<JudgedAgain> out(rows.size());
  text::Scratch scratch;
  policy::Context context{.reader = reader,
                          .prices = prices_,
                          .now = now,
                          .account = reader.scope().account,
                          .region = reader.scope().region,
                          .partition = reader.scope().partition,
                          .run = {},
                          .scratch = scratch,
                          .configuration = configuration_};
  auto one = [&](std::size_t i) -> Task<void> {
    const plan::Row& row = *rows[i].row;
    // The first step of an undo's row is what it takes back: kept in the pre-image as "undone".
    const Value undone = row.pre_image.root()["undone"];
    const std::string service = undone["service"].as_string(), operation = undone["operation"].as_string();
    const Effect* effect = find_effect(service, operation);
    if (effect == nullptr) {
      out[i] = drifted("there is no way back from " + operation);
      co_return;
    }
    const OwnChange change{.step = {.service = service, .operation = operation, .params = deep_copy(undone["params"])},
                           .before = deep_copy(row.pre_image.root()["before"])};
    const auto blocked = co_await effect->undo_blocked(reader, change.step, change.before);
    if (!blocked) {
      out[i] = failed(blocked.error());
    } else if (*blocked) {
      out[i] = drifted(**blocked);
      const auto changed = parse_iso8601(undone["at"].as_text());
      out[i].fresh_change = changed && std::chrono::abs(now - *changed) < reads_lag;
    } else {
      Task<Result<std::optional<std::string>>> asking = protection(row, change, context);
      const auto kept = co_await std::move(asking);
      if (!kept) {
        out[i] = failed(kept.error());
      } else if (*kept) {
        out[i] = drifted(**kept);
      } else {
        out[i].go = true;
        out[i].fresh = row;
      }
    }
  };
  constexpr std::size_t looks_at_once = 16;
  std::function<Task<void>(std::size_t)> body = one;
  co_await for_each(reader.loop(), rows.size(), looks_at_once, body);
  co_return out;
}

}  // namespace reeve::apply
