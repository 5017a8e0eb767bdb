#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <thread>

#include "base/real_seams.h"

namespace reeve {
namespace {

constexpr int exit_interrupted = 130;

class SignalThread final : public Interrupts {
 public:
  SignalThread(Loop& loop, std::move_only_function<void()> on_first, std::move_only_function<void()> on_second)
      : loop_(loop), shared_(std::make_shared<Shared>(std::move(on_first))), on_second_(std::move(on_second)) {}

  Result<void> start() {
    sigset_t watched;
    sigemptyset(&watched);
    for (const int signal : {SIGINT, SIGTERM}) {
      struct sigaction now{};
      // A blocked signal is queued even where it is ignored, so one that was ignored is left out.
      if (::sigaction(signal, nullptr, &now) == 0 && now.sa_handler != SIG_IGN) sigaddset(&watched, signal);
    }
    signals_ = ::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
    stop_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (signals_ < 0 || stop_ < 0) {
      return fail(Code::io, "cannot watch for Ctrl-C: " + std::generic_category().message(errno));
    }
    pthread_sigmask(SIG_BLOCK, &watched, &before_);
    thread_ = std::jthread([this] { watch(); });
    return {};
  }

  ~SignalThread() override {
    if (thread_.joinable()) {
      const std::uint64_t one = 1;
      REEVE_ASSERT(::write(stop_, &one, sizeof(one)) == sizeof(one));
      thread_.join();
      shared_->stopped = true;  // a call already posted finds this
      pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    if (signals_ >= 0) ::close(signals_);
    if (stop_ >= 0) ::close(stop_);
  }
  SignalThread(const SignalThread&) = delete;
  SignalThread& operator=(const SignalThread&) = delete;

 private:
  struct Shared {
    explicit Shared(std::move_only_function<void()> f) : on_first(std::move(f)) {}
    std::move_only_function<void()> on_first;
    bool stopped = false;  // both: loop's thread only
  };

  void watch() {
    bool seen = false;
    while (true) {
      std::array<pollfd, 2> on = {pollfd{signals_, POLLIN, 0}, pollfd{stop_, POLLIN, 0}};
      if (::poll(on.data(), on.size(), -1) < 0 && errno != EINTR) return;
      if (on[1].revents != 0) return;
      signalfd_siginfo info{};
      while (::read(signals_, &info, sizeof(info)) == sizeof(info)) {
        if (seen) {
          if (on_second_) on_second_();
          ::_exit(exit_interrupted);  // rows in flight are in doubt then: the journal has their intents
        }
        seen = true;
        loop_.post([shared = shared_] {
          if (!shared->stopped) shared->on_first();
        });
      }
    }
  }

  Loop& loop_;
  std::shared_ptr<Shared> shared_;
  std::move_only_function<void()> on_second_;  // the watching thread's
  int signals_ = -1, stop_ = -1;
  sigset_t before_{};
  std::jthread thread_;
};

}  // namespace

Result<std::unique_ptr<Interrupts>> watch_interrupts(Loop& loop, std::move_only_function<void()> on_first,
                                                     std::move_only_function<void()> on_second) {
  auto watcher = std::make_unique<SignalThread>(loop, std::move(on_first), std::move(on_second));
  TRY(watcher->start());
  return watcher;
}

}  // namespace reeve
