// Our half of bench/calls: signed calls through the whole door (retry, limiter, codec, signing, transport).
//
//   calls_bench serve CONTENT_TYPE FILE                          answers every request with FILE; prints its URL
//   calls_bench call URL SERVICE OPERATION PARAMS COUNT AT_ONCE  calls it; prints {"wall": seconds, "cpu": seconds}
//
// The server is a process of its own, so that the CPU of the two can be told apart; it serves until it is killed.
#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "aws/credentials_source.h"
#include "aws/http_server.h"
#include "aws/live.h"
#include "aws/transport.h"
#include "base/json.h"
#include "base/real_seams.h"

namespace {

using namespace reeve;
using namespace reeve::aws;

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int serve(const char* content_type, const char* file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  HttpAnswer answer;
  answer.response.status = 200;
  answer.response.headers = {{"Content-Type", content_type},
                             {"Date", "Mon, 19 Jan 2026 00:36:26 GMT"},
                             {"x-amzn-RequestId", "59dbff89-35bd-4eac-99ed-be587EXAMPLE"}};
  answer.response.body = text.str();

  RealClock clock;
  Loop loop(clock);
  auto server = HttpServer::listen(loop, 0, [&answer](HttpRequest) { return ready(answer); });
  if (!server) return fmt::print(stderr, "{}\n", server.error().text()), 1;
  fmt::print("{}\n", (*server)->url());
  std::fflush(stdout);
  (void)loop.run(loop.sleep(std::chrono::hours(1)));
  return 0;
}

struct Door {
  RealClock clock;
  RealRandom random;
  RealDisk disk;
  RealEnvironment environment;
  Loop loop{clock};
  ThreadWorkers workers{2};
  RealProcess process{loop, workers};
  std::unique_ptr<Http> http = make_http(loop, workers);
  World world{clock, random, disk, *http, process, environment, workers, loop};
  Models models;
  std::unique_ptr<CredentialSource> credentials = fixed_credentials(
      {.access_key_id = "AKIDEXAMPLE", .secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"});
  std::unique_ptr<Live> live;
};

int call(char** words) {
  Door door;
  door.live = make_live(door.world, door.models, *door.credentials, {.version = "0", .endpoint_url = words[2]});
  Request request{.service = words[3], .operation = words[4]};
  request.scope = {.partition = "aws", .account = "123456789012", .region = "us-east-1"};
  const auto params = parse_json(words[5]);
  if (!params) return fmt::print(stderr, "{}\n", params.error().text()), 1;
  request.params = *params;
  const std::size_t count = std::strtoul(words[6], nullptr, 10), at_once = std::strtoul(words[7], nullptr, 10);

  std::size_t failed = 0;
  std::string error;
  auto one = [&](std::size_t) -> Task<void> {
    Request copy = request;
    Task<Result<Response>> calling = door.live->call(std::move(copy));
    const Result<Response> answer = co_await std::move(calling);
    if (!answer) ++failed, error = answer.error().text();
  };
  const auto run = [&](std::size_t times) { door.loop.run(for_each(door.loop, times, at_once, one)); };
  run(2 * at_once);  // connections, the model, the endpoint
  double best_cpu = 1e9, best_wall = 1e9;
  for (int round = 0; round < 3; ++round) {
    const double cpu = cpu_seconds();
    const Steady begin = door.clock.steady();
    run(count);
    best_cpu = std::min(best_cpu, cpu_seconds() - cpu);
    best_wall = std::min(best_wall, static_cast<double>((door.clock.steady() - begin).count()) / 1e6);
  }
  if (failed > 0) return fmt::print(stderr, "{} calls failed: {}\n", failed, error), 1;
  fmt::print("{{\"wall\": {}, \"cpu\": {}}}\n", best_wall, best_cpu);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  mallopt(M_ARENA_MAX, 1);  // as reeve does
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "serve" && argc == 4) return serve(argv[2], argv[3]);
  if (what == "call" && argc == 8) return call(argv);
  fmt::print(stderr, "usage: calls_bench serve CONTENT_TYPE FILE | call URL SERVICE OPERATION PARAMS COUNT AT_ONCE\n");
  return 1;
}
