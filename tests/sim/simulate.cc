#include "sim/simulate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "base/json.h"
#include "sim/chance.h"
#include "sim/picture.h"

namespace reeve::sim {
namespace {

using apply::Outcome;
using RunResult = Ran;

/// A row may act on evidence of 30 s ago, and its call may take two minutes with its retries.
constexpr Duration window = std::chrono::seconds(160);

class Life {
 public:
  Life(Library& library, const SimOptions& options, Tally& tally)
      : options_(options),
        tally_(tally),
        random_(SeededRandom(options.seed).split()),  // neighbouring seeds have nothing in common
        at_once_(random_.chance(0.5)),
        house_(library, random_.next(), at_once_ ? sandbox::Behaviour::plain : sandbox::Behaviour::aws) {}

  std::vector<std::string> live() {
    make_estate();
    if (auto started = house_.start(); !started) return {"the journal does not open: " + started.error().text()};
    house_.network.before_change = [this](const Sent& sent) { check_request(sent); };
    house_.network.after_change = [this](const Sent& sent) { after_request(sent); };
    if (random_.chance(0.6)) house_.rows_a_window = 1 + below(20);  // so that rows on a record cross windows
    const std::size_t rounds = 1 + random_.below(2);
    for (std::size_t i = 0; i < rounds && broken_.empty(); ++i) round();
    tally_.requests += house_.network.requests;
    return std::move(broken_);
  }

 private:
  struct Guard {
    Steady since;
    std::string why;
    bool any_change = false;  ///< nothing may be changed, not only nothing removed
    bool stale_only = false;  ///< only the policy of stale snapshots has to mind
  };

  void tell(const std::string& text) const {
    if (options_.tell) {
      std::fprintf(stderr, "%s  %s\n", format_iso8601(house_.sim.clock.true_time()).c_str(), text.c_str());
    }
  }
  void violated(std::string what) {
    tell("VIOLATED " + what);
    if (broken_.size() < 20) broken_.push_back(std::move(what));
  }
  Steady now() { return house_.sim.clock.steady(); }
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_.below(bound)); }

  // --- The estate and its changes
  // ------------------------------------------------------------------------------------

  void make_estate() {
    const std::size_t size = options_.snapshots > 0 ? options_.snapshots : 20 + below(101);
    house_.cloud.generate(size, random_.next());
    if (random_.chance(0.2)) house_.home().bin_rules.rows.clear();
    constexpr double some = 0.04;
    for (auto& [id, snapshot] : house_.home().snapshots.rows) {
      if (random_.chance(some)) protect(snapshot);
      if (random_.chance(some)) snapshot.shared_with.insert("210987654321");
      if (random_.chance(some)) snapshot.tags["aws:backup:source-resource"] = "x";
      if (random_.chance(some)) snapshot.volume_id.clear();
      if (random_.chance(some)) snapshot.tier = {"archival-in-progress", house_.cloud.now(), 0, ""};  // for hours
    }
    constexpr Steady always{INT64_MIN / 2};
    for (const auto& [id, snapshot] : house_.home().snapshots.rows) note_guard(id, always);
    if (random_.chance(0.7)) house_.network.most_latency = std::chrono::milliseconds(1 + below(2000));
  }

  void protect(sandbox::Snapshot& snapshot) {
    static constexpr std::array values = {"", "2099-01-01", "soon"};
    const std::size_t kind = below(values.size() + 2);
    if (kind < values.size()) snapshot.tags["reeve:protect"] = values.at(kind);
    if (kind == values.size()) snapshot.tags["cloud-nuke-excluded"] = "yes";
    if (kind == values.size() + 1) snapshot.tags["janitor"] = "DoNotMark";
  }

  /// Somebody writes ids into the configuration, between two processes: it holds from the next one's start.
  void protect_by_configuration() {
    if (!random_.chance(0.3)) return;
    const auto& snapshots = house_.home().snapshots.rows;
    for (std::size_t left = 1 + below(5); left > 0 && !snapshots.empty(); --left) {
      const bool of_plan = !planned_.empty() && random_.chance(0.8);
      const std::string id =
          of_plan ? planned_[below(planned_.size())]
                  : std::next(snapshots.begin(), static_cast<std::ptrdiff_t>(below(snapshots.size())))->first;
      tell("the configuration protects " + id);
      house_.configuration.protect.push_back({.id = id});
      listed_.insert(id);
    }
  }

