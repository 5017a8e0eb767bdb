#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "base/limits.h"
#include "base/real_seams.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX leaves the declaration to us

namespace reeve {
namespace {

/// A descriptor that is closed at the end, or earlier by hand.
struct End {
  int fd = -1;
  End() = default;
  End(const End&) = delete;
  End& operator=(const End&) = delete;
  ~End() { close(); }
  void close() {
    if (fd >= 0) ::close(std::exchange(fd, -1));
  }
};

std::unexpected<Error> failed(std::string_view what, int number) {
  return fail(Code::io, fmt::format("cannot {}: {}", what, std::generic_category().message(number)));
}

Result<void> make_pipe(End& reading, End& writing) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) < 0) return failed("make a pipe", errno);
  reading.fd = ends[0];
  writing.fd = ends[1];
  ::fcntl(reading.fd, F_SETFL, O_NONBLOCK);
  return {};
}

Result<pid_t> start(const std::string& command, int out, int error) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t how;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&how);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, error, STDERR_FILENO);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&how, &none);  // our threads block signals; the command must not inherit that
  posix_spawnattr_setsigdefault(&how, &all);
  posix_spawnattr_setpgroup(&how, 0);
  posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  std::string shell = "/bin/sh", option = "-c", text = command;
  std::array<char*, 4> arguments = {shell.data(), option.data(), text.data(), nullptr};
  pid_t child = -1;
  const int number = ::posix_spawn(&child, shell.c_str(), &files, &how, arguments.data(), environ);
  posix_spawnattr_destroy(&how);
  posix_spawn_file_actions_destroy(&files);
  if (number != 0) return failed("start /bin/sh", number);
  return child;
}

/// Takes what is there; closes at the end of the stream.
void drain(End& from, std::string& into) {
  std::array<char, 16 * 1024> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): written before it is read
  while (from.fd >= 0 && into.size() <= limits::process_output_bytes) {
    const ssize_t n = ::read(from.fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return from.close();
    into.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

/// The exit code; -1 where nobody can say any more (whoever started us ignores SIGCHLD, so the kernel reaps).
int wait_for(pid_t child) {
  int status = 0;
  pid_t ended = -1;
  do {
    ended = ::waitpid(child, &status, 0);
  } while (ended < 0 && errno == EINTR);
  if (ended != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Result<Process::Output> run_to_end(const std::string& command, Duration timeout) {
  RealClock clock;
  const Steady deadline = clock.steady() + timeout;
  End out;
  End error;
  End out_for_child;
  End error_for_child;
  TRY(make_pipe(out, out_for_child));
  TRY(make_pipe(error, error_for_child));
  TRY(const pid_t child, start(command, out_for_child.fd, error_for_child.fd));
  out_for_child.close();
  error_for_child.close();
  End ended;  // readable when the child has ended; where the kernel lacks it, the wait below is short
  ended.fd = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));

  Process::Output output;
  auto give_up = [&](Code code, std::string message) {
    ::kill(-child, SIGKILL);
    wait_for(child);
    return fail(code, std::move(message));
  };
  bool over = false;
  while (!over) {
    const auto left_ms = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock.steady()).count();
    if (left_ms <= 0) {
      return give_up(Code::timed_out, fmt::format("the command did not end within {} s",
                                                  std::chrono::duration<double>(timeout).count()));
    }
    constexpr std::int64_t short_wait_ms = 20, long_wait_ms = 60'000;
    const auto wait_ms = std::min(left_ms, ended.fd >= 0 ? long_wait_ms : short_wait_ms);
    std::array<pollfd, 3> on = {pollfd{out.fd, POLLIN, 0}, pollfd{error.fd, POLLIN, 0}, pollfd{ended.fd, POLLIN, 0}};
    if (::poll(on.data(), on.size(), static_cast<int>(wait_ms)) < 0 && errno != EINTR) {
      return give_up(Code::io, "cannot wait for a command: " + std::generic_category().message(errno));
    }
    if (ended.fd >= 0) {
      over = on[2].revents != 0;
    } else {
      siginfo_t info{};
      over = ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
    }
    drain(out, output.out);  // after the end was seen: what the child wrote is all there
    drain(error, output.error);
    if (std::max(output.out.size(), output.error.size()) > limits::process_output_bytes) {
      return give_up(Code::limit_exceeded,
                     fmt::format("the command wrote more than {} bytes", limits::process_output_bytes));
    }
  }
  output.exit_code = wait_for(child);
  if (output.exit_code < 0) return fail(Code::io, "cannot learn how a command ended: SIGCHLD is ignored");
  return output;
}

}  // namespace

Task<Result<Process::Output>> RealProcess::run(std::string command, Duration timeout) {
  std::optional<Result<Output>> result;
  std::move_only_function<void()> work = [&command, timeout, &result] { result = run_to_end(command, timeout); };
  Task<void> working = workers_.run(loop_, std::move(work));
  co_await std::move(working);
  co_return std::move(*result);
}

}  // namespace reeve
