#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "apply/operations.h"
#include "aws/count.h"
#include "aws/credentials_source.h"
#include "aws/live.h"
#include "base/sim_seams.h"
#include "estate/prices.h"
#include "plan/make_plan.h"
#include "policy/policy.h"
#include "sandbox/sandbox.h"

/// The whole house in one thread and virtual time: engine, codecs, signatures and retries over the sandbox, the journal
/// in SQLite over a disk that loses what was not synced.
///
/// How an engine dies: from one moment on its disk and its network refuse everything, and it runs to its end on errors,
/// so that no coroutine is left hanging. Answers under way are dropped. Nothing it does then leaves a trace: that is
/// what a dead process does. Then the disk forgets what a crash forgets, and a new engine starts.
namespace reeve::sim {

inline constexpr std::string_view account = sandbox::home_account, region = sandbox::home_region;

/// What costs time to load and never changes: shared by all houses.
struct Library {
  Library();
  aws::Models models;
  std::shared_ptr<const estate::Kinds> kinds;
  estate::Prices prices;
  policy::Vocabulary vocabulary;
  std::shared_ptr<aws::Endpoints> endpoints = aws::Endpoints::make(aws::Models::partitions_json());
};

/// One changing request as it reached the cloud.
struct Sent {
  std::string operation, id;
  friend auto operator<=>(const Sent&, const Sent&) = default;
};

/// A plan with all its rows.
struct Planned : plan::Plan {
  std::vector<plan::Row> rows;
};

/// A run with all its rows.
struct Ran : apply::RunResult {
  std::vector<apply::RowOutcome> rows;
};

/// The network between engine and cloud: takes its time, tells who asks what changes, and dies with the engine.
class Network : public Http {
 public:
  Network(SimWorld& sim, sandbox::Sandbox& cloud);
  Task<Result<HttpResponse>> send(HttpRequest request, Steady deadline, Cancel cancel) override;

  Duration most_latency{0};
  std::function<void(const Sent&)> before_change;  ///< just before the cloud sees it
  std::function<void(const Sent&)> after_change;   ///< when its answer is on its way
  std::size_t requests = 0;

 private:
  bool dead() const;
  SimWorld& sim_;
  std::unique_ptr<Http> inner_;
};

/// The journal, and what it promised: entries whose append returned.
class WatchedJournal : public apply::Journal {
 public:
  struct Promises {
    std::map<std::string, std::vector<std::string>> kept;  ///< by run: "kind/row" in order
    std::map<Sent, int> open_intents;                      ///< of the engine that lives now
  };
  WatchedJournal(std::unique_ptr<apply::Journal> inner, Promises& promises)
      : inner_(std::move(inner)), promises_(promises) {}
  Task<Result<void>> append(std::vector<apply::NewEntry> entries) override;
  Result<void> each(std::string_view run, const Visit& visit) override { return inner_->each(run, visit); }
  Result<void> each_sealed(std::string_view run, const Visit& visit) override {
    return inner_->each_sealed(run, visit);
  }
  Result<void> each_closed(std::string_view run, Order order, const Visit& visit) override {
    return inner_->each_closed(run, order, visit);
  }
  Result<std::vector<apply::Entry>> of_row(std::string_view run, std::string_view row) override {
    return inner_->of_row(run, row);
  }
  Result<std::optional<apply::Entry>> closing_of_row(std::string_view run, std::string_view row) override {
    return inner_->closing_of_row(run, row);
  }
  Result<apply::Entry> first(std::string_view run) override { return inner_->first(run); }
  Result<apply::Entry> last(std::string_view run) override { return inner_->last(run); }
  Result<std::vector<std::string>> runs() override { return inner_->runs(); }
  Result<std::vector<std::string>> open_runs() override { return inner_->open_runs(); }
  Result<std::vector<apply::Entry>> about(std::string_view subject) override { return inner_->about(subject); }
  Result<std::optional<std::string>> run_of_plan(std::string_view plan) override { return inner_->run_of_plan(plan); }
  Result<std::vector<std::string>> undos_of(std::string_view run) override { return inner_->undos_of(run); }

 private:
  std::unique_ptr<apply::Journal> inner_;
  Promises& promises_;
  std::map<std::string, Sent> by_row_;
};

/// What an effect does: the operation's target in the intent's parameters.
Sent sent_of(Value operation, Value params);

/// How a plan is made.
struct Wish {
  std::string policies;  ///< a policy file's text
  std::map<std::string, std::string> variables;
  std::string limit;  ///< as --limit; empty: the default
  bool oldest_first = false;
};

/// One machine with an engine, and the cloud that it looks after.
class House {
 public:
  House(Library& library, std::uint64_t seed, sandbox::Behaviour behaviour = sandbox::Behaviour::plain);
  ~House();
  House(const House&) = delete;
  House& operator=(const House&) = delete;

  /// Starts an engine. Errors: those of the journal.
  Result<void> start();
  /// The engine is gone, and what it held in memory.
  void stop();
  /// From here on the engine reaches neither disk nor network.
  void die() { sim.disk.stop_after(0); }
  bool dead();
  /// After die(): power is cut (or only the process killed), and what was promised is still there.
  /// Errors: journal, or what was promised and is gone.
  Result<void> restart(bool power_cut);

  Result<Planned> plan(const Wish& wish);
  Result<Ran> apply(const std::string& plan, bool consent, Cancel stop = {});
  Result<std::optional<Ran>> resume(Cancel stop = {}, const std::string& wanted = {});
  Result<std::optional<Ran>> undo(const std::string& run, const std::vector<std::string>& rows, Cancel stop = {});
  /// A run as the journal tells it. Errors: not_found, journal.
  Result<Ran> read_run(const std::string& run);
  Result<Ran> with_rows(apply::RunResult result);
  apply::Hands hands();
  apply::Here here() const { return {.accounts = {std::string(account)}, .loopback = true}; }
  /// Runs a task to its end, and whatever it left behind.
  template <class T>
  T run(Task<T> task) {
    T out = sim.loop.run(std::move(task));
    sim.loop.drain();
    return out;
  }
  sandbox::Region& home() { return *cloud.store().find_region(account, region); }
  Result<void> load(std::string_view estate);
  Result<void> faults(std::string_view rules);  ///< a JSON list of rules
  void no_faults() { cloud.set_faults(aws::FaultScript{}); }
  apply::Journal& journal() { return *journal_; }

  Library& library;
  SimWorld sim;
  std::size_t rows_a_window = apply::rows_a_window;  ///< of runs that begin or go on from now on
  policy::Configuration configuration;               ///< what is protected from now on

 private:
  /// AWS's clock: right, whatever the machine's says.
  struct TrueClock : Clock {
    explicit TrueClock(SimClock& machine) : clock(machine) {}
    Time wall() override { return clock.true_time(); }
    Steady steady() override { return clock.steady(); }
    SimClock& clock;
  };
  TrueClock true_clock_;

 public:
  sandbox::Sandbox cloud;
  Network network;
  World world;
  apply::StateFolder state{"/home/reeve/state"};
  WatchedJournal::Promises promises;

 private:
  std::unique_ptr<aws::CredentialSource> credentials_;
  std::unique_ptr<aws::Live> live_;
  std::unique_ptr<aws::CountingApi> api_;
  std::unique_ptr<WatchedJournal> journal_;
};

}  // namespace reeve::sim
