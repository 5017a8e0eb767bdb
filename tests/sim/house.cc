#include "sim/house.h"

#include <fmt/format.h>

#include <algorithm>

#include "apply/sqlite_vfs.h"
#include "base/json.h"
#include "plan/plan_file.h"

namespace reeve::sim {
namespace {

/// A member of a form-encoded body; ids and names need no decoding.
std::string form_member(std::string_view body, std::string_view name) {
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t end = std::min(body.find('&', at), body.size());
    const auto pair = body.substr(at, end - at);
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) {
      return std::string(pair.substr(name.size() + 1));
    }
    at = end + 1;
  }
  return {};
}

/// What a request changes, one for each record; empty for one that only reads.
std::vector<Sent> changes_of(const HttpRequest& request) {
  const std::string operation = form_member(request.body, "Action");
  for (const auto* reads : {"Describe", "List", "Get"}) {
    if (operation.empty() || operation.starts_with(reads)) return {};
  }
  std::string id = form_member(request.body, "SnapshotId");
  if (!id.empty()) return {{operation, std::move(id)}};
  std::vector<Sent> out;
  while (true) {
    id = form_member(request.body, fmt::format("ResourceId.{}", out.size() + 1));
    if (id.empty()) return out;
    out.push_back({operation, std::move(id)});
  }
}

}  // namespace

Library::Library() : kinds(estate::Kinds::embedded().value()), prices(estate::Prices::embedded().value()) {}

Sent sent_of(Value operation, Value params) {
  const Value id = params["SnapshotId"];
  return {operation.as_string(), id.is_text() ? id.as_string() : params["Resources"][0].as_string()};
}

// --- Network ---------------------------------------------------------------------------------------------------------

Network::Network(SimWorld& sim, sandbox::Sandbox& cloud) : sim_(sim), inner_(sandbox::in_process_http(cloud)) {}

bool Network::dead() const { return !sim_.disk.exists("/"); }

Task<Result<HttpResponse>> Network::send(HttpRequest request, Steady deadline, Cancel cancel) {
  const Error broken{.code = Code::network, .message = "the machine is stopping"};
  if (dead()) co_return fail(broken);
  ++requests;
  if (most_latency.count() > 0) {
    const Duration latency{
        static_cast<std::int64_t>(sim_.random.below(static_cast<std::uint64_t>(most_latency.count())))};
    (void)co_await sim_.loop.sleep(latency);
    if (dead()) co_return fail(broken);
  }
  const std::vector<Sent> changes = changes_of(request);
  for (const Sent& change : changes) {
    if (before_change) before_change(change);
  }
  if (dead()) co_return fail(broken);
  auto sending = inner_->send(std::move(request), deadline, cancel);
  auto answer = co_await std::move(sending);
  for (const Sent& change : changes) {
    if (after_change) after_change(change);
  }
  if (dead()) co_return fail(broken);
  co_return answer;
}

// --- Journal ---------------------------------------------------------------------------------------------------------

Task<Result<void>> WatchedJournal::append(std::vector<apply::NewEntry> entries) {
  struct Note {
    std::string run, row, kind;
    Sent sent;
  };
  std::vector<Note> notes;
  for (const auto& entry : entries) {
    notes.push_back({entry.run, entry.row, entry.kind, sent_of(entry.body["operation"], entry.body["params"])});
    if (entry.kind == "outcome") {
      const auto open = by_row_.find(entry.row);
      if (open == by_row_.end()) continue;
      --promises_.open_intents[open->second];
      by_row_.erase(open);
    }
  }
  auto written = co_await inner_->append(std::move(entries));
  if (!written) co_return written;
  for (auto& note : notes) {
    promises_.kept[note.run].push_back(note.kind + "/" + note.row);
    if (note.kind != "intent") continue;
    ++promises_.open_intents[note.sent];
    by_row_[note.row] = std::move(note.sent);
  }
  co_return written;
}

// --- House -----------------------------------------------------------------------------------------------------------

House::House(Library& shared, std::uint64_t seed, sandbox::Behaviour behaviour)
    : library(shared),
      sim(seed),
      true_clock_(sim.clock),
      cloud({.clock = true_clock_, .models = shared.models, .seed = seed, .behaviour = behaviour, .loop = &sim.loop}),
      network(sim, cloud),
      world{sim.clock, sim.random, sim.disk, network, sim.process, sim.environment, sim.workers, sim.loop} {
  REEVE_ASSERT(cloud.store().region(*cloud.store().account(account), region) != nullptr);
  const auto made = sim.disk.make_folders(state.path);
  REEVE_ASSERT(made);
}

House::~House() {
  stop();
  apply::unregister_disk_vfs(sim.disk);
}

Result<void> House::start() {
  credentials_ = aws::fixed_credentials(
      {.access_key_id = "testing", .secret_access_key = "testing", .account_id = std::string(account)});
  aws::LiveSettings settings{
      .version = "0", .run_id = "sim", .endpoint_url = "http://127.0.0.1:1", .endpoints = library.endpoints};
  live_ = aws::make_live(world, library.models, *credentials_, std::move(settings));
  api_ = std::make_unique<aws::CountingApi>(*live_);
  TRY(auto opened,
      apply::open_sqlite_journal(state.journal(), apply::FileLayer::disk, sim.disk, sim.clock, sim.loop, sim.workers));
  promises.open_intents.clear();
  journal_ = std::make_unique<WatchedJournal>(std::move(opened), promises);
  return {};
}

