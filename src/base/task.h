#pragma once
#include <atomic>
#include <condition_variable>
#include <coroutine>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace reeve {

/// Time as the world tells it.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time wall() = 0;      ///< may jump; corrected by nobody
  virtual Steady steady() = 0;  ///< never goes back
  /// The policy's now: what ages are counted from. `--now` pins it; otherwise wall().
  virtual Time now() { return wall(); }
  /// In a simulation time moves only here, when the loop has nothing else to do; real clocks answer false.
  virtual bool advance_to(Steady) { return false; }
};

// --- Task ------------------------------------------------------------------------------------------------------------

template <class T>
class Task;

namespace detail {
struct PromiseBase {
  std::coroutine_handle<> continuation = std::noop_coroutine();
  std::suspend_always initial_suspend() noexcept { return {}; }
  struct Final {
    bool await_ready() noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> h) noexcept {
      return h.promise().continuation;
    }
    void await_resume() noexcept {}
  };
  Final final_suspend() noexcept { return {}; }
  [[noreturn]] void unhandled_exception() noexcept {
    assertion_failed("no exception leaves a task", __FILE__, __LINE__);
  }
};
template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  Task<T> get_return_object();
  template <class U = T>
  void return_value(U&& v) {
    value.emplace(std::forward<U>(v));
  }
};
template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object();
  void return_void() {}
};
}  // namespace detail

/// A coroutine that starts when awaited and runs on the loop's thread. Await it once. Arguments of a co_await call are
/// named first (a temporary with a destructor in such a call is what compilers get wrong).
template <class T>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (handle_) handle_.destroy();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
    handle_.promise().continuation = awaiting;
    return handle_;
  }
  T await_resume() {
    if constexpr (!std::is_void_v<T>) return std::move(*handle_.promise().value);
  }

 private:
  std::coroutine_handle<promise_type> handle_;
};

template <class T>
Task<T> detail::Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> detail::Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

/// A task that is done: for implementations that need not wait.
template <class T>
Task<T> ready(T value) {
  co_return value;
}

// --- Cancellation ----------------------------------------------------------------------------------------------------

class CancelSource;

/// Says that what is being done should stop. Copies see the same request. The default never asks. Loop thread only.
class Cancel {
  struct State : std::enable_shared_from_this<State> {
    bool requested = false;
    std::uint64_t next = 1;
    std::map<std::uint64_t, std::move_only_function<void()>> hooks;
  };

 public:
  Cancel() = default;
  bool requested() const { return state_ && state_->requested; }

  /// Calls `action` once when the request comes (at once if it came already); never after this is destroyed.
  class Hook {
   public:
    Hook(const Cancel& cancel, std::move_only_function<void()> action);
    Hook(const Hook&) = delete;
    Hook& operator=(const Hook&) = delete;
    ~Hook();

   private:
    std::shared_ptr<State> state_;
    std::uint64_t id_ = 0;
  };

 private:
  friend class CancelSource;
  std::shared_ptr<State> state_;
};

/// Where a request to stop comes from. A source made from a parent also passes on its parent's request.
class CancelSource {
 public:
  CancelSource();
  explicit CancelSource(const Cancel& parent);
  Cancel token() const { return token_; }
  void cancel() { request(*token_.state_); }

 private:
  static void request(Cancel::State& of);
  Cancel token_;
  std::unique_ptr<Cancel::Hook> parent_;
};

// --- Loop ------------------------------------------------------------------------------------------------------------

/// Runs tasks on one thread. Resumes only from its own queue, in order, so that the same seed gives the same trace.
class Loop {
 public:
  explicit Loop(Clock& clock);
  /// Runs until all that was spawned has ended: cancel it first.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  Clock& clock() { return clock_; }

  /// Runs a task to its end, and others meanwhile.
  template <class T>
  T run(Task<T> task);
  /// Starts a task that nobody awaits, at the next turn. It is reaped when it ends.
  void spawn(Task<void> task);
  /// Runs until everything spawned has ended.
  void drain();

  /// Calls `action` on this thread when `when` has come. cancel_call takes it back; false if it is too late.
  using CallId = std::pair<Steady, std::uint64_t>;
  CallId call_at(Steady when, std::move_only_function<void()> action);
  bool cancel_call(CallId id) { return sleepers_.erase(id) > 0; }

  /// Errors: cancelled.
  Task<Result<void>> sleep_until(Steady when, Cancel cancel = {});
  Task<Result<void>> sleep(Duration time, Cancel cancel = {}) { return sleep_until(clock_.steady() + time, cancel); }

  /// Queues a coroutine. Loop thread only.
  void resume_later(std::coroutine_handle<> handle) { ready_.push_back(handle); }
  /// Runs `action` on the loop's thread. From any thread. The loop must outlive the call (see calls in the air).
  void post(std::move_only_function<void()> action);
  /// Like post; but if the loop's thread waits with nothing to do, `action` and the first step of what it spawned run
  /// at once on the calling thread while the other is held: no thread needs to be woken for a short answer.
  void run_or_post(std::move_only_function<void()> action);
  /// Counts something foreign that will post: while any is in the air, the loop waits instead of calling it a deadlock.
  void enter_air() { ++in_air_; }
  void leave_air() { --in_air_; }

  /// Statistics: coroutine steps taken.
  std::uint64_t steps() const { return steps_; }

