#include "plan/make_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <iterator>
#include <set>
#include <utility>

#include "plan/survivors.h"

namespace reeve::plan {
namespace {

using policy::Candidate;
using policy::UndoClass;

/// A row that is drafted and not held: plan_row is pure, so the row is drafted once more when it is written.
struct Slot {
  const policy::Policy* policy = nullptr;
  const Candidate* candidate = nullptr;
  const policy::Guarded* guarded = nullptr;
  std::size_t action = 0;  ///< index among the policy's
  bool exact = false;      ///< its undo class
  bool dropped = false;    ///< by a limit, a survivor, or a row before it
  std::optional<double> at_most;
  std::optional<double> share;    ///< of what its volume's chain may save
  const Slot* earlier = nullptr;  ///< the row before it on the same record
  const estate::Record& record() const { return candidate->view.record(); }
  std::string_view id() const { return record().id(); }
  bool ends_record() const { return policy->actions[action]->ends_record(); }
  bool removes_data() const { return policy->actions[action]->removes_data(); }
};

/// A policy's rows in one scope, and what they rest on.
struct PolicyRows {
  PlannedPolicy planned;
  const policy::Policy* policy = nullptr;
  std::vector<Candidate> matched;
  std::deque<std::vector<policy::Guarded>> guarded;  ///< of each action; slots point into it
  std::vector<Slot> slots;
  std::vector<Kept> kept;
  std::vector<Error> errors;
  bool complete = true;

  void drop(Slot& slot, std::string code, std::string message);
};

/// One scope's results, in the policies' order.
struct ScopeRows {
  std::unique_ptr<text::Scratch> scratch = std::make_unique<text::Scratch>();
  std::optional<policy::Context> context;
  std::deque<PolicyRows> policies;                   ///< slots point into them
  std::shared_ptr<const estate::Listing> snapshots;  ///< the scope's census, where rows remove data
  std::vector<Error> broken;                         ///< listings that filters and guards needed
};

Kept kept_of(const policy::Policy& policy, const estate::Record& record, std::string code, std::string message) {
  return {.policy = policy.name,
          .kind = policy.kind->name,
          .id = std::string(record.id()),
          .scope = record.scope,
          .code = std::move(code),
          .message = std::move(message)};
}

void PolicyRows::drop(Slot& slot, std::string code, std::string message) {
  slot.dropped = true;
  kept.push_back(kept_of(*policy, slot.record(), std::move(code), std::move(message)));
}

std::string id_of(const Slot& slot) {
  const policy::Policy& policy = *slot.policy;
  const std::string action(policy.actions[slot.action]->type());
  // A policy may have several actions of one type; each has rows of its own.
  const auto before =
      std::count_if(policy.actions.begin(), policy.actions.begin() + static_cast<std::ptrdiff_t>(slot.action),
                    [&action](const auto& other) { return other->type() == action; });
  return row_id(policy.name, policy.kind->name, slot.record().scope, {std::string(slot.id())},
                before == 0 ? action : fmt::format("{}#{}", action, before));
}

Row row_of(const Slot& slot, policy::RowDraft draft) {
  const policy::Policy& policy = *slot.policy;
  const estate::Record& record = slot.record();
  Row row;
  row.row = id_of(slot);
  for (const Slot* earlier = slot.earlier; earlier != nullptr; earlier = earlier->earlier) {
    if (!earlier->dropped) row.after.push_back(id_of(*earlier));
  }
  std::ranges::reverse(row.after);
  row.policy = policy.name;
  row.kind = policy.kind->name;
  row.records = {std::string(record.id())};
  row.scope = record.scope;
  row.action = policy.actions[slot.action]->type();
  row.action_index = slot.action;
  row.why = slot.candidate->findings;
  row.steps = std::move(draft.steps);
  row.undo = std::move(draft.undo);
  row.saves = std::move(draft.saves);
  row.risk = draft.risk;
  row.risk_reasons = std::move(draft.risk_reasons);
  row.needs_consent = draft.needs_consent;
  row.pre_image = std::move(draft.pre_image);
  if (const auto title = record.title(); title != record.id()) row.title = title;
  if (const auto tag = row.title.empty() ? record.tag("Name") : std::nullopt) row.title = tag->as_text();
  for (const auto& note : slot.guarded->notes) row.risk_reasons.push_back(note);
  if (slot.guarded->undo_none && row.undo.undo_class != UndoClass::none) {
    row.undo = {.undo_class = UndoClass::none};
    row.risk = std::max(row.risk, policy::RiskLevel::medium);
  }
  if (slot.share) take_share(row.saves, *slot.share);
  return row;
}

/// `max-resources`: whether the matches are too many. Counts matches, whatever the action, as Custodian does.
bool too_many(const policy::MaxResources& most, std::size_t matched, std::size_t seen) {
  const auto count = static_cast<double>(matched);
  const bool by_amount = most.amount && *most.amount > 0 && count > *most.amount;
  const double part = seen == 0 ? 0 : count / static_cast<double>(seen) * 100;
  const bool by_percent = most.percent && *most.percent > 0 && part > *most.percent;
  return most.both ? by_amount && by_percent : by_amount || by_percent;
}

class Planner {
 public:
  Planner(PlanRequest& request, const estate::Prices& prices) : request_(request), prices_(prices) {}

