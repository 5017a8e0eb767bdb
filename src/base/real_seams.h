#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/seams.h"
#include "base/seeded_random.h"

/// The real world behind the seams (Http's is in aws). Made by main() and handed down; see sim_seams.h for the other.
namespace reeve {

/// The machine's clocks. `pinned` is `--now`: it alone answers now(), wall() goes on.
class RealClock final : public Clock {
 public:
  explicit RealClock(std::optional<Time> pinned = std::nullopt) : pinned_(pinned) {}
  Time wall() override;
  Steady steady() override;
  Time now() override { return pinned_ ? *pinned_ : wall(); }

 private:
  std::optional<Time> pinned_;
};

/// Chance from the kernel, getrandom(2).
class RealRandom final : public Random {
 public:
  std::uint64_t next() override;
};

/// POSIX files. Descriptors are closed on exec; make_folders also syncs the folders that got a new entry.
class RealDisk final : public Disk {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, Open how) override;
  Result<void> remove(const std::string& path) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<bool> exists(const std::string& path) override;
  Result<bool> is_folder(const std::string& path) override;
  Result<void> make_folders(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  Result<void> sync_folder(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> try_lock(const std::string& path) override;
  Result<std::optional<Time>> modified(const std::string& path) override;
};

/// The process's own environment. Nothing in Reeve changes it, so reading it from any thread is safe.
class RealEnvironment final : public Environment {
 public:
  std::optional<std::string> get(std::string_view name) override;
  std::string home() override;
  std::string host_name() override;
  std::int64_t process_id() override;
};

/// A few threads that do work off the loop's thread. They take no signals. Destroying waits for work that was begun
/// or queued; no new work may come then.
class ThreadWorkers final : public Workers {
 public:
  explicit ThreadWorkers(std::size_t threads);
  ~ThreadWorkers() override;
  ThreadWorkers(const ThreadWorkers&) = delete;
  ThreadWorkers& operator=(const ThreadWorkers&) = delete;
  Task<void> run(Loop& loop, std::move_only_function<void()> work) override;

 private:
  struct Pool;
  std::unique_ptr<Pool> pool_;
};

/// Runs commands through /bin/sh -c, each waiting on one of `workers`' threads. Standard input is empty; the command is
/// a process group of its own, killed as a whole when its time is over or when it writes more than
/// limits::process_output_bytes. exit_code is 128 + N where signal N ended it. Errors: io, timed_out, limit_exceeded.
class RealProcess final : public Process {
 public:
  RealProcess(Loop& loop, Workers& workers) : loop_(loop), workers_(workers) {}
  Task<Result<Output>> run(std::string command, Duration timeout) override;

 private:
  Loop& loop_;
  Workers& workers_;
};

/// Watches SIGINT and SIGTERM. The first calls `on_first` on the loop's thread; a second ends the process at once with
/// exit code 130. Make it on the main thread before any other thread starts: the signals are blocked there, and threads
/// inherit that. Destroying stops watching and gives the signals their old effect back; `on_first` is never called
/// after that. `on_second` may say a last word before that end: it is called on the watching thread, while the others
/// go on, so it must take no lock that they may hold. A signal that was ignored when the process began (nohup, a
/// shell's background job) stays ignored.
class Interrupts {
 public:
  virtual ~Interrupts() = default;
};
/// Errors: io.
Result<std::unique_ptr<Interrupts>> watch_interrupts(Loop& loop, std::move_only_function<void()> on_first,
                                                     std::move_only_function<void()> on_second = {});

/// Writes bytes to standard error, whole or not at all where it is gone: for Log and progress.
void write_standard_error(std::string_view bytes);

}  // namespace reeve
