#include "apply/operations.h"

#include <fmt/format.h>

#include <algorithm>

#include "apply/effects.h"
#include "apply/lock.h"
#include "base/contains.h"
#include "base/json.h"
#include "plan/plan_file.h"
#include "plan/plan_json.h"

namespace reeve::apply {
namespace {

using EntriesByRow = std::map<std::string, std::vector<Entry>>;

std::vector<aws::Scope> scopes_of(const plan::Header& header) {
  std::vector<aws::Scope> out;
  for (const auto& scope : header.scopes) {
    for (const auto& region : scope.regions) {
      out.push_back({.partition = scope.partition, .account = scope.account, .region = region});
    }
  }
  return out;
}

std::unexpected<Error> refused(std::string message, std::string hint) {
  return fail({.code = Code::plan_refused, .message = std::move(message), .hint = std::move(hint)});
}

Result<void> check_here(const plan::Header& header, const Here& here) {
  if (header.loopback != here.loopback) {
    return refused(fmt::format("plan {} was made against {}, and this is {}", header.id,
                               header.loopback ? "a sandbox" : "AWS", here.loopback ? "a sandbox" : "AWS"),
                   "Apply it where it was made, or plan again here");
  }
  if (header.pinned_now && !here.loopback) {
    return refused(fmt::format("plan {} was made with --now, so its ages are not those of today", header.id),
                   "Plan again without --now");
  }
  for (const auto& scope : header.scopes) {
    if (!contains(here.accounts, scope.account)) {
      return refused(fmt::format("plan {} is for account {}, and these credentials are of {}", header.id, scope.account,
                                 fmt::join(here.accounts, ", ")),
                     "Use the credentials (--profile) of the plan's account");
    }
    for (const auto& region : scope.regions) {
      if (here.regions.empty() || contains(here.regions, region)) continue;
      return refused(
          fmt::format("plan {} is for {}, and --region says {}", header.id, region, fmt::join(here.regions, ", ")),
          "Leave --region out: a plan knows its regions");
    }
  }
  return {};
}

Result<void> check_unused(Journal& journal, const plan::Header& header) {
  TRY(const auto used, journal.run_of_plan(header.id));
  if (!used) return {};
  return fail(
      {.code = Code::plan_used,
       .message = fmt::format("plan {} was applied already, by run {}", header.id, *used),
       .hint = "A plan is good once. If that run was interrupted, `reeve resume` goes on; otherwise plan again"});
}

Result<std::vector<plan::Row>> rows_of(const plan::PlanFile& file, const std::vector<std::string>& only,
                                       const std::vector<std::string>& except) {
  std::vector<plan::Row> rows;
  std::set<std::string, std::less<>> missing(only.begin(), only.end());
  std::set<std::string, std::less<>> unspared(except.begin(), except.end());
  TRY(file.each_row([&](plan::Row row) -> Result<void> {
    missing.erase(row.row);
    const bool chosen = only.empty() || contains(only, row.row);
    const bool spared = std::ranges::any_of(row.records, [&](const auto& id) { return contains(except, id); });
    for (const auto& id : row.records) unspared.erase(id);
    if (chosen && !spared) rows.push_back(std::move(row));
    return {};
  }));
  if (!missing.empty()) {
    return fail({.code = Code::usage,
                 .message = fmt::format("the plan has no row {}", *missing.begin()),
                 .hint = "`reeve plan -o json` shows each row's id under \"row\""});
  }
  if (!unspared.empty()) {
    return fail({.code = Code::usage,
                 .message = fmt::format("--except {} names no record of the plan: nothing was done", *unspared.begin()),
                 .hint = "Look for a slip in the id: what you mean to spare may be planned under another one"});
  }
  return rows;
}

Document run_body(World& world, const RunTerms& terms, const plan::Header& header, std::size_t rows) {
  Builder b;
  b.begin_map();
  b.put("format", 1);
  b.put("verb", terms.verb);
  b.put("plan", terms.plan);
  b.put_if("of", terms.of);
  b.put("rows", static_cast<std::int64_t>(rows));
  b.put("consent", terms.consent);
  b.begin_list("only");
  for (const auto& row : terms.only) b.add(row);
  b.end();
  b.begin_list("except");
  for (const auto& id : terms.except) b.add(id);
  b.end();
  b.begin_list("scopes");
  for (const auto& scope : scopes_of(header)) {
    b.begin_map();
    b.put("partition", scope.partition);
    b.put("account", scope.account);
    b.put("region", scope.region);
    b.end();
  }
  b.end();
  b.put("started", format_iso8601(world.clock.wall()));
  b.put("host", world.environment.host_name());
  b.put("pid", world.environment.process_id());
  b.end();
  return b.finish();
}

RunTerms terms_from(const std::vector<Entry>& entries) {
  const Value body = entries.front().body;
  RunTerms terms{.run = entries.front().run,
                 .plan = body["plan"].as_string(),
                 .verb = body["verb"].as_string(),
                 .of = body["of"].as_string(),
                 .consent = body["consent"].as_bool()};
  for (const Value row : body["only"].items()) terms.only.push_back(row.as_string());
  for (const Value id : body["except"].items()) terms.except.push_back(id.as_string());
  return terms;
}

std::vector<aws::Scope> scopes_from(const Entry& run) {
  std::vector<aws::Scope> out;
  for (const Value scope : run.body["scopes"].items()) {
    out.push_back({.partition = scope["partition"].as_string(),
                   .account = scope["account"].as_string(),
                   .region = scope["region"].as_string()});
  }
  return out;
}

RowOutcome row_from(const Entry& entry) {
  RowOutcome row{.row = entry.row,
                 .id = entry.body["id"].as_string(),
                 .action = entry.body["action"].as_string(),
                 .outcome = outcome_of(entry.body["outcome"].as_text()).value_or(Outcome::in_doubt)};
  row.undo_class = row.outcome == Outcome::done ? entry.body["undo"].as_string() : "none";
  if (const Value error = entry.body["error"]; error.is_map()) {
    row.error = Error{.code = Code::request_refused,
                      .message = error["message"].as_string(),
                      .operation = error["operation"].as_string(),
                      .resource = error["resource"].as_string(),
                      .hint = error["hint"].as_string()};
    for (int code = 0; code <= static_cast<int>(Code::internal); ++code) {
      if (name(static_cast<Code>(code)) == error["code"].as_text()) row.error->code = static_cast<Code>(code);
    }
    if (const Value aws = error["aws"]; aws.is_map()) {
      row.error->aws = std::make_shared<const AwsError>(AwsError{.code = aws["code"].as_string(),
                                                                 .status = static_cast<int>(aws["status"].as_integer()),
                                                                 .request_id = aws["request_id"].as_string()});
    }
  }
  return row;
}

/// What a run's entries come to: its result, the rows that are closed, and the entries of those that are not.
struct Told {
  RunResult result;
  EntriesByRow open;
};

Told tell(const std::vector<Entry>& entries) {
  Told out;
  const RunTerms terms = terms_from(entries);
  out.result.id = terms.run;
  out.result.plan = terms.plan;
  out.result.verb = terms.verb;
  out.result.started = entries.front().body["started"].as_string();
  std::map<std::string, RowOutcome> closed;
  std::vector<std::string> order;
  for (const auto& entry : entries) {
    if (entry.kind == "end") out.result.state = entry.body["state"].as_string();
    if (entry.row.empty()) continue;
    if (entry.kind == "row") {
      if (!closed.contains(entry.row)) order.push_back(entry.row);
      RowOutcome& known = closed[entry.row];
      if (known.row.empty() || known.outcome != Outcome::done) known = row_from(entry);  // what is done stays done
    } else {
      out.open[entry.row].push_back(entry);
      out.result.state.clear();  // it went on after an end: resumed
    }
  }
  for (const auto& id : order) {
    RowOutcome& row = closed.at(id);
    out.result.count(row);
    if (row.outcome != Outcome::in_doubt) out.open.erase(id);
    out.result.rows.push_back(std::move(row));
  }
  return out;
}

/// The intents of steps that took effect, newest first. A step may have been begun more than once.
std::vector<const Entry*> effective_intents(const std::vector<Entry>& entries) {
  std::map<std::string, const Entry*> begun;
  std::vector<const Entry*> out;
  for (const auto& entry : entries) {
    if (entry.kind == "intent") begun[entry.row] = &entry;
    if (entry.kind != "outcome" || entry.body["result"].as_text() != "done") continue;
    if (const auto intent = begun.find(entry.row); intent != begun.end()) {
      out.push_back(intent->second);
      begun.erase(intent);
    }
  }
  std::ranges::reverse(out);
  return out;
}

/// Rows of a run that an undo took back: row → the undo's run.
Result<std::map<std::string, std::string>> undone_rows(Journal& journal, const std::string& run) {
  std::map<std::string, std::string> out;
  TRY(const auto undos, journal.undos_of(run));
  for (const auto& undo : undos) {
    TRY(const auto entries, journal.read(undo));
    for (const auto& entry : entries) {
      if (entry.kind == "row" && entry.body["outcome"].as_text() == "done") out[entry.row] = undo;
    }
  }
  return out;
}

Task<Result<RunResult>> begin(Hands hands, StateFolder state, RunTerms terms, const plan::Header& header,
                              std::vector<plan::Row> rows, const RowJudge& judge, Cancel stop, Progress progress) {
  auto locks = ScopeLocks::take(hands.world, state.locks(), scopes_of(header), terms.run);
  if (!locks) co_return std::unexpected(locks.error());
  CO_TRY(check_unused(hands.journal, header));  // again, under the lock
  for (const auto& scope : header.scopes) {
    if (progress.note) progress.note(fmt::format("changing {} in {}", scope.account, fmt::join(scope.regions, " ")));
  }
  std::vector<NewEntry> first;
  first.push_back({.run = terms.run,
                   .row = {},
                   .kind = "run",
                   .subject = {},
                   .body = run_body(hands.world, terms, header, rows.size())});
  CO_TRY(co_await hands.journal.append(std::move(first)));
  const EntriesByRow none;
  const std::string started = format_iso8601(hands.world.clock.wall());
  auto result =
      co_await execute(hands, std::move(terms), header, std::move(rows), judge, none, {}, stop, std::move(progress));
  if (result) result->started = started;
  co_return result;
}

std::string new_run_id(Hands& hands) {
  return hands.run_id.empty() ? new_id("r", hands.world) : std::exchange(hands.run_id, {});
}

}  // namespace

std::string new_id(std::string_view prefix, World& world) {
  const Calendar now = to_calendar(world.clock.wall());
  return fmt::format("{}-{:04}{:02}{:02}T{:02}{:02}{:02}-{:06x}", prefix, now.year, now.month, now.day, now.hour,
                     now.minute, now.second, world.random.next() & 0xFFFFFF);
}

Task<Result<RunResult>> apply_plan(Hands hands, StateFolder state, Here here, std::string plan, ApplyOptions options,
                                   Cancel stop, Progress progress) {
  const bool is_file = plan.find('/') != std::string::npos || plan.ends_with(".jsonl");
  const std::string path = is_file ? plan : state.plan(plan);
  auto opened = plan::PlanFile::open(hands.world.disk, path);
  if (!opened) {
    Error error = opened.error();
    if (error.code == Code::not_found) {
      error.message = fmt::format("there is no plan {}", plan);
      error.hint = "Give the id that `reeve plan` printed, or the path of a file that --save wrote";
    }
    co_return fail(std::move(error));
  }
  const plan::Header& header = opened->header();
  CO_TRY(check_here(header, here));
  CO_TRY(check_unused(hands.journal, header));
  if (hands.world.clock.wall() > header.expires) {
    co_return fail({.code = Code::plan_expired,
                    .message = fmt::format("plan {} expired at {}", header.id, format_iso8601(header.expires)),
                    .hint = "Plan again: the estate may have changed since"});
  }
  CO_TRY(std::vector<plan::Row> rows, rows_of(*opened, options.only, options.except));
  const Time now = header.pinned_now ? header.now : hands.policy_now();
  CO_TRY(const auto judge,
         PolicyJudge::make(header, hands.vocabulary, hands.kinds, hands.prices, hands.configuration, now));
  judge->will_remove(rows);
  CO_TRY(JournalProtection protection, protection_by_journal(hands.journal, hands.world.clock.wall()));
  judge->protect(std::move(protection));
  RunTerms terms{.run = new_run_id(hands),
                 .plan = header.id,
                 .verb = options.verb,
                 .of = {},
                 .consent = options.consent,
                 .only = options.only,
                 .except = options.except,
                 .pinned_now = header.pinned_now ? std::optional(header.now) : std::nullopt};
  if (is_file) {  // resume needs the plan whether or not the file stays where it is
    CO_TRY(hands.world.disk.make_folders(state.plans()));
    constexpr std::size_t plan_bytes = std::size_t{1} << 30;
    CO_TRY(const std::string content, hands.world.disk.read_file(path, plan_bytes));
    CO_TRY(hands.world.disk.write_file(state.plan(header.id), content));
  }
  co_return co_await begin(hands, state, std::move(terms), header, std::move(rows), *judge, stop, std::move(progress));
}

Task<Result<std::optional<RunResult>>> resume(Hands hands, StateFolder state, Here here, Cancel stop,
                                              Progress progress) {
  CO_TRY(const auto runs, hands.journal.runs());
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    CO_TRY(auto entries, hands.journal.read(*run));
    Told told = tell(entries);
    if (told.result.state == "done" || told.result.state == "failed") continue;
    const auto scopes = scopes_from(entries.front());
    RunTerms terms = terms_from(entries);
    auto locks = ScopeLocks::take(hands.world, state.locks(), scopes, terms.run);
    if (!locks && locks.error().code == Code::locked && told.result.state.empty()) continue;  // it is at work
    if (!locks) co_return std::unexpected(locks.error());
    CO_TRY(entries, hands.journal.read(*run));  // again, under the lock: it may have ended meanwhile
    told = tell(entries);
    if (told.result.state == "done" || told.result.state == "failed") continue;
    CO_TRY(const auto file, plan::PlanFile::open(hands.world.disk, state.plan(terms.plan)));
    CO_TRY(check_here(file.header(), here));
    if (file.header().pinned_now) terms.pinned_now = file.header().now;
    CO_TRY(std::vector<plan::Row> rows, rows_of(file, terms.only, terms.except));
    std::vector<RowOutcome> finished;
    for (auto& row : told.result.rows) {
      if (row.outcome != Outcome::in_doubt) finished.push_back(std::move(row));
    }
    std::unique_ptr<RowJudge> judge;
    if (terms.verb == "undo") {
      judge = std::make_unique<UndoJudge>(hands.prices, hands.configuration);
    } else {
      const Time now = terms.pinned_now.value_or(hands.policy_now());
      CO_TRY(auto by_policy,
             PolicyJudge::make(file.header(), hands.vocabulary, hands.kinds, hands.prices, hands.configuration, now));
      by_policy->will_remove(rows);
      CO_TRY(JournalProtection protection, protection_by_journal(hands.journal, hands.world.clock.wall(), terms.run));
      by_policy->protect(std::move(protection));
      judge = std::move(by_policy);
    }
    terms.expired = hands.world.clock.wall() > file.header().expires;
    const std::string started = told.result.started;
    auto result = co_await execute(hands, std::move(terms), file.header(), std::move(rows), *judge, told.open,
                                   std::move(finished), stop, std::move(progress));
    if (!result) co_return std::unexpected(result.error());
    result->started = started;
    co_return std::optional(*std::move(result));
  }
  co_return std::optional<RunResult>{};
}

