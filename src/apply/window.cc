#include "apply/window.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "base/contains.h"

namespace reeve::apply {
namespace {

/// At most this many changing calls are in flight (design, section 4); reads that resolve what was begun, likewise.
constexpr std::size_t calls_in_flight = 16;
/// No row acts on evidence older than this (design, idea 6).
constexpr Duration evidence_age = std::chrono::seconds(30);
/// Windows share what was listed for so long, as long as all of it could be read: the age of evidence counts from
/// there.
constexpr Duration evidence_shared = std::chrono::seconds(10);
/// How often a group is judged whose evidence was too old when its turn came: where reads take that long, it is left.
constexpr int looks_most = 3;
/// How often, and after which pause, a "no" is looked at again that may rest on reads that lag behind a change.
constexpr int lagging_looks = 4;
constexpr Duration lagging_pause = std::chrono::seconds(3);

/// Errors of reading that say nothing about the record: the others would meet them too.
bool unreachable(const Error& error) {
  const Error& root = error.cause ? *error.cause : error;
  return root.code == Code::network || root.code == Code::server_error;
}

}  // namespace

/// Rows on one record, in order: they follow each other.
struct Windows::Group {
  Rows rows;
  std::size_t at = 0;    ///< the row whose turn it is
  std::size_t step = 0;  ///< of that row
  std::vector<std::optional<JudgedAgain>> judged = {};
  Steady judged_at{};
  int looks = 0;    ///< how often judging it took too long
  int lagging = 0;  ///< how often its turn's "no" was put off, as reads may lag
  bool ended() const { return at >= rows.size(); }
  /// What is left, to be judged again.
  Group rest() const {
    return {.rows = {rows.begin() + static_cast<std::ptrdiff_t>(at), rows.end()},
            .looks = at > 0 ? 0 : looks,
            .lagging = at > 0 ? 0 : lagging};
  }
};

Windows::Windows(Hands hands, const RunTerms& terms, const plan::Header& header, const RowJudge& judge, RunLog& log,
                 Cancel stop)
    : hands_(hands), terms_(terms), header_(header), judge_(judge), log_(log), stop_(stop), stepping_(hands, log) {}

Task<Result<void>> Windows::carry_out(std::vector<plan::Row> rows) {
  log_.forget_rows();
  if (shared_ && !rows.empty() && rows.front().scope != shared_->scope()) shared_.reset();
  Rows open;
  for (const auto& row : rows) open.push_back(&row);
  if (terms_.resumed) {
    Task<Result<void>> taking = take_up_begun(open);
    CO_TRY(co_await std::move(taking));
  }
  Task<void> skipping = skip(open);
  co_await std::move(skipping);
  std::vector<Group> groups;
  std::map<std::string, std::size_t> place;
  for (const plan::Row* row : open) {
    const auto [at, fresh] = place.try_emplace(row->kind + "/" + row->records.front(), groups.size());
    if (fresh) groups.emplace_back();
    groups[at->second].rows.push_back(row);
  }
  while (!groups.empty() && !stopping()) {
    std::vector<Group> late;
    Task<Result<void>> judging = judge(groups);
    CO_TRY(co_await std::move(judging));
    Task<Result<void>> working = rounds(groups, late);
    CO_TRY(co_await std::move(working));
    groups = std::move(late);
    const bool lagging = std::ranges::any_of(groups, [](const Group& group) { return group.lagging > 0; });
    if (lagging) (void)co_await hands_.world.loop.sleep(lagging_pause, stop_);
  }
  co_return {};
}

/// What an earlier life of the run closed is counted; what it began is resolved. What is left is as if not begun.
Task<Result<void>> Windows::take_up_begun(Rows& open) {
  std::vector<std::vector<Entry>> entries(open.size());
  std::vector<std::size_t> begun;
  std::vector<char> ended(open.size(), 0);
  for (std::size_t i = 0; i < open.size(); ++i) {
    CO_TRY(entries[i], hands_.journal.of_row(terms_.run, open[i]->row));
    const RowStory story = story_of(entries[i]);
    if (story.intent != nullptr) begun.push_back(i);
    if (story.closing == nullptr) continue;
    const RowOutcome outcome = row_outcome_from(*story.closing);
    if (outcome.outcome == Outcome::in_doubt) continue;
    log_.closed_before(outcome);
    ended[i] = 1;
  }
  std::erase_if(begun, [&ended](std::size_t i) { return ended[i] != 0; });
  std::function<Task<void>(std::size_t)> one = [&](std::size_t k) -> Task<void> {
    const std::size_t i = begun[k];
    Task<bool> taking = take_up(hands_, log_, *open[i], entries[i]);
    if (co_await std::move(taking)) ended[i] = 1;
  };
  co_await for_each(hands_.world.loop, begun.size(), calls_in_flight, one);
  Rows left;
  for (std::size_t i = 0; i < open.size(); ++i) {
    if (ended[i] == 0) left.push_back(open[i]);
  }
  open = std::move(left);
  co_return {};
}

/// Why a row may not be done, whatever the cloud looks like.
std::optional<Error> Windows::not_allowed(const plan::Row& row) const {
  if (terms_.expired) {  // a plan is good for a day: what was not begun by then stays as it is
    return Error{.code = Code::plan_expired,
                 .message = "its plan has expired since the run was interrupted",
                 .hint = "Plan again: the estate may have changed since"};
  }
  if (!row.consent_needed() || terms_.consent || header_.irreversible_allowed) return std::nullopt;
  const bool by_policy = std::ranges::any_of(header_.policies, [&row](const plan::PlannedPolicy& policy) {
    return policy.name == row.policy && policy.data["metadata"]["reeve"]["irreversible"].as_text() == "allow";
  });
  if (by_policy) return std::nullopt;
  return Error{.code = Code::consent_missing,
               .message = row.needs_consent ? "it is the last copy of its data" : "it cannot be undone",
               .hint = "Look at the row, then apply with --allow-irreversible"};
}

Task<void> Windows::skip(Rows& open) {
  if (stopping()) co_return;
  std::vector<Closing> closings;
  Rows left;
  for (const plan::Row* row : open) {
    auto error = not_allowed(*row);
    if (error) {
      closings.push_back({.row = row, .outcome = Outcome::skipped, .error = std::move(error)});
    } else {
      left.push_back(row);
    }
  }
  open = std::move(left);
  Task<bool> writing = log_.write({}, std::move(closings));
  co_await std::move(writing);
}

estate::Reader Windows::reader_for(const aws::Scope& scope) const {
  return estate::Reader(hands_.api, hands_.models, hands_.kinds, hands_.world.loop, scope, {.cancel = stop_});
}

Time Windows::now() const { return terms_.pinned_now.value_or(hands_.policy_now()); }

/// A row to judge, with what rows before it on its record did in this run, before this group was judged.
Result<Look> Windows::look_at(const plan::Row& row, const Group& group) const {
  Look look{.row = &row};
  for (const auto& earlier : row.after) {
    const bool pending = std::any_of(group.rows.begin() + static_cast<std::ptrdiff_t>(group.at), group.rows.end(),
                                     [&](const plan::Row* other) { return other->row == earlier; });
    if (pending) continue;
    TRY(const auto entries, hands_.journal.of_row(terms_.run, earlier));
    for (const Entry* intent : effective_intents(entries)) {
      look.own.push_back({.step = step_from(*intent), .before = deep_copy(intent->body["before"])});
    }
  }
  return look;
}

Task<Result<void>> Windows::judge(std::vector<Group>& groups) {
  std::vector<Look> looks;
  for (const Group& group : groups) {
    const std::size_t count = judge_.one_by_one() ? 1 : group.rows.size();
    for (std::size_t i = 0; i < count; ++i) {
      CO_TRY(Look look, look_at(*group.rows[i], group));
      looks.push_back(std::move(look));
    }
  }
  const Steady begun = hands_.world.clock.steady();
  // A judge that looks at rows one by one asks about their records, which the window before may have changed.
  if (!shared_ || judge_.one_by_one() || begun - shared_since_ > evidence_shared) {
    shared_ = std::make_unique<estate::Reader>(reader_for(groups.front().rows.front()->scope));
    shared_since_ = begun;  // evidence is as old as the first read
  }
  Task<std::vector<JudgedAgain>> judging = judge_.judge(std::move(looks), *shared_, now());
  std::vector<JudgedAgain> judged = co_await std::move(judging);
  // What could not be read is read anew for the next.
  if (!std::ranges::all_of(judged, &JudgedAgain::go)) shared_.reset();
  // What waited for its turn is judged again; only where judging itself takes too long is a group given up.
  const bool too_slow = hands_.world.clock.steady() - begun > evidence_age;
  auto next = judged.begin();
  for (Group& group : groups) {
    group.judged_at = shared_since_;
    if (too_slow) ++group.looks;
    group.judged.resize(group.rows.size());
    const std::size_t count = judge_.one_by_one() ? 1 : group.rows.size();
    for (std::size_t i = 0; i < count; ++i) group.judged[i] = std::move(*next++);
  }
  co_return {};
}

/// Judges the rows whose turn has come and that were not judged with the first of their group.
Task<Result<void>> Windows::judge_next(std::vector<Group>& groups) {
  std::vector<Group*> these;
  std::vector<Look> looks;
  for (Group& group : groups) {
    if (group.ended() || group.judged[group.at]) continue;
    CO_TRY(Look look, look_at(*group.rows[group.at], group));
    looks.push_back(std::move(look));
    these.push_back(&group);
  }
  if (these.empty()) co_return {};
  const Steady begun = hands_.world.clock.steady();
  estate::Reader reader = reader_for(looks.front().row->scope);
  Task<std::vector<JudgedAgain>> judging = judge_.judge(std::move(looks), reader, now());
  std::vector<JudgedAgain> judged = co_await std::move(judging);
  for (std::size_t i = 0; i < these.size(); ++i) {
    these[i]->judged[these[i]->at] = std::move(judged[i]);
    these[i]->judged_at = begun;
  }
  co_return {};
}

/// Carries groups out, a step of each at a time, so that steps that go together come together.
Task<Result<void>> Windows::rounds(std::vector<Group>& groups, std::vector<Group>& late) {
  while (!stopping()) {
    Task<Result<void>> judging = judge_next(groups);
    CO_TRY(co_await std::move(judging));
    std::vector<Closing> closings;
    for (Group& group : groups) {
      if (group.ended() || group.step > 0) continue;
      CO_TRY(auto closed, to_next(group, late));
      std::ranges::move(closed, std::back_inserter(closings));
    }
    if (!closings.empty()) {  // written before the rows after them are looked at
      Task<bool> writing = log_.write({}, std::move(closings));
      co_await std::move(writing);
      continue;
    }
    if (stopping()) co_return {};
    std::vector<Part> parts;
    std::map<const plan::Row*, Group*> owners;
    for (Group& group : groups) {
      if (group.ended()) continue;
      const plan::Row* row = &group.judged[group.at]->fresh;
      owners[row] = &group;
      const Steady start_by = group.step == 0 ? group.judged_at + evidence_age : Steady{INT64_MAX};
      parts.push_back({.row = row, .step = group.step, .start_by = start_by});
    }
    if (parts.empty()) co_return {};
    const std::vector<std::vector<Part>> calls = into_calls(parts);
    std::function<Task<void>(std::size_t)> one = [&](std::size_t i) -> Task<void> {
      if (stopping()) co_return;
      std::vector<Part> call = calls[i];
      Task<std::vector<StepEnd>> going = stepping_.carry_out(std::move(call));
      const std::vector<StepEnd> ends = co_await std::move(going);
      for (std::size_t k = 0; k < ends.size(); ++k) settle(*owners.at(calls[i][k].row), ends[k], late);
    };
    co_await for_each(hands_.world.loop, calls.size(), calls_in_flight, one);
  }
  co_return {};
}

/// Looks at the row whose turn it is. What is given back is to be closed, and it is the next row's turn; otherwise the
/// row can go, or the group goes to `late`, or the run is ending.
Result<std::vector<Closing>> Windows::to_next(Group& group, std::vector<Group>& late) {
  const plan::Row& row = *group.rows[group.at];
  std::vector<Closing> out;
  for (const auto& before : row.after) {
    TRY(const auto outcome, log_.outcome(before));
    if (!outcome || *outcome == Outcome::done) continue;
    Error error{.code = Code::drift, .message = "an earlier row on the same record was not done"};
    out.push_back({.row = &row, .outcome = Outcome::skipped, .error = std::move(error)});
    ++group.at;
    return out;
  }
  JudgedAgain& judged = *group.judged[group.at];
  if (hands_.world.clock.steady() - group.judged_at > evidence_age) {
    Group rest = group.rest();
    if (rest.looks < looks_most) {
      late.push_back(std::move(rest));
      group.at = group.rows.size();
      return out;
    }
    judged = {.go = false,
              .failed = true,
              .message = {},
              .error = Error{.code = Code::timed_out,
                             .message = "reading it took longer than what is read may be old",
                             .hint = "Try again when AWS answers faster"}};
  }
  if (judged.go) return out;
  if (judged.fresh_change && group.lagging < lagging_looks) {
    Group rest = group.rest();
    ++rest.lagging;
    late.push_back(std::move(rest));
    group.at = group.rows.size();
    return out;
  }
  Error error = judged.error.value_or(Error{.code = Code::drift, .message = judged.message});
  if (ends_run(error) || (judged.failed && unreachable(error))) {
    log_.stop(error);  // the row stays open, for `resume`
    return out;
  }
  out.push_back(
      {.row = &row, .outcome = judged.failed ? Outcome::failed : Outcome::drifted, .error = std::move(error)});
  ++group.at;
  return out;
}

void Windows::settle(Group& group, StepEnd end, std::vector<Group>& late) {
  if (end == StepEnd::too_late) {
    late.push_back(group.rest());
    group.at = group.rows.size();
    return;
  }
  const plan::Row& row = group.judged[group.at]->fresh;
  if (end == StepEnd::done && ++group.step < row.steps.size()) return;
  for (std::size_t i = group.at + 1; end == StepEnd::done && i < group.rows.size(); ++i) {
    if (!group.judged[i] || !group.judged[i]->go) continue;
    for (const policy::Step& step : row.steps) carry(group.judged[i]->fresh, step);
  }
  group.step = 0;
  ++group.at;
}

}  // namespace reeve::apply
