#include "apply/execute.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <utility>

#include "apply/effects.h"
#include "plan/plan_json.h"

namespace reeve::apply {
namespace {

using policy::Step;

/// At most this many changing calls are in flight (design, section 4).
constexpr std::size_t changes_in_flight = 16;
/// Rows judged again together: one re-read of 200 ids is one call.
constexpr std::size_t rows_a_chunk = 200;
/// No row acts on evidence older than this (design, idea 6).
constexpr Duration evidence_age = std::chrono::seconds(30);
/// Chunks share what was listed for so long, as long as all of it could be read: the age of evidence counts from there.
constexpr Duration evidence_shared = std::chrono::seconds(10);
/// How often, and after which pauses, a step whose answer never came is looked for: EC2's reads lag by seconds.
constexpr std::array<Duration, 4> observe_pauses = {std::chrono::seconds(0), std::chrono::seconds(1),
                                                    std::chrono::seconds(3), std::chrono::seconds(6)};
/// How often a group is judged whose evidence was too old when its turn came: where reads take that long, it is left.
constexpr int looks_most = 3;
constexpr Duration call_time = std::chrono::minutes(2);

/// Errors after which nobody knows whether AWS did what was asked.
bool leaves_doubt(const Error& error) {
  switch (error.code) {
    case Code::timed_out:
    case Code::network:
    case Code::server_error:
    case Code::malformed:
    case Code::cancelled:
      return true;
    case Code::unsupported:  // a gateway's own page instead of an answer
      return error.aws && error.aws->status >= 500;
    default:
      return false;
  }
}

/// Errors after which no further call of this run can succeed.
bool ends_run(const Error& error) { return error.code == Code::expired_credentials || error.code == Code::credentials; }

/// Errors of reading that say nothing about the record: the others would meet them too.
bool unreachable(const Error& error) {
  const Error& root = error.cause ? *error.cause : error;
  return root.code == Code::network || root.code == Code::server_error;
}

std::string subject_of(const plan::Row& row) { return apply::subject_of(row.scope, row.kind, row.records.front()); }

/// Rows on one record, in order: they are judged together before the first acts, and follow each other.
struct Group {
  std::vector<const plan::Row*> rows;
  std::vector<JudgedAgain> judged;
  Steady judged_at{};
  int looks = 0;  ///< how often it was judged
};

/// What chunks of a scope read with, and since when.
struct SharedReader {
  std::unique_ptr<estate::Reader> reader;
  Steady since{};
};

class Execution {
 public:
  Execution(Hands hands, RunTerms terms, const plan::Header& header, const RowJudge& judge,
            const std::map<std::string, std::vector<Entry>>& started, Cancel stop, Progress progress)
      : hands_(hands),
        terms_(std::move(terms)),
        header_(header),
        judge_(judge),
        started_(started),
        stop_(stop),
        progress_(std::move(progress)) {}

  Task<Result<RunResult>> run(std::vector<plan::Row> rows, std::vector<RowOutcome> finished) {
    result_.id = terms_.run;
    result_.plan = terms_.plan;
    result_.verb = terms_.verb;
    total_ = rows.size() + finished.size();
    std::set<std::string> closed;
    for (auto& row : finished) {
      closed.insert(row.row);
      outcomes_[row.row] = row.outcome;
      note(std::move(row));
    }
    std::vector<const plan::Row*> open;
    for (const auto& row : rows) {
      if (!closed.contains(row.row)) open.push_back(&row);
    }
    total_ = open.size() + closed.size();
    Task<void> resolving = resolve_started(open);
    co_await std::move(resolving);
    Task<void> expiring = skip_expired(open);
    co_await std::move(expiring);
    Task<void> skipping = skip_without_consent(open);
    co_await std::move(skipping);
    for (auto& [scope, groups] : grouped(open)) {
      Task<void> working = run_scope(scope, std::move(groups));
      co_await std::move(working);
    }
    Task<Result<void>> ending = end();
    CO_TRY(co_await std::move(ending));
    co_return std::move(result_);
  }

 private:
  /// How a step ended: go on, the row was closed (or the journal is broken), or nothing was sent.
  enum class StepEnd : std::uint8_t { done, closed, too_late };