  Task<void> plan_scope(std::size_t index) {
    PlanScope& scope = request_.scopes[index];
    ScopeRows& out = scopes_[index];
    out.context.emplace(policy::Context{.reader = *scope.reader,
                                        .prices = prices_,
                                        .now = request_.now,
                                        .account = scope.scope.account,
                                        .region = scope.scope.region,
                                        .partition = scope.scope.partition,
                                        .run = request_.run,
                                        .scratch = *out.scratch,
                                        .configuration = request_.configuration});
    policy::Context& context = *out.context;
    for (const auto& policy : request_.policies[index]) {
      PolicyRows& rows = out.policies.emplace_back();
      rows.policy = policy.get();
      co_await plan_policy(*policy, context, rows);
    }
    co_await keep_survivors(context, scopes_[index]);
    note_broken(*scope.reader, scopes_[index]);
  }

  Task<Plan> run(Loop& loop) {
    scopes_.resize(request_.scopes.size());
    constexpr std::size_t scopes_at_once = 8;
    std::function<Task<void>(std::size_t)> body = [this](std::size_t i) { return plan_scope(i); };
    co_await for_each(loop, request_.scopes.size(), scopes_at_once, body);
    for (auto& scope : scopes_) supersede(scope);
    limit();
    Plan plan;
    for (auto& scope : scopes_) {
      for (auto& rows : scope.policies) finish(plan, rows, scope);
      if (!scope.broken.empty()) plan.header.complete = false;
      std::ranges::move(scope.broken, std::back_inserter(plan.errors));
    }
    co_return plan;
  }

  /// The rows, each drafted as it is handed over.
  Result<void> each_row(const RowSink& sink) const {
    for (const ScopeRows& scope : scopes_) {
      for (const PolicyRows& rows : scope.policies) {
        for (const Slot& slot : rows.slots) {
          if (slot.dropped) continue;
          scope.scratch->clear();
          auto drafted = slot.policy->actions[slot.action]->plan_row(slot.candidate->view, *scope.context);
          REEVE_ASSERT(std::holds_alternative<policy::RowDraft>(drafted));  // it was one before, and plan_row is pure
          TRY(sink(row_of(slot, std::get<policy::RowDraft>(std::move(drafted)))));
        }
      }
    }
    return {};
  }

 private:
  void say(const std::string& text) const {
    if (request_.progress) request_.progress(text);
  }

