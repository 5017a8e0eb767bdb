#include "cli/engine.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/credentials_source.h"
#include "aws/fault.h"
#include "aws/live_url.h"
#include "aws/only_reads.h"
#include "aws/transport.h"
#include "base/contains.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/sim_seams.h"
#include "cli/log_calls.h"
#include "cli/output.h"
#include "cli/region.h"
#include "sandbox/begin.h"

namespace reeve::cli {
namespace {

constexpr std::size_t sandbox_snapshots = 300;
constexpr std::uint64_t sandbox_seed = 7;

bool is_loopback_url(std::string_view text) {
  const auto url = aws::parse_url(text);
  if (!url) return false;
  const bool numeric = url->host.find_first_not_of("0123456789.") == std::string::npos;
  return url->host == "localhost" || url->host == "[::1]" ||
         (numeric && url->host.starts_with("127."));  // "127.example.com" is somebody's machine
}

}  // namespace

std::string state_folder(const Common& common, Environment& environment) {
  if (!common.state.empty()) return common.state;
  const auto xdg = environment.get("XDG_STATE_HOME");
  return (xdg && !xdg->empty() ? *xdg : environment.home() + "/.local/state") + "/reeve";
}

Result<std::map<std::string, std::string>> variables(const Common& common) {
  std::map<std::string, std::string> out;
  for (const auto& var : common.vars) {
    const auto equals = var.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail({.code = Code::usage, .message = fmt::format("--var {} is not NAME=VALUE", var)});
    }
    const std::string name = var.substr(0, equals);
    if (!out.emplace(name, var.substr(equals + 1)).second) {
      return fail({.code = Code::usage, .message = fmt::format("--var gives {} twice", name)});
    }
  }
  return out;
}

std::string_view version() { return REEVE_VERSION; }

/// Keeps the sandbox's state after each change, so that a process that dies loses nothing that it was told is done.
class Engine::KeepSandbox : public aws::Api {
 public:
  KeepSandbox(aws::Api& inner, Engine& engine) : inner_(inner), engine_(engine) {}
  Task<Result<aws::Response>> call(aws::Request request) override {
    const bool reads = aws::only_reads(request.service, request.operation, request.params);
    auto answer = co_await inner_.call(std::move(request));
    if (!reads) CO_TRY(engine_.save_sandbox());
    co_return answer;
  }

 private:
  aws::Api& inner_;
  Engine& engine_;
};

Engine::Engine(Common common) : common_(std::move(common)) {}

Engine::~Engine() {
  stop_.cancel();
  if (loop_) loop_->drain();  // what is still in flight ends while there is something to answer to
  journal_.reset();
  counting_.reset();
  logged_.reset();
  live_.reset();
  http_.reset();
}

Result<std::unique_ptr<Engine>> Engine::make(const Common& common) {
  std::unique_ptr<Engine> out(new Engine(common));
  TRY(out->open());
  return out;
}

Result<void> Engine::open() {
  for (const auto& region : common_.regions) TRY(check_region_form(region));
  std::optional<Time> pinned;
  if (!common_.now.empty()) {
    const auto time = parse_iso8601(common_.now);
    if (!time) {
      return fail({.code = Code::usage,
                   .message = fmt::format("--now {} is not a time", common_.now),
                   .hint = "Write it as 2026-01-19T00:36:26Z"});
    }
    pinned = *time;
  }
  clock_ = std::make_unique<RealClock>(pinned);
  if (common_.seed_given) {
    random_ = std::make_unique<SeededRandom>(common_.seed);
  } else {
    random_ = std::make_unique<RealRandom>();
  }
  if (!common_.models.empty()) TRY(models_.add_folder(disk_, common_.models));
  state_.path = state_folder(common_, environment_);
  loop_ = std::make_unique<Loop>(*clock_);
  auto wind_up = [this] {
    say("reeve: interrupted: waiting for the calls in flight (again to leave at once)");
    stop_.cancel();
  };
  TRY(interrupts_, watch_interrupts(*loop_, std::move(wind_up), [this] { leave_at_once(common_); }));
  constexpr std::size_t worker_threads = 2;
  workers_ = std::make_unique<ThreadWorkers>(worker_threads);
  process_ = std::make_unique<RealProcess>(*loop_, *workers_);
  log_ = Log(*clock_, write_standard_error, Log::level_for(common_.verbose, common_.quiet));
  if (!common_.log_file.empty()) TRY(log_.add_file(disk_, common_.log_file));
  TRY(kinds_, estate::Kinds::embedded());
  TRY(read_configuration());
  return common_.sandbox.empty() ? open_aws() : open_sandbox();
}