  static std::map<aws::Scope, std::vector<Group>> grouped(const std::vector<const plan::Row*>& rows) {
    std::map<aws::Scope, std::vector<Group>> out;
    std::map<std::string, std::pair<aws::Scope, std::size_t>> place;
    for (const plan::Row* row : rows) {
      const auto [at, fresh] = place.try_emplace(subject_of(*row), row->scope, out[row->scope].size());
      if (fresh) out[row->scope].emplace_back();
      out[row->scope][at->second.second].rows.push_back(row);
    }
    return out;
  }

  bool stopping() const { return stop_.requested() || broken_ || fatal_; }

  void note(RowOutcome row) {
    result_.count(row);
    if (progress_.row) progress_.row(result_.rows.size() + 1, total_, row);
    result_.rows.push_back(std::move(row));
  }

  estate::Reader reader_for(const aws::Scope& scope) {
    return estate::Reader(hands_.api, hands_.models, hands_.kinds, hands_.world.loop, scope, {.cancel = stop_});
  }

  // --- Journal

  Task<bool> write(std::vector<NewEntry> entries) {
    auto written = co_await hands_.journal.append(std::move(entries));
    if (!written && !broken_) broken_ = written.error();
    co_return written.has_value();
  }

  Task<void> close_row(const plan::Row& row, Outcome outcome, std::optional<Error> error) {
    const bool done = outcome == Outcome::done;
    Builder b;
    b.begin_map();
    b.put("id", row.records.front());
    b.put("action", row.action);
    b.put("outcome", name(outcome));
    b.put("undo", name(row.undo.undo_class));
    b.put_if("until", done && row.undo.until ? format_iso8601(*row.undo.until) : std::string());
    b.put_if("first_operation", done ? row.steps.front().operation : std::string());
    if (error) {
      b.key("error");
      plan::put_error(b, *error);
    } else {
      b.put_null("error");
    }
    b.end();
    std::vector<NewEntry> entries;
    entries.push_back({.run = terms_.run,
                       .row = row.row,
                       .kind = "row",
                       .subject = done ? subject_of(row) : std::string(),
                       .body = b.finish()});
    // What could not be written stays open, and is found by `resume`.
    if (!co_await write(std::move(entries))) co_return;
    outcomes_[row.row] = outcome;
    note({.row = row.row,
          .id = row.records.front(),
          .action = row.action,
          .outcome = outcome,
          .undo_class = std::string(done ? name(row.undo.undo_class) : "none"),
          .error = std::move(error)});
  }

  static Document intent_body(const plan::Row& row, std::size_t step_index, const Step& step) {
    Builder b;
    b.begin_map();
    b.put("step", static_cast<std::int64_t>(step_index));
    b.put("policy", row.policy);
    b.put("kind", row.kind);
    b.put("id", row.records.front());
    b.put("partition", row.scope.partition);
    b.put("account", row.scope.account);
    b.put("region", row.scope.region);
    b.put("action", row.action);
    b.put("service", step.service);
    b.put("operation", step.operation);
    b.put("params", step.params);
    b.put("before", row.pre_image);
    b.put("undo", name(row.undo.undo_class));
    b.end();
    return b.finish();
  }

  Task<bool> write_intent(const plan::Row& row, std::size_t index, const Step& step) {
    std::vector<NewEntry> entries;
    entries.push_back(
        {.run = terms_.run, .row = row.row, .kind = "intent", .subject = {}, .body = intent_body(row, index, step)});
    return write(std::move(entries));
  }

  Task<bool> write_outcome(const plan::Row& row, std::size_t index, std::string result, std::optional<Error> error,
                           std::string request_id, bool resolved) {
    Builder b;
    b.begin_map();
    b.put("step", static_cast<std::int64_t>(index));
    b.put("result", result);
    b.put("request_id", request_id);
    b.put("resolved", resolved);
    if (error) {
      b.key("error");
      plan::put_error(b, *error);
    } else {
      b.put_null("error");
    }
    b.end();
    std::vector<NewEntry> entries;
    entries.push_back({.run = terms_.run, .row = row.row, .kind = "outcome", .subject = {}, .body = b.finish()});
    co_return co_await write(std::move(entries));
  }