  /// What rests on a listing that broke off was kept as unknown; the plan says once that it is not the whole truth.
  static void note_broken(const estate::Reader& reader, ScopeRows& scope) {
    for (auto& error : reader.broken_listings()) {
      const bool told = std::ranges::any_of(scope.policies, [&](const PolicyRows& rows) {
        return std::ranges::any_of(rows.errors, [&](const Error& e) { return e.operation == error.operation; });
      });
      if (!told) scope.broken.push_back(std::move(error));
    }
  }

  Task<void> plan_policy(const policy::Policy& policy, policy::Context& context, PolicyRows& out) {
    out.planned = {.name = policy.name,
                   .kind = policy.kind->name,
                   .hash = policy.hash,
                   .scope = context.reader.scope(),
                   .data = policy.data};
    say(fmt::format("{}: reading {} in {}", policy.name, policy.kind->name, context.region));
    policy::Judged judged = co_await policy::judge_policy(policy, context);
    out.planned.seen = judged.seen;
    out.planned.skipped = judged.skipped;
    out.planned.matched = judged.matched.size();
    for (auto& kept : judged.unknown) out.kept.push_back(kept_of(policy, kept.record, kept.code, kept.message));
    if (judged.broken) {
      out.complete = false;
      for (const auto& candidate : judged.matched) {
        out.kept.push_back(kept_of(policy, candidate.view.record(), "incomplete-listing",
                                   "the listing broke off, so nothing that rests on it is done"));
      }
      out.errors.push_back(*judged.broken);
      co_return;
    }
    if (too_many(policy.max_resources, judged.matched.size(), judged.seen)) {
      out.errors.push_back({.code = Code::limit_stopped,
                            .message = fmt::format("policy {} matches {} of {} records, more than its max-resources",
                                                   policy.name, judged.matched.size(), judged.seen),
                            .resource = policy.name,
                            .hint = "Narrow its filters, or raise max-resources in the policy"});
      for (const auto& candidate : judged.matched) {
        out.kept.push_back(kept_of(policy, candidate.view.record(), "max-resources",
                                   "the policy matches more than its max-resources"));
      }
      co_return;
    }
    if (policy.needs_event) {
      for (const auto& candidate : judged.matched) {
        out.kept.push_back(kept_of(policy, candidate.view.record(), "needs-event",
                                   "the policy acts on the records of an event, and nothing but a person started it"));
      }
      co_return;
    }
    out.matched = std::move(judged.matched);
    std::vector<Candidate*> candidates;
    for (auto& candidate : out.matched) {
      const auto& record = candidate.view.record();
      const auto reason = request_.protected_by_journal
                              ? request_.protected_by_journal(record.scope, policy.kind->name, record.id())
                              : std::nullopt;
      if (reason) {
        out.kept.push_back(kept_of(policy, record, "protected", *reason));
      } else {
        candidates.push_back(&candidate);
      }
    }
    for (std::size_t i = 0; i < policy.actions.size(); ++i) co_await plan_action(policy, i, candidates, context, out);
  }

  Task<void> plan_action(const policy::Policy& policy, std::size_t index, std::vector<Candidate*>& candidates,
                         policy::Context& context, PolicyRows& out) {
    const policy::Action& action = *policy.actions[index];
    if (candidates.empty()) co_return;
    say(fmt::format("{}: {} matched; checking what {} must not touch", policy.name, candidates.size(), action.type()));
    out.guarded.push_back(co_await policy::run_guards(action, candidates, context));
    const std::vector<policy::Guarded>& guarded = out.guarded.back();
    for (std::size_t k = 0; k < candidates.size(); ++k) {
      const estate::Record& record = candidates[k]->view.record();
      context.scratch.clear();
      if (guarded[k].kept) {
        out.kept.push_back(kept_of(policy, record, guarded[k].code, guarded[k].message));
        continue;
      }
      auto drafted = action.plan_row(candidates[k]->view, context);
      if (auto* kept = std::get_if<policy::Kept>(&drafted)) {
        out.kept.push_back(kept_of(policy, record, kept->code, kept->message));
        continue;
      }
      const auto& draft = std::get<policy::RowDraft>(drafted);
      out.slots.push_back({.policy = &policy,
                           .candidate = candidates[k],
                           .guarded = &guarded[k],
                           .action = index,
                           .exact = draft.undo.undo_class == UndoClass::exact && !guarded[k].undo_none,
                           .at_most = draft.saves.at_most});
    }
  }