 private:
  void turn();  // one step, or a wait
  void step();  // of the first that is ready
  bool wake_sleeper(bool may_advance);
  bool take_mail(bool wait, std::optional<Steady> until);
  void wait_for_mail(std::unique_lock<std::mutex>& lock, std::optional<Steady> until);
  Clock& clock_;
  std::deque<std::coroutine_handle<>> ready_;
  std::map<CallId, std::move_only_function<void()>> sleepers_;
  std::uint64_t next_call_ = 0, steps_ = 0;
  std::size_t in_air_ = 0, roots_ = 0;
  std::mutex mutex_;
  std::condition_variable mail_came_, given_back_;
  bool waiting_ = false;  // the loop's thread, with nothing to do
  bool lent_ = false;     // to the thread that runs an action meanwhile
  std::vector<std::move_only_function<void()>> mail_;
  std::atomic<bool> has_mail_ = false;
  friend struct DetachedTask;
};

/// Something that happens once; any number may wait for it. Loop thread only.
class Event {
 public:
  explicit Event(Loop& loop) : loop_(loop) {}
  bool is_set() const { return set_; }
  void set();
  struct Awaiter {
    Event& event;
    bool await_ready() const { return event.set_; }
    void await_suspend(std::coroutine_handle<> h) { event.waiting_.push_back(h); }
    void await_resume() {}
  };
  Awaiter wait() { return {*this}; }

 private:
  Loop& loop_;
  bool set_ = false;
  std::vector<std::coroutine_handle<>> waiting_;
};

/// The end of a foreign call. Make it on the loop's thread, hand `completer()` to the other thread, await `wait()`.
/// The frame that waits must not be destroyed before the completion has come: to cancel, stop the call and wait.
template <class T>
class Completion {
 public:
  explicit Completion(Loop& loop) : state_(std::make_shared<State>(loop)) { loop.enter_air(); }
  /// A call that was never handed out is no longer waited for.
  ~Completion() {
    if (!handed_out_) state_->loop.leave_air();
  }
  Completion(const Completion&) = delete;
  Completion& operator=(const Completion&) = delete;
  /// May be moved to, and called on, any thread. Of several completers the first call counts. One must be called: the
  /// loop waits for it.
  std::move_only_function<void(T)> completer() {
    handed_out_ = true;
    return [state = state_](T value) mutable {
      if (state->called.exchange(true)) return;
      Loop& loop = state->loop;
      loop.post([state, v = std::move(value)]() mutable {
        state->loop.leave_air();
        state->value.emplace(std::move(v));
        state->event.set();
      });
    };
  }
  Task<T> wait() {
    co_await state_->event.wait();
    co_return std::move(*state_->value);
  }

 private:
  struct State {
    explicit State(Loop& l) : loop(l), event(l) {}
    Loop& loop;
    Event event;
    std::optional<T> value;
    std::atomic<bool> called = false;
  };
  std::shared_ptr<State> state_;
  bool handed_out_ = false;
};

/// Lets at most `count` through at a time, in the order they came. Loop thread only.
class Semaphore {
 public:
  Semaphore(Loop& loop, std::size_t count) : loop_(loop), free_(count) {}
  /// Held until destroyed.
  class Permit {
   public:
    explicit Permit(Semaphore* from) : from_(from) {}
    Permit(Permit&& other) noexcept : from_(std::exchange(other.from_, nullptr)) {}
    Permit& operator=(Permit&&) = delete;
    ~Permit() {
      if (from_) from_->release();
    }

   private:
    Semaphore* from_;
  };
  Task<Permit> acquire();

 private:
  void release();
  Loop& loop_;
  std::size_t free_;
  std::deque<std::coroutine_handle<>> waiting_;
};

/// Work that should not hold up the loop: large bodies, fsync. In a simulation it is done at once, in place.
class Workers {
 public:
  virtual ~Workers() = default;
  /// Runs `work`, on some thread, then resumes the caller on the loop.
  virtual Task<void> run(Loop& loop, std::move_only_function<void()> work) = 0;
};

/// Runs all tasks at once; results in the tasks' order.
template <class T>
Task<std::vector<T>> all(Loop& loop, std::vector<Task<T>> tasks) {
  std::vector<std::optional<T>> results(tasks.size());
  std::size_t left = tasks.size();
  Event done(loop);
  auto one = [](Task<T> task, std::optional<T>& into, std::size_t& open, Event& event) -> Task<void> {
    into.emplace(co_await std::move(task));
    if (--open == 0) event.set();
  };
  for (std::size_t i = 0; i < tasks.size(); ++i) loop.spawn(one(std::move(tasks[i]), results[i], left, done));
  if (left > 0) co_await done.wait();
  std::vector<T> out;
  out.reserve(results.size());
  for (auto& r : results) out.push_back(std::move(*r));
  co_return out;
}

/// Calls `body(i)` for 0 ≤ i < count, at most `at_once` at a time, started in order.
Task<void> for_each(Loop& loop, std::size_t count, std::size_t at_once, std::function<Task<void>(std::size_t)> body);

// --- Implementation of templates
// ---------------------------------------------------------------------------------------

template <class T>
T Loop::run(Task<T> task) {
  bool done = false;
  if constexpr (std::is_void_v<T>) {
    auto root = [](Task<void> inner, bool& flag) -> Task<void> {
      co_await std::move(inner);
      flag = true;
    };
    spawn(root(std::move(task), done));
    while (!done) turn();
  } else {
    std::optional<T> out;
    auto root = [](Task<T> inner, std::optional<T>& into, bool& flag) -> Task<void> {
      into.emplace(co_await std::move(inner));
      flag = true;
    };
    spawn(root(std::move(task), out, done));
    while (!done) turn();
    return std::move(*out);
  }
}

}  // namespace reeve
