#include <CLI/CLI.hpp>
#include <cstdio>

#include "sim/simulate.h"

// reeve-sim: whole lives of a simulated house, one a seed.
int main(int count_of_arguments, char** arguments) {
  CLI::App app{"Simulates plan, apply, crash, resume and undo; prints a line for each seed that breaks an invariant"};
  reeve::sim::SimOptions options;
  std::uint64_t count = 1;
  app.add_option("--seed", options.seed, "the (first) seed");
  app.add_option("--count", count, "how many seeds, from that one on");
  app.add_option("--snapshots", options.snapshots, "size of the estate; by the seed unless given");
  app.add_flag("-v", options.tell, "say what happens");
  CLI11_PARSE(app, count_of_arguments, arguments);

  reeve::sim::Library library;
  reeve::sim::Tally tally;
  std::size_t failed = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto broken = reeve::sim::simulate(library, options, tally);
    if (!broken.empty()) {
      ++failed;
      const std::string size =
          options.snapshots > 0 ? " --snapshots " + std::to_string(options.snapshots) : std::string();
      std::printf("reeve-sim --seed %llu%s  # %s\n", static_cast<unsigned long long>(options.seed), size.c_str(),
                  broken.front().c_str());
      std::fflush(stdout);
    }
    ++options.seed;
  }
  std::fprintf(stderr,
               "%llu seeds, %zu failed: %zu rows planned; %zu done, %zu drifted, %zu failed, %zu skipped, %zu undone; "
               "%zu crashes, %zu interrupts, %zu resumes under trouble, %zu requests\n",
               static_cast<unsigned long long>(count), failed, tally.rows, tally.done, tally.drifted, tally.failed,
               tally.skipped, tally.undone, tally.crashes, tally.interrupts, tally.resumes, tally.requests);
  return failed == 0 ? 0 : 1;
}
