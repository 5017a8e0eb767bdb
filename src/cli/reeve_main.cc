#include <fmt/format.h>
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <functional>
#include <span>

#include "base/contains.h"
#include "base/json.h"
#include "cli/engine.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "text/edit_distance.h"

namespace reeve::cli {
namespace {

/// What a verb runs once its flags are read. `needs_engine` false: it does without AWS.
struct Verb {
  CLI::App* app = nullptr;
  std::string examples;  ///< on top of its help
  std::function<Task<Result<int>>(Engine&)> with_engine;
  std::function<Result<int>()> alone;
};

/// Verbs whose results have no rows.
constexpr std::string_view without_csv[] = {"call", "sandbox", "version"};

/// What was given as an empty text: a shell's unset variable, most likely, and never what somebody means.
Result<void> check_empty(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->count() == 0 || !contains(option->results(), "")) continue;
    return fail({.code = Code::usage,
                 .message = fmt::format("{} is empty", option->get_name()),
                 .hint = fmt::format("Give it a value, or leave it out: `reeve {} --help` says what it takes",
                                     app.get_name())});
  }
  return {};
}

/// `REEVE_SANDBOX=1` and the like switch it on or off; any other value is an estate file.
std::string sandbox_named(const std::string& value) {
  std::string word = value;
  for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  constexpr std::string_view on[] = {"1", "true", "yes", "on"}, off[] = {"0", "false", "no", "off"};
  return contains(on, word) ? "generated" : contains(off, word) ? "" : value;
}

/// What the flags must fulfil together. Errors: usage.
Result<void> check_flags(const CLI::App& verb, Common& common) {
  TRY(check_empty(verb));
  RealEnvironment environment;
  if (const auto config = environment.get("REEVE_CONFIG"); config && config->empty() && common.config.empty()) {
    return fail({.code = Code::usage,
                 .message = "REEVE_CONFIG is empty",
                 .hint = "Name the file that says what is protected, or unset the variable"});
  }
  common.sandbox = sandbox_named(common.sandbox);
  if (!common.sandbox.empty() && !common.endpoint_url.empty()) {
    return fail({.code = Code::usage,
                 .message = "--sandbox and --endpoint-url name two clouds",
                 .hint = "Give one of them (REEVE_SANDBOX and REEVE_ENDPOINT_URL count, too)"});
  }
  if (!common.csv() || !contains(without_csv, verb.get_name())) return {};
  return fail({.code = Code::usage,
               .message = fmt::format("the result of {} has no rows, so there is no -o csv of it", verb.get_name()),
               .hint = "Allowed are -o table and -o json"});
}

void add_common(CLI::App& app, Common& common) {
  app.add_option("-o,--output", common.output, "table, json or csv")
      ->check(CLI::IsMember({"table", "json", "csv"}))
      ->envname("REEVE_OUTPUT");
  app.add_option("--profile", common.profile, "profile of the AWS files")->envname("REEVE_PROFILE");
  app.add_option("--region", common.regions, "region, repeatable; all = the enabled ones")
      ->envname("REEVE_REGION")
      ->delimiter(',')
      ->take_all();
  app.add_option("--endpoint-url", common.endpoint_url, "another endpoint than AWS's")->envname("REEVE_ENDPOINT_URL");
  app.add_flag("--sandbox{generated}", common.sandbox,
               "work on the embedded cloud; --sandbox=ESTATE reads an estate file")
      ->envname("REEVE_SANDBOX");
  app.add_option("--state", common.state, "folder for journal, plans and locks; default: reeve in the XDG state folder")
      ->envname("REEVE_STATE");
  app.add_option("--config", common.config, "what is protected; default: reeve/config.yaml in the XDG config folder")
      ->envname("REEVE_CONFIG");
  app.add_option("--now", common.now, "count ages from this time, such as 2026-01-31T00:00:00Z")->envname("REEVE_NOW");
  app.add_option("--var", common.vars, "NAME=VALUE for a policy's {NAME}, repeatable")->take_all();
  app.add_option("--max-rate", common.max_rates, "SERVICE=N or SERVICE.OPERATION=N calls a second, repeatable")
      ->envname("REEVE_MAX_RATE")
      ->delimiter(',')
      ->take_all();
  app.add_option("--faults", common.faults, "a fault script, for rehearsals")->envname("REEVE_FAULTS");
  app.add_option("--models", common.models, "a folder of models of further services, as botocore/data")
      ->envname("REEVE_MODELS");
  app.add_option("--log-file", common.log_file, "append a log of JSON lines")->envname("REEVE_LOG_FILE");
  app.add_option("--seed", common.seed, "seed of all chance, to repeat a rehearsal")
      ->envname("REEVE_SEED")
      ->each([&common](const std::string&) { common.seed_given = true; });
  app.add_flag("-v,--verbose", common.verbose, "say more; twice: all");
  app.add_flag("-q,--quiet", common.quiet, "say only errors");
}