Result<plan::Plan> plan_undo(Hands hands, const std::string& run, const std::vector<std::string>& rows) {
  TRY(const auto entries, hands.journal.read(run));
  const Told told = tell(entries);
  plan::Plan out;
  World& world = hands.world;
  out.header.id = new_id("p", world);
  out.header.created = out.header.now = world.clock.wall();
  out.header.expires = out.header.created + std::chrono::hours(24);
  std::map<std::pair<std::string, std::string>, std::set<std::string>> regions;
  for (const auto& scope : scopes_from(entries.front())) regions[{scope.partition, scope.account}].insert(scope.region);
  for (const auto& [account, names] : regions) {
    out.header.scopes.push_back(
        {.partition = account.first, .account = account.second, .regions = {names.begin(), names.end()}});
  }

  std::map<std::string, const RowOutcome*> closed;
  for (const auto& row : told.result.rows) closed[row.row] = &row;
  for (const auto& id : rows) {
    if (!closed.contains(id)) {
      return fail({.code = Code::not_found,
                   .message = fmt::format("run {} has no row {}", run, id),
                   .hint = fmt::format("`reeve runs {}` lists its rows", run)});
    }
  }
  TRY(const auto undone, undone_rows(hands.journal, run));
  const std::vector<const Entry*> intents = effective_intents(entries);
  for (const Entry* entry : intents) {
    if (!rows.empty() && !contains(rows, entry->row)) continue;
    const auto outcome = closed.find(entry->row);
    if (outcome == closed.end() || outcome->second->outcome != Outcome::done) continue;
    const Value body = entry->body;
    plan::Row row;
    row.row = entry->row;
    row.policy = body["policy"].as_string();
    row.kind = body["kind"].as_string();
    row.records = {body["id"].as_string()};
    row.scope = {.partition = body["partition"].as_string(),
                 .account = body["account"].as_string(),
                 .region = body["region"].as_string()};
    row.action = "undo " + body["action"].as_string();
    row.undo.undo_class = policy::UndoClass::exact;  // of the undo itself: nothing is lost by it
    if (const auto by = undone.find(entry->row); by != undone.end()) {
      out.kept.push_back({.policy = row.policy,
                          .kind = row.kind,
                          .id = row.records.front(),
                          .scope = row.scope,
                          .code = "undone",
                          .message = fmt::format("run {} took it back already", by->second),
                          .row = row.row});
      continue;
    }
    const policy::Step step{.service = body["service"].as_string(),
                            .operation = body["operation"].as_string(),
                            .params = deep_copy(body["params"])};
    const Effect* effect = find_effect(step.service, step.operation);
    if (effect != nullptr) row.steps = effect->undo(step, body["before"]);
    if (row.steps.empty()) {
      out.kept.push_back({.policy = row.policy,
                          .kind = row.kind,
                          .id = row.records.front(),
                          .scope = row.scope,
                          .code = "no-way-back",
                          .message = fmt::format("{} cannot be undone", step.operation),
                          .row = row.row});
      continue;
    }
    Builder b;
    b.begin_map();
    b.begin_map("undone");
    b.put("service", step.service);
    b.put("operation", step.operation);
    b.put("params", step.params);
    b.end();
    b.put("before", body["before"]);
    b.end();
    row.pre_image = b.finish();
    out.rows.push_back(std::move(row));
  }
  return out;
}