  /// Notes since when something forbids changing a snapshot, as AWS's state says.
  void note_guard(const std::string& id, Steady since) {
    const auto* snapshot = house_.home().snapshots.find(id);
    if (snapshot == nullptr) return;
    std::string why = why_protected(*snapshot);
    if (!why.empty()) guards_.try_emplace({id, 0}, Guard{since, why, true, false});
    why = why_in_use(house_.home(), *snapshot);
    if (!why.empty()) guards_.try_emplace({id, 1}, Guard{since, why, false, false});
  }

  /// Something happens in the account that Reeve did not do.
  void drift() {
    auto& snapshots = house_.home().snapshots.rows;
    if (snapshots.empty()) return;
    std::string id;
    if (!planned_.empty() && random_.chance(0.8)) {
      id = planned_[below(planned_.size())];
    } else {
      id = std::next(snapshots.begin(), static_cast<std::ptrdiff_t>(below(snapshots.size())))->first;
    }
    auto* snapshot = house_.home().snapshots.find(id);
    if (snapshot == nullptr) return;
    touched_.insert(id);
    touched_sets_.insert(data_set_of(*snapshot));
    const auto what = below(8);
    tell(fmt::format("drift {} on {}", what, id));
    switch (what) {
      case 0:
        protect(*snapshot);
        break;
      case 1:
        snapshot->shared_with.insert("210987654321");
        break;
      case 2:
        snapshot->tags["Name"] = "the owner's";
        break;
      case 3:
        house_.home().images.add({.id = house_.cloud.store().new_id("ami"),
                                  .name = "new",
                                  .owner_id = std::string(account),
                                  .creation_date = house_.cloud.now(),
                                  .devices = {{.device = "/dev/sdb", .snapshot_id = id}}});
        break;
      case 4: {
        Builder b;
        b.begin_map();
        b.put("SnapshotId", id);
        b.end();
        (void)house_.cloud.call(account, region, "ec2", "DeleteSnapshot", b.finish());
        break;
      }
      case 5:
        house_.home().bin_rules.rows.clear();
        bin_changed_ = now();
        break;
      case 6:
        if (!snapshot->volume_id.empty() && house_.home().volumes.find(snapshot->volume_id) == nullptr) {
          volume_comes_back(*snapshot);
        }
        break;
      default:
        snapshot->tags["reviewed"] = "no";
        break;
    }
    note_guard(id, now());
  }

  void volume_comes_back(const sandbox::Snapshot& snapshot) {
    house_.home().volumes.add(
        {.id = snapshot.volume_id, .state = "available", .zone = "us-east-1a", .create_time = house_.cloud.now()});
    if (data_set_of(snapshot).empty()) return;
    for (const auto& [id, other] : house_.home().snapshots.rows) {
      if (other.volume_id == snapshot.volume_id) {
        guards_.try_emplace({id, 2}, Guard{now(), "its volume is back", false, true});
      }
    }
  }

  // --- What is checked while it happens
  // ------------------------------------------------------------------------------

  void check_request(const Sent& sent) {
    const auto approved = approved_.find(sent);
    tell(fmt::format("  {} {} ({})", sent.operation, sent.id,
                     approved == approved_.end() ? "" : approved->second->policy));
    sent_.insert(sent.id);
    if (house_.promises.open_intents[sent] <= 0) {
      violated(fmt::format("b: {} {} has no intent in the journal", sent.operation, sent.id));
    }
    const auto row = approved_.find(sent);
    if (row == approved_.end()) {
      violated(fmt::format("d: {} {} is no row of the plan", sent.operation, sent.id));
      return;
    }
    // A row whose first step was sent is finished. What lies in the bin is not there: nothing says that it is
    // protected, and no call but its restoring reaches it (one that is sent again finds it back, and does nothing).
    const bool first = begun_.insert(row->second->row).second || row->second->steps.front().operation == sent.operation;
    const bool reaches =
        house_.home().snapshots.find(sent.id) != nullptr && sent.operation != "RestoreSnapshotFromRecycleBin";
    if (first && reaches && listed_.contains(sent.id)) {
      violated(fmt::format("a: {} {}, which the configuration protects", sent.operation, sent.id));
    }
    const bool removes = sent.operation == "DeleteSnapshot" || sent.operation == "ModifySnapshotTier";
    const bool restores = sent.operation.starts_with("Restore");
    for (int kind = 0; kind < 3; ++kind) {
      const auto guard = guards_.find({sent.id, kind});
      if (guard == guards_.end() || now() - guard->second.since < window || restores) continue;
      if (!removes && !guard->second.any_change) continue;
      const bool other_reason = reasons_.find("volume-unattached") != std::string::npos;
      if (guard->second.stale_only && (other_reason || row->second->policy != "stale-snapshots")) continue;
      violated(fmt::format("a: {} {}, which is kept: {}", sent.operation, sent.id, guard->second.why));
    }
    if (removes && !consent_ && row->second->consent_needed()) {
      violated(fmt::format("a: {} {} without consent", sent.operation, sent.id));
    }
    if (house_.home().snapshots.find(sent.id) != nullptr) was_live_.insert(sent.id);
  }

