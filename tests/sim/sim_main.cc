#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <type_traits>
#include <vector>

#include "sim/simulate.h"

// reeve-sim: whole lives of a simulated house, one a seed.
namespace {

using reeve::sim::Tally;

/// What some seeds came to. Goes through a pipe as it is.
struct Score {
  Tally tally;
  std::size_t failed = 0;
};
static_assert(std::is_trivially_copyable_v<Score>);

/// Lives the seeds first, first + step, … and prints those that fail.
Score live(reeve::sim::SimOptions options, std::uint64_t first, std::uint64_t step, std::uint64_t count) {
  reeve::sim::Library library;
  Score score;
  const std::uint64_t begin = options.seed;
  for (std::uint64_t i = first; i < count; i += step) {
    options.seed = begin + i;
    const auto broken = reeve::sim::simulate(library, options, score.tally);
    if (broken.empty()) continue;
    ++score.failed;
    const std::string size =
        options.snapshots > 0 ? " --snapshots " + std::to_string(options.snapshots) : std::string();
    std::printf("reeve-sim --seed %llu%s  # %s\n", static_cast<unsigned long long>(options.seed), size.c_str(),
                broken.front().c_str());
    std::fflush(stdout);
  }
  return score;
}

/// A part of the seeds in a process of its own: nothing is shared, so that a seed's life is the same in each.
class Job {
 public:
  Job(const reeve::sim::SimOptions& options, std::uint64_t first, std::uint64_t step, std::uint64_t count) {
    int ends[2];
    if (::pipe(ends) != 0) return;
    child_ = ::fork();
    if (child_ == 0) {
      const Score score = live(options, first, step, count);
      const bool sent = ::write(ends[1], &score, sizeof(score)) == ssize_t{sizeof(score)};
      std::_Exit(sent ? 0 : 1);
    }
    ::close(ends[1]);
    from_ = ends[0];
  }
  /// Waits for it; nullopt if it did not come to its end.
  std::optional<Score> wait() {
    if (child_ <= 0) return std::nullopt;
    Score score;
    const bool whole = ::read(from_, &score, sizeof(score)) == ssize_t{sizeof(score)};
    ::close(from_);
    ::waitpid(child_, nullptr, 0);
    return whole ? std::optional(score) : std::nullopt;
  }

 private:
  pid_t child_ = -1;
  int from_ = -1;
};

void add(Tally& to, const Tally& one) {
  to.rows += one.rows, to.done += one.done, to.drifted += one.drifted, to.failed += one.failed;
  to.skipped += one.skipped, to.undone += one.undone, to.crashes += one.crashes, to.interrupts += one.interrupts;
  to.resumes += one.resumes, to.requests += one.requests;
}

}  // namespace

int main(int count_of_arguments, char** arguments) {
  CLI::App app{"Simulates plan, apply, crash, resume and undo; prints a line for each seed that breaks an invariant"};
  reeve::sim::SimOptions options;
  std::uint64_t count = 1, jobs = 1;
  app.add_option("--seed", options.seed, "the (first) seed");
  app.add_option("--count", count, "how many seeds, from that one on");
  app.add_option("--jobs", jobs, "in so many processes at once")->check(CLI::Range(1, 256));
  app.add_option("--snapshots", options.snapshots, "size of the estate; by the seed unless given");
  app.add_flag("-v", options.tell, "say what happens");
  CLI11_PARSE(app, count_of_arguments, arguments);

  Score all;
  if (jobs == 1) {
    all = live(options, 0, 1, count);
  } else {
    std::vector<Job> running;
    for (std::uint64_t i = 0; i < jobs; ++i) running.emplace_back(options, i, jobs, count);
    for (Job& job : running) {
      const auto score = job.wait();
      if (!score) {
        std::fprintf(stderr, "a job did not come to its end: run its seeds with --jobs 1\n");
        ++all.failed;
        continue;
      }
      add(all.tally, score->tally);
      all.failed += score->failed;
    }
  }
  const Tally& tally = all.tally;
  std::fprintf(stderr,
               "%llu seeds, %zu failed: %zu rows planned; %zu done, %zu drifted, %zu failed, %zu skipped, %zu undone; "
               "%zu crashes, %zu interrupts, %zu resumes under trouble, %zu requests\n",
               static_cast<unsigned long long>(count), all.failed, tally.rows, tally.done, tally.drifted, tally.failed,
               tally.skipped, tally.undone, tally.crashes, tally.interrupts, tally.resumes, tally.requests);
  return all.failed == 0 ? 0 : 1;
}