Task<Result<RunResult>> apply_undo(Hands hands, StateFolder state, Here here, std::string run, plan::Plan plan,
                                   Cancel stop, Progress progress) {
  plan.header.loopback = here.loopback;
  CO_TRY(check_here(plan.header, here));
  CO_TRY(hands.world.disk.make_folders(state.plans()));
  CO_TRY(plan::write_plan(hands.world.disk, state.plan(plan.header.id), plan));
  RunTerms terms{
      .run = new_run_id(hands), .plan = plan.header.id, .verb = "undo", .of = std::move(run), .consent = true};
  const UndoJudge judge(hands.prices, hands.configuration);
  if (plan.rows.empty() && progress.note) progress.note("nothing is left to undo");
  co_return co_await begin(hands, state, std::move(terms), plan.header, std::move(plan.rows), judge, stop,
                           std::move(progress));
}

Result<RunResult> read_run(Hands hands, const StateFolder& state, const std::string& run) {
  TRY(const auto entries, hands.journal.read(run));
  Told told = tell(entries);
  if (told.result.state.empty()) {
    told.result.state = "interrupted";
    for (const auto& scope : scopes_from(entries.front())) {
      TRY(const bool held, ScopeLocks::held(hands.world, state.locks(), scope));
      if (held) told.result.state = "running";
    }
  }
  return std::move(told.result);
}