namespace {

/// Whether a name that cannot be opened is there all the same, here or in the folder above: a link whose end is gone.
bool leads_nowhere(Disk& disk, const std::string& path) {
  std::string at = path;
  for (int levels = 0; levels < 2; ++levels) {
    const auto slash = at.rfind('/');
    if (slash == std::string::npos || slash == 0) return false;
    const auto names = disk.list(at.substr(0, slash));
    if (names) return contains(*names, at.substr(slash + 1));
    at.resize(slash);
  }
  return false;
}

}  // namespace

/// A configuration that was named must be there; one that is there must be readable: no mistake ends as no protection.
Result<void> Engine::read_configuration() {
  std::string file = common_.config;
  if (file.empty()) {
    const auto xdg = environment_.get("XDG_CONFIG_HOME");
    file = (xdg && !xdg->empty() ? *xdg : environment_.home() + "/.config") + "/reeve/config.yaml";
  }
  const auto text = disk_.read_file(file, limits::text_file_bytes);
  if (!text) {
    const bool missing = text.error().code == Code::not_found;
    if (common_.config.empty() && missing && !leads_nowhere(disk_, file)) return {};
    return fail({.code = missing && !common_.config.empty() ? Code::not_found : Code::invalid_input,
                 .message = "the configuration cannot be read",
                 .resource = file,
                 .hint = "It says what is protected: without it nothing is done",
                 .cause = std::make_shared<const Error>(text.error())});
  }
  TRY(configuration_, policy::read_configuration(*text, file, *kinds_));
  return {};
}

Result<void> Engine::open_sandbox() {
  sandbox_ = std::make_unique<sandbox::Sandbox>(sandbox::Options{.clock = *clock_,
                                                                 .models = models_,
                                                                 .seed = sandbox_seed,
                                                                 .behaviour = sandbox::Behaviour::plain,
                                                                 .loop = loop_.get()});
  TRY(disk_.make_folders(state_.path));
  TRY(sandbox_lock_, disk_.try_lock(sandbox_file() + ".lock"));
  for (int tries = 0; !sandbox_lock_ && tries < 30; ++tries) {  // most verbs take a moment
    (void)loop_->run(loop_->sleep(std::chrono::milliseconds(100), stop_.token()));
    TRY(sandbox_lock_, disk_.try_lock(sandbox_file() + ".lock"));
  }
  if (!sandbox_lock_) {
    return fail({.code = Code::locked,
                 .message = "another process works on this sandbox",
                 .resource = sandbox_file(),
                 .hint = "Wait for it, take another --state, or serve one for several: reeve sandbox --port 0"});
  }
  sandbox::Beginning beginning;
  if (common_.sandbox == "generated") {
    beginning.generate = sandbox_snapshots, beginning.seed = sandbox_seed;
  } else {
    beginning.estate = common_.sandbox;
  }
  TRY(const auto begun, sandbox::begin(*sandbox_, disk_, sandbox_file(), beginning));
  if (!begun.notice.empty()) say(begun.notice);
  http_ = sandbox::in_process_http(*sandbox_);
  world_.emplace(World{*clock_, *random_, disk_, *http_, *process_, environment_, *workers_, *loop_});
  run_id_ = apply::new_id("r", *world_);
  credentials_ = aws::fixed_credentials(
      {.access_key_id = "testing", .secret_access_key = "testing", .account_id = std::string(sandbox::home_account)});
  std::optional<aws::FaultScript> faults;
  if (!common_.faults.empty()) {
    TRY(const std::string text, disk_.read_file(common_.faults, limits::text_file_bytes));
    TRY(faults, aws::FaultScript::parse(text, common_.faults, &models_));
    sandbox_->set_faults(*faults);
  }
  aws::LiveSettings live{.version = std::string(version()),
                         .run_id = run_id_,
                         .endpoint_url = "http://127.0.0.1:1"};  // nobody connects: the sandbox answers in process
  TRY(live.max_rates, aws::parse_max_rates(common_.max_rates, models_));
  live_ = aws::make_live(*world_, models_, *credentials_, std::move(live), nullptr,
                         [this](aws::Api& sender) { return std::make_unique<KeepSandbox>(sender, *this); });
  count_and_log();
  region_ = common_.regions.empty() || common_.regions.front() == "all" ? std::string(sandbox::home_region)
                                                                        : common_.regions.front();
  return {};
}