class CommandLine {
 public:
  CommandLine() : app_("Reeve, a steward for AWS estates", "reeve") {
    app_.require_subcommand(1);
    app_.set_version_flag("--version", std::string(version()));
    reading_verbs();
    planning_verbs();
    changing_verbs();
    other_verbs();
  }

  int run(int argc, char** argv) {
    for (const auto& verb : verbs_) {
      if (argc < 2 || verb.app->get_name() != argv[1]) continue;
      verb.app->description("Examples:\n" + verb.examples + "\n\n" + verb.app->get_description());
    }
    const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    for (const auto& word : words) {  // CLI11 would take the next word for the value
      if (word.starts_with("--") && word.ends_with('='))
        return wrong_line(word + " is followed by nothing: its value is empty", words);
    }
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() == 0) return app_.exit(error);  // --help, --version
      return wrong_line(error.what(), words);
    }
    for (auto& verb : verbs_) {
      if (!verb.app->parsed()) continue;
      if (const auto fine = check_flags(*verb.app, common_); !fine) return report(common_, fine.error());
      return verb.alone ? finish(verb.alone()) : run_with_engine(verb);
    }
    return Exit::usage;
  }

 private:
  CLI::App& add(const std::string& name, const std::string& description, const std::string& examples,
                std::function<Task<Result<int>>(Engine&)> with_engine, std::function<Result<int>()> alone = {}) {
    CLI::App* sub = app_.add_subcommand(name, description);
    // Without it CLI11 reads the environment for every verb, and what it finds for others beats this one's flags.
    sub->parse_complete_callback([] {});
    add_common(*sub, common_);
    verbs_.push_back(
        {.app = sub, .examples = examples, .with_engine = std::move(with_engine), .alone = std::move(alone)});
    return *sub;
  }

  void add_planning(CLI::App& app, bool short_region) {
    app.add_option("FILE", plan_.files, "policy files")->required();
    app.add_option("--limit", plan_.limit, "200, 25% or none: how many records may change beyond exact undo")
        ->envname("REEVE_LIMIT");
    app.add_flag("--oldest-first", plan_.oldest_first, "past the limit, plan the oldest and keep the others");
    app.add_flag("--allow-irreversible", plan_.allow_irreversible, "consent to rows that cannot be undone");
    app.add_option("--prices", plan_.prices, "a price table of your own (CSV)");
    app.add_option("--save", plan_.save, "also write the plan to this file");
    if (short_region) app.add_option("-r", common_.regions, "region, as --region")->take_all();
  }

  void reading_verbs() {
    auto& list =
        add("list", "Lists resources of a kind.",
            "  reeve list ebs-snapshot --sandbox\n  reeve list ec2 --where State.Name=running --ids --region all",
            [this](Engine& engine) { return cli::list(engine, list_); });
    list.add_option("KIND", list_.kind, "such as ec2, ebs, ebs-snapshot, ami")->required();
    list.add_option("--where", list_.where, "PATH=VALUE or PATH!=VALUE, repeatable; tag:NAME is a tag")->take_all();
    list.add_flag("--ids", list_.ids, "only ids, one a line");
    add("doctor", "Says who and where you are and what cannot be read, with the IAM line for it.",
        "  reeve doctor\n  reeve doctor --profile prod --region all",
        [](Engine& engine) { return cli::doctor(engine); });
    auto& runs =
        add("runs", "Lists runs, or one run's rows.", "  reeve runs\n  reeve runs r-20260119T003626-4f3a9c -o json",
            [this](Engine& engine) { return cli::runs(engine, run_); });
    runs.add_option("RUN", run_, "a run's id");
  }

  void planning_verbs() {
    auto& plan = add("plan", "Shows what policies would do, why, what it saves and how it is undone; changes nothing.",
                     "  reeve plan policies/stale-snapshots.yaml --sandbox\n"
                     "  reeve plan policies/stale-snapshots.yaml --region all --save friday.plan.jsonl",
                     [this](Engine& engine) { return cli::plan(engine, plan_); });
    add_planning(plan, false);
    auto& run = add("run", "Plans and applies in one go, under the same limits.",
                    "  reeve run policies/stale-snapshots.yaml --sandbox --limit none\n"
                    "  reeve run policies/tag-owners.yaml -r eu-central-1 -o json",
                    [this](Engine& engine) { return cli::run(engine, plan_); });
    add_planning(run, true);
    auto& validate = add("validate", "Checks policy files without calling AWS.",
                         "  reeve validate policies/stale-snapshots.yaml\n  reeve validate policies/*.yaml -o json", {},
                         [this] { return cli::validate(common_, files_); });
    validate.add_option("FILE", files_, "policy files")->required();
    auto& test = add("test", "Runs policies on recorded answers and compares what they select and change.",
                     "  reeve test tests/policies.yaml\n  reeve test cases.json --flight flight -o json", {},
                     [this] { return cli::test(common_, test_); });
    test.add_option("CASES", test_.files, "lists of cases, JSON or YAML")->required();
    test.add_option("--flight", test_.flight, "folder of the recordings; default: flight beside the cases");
    test.add_flag("--reads", test_.reads, "also list the calls that only read");
  }

  void changing_verbs() {
    auto& apply = add("apply", "Carries out a plan: looks at each record again, journals, changes.",
                      "  reeve apply p-20260119T003626-4f3a9c\n"
                      "  reeve apply friday.plan.jsonl --except snap-0123456789abcdef0",
                      [this](Engine& engine) { return cli::apply(engine, apply_); });
    apply.add_option("PLAN", apply_.plan, "a plan's id, or a file that --save wrote")->required();
    apply.add_flag("--allow-irreversible", apply_.allow_irreversible, "consent to rows that cannot be undone");
    apply.add_option("--rows", apply_.rows, "only these rows")->delimiter(',')->take_all();
    apply.add_option("--except", apply_.except, "not these ids")->delimiter(',')->take_all();
    auto& undo = add("undo", "Takes back what a run did, or some of its rows.",
                     "  reeve undo r-20260119T003626-4f3a9c --dry-run\n"
                     "  reeve undo r-20260119T003626-4f3a9c 1f0c2a9b7d3e4f56",
                     [this](Engine& engine) { return cli::undo(engine, undo_); });
    undo.add_option("RUN", undo_.run, "the run's id")->required();
    undo.add_option("ROW", undo_.rows, "rows; all that were done if none is given");
    undo.add_flag("--dry-run", undo_.dry_run, "only show the plan");
    auto& resume = add("resume", "Goes on with the last run that was interrupted, or with one that you name.",
                       "  reeve resume\n  reeve resume r-20260119T003626-4f3a9c --profile prod -o json",
                       [this](Engine& engine) { return cli::resume(engine, run_); });
    resume.add_option("RUN", run_, "a run's id; the newest that can go on if none is given");
    auto& trust = add("trust", "Allows Reeve to change an account from this machine.",
                      "  reeve trust 123456789012\n  reeve trust shop-prod --yes-i-mean shop-prod",
                      [this](Engine& engine) { return cli::trust(engine, trust_); });
    trust.add_option("ACCOUNT", trust_.account, "its alias or id")->required();
    trust.add_option("--yes-i-mean", trust_.yes_i_mean, "its alias or id once more, where nobody can type it");
  }

  void other_verbs() {
    auto& call = add("call", "Calls one operation of AWS, all its pages, and prints the answer.",
                     "  reeve call ec2 DescribeSnapshots '{\"OwnerIds\": [\"self\"]}'\n"
                     "  reeve call s3 PutObject '{\"Bucket\": \"b\", \"Key\": \"k\"}' --body FILE",
                     [this](Engine& engine) {
                       if (call_.service.empty() && call_.help) print(app_.get_subcommand("call")->help());
                       return cli::call(engine, call_);
                     });
    call.set_help_flag();  // ours says what a service has, and what an operation takes
    call.add_option("SERVICE", call_.service, "such as ec2; none: lists them");
    call.add_option("OPERATION", call_.operation, "such as DescribeSnapshots; none: lists them");
    call.add_option("PARAMETERS", call_.params, "a JSON object");
    call.add_option("--body", call_.body,
                    "a file that is sent as the body, whatever its size (S3's PutObject, UploadPart)");
    call.add_option("--save", call_.save,
                    "a file that the answer's body goes to (S3's GetObject); - is standard output");
    call.add_flag("--events", call_.events, "prints the answer's events as they come, a line of JSON each");
    call.add_flag("--one-page", call_.one_page, "only the first page");
    call.add_flag("-h,--help,--operations,--parameters", call_.help, "lists operations, or an operation's parameters");
    auto& sandbox = add("sandbox", "Serves the embedded cloud on loopback, for any AWS client.",
                        "  reeve sandbox --port 5555 --generate 300\n  reeve sandbox --reset", {},
                        [this] { return cli::sandbox_server(common_, sandbox_); });
    sandbox.add_option("--port", sandbox_.port, "0 picks a free one");
    sandbox.add_option("--estate", sandbox_.estate, "an estate file");
    sandbox.add_option("--generate", sandbox_.generate, "make an estate of N snapshots, at most 100000")
        ->check(CLI::Range(0, 100'000));
    sandbox.add_option("--behaviour", sandbox_.behaviour, "plain (at once) or aws (delays, consistency, throttles)");
    sandbox.add_flag("--reset", sandbox_.reset, "drop what --sandbox kept in the state folder");
    add("version", "Prints the version.", "  reeve version\n  reeve version -o json", {},
        [this] { return print_version(); });
  }

  Result<int> print_version() const {
    if (common_.json()) {
      Builder b;
      b.begin_map();
      b.put("format", 1);
      b.begin_map("version");
      b.put("version", version());
      b.end();
      b.end();
      print_json(b.finish());
    } else {
      print(fmt::format("reeve {}\n", version()));
    }
    return Exit::ok;
  }

  int finish(Result<int> result) const { return result ? *result : report(common_, result.error()); }

  int run_with_engine(const Verb& verb) {
    auto engine = Engine::make(common_);
    if (!engine) return report(common_, engine.error());
    Result<int> result = (*engine)->run(verb.with_engine(**engine));
    return finish(std::move(result));
  }

  /// A command line that does not parse: says what is wrong, with the nearest verb or flag.
  int wrong_line(std::string_view what, std::vector<std::string> words) {
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (words[i] == "--output=json" || words[i] == "-ojson" ||
          ((words[i] == "-o" || words[i] == "--output") && i + 1 < words.size() && words[i + 1] == "json")) {
        common_.output = "json";
      }
    }
    Error error{.code = Code::usage,
                .message = std::string(what),
                .hint = "`reeve --help` lists verbs, `reeve VERB --help` its flags"};
    const CLI::App* chosen = nullptr;
    for (const auto& verb : verbs_) {
      if (!words.empty() && verb.app->get_name() == words.front()) chosen = verb.app;
    }
    std::vector<std::string> candidates;
    if (chosen == nullptr) {
      for (const auto& verb : verbs_) candidates.push_back(verb.app->get_name());
    } else {
      for (const auto* option : chosen->get_options()) {
        for (const auto& name : option->get_lnames()) candidates.push_back("--" + name);
      }
      error.hint = fmt::format("`reeve {} --help` shows its flags and examples", chosen->get_name());
    }
    for (const auto& word : words) {
      const std::string name = word.substr(0, word.find('='));
      const bool wrong =
          chosen == nullptr ? &word == &words.front() : name.starts_with("--") && !contains(candidates, name);
      if (!wrong) continue;
      if (chosen == nullptr) error.message = fmt::format("there is no verb {}", word);
      const std::vector<std::string_view> views(candidates.begin(), candidates.end());
      if (const auto near = text::nearest(name, views)) error.message += fmt::format("; did you mean {}?", *near);
      break;
    }
    return report(common_, error);
  }

  CLI::App app_;
  std::vector<Verb> verbs_;
  Common common_;
  ListOptions list_;
  PlanOptions plan_;
  ApplyOptions apply_;
  UndoOptions undo_;
  TrustOptions trust_;
  CallOptions call_;
  SandboxOptions sandbox_;
  TestOptions test_;
  std::string run_;
  std::vector<std::string> files_;
};

}  // namespace
}  // namespace reeve::cli

int main(int argc, char** argv) {
  // What large answers took goes back to the system, and threads share one heap: a fifth less memory, no more time.
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, 256 << 10);
  mallopt(M_TRIM_THRESHOLD, 1 << 20);
  std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away must not end an apply between two calls
  reeve::cli::CommandLine line;
  const int code = line.run(argc, argv);
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  if (errno != EPIPE) reeve::cli::say("reeve: the result could not be written to standard output");
  return reeve::cli::worse(code, reeve::cli::Exit::failed);
}
