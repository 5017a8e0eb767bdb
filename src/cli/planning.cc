#include "cli/planning.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "base/limits.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "plan/make_plan.h"
#include "plan/plan_file.h"

namespace reeve::cli {
namespace {

struct ReadPolicies {
  std::vector<std::unique_ptr<policy::Policy>> policies;
  std::vector<Error> left_out;  ///< policies of kinds that Reeve does not know: they fail alone
};

/// One scope's policies: files are read anew for each, because {account_id} and {region} are expanded in them.
Result<ReadPolicies> read_files(Engine& engine, const std::vector<std::string>& files, const aws::Scope& scope,
                                bool first_scope, Time now) {
  TRY(auto given, variables(engine.common()));
  const policy::Variables names_given{.given = std::move(given),
                                      .account_id = scope.account,
                                      .region = scope.region,
                                      .partition = scope.partition,
                                      .now = now};
  std::vector<policy::Problem> errors;
  ReadPolicies out;
  std::set<std::string> names;
  for (const auto& file : files) {
    TRY(const std::string text, engine.world().disk.read_file(file, limits::text_file_bytes));
    auto read = policy::read_policies(text, file, names_given, engine.vocabulary(), engine.kinds());
    for (auto& problem : read.problems) {
      if (!problem.warning) {
        errors.push_back(problem);
      } else if (first_scope) {
        say(fmt::format("{}:{}:{}: warning: {}", problem.file, problem.line, problem.column, problem.message));
      }
    }
    for (auto& policy : read.policies) {
      if (!names.insert(policy->name).second) {
        errors.push_back({.file = file,
                          .line = 1,
                          .column = 1,
                          .message = fmt::format("policy {} stands in two of the files", policy->name)});
      }
      out.policies.push_back(std::move(policy));
    }
  }
  if (!std::ranges::all_of(errors, &policy::Problem::alone) || (out.policies.empty() && !errors.empty())) {
    return fail(policy::problems_error(errors));
  }
  for (const auto& error : errors) out.left_out.push_back(policy::problems_error({error}));
  return out;
}

/// --save replaces a plan, and nothing else: a slip must not cost somebody's file. Errors: usage.
Result<void> check_save(Disk& disk, const std::string& path) {
  TRY(const bool there, disk.exists(path));
  if (!there) return {};
  constexpr std::string_view plan_begins = R"({"format":1,"plan":)";  // also of one that was damaged since
  TRY(const auto file, disk.open(path, Disk::Open::read));
  std::string head(plan_begins.size(), '\0');
  TRY(const std::size_t got, file->read(0, head));
  if (got == 0 || head == plan_begins) return {};
  return fail({.code = Code::usage,
               .message = fmt::format("--save {}: there is a file that is not a plan", path),
               .hint = "Give another name, or remove that file first"});
}

}  // namespace

Task<Result<StoredPlan>> make_stored_plan(Engine& engine, const Connected& connected, PlanOptions options) {
  plan::PlanRequest request;
  if (!options.limit.empty()) {
    CO_TRY(request.limit, plan::LimitSetting::parse(options.limit));
  }
  CO_TRY(const auto prices, engine.prices(options.prices));
  request.oldest_first = options.oldest_first;
  request.now = engine.now();
  request.configuration = &engine.configuration();
  request.run = apply::new_id("p", engine.world());
  std::vector<Error> left_out;
  for (const auto& scope : connected.scopes) {
    const bool first = request.scopes.empty();
    CO_TRY(auto read, read_files(engine, options.files, scope, first, request.now));
    request.policies.push_back(std::move(read.policies));
    if (first) left_out = std::move(read.left_out);
    request.scopes.push_back(
        {.scope = scope,
         .reader = std::make_unique<estate::Reader>(engine.api(), engine.models(), engine.kinds(), engine.world().loop,
                                                    scope, estate::Reader::Options{.cancel = engine.stop()})});
  }
  CO_TRY(apply::Journal * journal, engine.journal());
  request.protected_by_journal = apply::protection_by_journal(*journal, engine.world().clock.wall());
  Progress progress(engine.common());
  request.progress = [&progress](const std::string& text) { progress.show(text); };
  plan::Drafted drafted = co_await plan::make_plan(request, prices);
  plan::Plan& plan = drafted.plan;
  progress.clear();
  if (engine.stop().requested()) co_return fail({.code = Code::cancelled, .message = "interrupted while planning"});
  std::ranges::move(left_out, std::back_inserter(plan.errors));
  plan.header.id = request.run;
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> regions;
  for (const auto& scope : connected.scopes) regions[{scope.partition, scope.account}].push_back(scope.region);
  for (const auto& [account, names] : regions) {
    plan.header.scopes.push_back({.partition = account.first, .account = account.second, .regions = names});
  }
  plan.header.created = engine.world().clock.wall();
  plan.header.expires = plan.header.created + std::chrono::hours(24);
  plan.header.now = request.now;
  plan.header.pinned_now = engine.pinned_now();
  plan.header.loopback = connected.loopback;
  plan.header.irreversible_allowed = options.allow_irreversible;
  plan.calls = engine.calls();
  Disk& disk = engine.world().disk;
  CO_TRY(disk.make_folders(engine.state().plans()));
  const std::string path = engine.state().plan(plan.header.id);
  CO_TRY(plan::write_plan(disk, path, plan, drafted.rows));
  CO_TRY(auto file, plan::PlanFile::open(disk, path));
  if (!options.save.empty()) {
    CO_TRY(check_save(disk, options.save));
    CO_TRY(file.copy_to(options.save));
  }
  co_return StoredPlan{.plan = std::move(plan), .file = std::move(file)};
}

int plan_exit(const plan::Plan& plan) {
  int code = plan.header.complete ? Exit::ok : Exit::unjudged;
  for (const auto& error : plan.errors) {
    code = worse(code, error.code == Code::limit_stopped ? Exit::stopped : Exit::unjudged);
  }
  return code;
}

}  // namespace reeve::cli