  Task<Result<void>> end() {
    if (broken_) co_return fail(*broken_);
    const bool all_closed = result_.rows.size() >= total_;  // a Ctrl-C may come too late to matter
    result_.state = result_.in_doubt > 0 ? "in_doubt"
                    : !all_closed        ? "interrupted"
                    : result_.failed > 0 ? "failed"
                                         : "done";
    Builder b;
    b.begin_map();
    b.put("format", 1);
    b.put("state", result_.state);
    b.put("done", static_cast<std::int64_t>(result_.done));
    b.put("failed", static_cast<std::int64_t>(result_.failed));
    b.put("drifted", static_cast<std::int64_t>(result_.drifted));
    b.put("skipped", static_cast<std::int64_t>(result_.skipped));
    b.put("in_doubt", static_cast<std::int64_t>(result_.in_doubt));
    b.end();
    std::vector<NewEntry> entries;
    entries.push_back({.run = terms_.run, .row = {}, .kind = "end", .subject = {}, .body = b.finish()});
    co_return co_await hands_.journal.append(std::move(entries));
  }

  // --- What an earlier life of this run left open

  /// Closes intents without an outcome by looking, and rows whose last step had ended.
  Task<void> resolve_started(std::vector<const plan::Row*>& open) {
    std::vector<const plan::Row*> left;
    for (const plan::Row* row : open) {
      const auto entries = started_.find(row->row);
      if (entries == started_.end()) {
        left.push_back(row);
        continue;
      }
      Task<bool> resolving = resolve_row(*row, entries->second);
      if (!co_await std::move(resolving)) left.push_back(row);
    }
    open = std::move(left);
  }

  /// A plan is good for a day: what was not begun by then stays as it is.
  Task<void> skip_expired(std::vector<const plan::Row*>& open) {
    if (!terms_.expired) co_return;
    for (const plan::Row* row : open) {
      if (stopping()) co_return;
      Error error{.code = Code::plan_expired,
                  .message = "its plan has expired since the run was interrupted",
                  .hint = "Plan again: the estate may have changed since"};
      Task<void> closing = close_row(*row, Outcome::skipped, std::move(error));
      co_await std::move(closing);
    }
    open.clear();
  }

  /// True if the row is closed now; false if it is to be judged and done as if it had not been begun.
  Task<bool> resolve_row(const plan::Row& row, const std::vector<Entry>& entries) {
    const Entry* intent = nullptr;
    const Entry* outcome = nullptr;
    for (const auto& entry : entries) {
      if (entry.kind == "intent") {
        intent = &entry;
        outcome = nullptr;
      } else if (entry.kind == "outcome") {
        outcome = &entry;
      }
    }
    if (intent == nullptr) co_return false;
    if (outcome != nullptr && outcome->body["result"].as_text() == "not_sent") co_return false;
    const auto index = static_cast<std::size_t>(intent->body["step"].as_integer());
    std::string result = outcome == nullptr ? std::string() : outcome->body["result"].as_string();
    if (result.empty() || result == "in_doubt") {
      Step step{.service = intent->body["service"].as_string(),
                .operation = intent->body["operation"].as_string(),
                .params = deep_copy(intent->body["params"])};
      Document before = deep_copy(intent->body["before"]);
      auto seen = co_await look(row.scope, step, before);
      if (!seen) {
        Error error = seen.error();
        co_await write_outcome(row, index, "in_doubt", error, {}, true);
        co_await close_row(row, Outcome::in_doubt, std::move(error));
        co_return true;
      }
      result = *seen == Observed::took_effect ? "done" : "failed";
      co_await write_outcome(row, index, result, std::nullopt, {}, true);
      if (result == "failed") co_return false;  // it did not take place: judge it again and do it
    }
    // Looked for and not found, by a life that then ended: nobody refused it, so it is done now.
    if (result == "failed" && outcome != nullptr && outcome->body["resolved"].as_bool()) co_return false;
    if (result != "done") {
      Error error{.code = Code::request_refused, .message = outcome->body["error"]["message"].as_string()};
      co_await close_row(row, Outcome::failed, std::move(error));
      co_return true;
    }
    // A row that was begun is finished: judged again, it would meet its own first half.
    for (std::size_t next = index + 1; next < row.steps.size(); ++next) {
      Task<StepEnd> stepping = run_step(row, next, Steady{INT64_MAX});
      if (co_await std::move(stepping) != StepEnd::done) co_return true;
    }
    co_await close_row(row, Outcome::done, std::nullopt);
    co_return true;
  }