  /// Over all rows of all policies in this scope, each data set keeps a completed, readable copy.
  Task<void> keep_survivors(policy::Context& context, ScopeRows& scope) {
    Removing removing;
    for (const auto& rows : scope.policies) {
      for (const Slot& slot : rows.slots) {
        if (slot.removes_data()) removing.add(rows.policy->kind->name, slot.id(), slot.candidate->findings);
      }
    }
    if (removing.empty()) co_return;
    Task<Result<Copies>> reading = read_copies(context.reader);
    const auto copies = co_await std::move(reading);
    std::set<std::string> survivors;
    if (copies) {
      scope.snapshots = copies->snapshots;
      survivors = last_survivors(removing, *copies);
    }
    for (auto& rows : scope.policies) {
      for (Slot& slot : rows.slots) {
        if (!slot.removes_data()) continue;
        if (!copies) {
          rows.drop(slot, "unknown", "whether another copy of its data remains could not be read");
        } else if (survivors.contains(std::string(slot.id()))) {
          rows.drop(slot, "last-survivor", "the newest copy of its data set, of which nothing would be left");
        }
      }
    }
  }

  /// One record, one change that is not exact: the first policy's wins, and nothing follows one that ends the record.
  /// Rows on one record follow each other.
  static void supersede(ScopeRows& scope) {
    std::map<std::pair<std::string_view, std::string_view>, const Slot*> inexact, last;
    for (auto& rows : scope.policies) {
      for (Slot& slot : rows.slots) {
        if (slot.dropped) continue;
        const std::pair<std::string_view, std::string_view> key{rows.policy->kind->name, slot.id()};
        if (const auto before = last.find(key); before != last.end() && before->second->ends_record()) {
          rows.drop(slot, "superseded",
                    fmt::format("it is gone by then: policy {} does {} before", before->second->policy->name,
                                before->second->policy->actions[before->second->action]->type()));
          continue;
        }
        if (!slot.exact) {
          const auto [at, fresh] = inexact.try_emplace(key, &slot);
          if (!fresh) {
            rows.drop(slot, "superseded", fmt::format("policy {} already changes it", at->second->policy->name));
            continue;
          }
        }
        slot.earlier = std::exchange(last[key], &slot);
      }
    }
  }

  static std::set<std::string_view> counted_records(const PolicyRows& rows) {
    std::set<std::string_view> out;
    for (const Slot& slot : rows.slots) {
      if (!slot.dropped && !slot.exact) out.insert(slot.id());
    }
    return out;
  }

  /// Keeps rows of the `most` oldest of the counted records; the others become past-limit.
  void keep_oldest(PolicyRows& rows, std::size_t most) const {
    std::set<std::pair<Time, std::string_view>> order;
    for (const Slot& slot : rows.slots) {
      if (!slot.dropped && !slot.exact) order.emplace(slot.record().date().value_or(request_.now), slot.id());
    }
    std::set<std::string_view> past;
    for (auto at = order.begin(); at != order.end(); ++at) {
      if (most > 0) {
        --most;
      } else {
        past.insert(at->second);
      }
    }
    const std::size_t kept = order.size() - past.size();
    for (Slot& slot : rows.slots) {
      if (slot.dropped || !past.contains(slot.id())) continue;
      rows.drop(slot, "past-limit", fmt::format("only the {} oldest are planned", kept));
    }
  }

