#pragma once
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "apply/operations.h"
#include "apply/state.h"
#include "aws/api.h"
#include "aws/count.h"
#include "aws/identity.h"
#include "aws/live.h"
#include "aws/settings.h"
#include "base/log.h"
#include "base/real_seams.h"
#include "cli/options.h"
#include "estate/prices.h"
#include "policy/policy.h"
#include "sandbox/sandbox.h"

namespace reeve::cli {

/// The version that `reeve version` and the user agent give.
std::string_view version();

/// The state folder: --state, else the XDG state folder's "reeve".
std::string state_folder(const Common& common, Environment& environment);
/// --var NAME=VALUE as a map. Errors: usage.
Result<std::map<std::string, std::string>> variables(const Common& common);

/// Where and as whom a verb works, found out by connect().
struct Connected {
  aws::Identity identity;
  std::optional<std::string> alias;
  bool alias_known = false;
  std::vector<aws::Scope> scopes;  ///< one a region
  bool loopback = false;
  std::string endpoint;  ///< where changes go if it is none of AWS's; else empty
};

/// Everything that a verb stands on, built from the flags: the world, the stack of Apis, the vocabulary. One a process.
class Engine {
 public:
  /// Errors: usage, invalid_input (flags, AWS's files, the estate), io.
  static Result<std::unique_ptr<Engine>> make(const Common& common);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  const Common& common() const { return common_; }
  World& world() { return *world_; }
  aws::Models& models() { return models_; }
  const estate::Kinds& kinds() const { return *kinds_; }
  const policy::Vocabulary& vocabulary() const { return vocabulary_; }
  const policy::Configuration& configuration() const { return configuration_; }
  aws::Api& api() { return *counting_; }
  Cancel stop() const { return stop_.token(); }
  const Log& log() const { return log_; }
  const apply::StateFolder& state() const { return state_; }
  bool pinned_now() const { return !common_.now.empty(); }

  /// The policy's now: --now, or the local clock corrected by AWS's Date header.
  Time now();
  /// AWS's clock minus ours, by its Date header.
  Duration clock_off() { return live_->clock_skew().latest(); }
  /// "ec2.DescribeSnapshots" → answered requests, so far.
  std::map<std::string, std::uint64_t> calls() const;
  Result<estate::Prices> prices(const std::string& file) const;
  /// The journal, opened when first asked for. Errors: journal, io.
  Result<apply::Journal*> journal();
  apply::Hands hands(const estate::Prices& prices, apply::Journal& journal);
  /// Finds out account, caller, partition and regions, and says so on standard error. Errors: as Api, usage (no
  /// region). The endpoint is that of `service`, whose calls are to follow.
  Task<Result<Connected>> connect(std::string service = "ec2");
  /// The first region, for a single call. Errors: usage (no region).
  Result<aws::Scope> one_scope() const;
  /// Whether this account may be changed at this endpoint: trusted before, loopback, or the sandbox. Errors:
  /// trust_missing, invalid_input (the list is damaged), io.
  Result<void> check_trust(const Connected& connected) const;
  /// Writes into the state folder that this account may be changed at this endpoint. Errors: invalid_input, io.
  Result<void> trust(const Connected& connected);

  /// Runs a verb's task to its end on the loop.
  template <class T>
  T run(Task<T> task) {
    return loop_->run(std::move(task));
  }

 private:
  explicit Engine(Common common);
  Result<void> open();
  Result<void> read_configuration();
  Result<void> open_sandbox();
  Result<void> open_aws();
  Result<void> check_regions() const;
  void count_and_log();
  Result<void> save_sandbox();
  std::string sandbox_file() const;
  Result<Document> trust_list() const;
  Task<Result<std::vector<std::string>>> chosen_regions(const std::string& partition);
  class KeepSandbox;

  Common common_;
  apply::StateFolder state_;
  std::unique_ptr<RealClock> clock_;
  std::unique_ptr<Random> random_;
  RealDisk disk_;
  RealEnvironment environment_;
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<Interrupts> interrupts_;
  std::unique_ptr<ThreadWorkers> workers_;
  std::unique_ptr<RealProcess> process_;
  aws::Models models_;
  std::shared_ptr<const estate::Kinds> kinds_;
  policy::Vocabulary vocabulary_;
  policy::Configuration configuration_;
  std::unique_ptr<FileLock> sandbox_lock_;  ///< one process at a time: each keeps the whole state
  std::unique_ptr<sandbox::Sandbox> sandbox_;
  std::unique_ptr<Http> http_;
  std::optional<World> world_;
  Log log_;
  CancelSource stop_;
  aws::Settings settings_;
  std::unique_ptr<aws::CredentialSource> credentials_;
  std::unique_ptr<aws::Live> live_;
  std::unique_ptr<aws::Api> logged_;
  std::unique_ptr<aws::CountingApi> counting_;
  std::unique_ptr<apply::Journal> journal_;
  std::string region_;  ///< the first region, for global calls
  std::string run_id_;
};

}  // namespace reeve::cli