  /// Looks whether a step took effect, a few times: reads lag behind. Errors: in_doubt.
  Task<Result<Observed>> look(aws::Scope scope, Step step, Document before) {
    const Effect* effect = find_effect(step.service, step.operation);
    REEVE_ASSERT(effect != nullptr);  // steps that are not in the table are refused before they are begun
    Error last{.code = Code::in_doubt, .message = "nobody looked"};
    bool seen_without = false;
    for (const Duration pause : observe_pauses) {
      if (pause.count() > 0) (void)co_await hands_.world.loop.sleep(pause);
      estate::Reader reader(hands_.api, hands_.models, hands_.kinds, hands_.world.loop, scope, {});
      auto observed = co_await effect->observe(reader, step, before);
      if (observed && *observed == Observed::took_effect) co_return Observed::took_effect;
      if (observed) {
        seen_without = true;
      } else {
        last = observed.error();
      }
    }
    if (seen_without) co_return Observed::no_effect;
    co_return fail({.code = Code::in_doubt,
                    .message = fmt::format("whether {} took place could not be found out", step.operation),
                    .operation = step.service + "." + step.operation,
                    .hint = "`reeve resume` looks again",
                    .aws = last.aws,
                    .cause = std::make_shared<const Error>(last)});
  }

  // --- Rows

  Task<void> skip_without_consent(std::vector<const plan::Row*>& open) {
    std::set<std::string> allowed_policies;
    for (const auto& p : header_.policies) {
      if (p.data["metadata"]["reeve"]["irreversible"].as_text() == "allow") allowed_policies.insert(p.name);
    }
    std::vector<const plan::Row*> left;
    for (const plan::Row* row : open) {
      const bool consent = terms_.consent || header_.irreversible_allowed || allowed_policies.contains(row->policy);
      if (!row->consent_needed() || consent || stopping()) {
        left.push_back(row);
        continue;
      }
      Error error{.code = Code::consent_missing,
                  .message = row->needs_consent ? "it is the last copy of its data" : "it cannot be undone",
                  .hint = "Look at the row, then apply with --allow-irreversible"};
      Task<void> closing = close_row(*row, Outcome::skipped, std::move(error));
      co_await std::move(closing);
    }
    open = std::move(left);
  }

  Task<void> run_scope(aws::Scope scope, std::vector<Group> groups) {
    std::deque<Group> waiting(std::make_move_iterator(groups.begin()), std::make_move_iterator(groups.end()));
    SharedReader shared;
    while (!waiting.empty() && !stopping()) {
      std::vector<Group> chunk;
      while (!waiting.empty() && chunk.size() < rows_a_chunk) {
        chunk.push_back(std::move(waiting.front()));
        waiting.pop_front();
      }
      Task<void> judging = judge_chunk(scope, chunk, shared);
      co_await std::move(judging);
      std::vector<Group> late;
      std::function<Task<void>(std::size_t)> body = [&](std::size_t i) { return run_group(chunk[i], late); };
      co_await for_each(hands_.world.loop, chunk.size(), changes_in_flight, body);
      for (auto it = late.rbegin(); it != late.rend(); ++it) waiting.push_front(std::move(*it));
    }
  }