Result<std::vector<RunResult>> list_runs(Hands hands, const StateFolder& state) {
  TRY(const auto runs, hands.journal.runs());
  std::vector<RunResult> out;
  for (const auto& run : runs) {
    TRY(RunResult result, read_run(hands, state, run));
    result.rows.clear();
    out.push_back(std::move(result));
  }
  return out;
}

Result<JournalProtection> protection_by_journal(Journal& journal, Time now, const std::string& but_for) {
  constexpr Duration came_back = std::chrono::days(30);
  constexpr Duration longest_bin = std::chrono::days(365);  // a Recycle Bin rule keeps for a year at most
  TRY(const auto recent, journal.subjects_since(now - came_back));
  TRY(const auto all, journal.subjects_since(now - came_back - longest_bin));
  const std::uint64_t first_recent = recent.empty() ? UINT64_MAX : recent.front().seq;
  auto reasons = std::make_shared<std::map<std::string, std::string>>();
  for (const auto& entry : all) {
    if (entry.run == but_for) continue;
    const auto operation = entry.body["first_operation"].as_text();
    const auto until = parse_iso8601(entry.body["until"].as_text());
    const bool is_recent = entry.seq >= first_recent;
    if (operation == "DeleteSnapshot") {
      const bool may_have_come_back = is_recent || (until && *until >= now - came_back);
      if (!may_have_come_back) continue;
      (*reasons)[entry.subject] = fmt::format("run {} deleted it and it came back: somebody wanted it", entry.run);
    } else if (operation == "RestoreSnapshotFromRecycleBin" && is_recent) {
      (*reasons)[entry.subject] = fmt::format("run {} brought it back", entry.run);
    } else if (until && *until > now) {
      (*reasons)[entry.subject] =
          fmt::format("the undo of run {} needs it until {}", entry.run, format_iso8601(*until));
    }
  }
  return [reasons](const aws::Scope& scope, std::string_view kind, std::string_view id) -> std::optional<std::string> {
    const auto found = reasons->find(subject_of(scope, kind, id));
    return found == reasons->end() ? std::nullopt : std::optional(found->second);
  };
}

}  // namespace reeve::apply