void House::stop() {
  sim.loop.drain();
  journal_.reset();
  api_.reset();
  live_.reset();
  credentials_.reset();
}

bool House::dead() { return !sim.disk.exists("/"); }

Result<void> House::restart(bool power_cut) {
  stop();  // while the disk is dead: closing writes nothing
  if (power_cut) {
    sim.disk.crash(sim.random);
  } else {
    sim.disk.kill();
  }
  sim.disk.set_free_bytes(std::nullopt);
  TRY(start());
  for (const auto& [run, promised] : promises.kept) {
    std::size_t found = 0;
    TRY(journal_->each_sealed(run, [&](const apply::Entry& entry) -> Result<void> {
      if (found < promised.size() && promised[found] == entry.kind + "/" + entry.row) ++found;
      return {};
    }));
    if (found < promised.size()) {
      return fail(Code::journal, fmt::format("entry {} of run {} was promised and is gone", promised[found], run));
    }
  }
  return {};
}

apply::Hands House::hands() {
  return {.world = world,
          .api = *api_,
          .models = library.models,
          .kinds = *library.kinds,
          .prices = library.prices,
          .vocabulary = library.vocabulary,
          .journal = *journal_,
          .configuration = &configuration,
          .rows_a_window = rows_a_window};
}

Result<Planned> House::plan(const Wish& wish) {
  const aws::Scope scope{.account = std::string(account), .region = std::string(region)};
  plan::PlanRequest request;
  request.now = world.clock.now();
  request.run = apply::new_id("p", world);
  request.oldest_first = wish.oldest_first;
  if (!wish.limit.empty()) {
    TRY(request.limit, plan::LimitSetting::parse(wish.limit));
  }
  const policy::Variables variables{
      .given = wish.variables, .account_id = scope.account, .region = scope.region, .now = request.now};
  auto read = policy::read_policies(wish.policies, "sim.yaml", variables, library.vocabulary, *library.kinds);
  if (!read.ok()) return fail(policy::problems_error(read.problems));
  request.policies.push_back(std::move(read.policies));
  request.scopes.push_back({.scope = scope,
                            .reader = std::make_unique<estate::Reader>(*api_, library.models, *library.kinds,
                                                                       world.loop, scope, estate::Reader::Options{})});
  request.configuration = &configuration;
  request.protected_by_journal = apply::protection_by_journal(*journal_, world.clock.wall());
  plan::Drafted drafted = run(plan::make_plan(request, library.prices));
  Planned plan{{std::move(drafted.plan)}, {}};
  plan.header.id = request.run;
  plan.header.scopes.push_back({.partition = scope.partition, .account = scope.account, .regions = {scope.region}});
  plan.header.created = plan.header.now = request.now;
  plan.header.expires = plan.header.created + std::chrono::hours(24);
  plan.header.loopback = true;
  TRY(world.disk.make_folders(state.plans()));
  TRY(plan::write_plan(world.disk, state.plan(plan.header.id), plan, drafted.rows));
  TRY(drafted.rows([&plan](const plan::Row& row) -> Result<void> {
    plan.rows.push_back(row);
    return {};
  }));
  return plan;
}

Result<Ran> House::apply(const std::string& plan, bool consent, Cancel stop) {
  apply::ApplyOptions options{.consent = consent};
  TRY(auto result, run(apply::apply_plan(hands(), state, here(), plan, std::move(options), stop, {})));
  return with_rows(std::move(result));
}

Result<std::optional<Ran>> House::resume(Cancel stop, const std::string& wanted) {
  TRY(auto result, run(apply::resume(hands(), state, here(), stop, {}, wanted)));
  if (!result) return std::optional<Ran>{};
  TRY(Ran ran, with_rows(*std::move(result)));
  return std::optional(std::move(ran));
}

Result<std::optional<Ran>> House::undo(const std::string& of, const std::vector<std::string>& rows, Cancel stop) {
  TRY(auto planned, apply::plan_undo(hands(), of, rows));
  TRY(auto result, run(apply::apply_undo(hands(), state, here(), std::move(planned), stop, {})));
  if (!result) return std::optional<Ran>{};
  TRY(Ran ran, with_rows(*std::move(result)));
  return std::optional(std::move(ran));
}

Result<Ran> House::read_run(const std::string& run) {
  TRY(auto result, apply::read_run(hands(), state, run));
  return with_rows(std::move(result));
}

Result<Ran> House::with_rows(apply::RunResult result) {
  Ran out{{std::move(result)}, {}};
  TRY(apply::each_row_outcome(*journal_, out.id, [&out](const apply::RowOutcome& row) -> Result<void> {
    out.rows.push_back(row);
    return {};
  }));
  return out;
}

Result<void> House::load(std::string_view estate) {
  TRY(const Document document, parse_json(estate));
  return cloud.load_estate(document);
}

Result<void> House::faults(std::string_view rules) {
  TRY(auto script, aws::FaultScript::parse(fmt::format(R"({{"format": 1, "rules": {}}})", rules), "faults.json"));
  cloud.set_faults(std::move(script));
  return {};
}

}  // namespace reeve::sim