  Task<void> judge_chunk(aws::Scope scope, std::vector<Group>& chunk, SharedReader& shared) {
    std::vector<const plan::Row*> rows;
    for (const auto& group : chunk) rows.insert(rows.end(), group.rows.begin(), group.rows.end());
    const Steady begun = hands_.world.clock.steady();
    if (!shared.reader || begun - shared.since > evidence_shared) {
      shared.reader = std::make_unique<estate::Reader>(reader_for(scope));
      shared.since = begun;  // evidence is as old as the first read
    }
    const Time now = terms_.pinned_now.value_or(hands_.policy_now());
    std::vector<JudgedAgain> judged = co_await judge_.judge(rows, *shared.reader, now);
    const Steady since = shared.since;
    const bool all_go = std::ranges::all_of(judged, &JudgedAgain::go);
    if (!all_go) shared.reader.reset();  // what could not be read is read anew for the next
    // What waited for its turn is judged again; only where judging itself takes too long is a group given up.
    const bool too_slow = hands_.world.clock.steady() - begun > evidence_age;
    std::size_t at = 0;
    for (auto& group : chunk) {
      group.judged_at = since;
      if (too_slow) ++group.looks;
      group.judged.assign(
          std::make_move_iterator(judged.begin() + static_cast<std::ptrdiff_t>(at)),
          std::make_move_iterator(judged.begin() + static_cast<std::ptrdiff_t>(at + group.rows.size())));
      at += group.rows.size();
    }
  }

  Task<void> run_group(Group& group, std::vector<Group>& late) {
    if (stopping()) co_return;
    std::vector<const Step*> earlier;  // of this group, done
    for (std::size_t i = 0; i < group.rows.size() && !stopping(); ++i) {
      const plan::Row& row = *group.rows[i];
      if (i > 0 && judge_.one_by_one()) {
        Task<void> judging = judge_one(row, group, i);
        co_await std::move(judging);
        if (stopping()) co_return;
      }
      if (hands_.world.clock.steady() - group.judged_at > evidence_age) {
        Group rest{.rows = {group.rows.begin() + static_cast<std::ptrdiff_t>(i), group.rows.end()}};
        rest.looks = i > 0 ? 0 : group.looks;
        if (rest.looks < looks_most) {
          late.push_back(std::move(rest));
          co_return;
        }
        group.judged[i] = {.go = false,
                           .failed = true,
                           .message = {},
                           .error = Error{.code = Code::timed_out,
                                          .message = "reading it took longer than what is read may be old",
                                          .hint = "Try again when AWS answers faster"}};
      }
      JudgedAgain& judged = group.judged[i];
      for (const Step* step : earlier) carry(judged, *step);
      Task<bool> one = run_row(row, judged, group.judged_at + evidence_age);
      if (co_await std::move(one)) {
        late.push_back({.rows = {group.rows.begin() + static_cast<std::ptrdiff_t>(i), group.rows.end()}});
        co_return;
      }
      const auto ended = outcomes_.find(row.row);
      if (ended == outcomes_.end() || ended->second != Outcome::done) continue;
      for (const Step& step : row.steps) earlier.push_back(&step);
    }
  }

  Task<void> judge_one(const plan::Row& row, Group& group, std::size_t index) {
    estate::Reader reader = reader_for(row.scope);
    std::vector<const plan::Row*> rows{&row};
    group.judged_at = hands_.world.clock.steady();
    const Time now = terms_.pinned_now.value_or(hands_.policy_now());
    std::vector<JudgedAgain> judged = co_await judge_.judge(std::move(rows), reader, now);
    group.judged[index] = std::move(judged.front());
  }

  /// What an earlier row on the record did is part of what this row finds.
  static void carry(JudgedAgain& judged, const Step& earlier) {
    if (!judged.go || judged.fresh.steps.empty()) return;
    const Step& step = judged.fresh.steps.front();
    const Effect* effect = find_effect(step.service, step.operation);
    if (effect != nullptr) judged.fresh.pre_image = effect->before_after(std::move(judged.fresh.pre_image), earlier);
  }

