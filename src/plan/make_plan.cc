#include "plan/make_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "plan/survivors.h"

namespace reeve::plan {
namespace {

using policy::Candidate;
using policy::UndoClass;

/// A policy's rows in one scope, before limits.
struct PolicyRows {
  PlannedPolicy planned;
  const policy::Policy* policy = nullptr;
  std::vector<Row> rows;
  std::vector<Kept> kept;
  std::vector<Error> errors;
  std::map<std::string, Time> dates;  ///< of records that have rows: for --oldest-first
  bool complete = true;
};

/// One scope's results, in the policies' order.
struct ScopeRows {
  std::vector<PolicyRows> policies;
  std::vector<estate::Record> snapshots;  ///< the scope's, where rows remove data
  std::vector<Error> broken;              ///< listings that filters and guards needed
};

Kept kept_of(const policy::Policy& policy, const estate::Record& record, std::string code, std::string message) {
  return {.policy = policy.name,
          .kind = policy.kind->name,
          .id = std::string(record.id()),
          .scope = record.scope,
          .code = std::move(code),
          .message = std::move(message)};
}

Kept kept_of(const Row& row, std::string code, std::string message) {
  return {.policy = row.policy,
          .kind = row.kind,
          .id = row.records.front(),
          .scope = row.scope,
          .code = std::move(code),
          .message = std::move(message)};
}

Row row_of(const policy::Policy& policy, const Candidate& candidate, std::size_t action_index, policy::RowDraft draft,
           const policy::Guarded& guarded) {
  const estate::Record& record = candidate.view.record();
  const std::string action(policy.actions[action_index]->type());
  Row row;
  row.policy = policy.name;
  row.kind = policy.kind->name;
  row.records = {std::string(record.id())};
  row.scope = record.scope;
  row.action = action;
  row.action_index = action_index;
  // A policy may have several actions of one type; each has rows of its own.
  const auto same_type = [&](const auto& other) { return other->type() == policy.actions[action_index]->type(); };
  const auto before = std::count_if(policy.actions.begin(),
                                    policy.actions.begin() + static_cast<std::ptrdiff_t>(action_index), same_type);
  row.row = row_id(row.policy, row.kind, row.scope, row.records,
                   before == 0 ? row.action : fmt::format("{}#{}", row.action, before));
  row.why = candidate.findings;
  row.steps = std::move(draft.steps);
  row.undo = std::move(draft.undo);
  row.saves = std::move(draft.saves);
  row.risk = draft.risk;
  row.risk_reasons = std::move(draft.risk_reasons);
  row.needs_consent = draft.needs_consent;
  row.pre_image = std::move(draft.pre_image);
  if (const auto title = record.title(); title != record.id()) row.title = title;
  if (const auto tag = row.title.empty() ? record.tag("Name") : std::nullopt) row.title = tag->as_text();
  for (const auto& note : guarded.notes) row.risk_reasons.push_back(note);
  if (guarded.undo_none && row.undo.undo_class != UndoClass::none) {
    row.undo = {.undo_class = UndoClass::none};
    row.risk = std::max(row.risk, policy::RiskLevel::medium);
  }
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
    text::Scratch scratch;
    policy::Context context{.reader = *scope.reader,
                            .prices = prices_,
                            .now = request_.now,
                            .account = scope.scope.account,
                            .region = scope.scope.region,
                            .partition = scope.scope.partition,
                            .run = request_.run,
                            .scratch = scratch,
                            .configuration = request_.configuration};
    for (const auto& policy : request_.policies[index]) {
      PolicyRows rows;
      rows.policy = policy.get();
      co_await plan_policy(*policy, context, rows);
      scopes_[index].policies.push_back(std::move(rows));
    }
    co_await keep_survivors(context, scopes_[index]);
    note_broken(*scope.reader, scopes_[index]);
  }