  /// Takes all rows of a policy back, with one message that says what would let it go on.
  static void stop(PolicyRows& rows, std::size_t counted, std::size_t allowed, std::string_view whose) {
    rows.errors.push_back(
        {.code = Code::limit_stopped,
         .message =
             fmt::format("policy {} would change {} of {} records in {} beyond exact undo; {} is {}", rows.policy->name,
                         counted, rows.planned.seen, rows.planned.scope.region, whose, allowed),
         .resource = rows.policy->name,
         .hint = fmt::format("Look at the plan, then go on with --limit {} (or a percentage, --limit 25%), or with "
                             "--oldest-first for the {} oldest",
                             counted, allowed)});
    for (Slot& slot : rows.slots) {
      if (!slot.dropped) rows.drop(slot, "limit", fmt::format("the policy is past its limit of {}", allowed));
    }
  }

  void limit() {
    std::size_t seen = 0;
    bool all_small = true;
    for (const auto& scope : scopes_) {
      for (const auto& rows : scope.policies) {
        seen += rows.planned.seen;
        all_small = all_small && rows.policy->kind->small_default_limit;
      }
    }
    std::optional<std::size_t> left = allowance(request_.limit, seen, all_small);
    const std::optional<std::size_t> whole = left;
    for (auto& scope : scopes_) {
      for (auto& rows : scope.policies) {
        auto counted = counted_records(rows);
        auto& limit = rows.planned.limit;
        limit.allowed = allowance(request_.limit, rows.planned.seen, rows.policy->kind->small_default_limit);
        limit.counted = counted.size();
        const bool past_own = limit.allowed && counted.size() > *limit.allowed;
        if (past_own) {
          limit.exceeded = true;
          if (!request_.oldest_first) {
            stop(rows, counted.size(), *limit.allowed, "its limit");
            continue;
          }
          keep_oldest(rows, *limit.allowed);
          counted = counted_records(rows);
        }
        if (left && counted.size() > *left) {
          limit.exceeded = true;
          if (!request_.oldest_first) {
            stop(rows, counted.size(), *whole, "the whole run's limit");
            continue;
          }
          keep_oldest(rows, *left);
          counted = counted_records(rows);
        }
        if (left) *left -= counted.size();
      }
    }
  }

  static void finish(Plan& plan, PolicyRows& rows, const ScopeRows& scope) {
    std::vector<Slot*> slots;
    std::vector<Claim> claims;
    for (Slot& slot : rows.slots) {
      if (slot.dropped) continue;
      ++rows.planned.planned;
      if (!scope.snapshots || !slot.at_most || rows.policy->kind->name != "ebs-snapshot") continue;
      slots.push_back(&slot);
      claims.push_back({.snapshot = slot.id(), .at_most = *slot.at_most});
    }
    if (!claims.empty()) {
      const auto shares = chain_shares(claims, scope.snapshots->records);
      for (std::size_t i = 0; i < slots.size(); ++i) slots[i]->share = shares[i];
    }
    plan.header.complete = plan.header.complete && rows.complete;
    plan.header.policies.push_back(std::move(rows.planned));
    std::ranges::move(rows.kept, std::back_inserter(plan.kept));
    std::ranges::move(rows.errors, std::back_inserter(plan.errors));
  }

  PlanRequest& request_;
  const estate::Prices& prices_;
  std::vector<ScopeRows> scopes_;
};

}  // namespace

Task<Drafted> make_plan(PlanRequest& request, const estate::Prices& prices) {
  REEVE_ASSERT(request.policies.size() == request.scopes.size());
  if (request.scopes.empty()) co_return Drafted{.plan = {}, .rows = [](const RowSink&) { return Result<void>{}; }};
  const auto planner = std::make_shared<Planner>(request, prices);
  Task<Plan> planning = planner->run(request.scopes.front().reader->loop());
  Plan plan = co_await std::move(planning);
  RowSource rows = [planner](const RowSink& sink) { return planner->each_row(sink); };
  co_return Drafted{.plan = std::move(plan), .rows = std::move(rows)};
}

}  // namespace reeve::plan