  /// True if nothing was sent because what the row rests on became too old: it is to be judged once more.
  Task<bool> run_row(const plan::Row& row, JudgedAgain& judged, Steady start_by) {
    for (const auto& before : row.after) {
      const auto ended = outcomes_.find(before);
      if (ended != outcomes_.end() && ended->second != Outcome::done) {
        co_await close_row(row, Outcome::skipped,
                           Error{.code = Code::drift, .message = "an earlier row on the same record was not done"});
        co_return false;
      }
    }
    if (!judged.go) {
      Error error = judged.error.value_or(Error{.code = Code::drift, .message = judged.message});
      if (ends_run(error) || (judged.failed && unreachable(error))) {
        stop_run(error);  // the row stays open, for `resume`
        co_return false;
      }
      co_await close_row(row, judged.failed ? Outcome::failed : Outcome::drifted, std::move(error));
      co_return false;
    }
    const plan::Row& fresh = judged.fresh;
    for (std::size_t i = 0; i < fresh.steps.size(); ++i) {
      Task<StepEnd> stepping = run_step(fresh, i, i == 0 ? start_by : Steady{INT64_MAX});
      const StepEnd ended = co_await std::move(stepping);
      if (ended != StepEnd::done) co_return ended == StepEnd::too_late;
    }
    co_await close_row(fresh, Outcome::done, std::nullopt);
    co_return false;
  }

  void stop_run(const Error& error) {
    result_.broke_off = true;
    if (!std::exchange(fatal_, true) && progress_.note) progress_.note("stopping: " + error.text());
  }

  Task<StepEnd> run_step(const plan::Row& row, std::size_t index, Steady start_by) {
    const Step& step = row.steps[index];
    const Effect* effect = find_effect(step.service, step.operation);
    if (step.type != Step::Type::call || effect == nullptr) {
      Error error{.code = Code::plan_refused,
                  .message = fmt::format("Reeve does not carry out {}.{}", step.service, step.operation)};
      co_await close_row(row, Outcome::failed, std::move(error));
      co_return StepEnd::closed;
    }
    if (!co_await write_intent(row, index, step)) co_return StepEnd::closed;
    aws::Request request{.service = step.service,
                         .operation = step.operation,
                         .params = step.params,
                         .scope = row.scope,
                         .deadline = hands_.world.clock.steady() + call_time,
                         .start_by = start_by};
    auto answer = co_await hands_.api.call(std::move(request));
    if (answer) {
      co_await write_outcome(row, index, "done", std::nullopt, answer->meta.request_id, false);
      co_return StepEnd::done;
    }
    Error error = answer.error();
    if (effect->fulfilled_by(error)) {
      co_await write_outcome(row, index, "done", error, {}, false);
      co_return StepEnd::done;
    }
    // A refusal may be of the second attempt, after the first had its effect unheard.
    const bool tried_before = error.aws && error.aws->attempts > 1;
    if (error.code == Code::drift && !tried_before) {
      co_await write_outcome(row, index, "not_sent", error, {}, false);
      co_return StepEnd::too_late;
    }
    if (leaves_doubt(error) || tried_before) {
      const auto seen = co_await look(row.scope, step, row.pre_image);
      if (!seen) {
        Error doubt = seen.error();
        co_await write_outcome(row, index, "in_doubt", doubt, {}, true);
        co_await close_row(row, Outcome::in_doubt, std::move(doubt));
        co_return StepEnd::closed;
      }
      if (*seen == Observed::took_effect) {
        co_await write_outcome(row, index, "done", error, {}, true);
        co_return StepEnd::done;
      }
    }
    co_await write_outcome(row, index, "failed", error, {}, false);
    if (ends_run(error)) stop_run(error);
    co_await close_row(row, Outcome::failed, std::move(error));
    co_return StepEnd::closed;
  }

  Hands hands_;
  RunTerms terms_;
  const plan::Header& header_;
  const RowJudge& judge_;
  const std::map<std::string, std::vector<Entry>>& started_;
  Cancel stop_;
  Progress progress_;
  RunResult result_;
  std::size_t total_ = 0;
  std::map<std::string, Outcome> outcomes_;
  std::optional<Error> broken_;  ///< the journal's
  bool fatal_ = false;           ///< credentials are gone
};

}  // namespace

Task<Result<RunResult>> execute(Hands hands, RunTerms terms, const plan::Header& header, std::vector<plan::Row> rows,
                                const RowJudge& judge, const std::map<std::string, std::vector<Entry>>& started,
                                std::vector<RowOutcome> finished, Cancel stop, Progress progress) {
  Execution execution(hands, std::move(terms), header, judge, started, stop, std::move(progress));
  co_return co_await execution.run(std::move(rows), std::move(finished));
}

}  // namespace reeve::apply