  Task<Plan> run(Loop& loop) {
    scopes_.resize(request_.scopes.size());
    constexpr std::size_t scopes_at_once = 8;
    std::function<Task<void>(std::size_t)> body = [this](std::size_t i) { return plan_scope(i); };
    co_await for_each(loop, request_.scopes.size(), scopes_at_once, body);
    supersede();
    limit();
    Plan plan;
    for (auto& scope : scopes_) {
      for (auto& rows : scope.policies) finish(plan, rows, scope.snapshots);
      if (!scope.broken.empty()) plan.header.complete = false;
      std::ranges::move(scope.broken, std::back_inserter(plan.errors));
    }
    co_return plan;
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
    std::vector<Candidate*> candidates;
    for (auto& candidate : judged.matched) {
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
    const std::vector<policy::Guarded> guarded = co_await policy::run_guards(action, candidates, context);
    for (std::size_t k = 0; k < candidates.size(); ++k) {
      const estate::Record& record = candidates[k]->view.record();
      if (guarded[k].kept) {
        out.kept.push_back(kept_of(policy, record, guarded[k].code, guarded[k].message));
        continue;
      }
      auto drafted = action.plan_row(candidates[k]->view, context);
      if (auto* kept = std::get_if<policy::Kept>(&drafted)) {
        out.kept.push_back(kept_of(policy, record, kept->code, kept->message));
        continue;
      }
      out.rows.push_back(
          row_of(policy, *candidates[k], index, std::get<policy::RowDraft>(std::move(drafted)), guarded[k]));
      out.dates.emplace(record.id(), record.date().value_or(context.now));
    }
  }

  /// Over all rows of all policies in this scope, each data set keeps a completed, readable copy.
  Task<void> keep_survivors(policy::Context& context, ScopeRows& scope) {
    auto removes = [](const PolicyRows& rows, const Row& row) {
      return rows.policy->actions[row.action_index]->removes_data();
    };
    Removing removing;
    for (const auto& rows : scope.policies) {
      for (const auto& row : rows.rows) {
        if (removes(rows, row)) removing.add(row);
      }
    }
    if (removing.empty()) co_return;
    const estate::Kinds& kinds = context.reader.kinds();
    const auto snapshots = co_await context.reader.all(*kinds.find("ebs-snapshot"));
    const auto volumes = co_await context.reader.all(*kinds.find("ebs"));
    const bool readable = snapshots.has_value() && volumes.has_value();
    std::set<std::string> survivors;
    if (readable) {
      scope.snapshots = (*snapshots)->records;
      survivors = last_survivors(removing, scope.snapshots, (*volumes)->records);
    }
    for (auto& rows : scope.policies) {
      std::erase_if(rows.rows, [&](const Row& row) {
        if (!removes(rows, row) || (readable && !survivors.contains(row.records.front()))) return false;
        rows.kept.push_back(
            readable ? kept_of(row, "last-survivor", "the newest copy of its data set, of which nothing would be left")
                     : kept_of(row, "unknown", "whether another copy of its data remains could not be read"));
        return true;
      });
    }
  }

  /// One record, one change that is not exact: the first policy's wins. Rows on one record follow each other.
  void supersede() {
    struct Taken {
      std::string row, policy;
    };
    std::map<std::pair<aws::Scope, std::string>, Taken> inexact;
    std::map<std::pair<aws::Scope, std::string>, std::vector<std::string>> before;
    for (auto& scope : scopes_) {
      for (auto& rows : scope.policies) {
        std::erase_if(rows.rows, [&](Row& row) {
          const std::pair key{row.scope, row.kind + "/" + row.records.front()};
          if (row.undo.undo_class != UndoClass::exact) {
            const auto [at, fresh] = inexact.try_emplace(key, Taken{row.row, row.policy});
            if (!fresh) {
              rows.kept.push_back(
                  kept_of(row, "superseded", fmt::format("policy {} already changes it", at->second.policy)));
              return true;
            }
          }
          std::vector<std::string>& earlier = before[key];
          row.after = earlier;
          earlier.push_back(row.row);
          return false;
        });
      }
    }
  }

  static std::set<std::string> counted_records(const PolicyRows& rows) {
    std::set<std::string> out;
    for (const auto& row : rows.rows) {
      if (row.undo.undo_class != UndoClass::exact) out.insert(row.records.front());
    }
    return out;
  }

  /// Keeps rows of the `most` oldest of the counted records; the others become past-limit.
  static void keep_oldest(PolicyRows& rows, const std::set<std::string>& counted, std::size_t most) {
    std::vector<std::string> order(counted.begin(), counted.end());
    std::ranges::sort(order, {}, [&rows](const std::string& id) { return std::pair(rows.dates.at(id), id); });
    const std::set<std::string> past(order.begin() + static_cast<std::ptrdiff_t>(std::min(most, order.size())),
                                     order.end());
    std::erase_if(rows.rows, [&](const Row& row) {
      if (!past.contains(row.records.front())) return false;
      rows.kept.push_back(kept_of(row, "past-limit", fmt::format("only the {} oldest are planned", most)));
      return true;
    });
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
    for (const auto& row : rows.rows) {
      rows.kept.push_back(kept_of(row, "limit", fmt::format("the policy is past its limit of {}", allowed)));
    }
    rows.rows.clear();
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
          keep_oldest(rows, counted, *limit.allowed);
          counted = counted_records(rows);
        }
        if (left && counted.size() > *left) {
          limit.exceeded = true;
          if (!request_.oldest_first) {
            stop(rows, counted.size(), *whole, "the whole run's limit");
            continue;
          }
          keep_oldest(rows, counted, *left);
          counted = counted_records(rows);
        }
        if (left) *left -= counted.size();
      }
    }
  }

  static void finish(Plan& plan, PolicyRows& rows, const std::vector<estate::Record>& snapshots) {
    cap_chains(rows.rows, snapshots);
    rows.planned.planned = rows.rows.size();
    plan.header.complete = plan.header.complete && rows.complete;
    plan.header.policies.push_back(std::move(rows.planned));
    std::ranges::move(rows.rows, std::back_inserter(plan.rows));
    std::ranges::move(rows.kept, std::back_inserter(plan.kept));
    std::ranges::move(rows.errors, std::back_inserter(plan.errors));
  }

  PlanRequest& request_;
  const estate::Prices& prices_;
  std::vector<ScopeRows> scopes_;
};

}  // namespace

Task<Plan> make_plan(PlanRequest& request, const estate::Prices& prices) {
  REEVE_ASSERT(request.policies.size() == request.scopes.size());
  if (request.scopes.empty()) co_return Plan{};
  Planner planner(request, prices);
  Plan plan = co_await planner.run(request.scopes.front().reader->loop());
  co_return plan;
}

}  // namespace reeve::plan
