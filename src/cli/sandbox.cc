#include "sandbox/sandbox.h"

#include <fmt/format.h>

#include "aws/fault_script.h"
#include "aws/http_server.h"
#include "base/limits.h"
#include "base/real_seams.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "sandbox/begin.h"

namespace reeve::cli {
namespace {

/// Where the sandbox's large bodies go: a folder of its own, with a name that nobody can guess.
std::string spool_folder(RealEnvironment& environment) {
  RealRandom random;
  const std::string root = environment.get("TMPDIR").value_or("");
  return fmt::format("{}/reeve-sandbox-{}", root.empty() ? "/tmp" : root, random.uuid());
}

/// Drops what `--sandbox` kept in the state folder.
Result<int> reset(const Common& common, RealDisk& disk, RealEnvironment& environment) {
  const std::string state = state_folder(common, environment);
  TRY(const bool there, disk.exists(state));
  std::size_t dropped = 0;
  if (there) {
    TRY(const auto names, disk.list(state));
    for (const auto& name : names) {
      if (!name.starts_with("sandbox-")) continue;
      TRY(disk.remove(state + "/" + name));
      ++dropped;
    }
  }
  if (common.json()) {
    Builder b;
    b.begin_map();
    b.put("format", 1);
    b.put("dropped", static_cast<std::int64_t>(dropped));
    b.end();
    print_json(b.finish());
    return Exit::ok;
  }
  print(dropped == 0 ? "There was no sandbox to drop.\n" : "The sandbox starts anew the next time.\n");
  return Exit::ok;
}

}  // namespace

Result<int> sandbox_server(const Common& common, const SandboxOptions& options) {
  RealDisk disk;
  RealEnvironment environment;
  if (options.reset) return reset(common, disk, environment);
  if (options.port < 0 || options.port > 65535) {
    return fail({.code = Code::usage,
                 .message = "reeve sandbox needs --port N (0 picks one), or --reset",
                 .hint = "For example: reeve sandbox --port 5555 --generate 300"});
  }
  if (options.behaviour != "plain" && options.behaviour != "aws") {
    return fail({.code = Code::usage, .message = "--behaviour is plain or aws, not " + options.behaviour});
  }
  RealClock clock;
  Loop loop(clock);
  Event stop(loop);
  TRY(const auto interrupts, watch_interrupts(loop, [&stop] { stop.set(); }));
  aws::Models models;
  sandbox::Sandbox cloud({.clock = clock,
                          .models = models,
                          .seed = common.seed,
                          .behaviour = options.behaviour == "aws" ? sandbox::Behaviour::aws : sandbox::Behaviour::plain,
                          .loop = &loop,
                          .disk = &disk,
                          .spool = spool_folder(environment)});
  const std::string kept = common.state.empty() ? std::string() : common.state + "/sandbox-server.json";
  if (!kept.empty()) TRY(disk.make_folders(common.state));
  TRY(const auto begun,
      sandbox::begin(cloud, disk, kept, {.estate = options.estate, .generate = options.generate, .seed = common.seed}));
  if (!begun.notice.empty()) say(begun.notice);
  if (!common.faults.empty()) {
    TRY(const std::string text, disk.read_file(common.faults, limits::text_file_bytes));
    TRY(aws::FaultScript script, aws::FaultScript::parse(text, common.faults, &models));
    cloud.set_faults(std::move(script));
  }
  TRY(const auto server, sandbox::serve(cloud, loop, static_cast<std::uint16_t>(options.port)));
  print("listening on " + server->url() + "\n");
  auto serve = [&]() -> Task<void> {
    co_await stop.wait();
    co_await server->stop();
  };
  loop.enter_air();  // signals and requests come from outside
  loop.run(serve());
  loop.leave_air();
  if (!kept.empty()) TRY(cloud.save(disk, kept));
  return Exit::ok;
}

}  // namespace reeve::cli