Result<void> Engine::open_aws() {
  aws::SettingsOverrides overrides{.profile = common_.profile, .endpoint_url = common_.endpoint_url};
  if (!common_.regions.empty() && common_.regions.front() != "all") overrides.region = common_.regions.front();
  TRY(settings_, aws::load_settings(environment_, disk_, overrides));
  region_ = settings_.region;
  if (region_.empty() && is_loopback_url(common_.endpoint_url)) region_ = "us-east-1";
  settings_.region = region_;
  if (!region_.empty()) TRY(check_region_form(region_));
  aws::TransportOptions transport{.ca_bundle = settings_.ca_bundle,
                                  .http_proxy = settings_.http_proxy,
                                  .https_proxy = settings_.https_proxy,
                                  .no_proxy = settings_.no_proxy};
  http_ = aws::make_http(*loop_, *workers_, std::move(transport));
  world_.emplace(World{*clock_, *random_, disk_, *http_, *process_, environment_, *workers_, *loop_});
  run_id_ = apply::new_id("r", *world_);
  aws::CredentialOptions options{.role_session_name = "reeve-" + run_id_};
  options.door = aws::credential_door(*world_, models_, settings_, std::string(version()), run_id_);
  options.ask_code = [](const std::string& device) -> std::optional<std::string> {
    if (!input_is_terminal()) return std::nullopt;
    say(fmt::format("Type the one-time code of {}:", device));
    return read_line();
  };
  credentials_ = aws::make_credentials(*world_, settings_, std::move(options));
  aws::LiveSettings live = aws::live_settings(settings_, environment_, models_);
  live.version = version();
  live.run_id = run_id_;
  TRY(live.max_rates, aws::parse_max_rates(common_.max_rates, models_));
  aws::Live::Inside inside;
  if (!common_.faults.empty()) {
    TRY(const std::string text, disk_.read_file(common_.faults, limits::text_file_bytes));
    TRY(aws::FaultScript script, aws::FaultScript::parse(text, common_.faults, &models_));
    inside = [this, script](aws::Api& sender) { return std::make_unique<aws::Fault>(sender, *loop_, script); };
  }
  live_ = aws::make_live(*world_, models_, *credentials_, std::move(live), nullptr, std::move(inside));
  count_and_log();
  return check_regions();
}

/// Where AWS's own endpoints are asked, a slip in a region's name would ask a host that is nobody's, or somebody's.
Result<void> Engine::check_regions() const {
  if (!live_->sender().endpoint_override("ec2").empty()) return {};
  std::vector<std::string> named = common_.regions;
  if (!region_.empty()) named.push_back(region_);
  for (const auto& region : named) {
    if (region != "all") TRY(check_region_known(region, aws::Models::partitions_json()));
  }
  return {};
}

void Engine::count_and_log() {
  logged_ = std::make_unique<LogCalls>(*live_, *clock_, log_.with({{"run", run_id_}}));
  counting_ = std::make_unique<aws::CountingApi>(*logged_);
}

std::string Engine::sandbox_file() const {
  const std::string name = common_.sandbox == "generated" ? "generated" : sha256_hex(common_.sandbox).substr(0, 12);
  return state_.path + "/sandbox-" + name + ".json";
}

Result<void> Engine::save_sandbox() { return sandbox_->save(disk_, sandbox_file()); }