  void after_request(const Sent& sent) {
    requests_in_phase_ += 1;
    if (die_at_request_ && requests_in_phase_ == *die_at_request_) house_.die();
    if (sent.operation != "DeleteSnapshot" || !was_live_.contains(sent.id)) return;
    if (house_.home().snapshots.find(sent.id) != nullptr) return;
    const auto row = approved_.find(sent);
    if (row == approved_.end() || touched_.contains(sent.id)) return;
    const bool in_bin = house_.home().snapshots_in_bin.find(sent.id) != nullptr;
    const bool promised = row->second->undo.undo_class == policy::UndoClass::approximate;
    if (promised && !in_bin && now() - bin_changed_ > window) {
      violated(fmt::format("g: {} was deleted for good, and the plan promised a way back", sent.id));
    }
  }

  // --- Phases
  // --------------------------------------------------------------------------------------------------------

  enum class Trouble { none, faults, all };

  /// Runs the engine once, under trouble, and starts a new one if it died.
  template <class Act>
  void phase(Trouble trouble, const Act& act) {
    const Picture before = picture(house_.home());
    sent_.clear();
    was_live_.clear();
    requests_in_phase_ = 0;
    die_at_request_.reset();
    house_.no_faults();
    if (trouble != Trouble::none) house_.cloud.set_faults(random_faults(random_));
    CancelSource stop;
    std::vector<Loop::CallId> calls;
    if (trouble == Trouble::all) {
      auto soon = [this] { return now() + Duration(static_cast<std::int64_t>(random_.below(20'000'000))); };
      Loop& loop = house_.sim.loop;
      if (random_.chance(0.25)) {
        calls.push_back(loop.call_at(soon(), [this, &stop] {
          tell("Ctrl-C");
          ++tally_.interrupts;
          stop.cancel();
        }));
      }
      if (random_.chance(0.2)) calls.push_back(loop.call_at(soon(), [this] { drift(); }));
      const auto luck = below(6);
      if (luck == 0) house_.sim.disk.stop_after(random_.below(200));
      if (luck == 1) die_at_request_ = 1 + below(30);
      if (luck == 2) calls.push_back(loop.call_at(soon(), [this] { house_.die(); }));
      if (luck == 3) house_.sim.disk.set_free_bytes(random_.below(300'000));
    }
    act(stop.token());
    for (const auto& call : calls) house_.sim.loop.cancel_call(call);
    house_.sim.disk.set_free_bytes(std::nullopt);
    const bool died = house_.dead();
    house_.sim.disk.stop_after(std::nullopt);
    if (died) {
      const bool power = random_.chance(0.5);
      tell(power ? "power cut" : "kill -9");
      ++tally_.crashes;
      house_.die();
      if (auto again = house_.restart(power); !again) violated("b: " + again.error().text());
    }
    house_.no_faults();
    for (const auto& id : changed(before, picture(house_.home()))) {
      if (!sent_.contains(id) && !touched_.contains(id)) violated(fmt::format("d: {} changed without a call", id));
    }
  }

  /// Resumes under trouble for a while, then without, until nothing is left.
  void resume_until_done() {
    const std::size_t troubled = below(3);
    for (std::size_t i = 0; i < troubled; ++i) {
      if (random_.chance(0.3)) drift();
      protect_by_configuration();
      phase(Trouble::all, [this](const Cancel& stop) {
        ++tally_.resumes;
        const auto resumed = house_.resume(stop);
        tell("resume: " + (resumed ? *resumed ? (*resumed)->state : "nothing" : resumed.error().text()));
      });
    }
    constexpr std::size_t enough = 3;
    bool finished = false;
    for (std::size_t i = 0; i < enough && !finished; ++i) {
      house_.sim.clock.advance(std::chrono::seconds(10));
      phase(Trouble::none, [&](const Cancel& stop) {
        const auto resumed = house_.resume(stop);
        if (!resumed) {
          violated("f: resume fails without faults: " + resumed.error().text());
          finished = true;
          return;
        }
        tell("resume: " + (*resumed ? (*resumed)->state : std::string("nothing")));
        finished = !*resumed;
      });
    }
    if (!finished) violated("f: without faults resume does not come to an end");
  }

  // --- A round: plan, apply, undo
  // ------------------------------------------------------------------------------------

  void round() {
    house_.sim.clock.advance(std::chrono::seconds(10));  // what changed before can be read now
    const Wish wish = random_wish(random_);
    protect_by_configuration();
    reasons_ = wish.variables.contains("reasons") ? wish.variables.at("reasons") : "";
    consent_ = random_.chance(0.6);
    std::optional<Planned> plan;
    phase(random_.chance(0.3) ? Trouble::faults : Trouble::none, [&](const Cancel&) {
      auto made = house_.plan(wish);
      if (!made) return violated("f: the plan could not be made: " + made.error().text());
      plan = *std::move(made);
    });
    if (!plan) return;
    tell(fmt::format("plan {}: {} rows, {} kept", plan->header.id, plan->rows.size(), plan->kept.size()));
    tally_.rows += plan->rows.size();
    approve(plan->rows);
    check_plan(*plan);
    if (random_.chance(0.5)) {
      const std::size_t drifts = below(6);
      for (std::size_t i = 0; i < drifts; ++i) drift();
      house_.sim.clock.advance(std::chrono::seconds(200 + below(3600)));
    }
    protect_by_configuration();
    const Picture before = picture(house_.home());
    touched_.clear();
    touched_sets_.clear();
    std::string run;
    for (int attempt = 0; run.empty() && attempt < 4; ++attempt) {
      phase(attempt < 2 ? Trouble::all : Trouble::none, [&](const Cancel& stop) {
        const auto applied = house_.apply(plan->header.id, consent_, stop);
        tell("apply: " + (applied ? applied->state : applied.error().text()));
      });
      const auto used = house_.journal().run_of_plan(plan->header.id);
      if (used && *used) run = **used;
    }
    if (run.empty()) return violated("f: without faults the plan cannot be applied");
    resume_until_done();
    const auto result = house_.read_run(run);
    if (!result) return violated("c: the run cannot be read: " + result.error().text());
    check_closed(run, *result, plan->rows.size());
    check_truth(*result, *plan, before);
    check_data_sets(*plan, before);
    tally_.done += result->done;
    tally_.drifted += result->drifted;
    tally_.failed += result->failed;
    tally_.skipped += result->skipped;
    if (result->done > 0 && broken_.empty()) undo_some(run, *result, *plan, before);
    if (broken_.empty()) check_second_plan(wish);
  }

  static std::vector<plan::Row> all_rows(const apply::UndoPlan& undo) {
    std::vector<plan::Row> out;
    const auto read = undo.rows([&out](const plan::Row& row) -> Result<void> {
      out.push_back(row);
      return {};
    });
    REEVE_ASSERT(read);
    return out;
  }

  void approve(const std::vector<plan::Row>& rows) {
    approved_.clear();
    begun_.clear();
    planned_.clear();
    rows_ = rows;
    for (const auto& row : rows_) {
      planned_.push_back(row.records.front());
      for (const auto& step : row.steps) {
        const Document operation = text_document(step.operation);
        approved_[sent_of(operation, step.params)] = &row;
      }
    }
  }

  void check_plan(const Planned& plan) {
    std::map<std::string, std::set<std::string>> counted;
    for (const auto& row : plan.rows) {
      const auto& id = row.records.front();
      if (guards_.contains({id, 0}) || listed_.contains(id))
        violated(fmt::format("a: {} is planned, and protected", id));
      if (row.action != "delete" && row.action != "archive") continue;
      if (guards_.contains({id, 1})) violated(fmt::format("a: {} is planned, and in use", id));
      counted[row.policy].insert(id);
    }
    for (const auto& policy : plan.header.policies) {
      if (policy.limit.allowed && counted[policy.name].size() > *policy.limit.allowed) {
        violated(fmt::format("e: {} rows of {}, and {} are allowed", counted[policy.name].size(), policy.name,
                             *policy.limit.allowed));
      }
    }
  }

  void check_closed(const std::string& run, const RunResult& result, std::size_t rows) {
    const auto entries = house_.journal().read(run);
    if (!entries) return violated("c: " + entries.error().text());
    std::map<std::string, int> open;
    for (const auto& entry : *entries) {
      if (entry.kind == "intent") ++open[entry.row];
      if (entry.kind == "outcome") --open[entry.row];
      if (entry.kind == "outcome" && entry.body["result"].as_text() == "in_doubt") ++open[entry.row];
    }
    for (const auto& [row, count] : open) {
      if (count != 0) violated(fmt::format("c: {} intents of row {} are open", count, row));
    }
    if (result.rows.size() != rows) violated(fmt::format("c: {} of {} rows ended", result.rows.size(), rows));
    if (result.in_doubt > 0) violated("c: rows are still in doubt");
    if (result.state != "done" && result.state != "failed") violated("f: the run ended " + result.state);
  }

  /// What the journal says of each row is what the cloud shows.
  void check_truth(const RunResult& result, const Planned& plan, const Picture& before) {
    const Picture after = picture(house_.home());
    std::map<std::string, const plan::Row*> rows;
    for (const auto& row : plan.rows) rows[row.row] = &row;
    std::set<std::string> removed;
    std::map<std::string, int> tagged;
    for (const auto& row : plan.rows) tagged[row.records.front()] += row.action.ends_with("tag") ? 1 : 0;
    for (const auto& row : result.rows) {
      if (row.outcome == Outcome::done && row.action != "tag" && row.action != "remove-tag") removed.insert(row.id);
    }
    for (const auto& row : result.rows) {
      const auto planned = rows.find(row.row);
      if (planned == rows.end()) {
        violated(fmt::format("d: row {} is not the plan's", row.row));
        continue;
      }
      if (touched_.contains(row.id) || !before.contains(row.id)) continue;
      const Thing& was = before.at(row.id);
      const auto at = after.find(row.id);
      const bool happened = at == after.end() ? row.action == "delete" && was.live
                                              : took_effect(planned->second->steps.front(), was, at->second);
      const bool gone = row.action != "delete" && removed.contains(row.id);       // by a later row: nothing to compare
      if (gone || (row.action.ends_with("tag") && tagged[row.id] > 1)) continue;  // the last of them is what is seen
      if ((row.outcome == Outcome::done) != happened) {
        violated(fmt::format("c: row {} ({} {}) is {}, and its effect {}", row.row, row.action, row.id,
                             name(row.outcome), happened ? "took place" : "did not take place"));
      }
    }
  }

  void check_data_sets(const Planned& plan, const Picture& before) {
    std::set<std::string> named;
    for (const auto& row : plan.rows) {
      for (const auto& finding : row.why) {
        if (finding.evidence["reason"].as_text() != "last-copy") continue;
        if (const auto was = before.find(row.records.front()); was != before.end()) named.insert(was->second.data_set);
      }
    }
    const auto had = data_sets(before), have = data_sets(picture(house_.home()));
    for (const auto& set : had) {
      if (have.contains(set) || named.contains(set) || touched_sets_.contains(set)) continue;
      if (house_.home().volumes.find(set) != nullptr) continue;
      for (const auto& [id, thing] : before) {
        if (thing.data_set == set) tell(fmt::format("{}: live {}, archived {}", id, thing.live, thing.archived));
      }
      violated(fmt::format("g: nothing is left of the data of {}", set));
    }
  }

  void undo_some(const std::string& run, const RunResult& result, const Planned& plan, const Picture& before) {
    std::vector<std::string> rows;
    for (const auto& row : result.rows) {
      if (row.outcome == Outcome::done && random_.chance(0.6)) rows.push_back(row.row);
    }
    if (rows.empty()) return;
    const auto planned = apply::plan_undo(house_.hands(), run, rows);
    if (!planned) return violated("f: the undo cannot be planned: " + planned.error().text());
    const auto undo_rows = all_rows(*planned);
    approve(undo_rows);
    if (random_.chance(0.3)) drift();
    protect_by_configuration();
    house_.sim.clock.advance(std::chrono::seconds(200));
    std::string undo;
    for (int attempt = 0; undo.empty() && attempt < 4; ++attempt) {
      phase(attempt < 2 ? Trouble::all : Trouble::none, [&](const Cancel& stop) {
        const auto undone = house_.undo(run, rows, stop);
        tell("undo: " + (!undone ? undone.error().text() : *undone ? (*undone)->state : "nothing left"));
      });
      const auto undos = house_.journal().undos_of(run);
      if (undos && !undos->empty()) undo = undos->back();
    }
    if (undo.empty()) return violated("f: without faults the undo does not start");
    resume_until_done();
    const auto undone = house_.read_run(undo);
    if (!undone) return violated("c: the undo cannot be read: " + undone.error().text());
    check_closed(undo, *undone, undo_rows.size());
    const Picture after = picture(house_.home());
    std::map<std::string, int> left;  // changes of a record that were not taken back: then it is not what it was
    for (const auto& row : result.rows) left[row.id] += row.outcome == Outcome::done ? 1 : 0;
    for (const auto& row : undone->rows) left[row.id] -= row.outcome == Outcome::done ? 1 : 0;
    for (const auto& row : undone->rows) {
      if (row.outcome != Outcome::done) continue;
      ++tally_.undone;
      if (row.action == "undo delete") came_back_.insert(row.id);
      if (left[row.id] > 0) continue;
      if (touched_.contains(row.id) || !before.contains(row.id)) continue;
      const auto original = std::ranges::find(plan.rows, row.row, &plan::Row::row);
      if (original == plan.rows.end() || !after.contains(row.id)) {
        violated(fmt::format("g: {} was undone, and is not there", row.id));
        continue;
      }
      const auto wrong = not_given_back(original->steps.front(), before.at(row.id), after.at(row.id));
      if (!wrong.empty()) violated(fmt::format("g: {} was undone, and {}", row.id, wrong));
    }
    check_drift(result, *undone);
    const auto again = apply::plan_undo(house_.hands(), run, {});
    if (!again) return violated("f: a second undo cannot be planned: " + again.error().text());
    for (const auto& row : all_rows(*again)) {
      for (const auto& done : undone->rows) {
        if (done.row == row.row && done.outcome == Outcome::done) {
          violated(fmt::format("g: row {} was undone, and is planned to be undone again", row.row));
        }
      }
    }
  }

  /// An undo of tags that takes back all that the run did to a record, and that nobody came between, finds no drift.
  void check_drift(const RunResult& result, const RunResult& undone) {
    if (!at_once_) return;             // what is read may be older than the run's own changes
    std::map<std::string, int> other;  // by id: rows that were done and are not tags, or that the undo did not get to
    for (const auto& row : result.rows) {
      if (row.outcome == Outcome::done) ++other[row.id];
    }
    for (const auto& row : undone.rows) {
      const bool reached = row.outcome == Outcome::done || row.outcome == Outcome::drifted;
      if (row.action.ends_with("tag") && reached) --other[row.id];
    }
    for (const auto& row : undone.rows) {
      if (row.outcome != Outcome::drifted || other[row.id] != 0) continue;
      if (touched_.contains(row.id) || listed_.contains(row.id) || guards_.contains({row.id, 0})) continue;
      violated(fmt::format("g: {} drifted in an undo, and nobody touched it: {}", row.id,
                           row.error ? row.error->message : std::string()));
    }
  }

  /// What came back is protected.
  void check_second_plan(const Wish& wish) {
    house_.sim.clock.advance(std::chrono::seconds(10));
    Wish all = wish;
    all.limit = "none";
    const auto plan = house_.plan(all);
    if (!plan) return violated("f: planning again fails: " + plan.error().text());
    for (const auto& row : plan->rows) {
      if (came_back_.contains(row.records.front())) {
        violated(fmt::format("a: {} came back, and is planned again", row.records.front()));
      }
    }
  }

  SimOptions options_;
  Tally& tally_;
  SeededRandom random_;
  bool at_once_;  // what was changed can be read at once
  House house_;
  std::vector<std::string> broken_;
  std::map<std::pair<std::string, int>, Guard> guards_;
  std::vector<plan::Row> rows_;                // of the plan that is being carried out
  std::map<Sent, const plan::Row*> approved_;  // its steps
  std::vector<std::string> planned_;           // its ids
  std::set<std::string> begun_;                // its rows of which a step was sent
  std::set<std::string> listed_;               // what the configuration protects
  std::set<std::string> sent_, was_live_, touched_, touched_sets_, came_back_;
  std::size_t requests_in_phase_ = 0;
  std::optional<std::size_t> die_at_request_;
  Steady bin_changed_{INT64_MIN / 2};
  std::string reasons_;
  bool consent_ = false;
};

}  // namespace

std::vector<std::string> simulate(Library& library, const SimOptions& options, Tally& tally) {
  Life life(library, options, tally);
  return life.live();
}

}  // namespace reeve::sim
