#include "base/sim_seams.h"

namespace reeve {

bool SimClock::advance_to(Steady when) {
  steady_ = std::max(steady_, when);
  return true;
}

Task<void> InlineWorkers::run(Loop&, std::move_only_function<void()> work) {
  work();
  co_return;
}

std::optional<std::string> MapEnvironment::get(std::string_view name) {
  const auto found = variables.find(name);
  return found == variables.end() ? std::nullopt : std::optional(found->second);
}

Task<Result<Process::Output>> FakeProcess::run(std::string command, Duration) {
  calls_.push_back(command);
  const auto found = answers_.find(command);
  if (found == answers_.end()) {
    Output missing{.exit_code = 127, .out = {}, .error = "/bin/sh: 1: " + command + ": not found\n"};
    co_return missing;
  }
  auto& answers = found->second;
  Result<Output> answer = answers.front();
  if (answers.size() > 1) answers.erase(answers.begin());
  co_return answer;
}

Task<Result<HttpResponse>> NoHttp::send(HttpRequest request, Steady, Cancel) {
  co_return fail({.code = Code::network, .message = "there is no network in this world", .resource = request.host});
}

SimWorld::SimWorld(std::uint64_t seed)
    : random(seed), disk(clock), loop(clock), world{clock, random, disk, http, process, environment, workers, loop} {
  const auto made = disk.make_folders(environment.home_folder);
  const auto more = disk.make_folders("/tmp");
  REEVE_ASSERT(made && more);
}

}  // namespace reeve