Time Engine::now() {
  if (pinned_now() || sandbox_) return sandbox_ && !pinned_now() ? sandbox_->now() : clock_->now();
  return clock_->now() + live_->clock_skew().latest();
}

std::map<std::string, std::uint64_t> Engine::calls() const {
  std::map<std::string, std::uint64_t> out;
  for (const auto& [operation, count] : counting_->counts().calls) out[operation] = static_cast<std::uint64_t>(count);
  return out;
}

Result<estate::Prices> Engine::prices(const std::string& file) const {
  if (file.empty()) return estate::Prices::embedded();
  RealDisk disk;
  TRY(const std::string text, disk.read_file(file, limits::text_file_bytes));
  return estate::Prices::parse(text, file, region_);
}

Result<apply::Journal*> Engine::journal() {
  if (!journal_) {
    TRY(disk_.make_folders(state_.path));
    // SQLite would make it readable for all; the files beside it take over what this one allows.
    const std::string path = sandbox_ ? state_.sandbox_journal() : state_.journal();
    TRY(disk_.open(path, Disk::Open::create));
    TRY(journal_, apply::open_sqlite_journal(path, apply::FileLayer::sqlite, disk_, *clock_, *loop_, *workers_));
  }
  return journal_.get();
}

apply::Hands Engine::hands(const estate::Prices& prices, apply::Journal& journal) {
  return {.world = *world_,
          .api = *counting_,
          .models = models_,
          .kinds = *kinds_,
          .prices = prices,
          .vocabulary = vocabulary_,
          .journal = journal,
          .now = [this] { return now(); },
          .run_id = run_id_,
          .configuration = &configuration_};
}

Task<Result<std::vector<std::string>>> Engine::chosen_regions(const std::string& partition) {
  if (contains(common_.regions, "all")) {
    aws::Scope scope{.partition = partition, .region = region_};
    const auto regions = co_await aws::list_regions(*counting_, std::move(scope), stop());
    if (!regions) co_return std::unexpected(regions.error());
    std::vector<std::string> out;
    for (const auto& region : *regions) {
      if (region.enabled) out.push_back(region.name);
    }
    co_return out;
  }
  std::vector<std::string> out = common_.regions;
  if (out.empty()) out.push_back(region_);
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  co_return out;
}

Result<aws::Scope> Engine::one_scope() const {
  if (region_.empty()) {
    return fail({.code = Code::usage,
                 .message = "no region is set",
                 .hint = "Give --region, set AWS_REGION, or a region in the profile"});
  }
  return aws::Scope{.region = region_};
}

Task<Result<Connected>> Engine::connect(std::string service) {
  if (const auto home = one_scope(); !home) co_return std::unexpected(home.error());
  const auto identity = co_await aws::who_am_i(*counting_, region_, stop());
  if (!identity) co_return std::unexpected(identity.error());
  Connected out;
  out.identity = *identity;
  const auto regions = co_await chosen_regions(identity->partition);
  if (!regions) co_return std::unexpected(regions.error());
  for (const auto& region : *regions) {
    out.scopes.push_back({.partition = identity->partition, .account = identity->account, .region = region});
  }
  aws::Scope scope = out.scopes.front();
  const auto alias = co_await aws::account_alias(*counting_, std::move(scope), stop());
  out.alias_known = alias.has_value();
  if (alias) out.alias = *alias;
  const std::string set = live_->sender().endpoint_override(service);
  const std::string endpoint = sandbox_ ? "the sandbox" : set.empty() ? "AWS" : set;
  if (!live_->sender().at_aws(service)) out.endpoint = set;
  out.loopback = sandbox_ != nullptr || is_loopback_url(set);
  if (!common_.quiet) {
    say(fmt::format("account {}{}, as {}, regions {}, at {}", out.identity.account,
                    out.alias         ? " (" + *out.alias + ")"
                    : out.alias_known ? ""
                                      : " (alias not readable)",
                    out.identity.arn, fmt::join(*regions, " "), endpoint));
  }
  co_return out;
}

}  // namespace reeve::cli
