#include "base/task.h"

#include <algorithm>
#include <tuple>

namespace reeve {

// --- Cancel ----------------------------------------------------------------------------------------------------------

Cancel::Hook::Hook(const Cancel& cancel, std::move_only_function<void()> action) : state_(cancel.state_) {
  if (!state_) return;
  if (state_->requested) {
    action();
    return;
  }
  id_ = state_->next++;
  state_->hooks.emplace(id_, std::move(action));
}

Cancel::Hook::~Hook() {
  if (id_ != 0) state_->hooks.erase(id_);
}

CancelSource::CancelSource() { token_.state_ = std::make_shared<Cancel::State>(); }

CancelSource::CancelSource(const Cancel& parent) : CancelSource() {
  parent_ = std::make_unique<Cancel::Hook>(parent, [state = token_.state_] { request(*state); });
}

void CancelSource::request(Cancel::State& of) {
  const auto state = of.shared_from_this();  // a hook may drop the last token
  if (std::exchange(state->requested, true)) return;
  while (!state->hooks.empty()) {  // a hook may remove others
    auto hook = std::move(state->hooks.begin()->second);
    state->hooks.erase(state->hooks.begin());
    hook();
  }
}

// --- Loop ------------------------------------------------------------------------------------------------------------

/// The frame around a spawned task: destroys itself at its end.
struct DetachedTask {
  struct promise_type {
    Loop* loop = nullptr;
    DetachedTask get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept {
      --loop->roots_;
      return {};
    }
    void return_void() {}
    [[noreturn]] void unhandled_exception() { assertion_failed("no exception leaves a task", __FILE__, __LINE__); }
  };
  std::coroutine_handle<promise_type> handle;
};

namespace {
DetachedTask detach(Task<void> task) { co_await std::move(task); }
}  // namespace

Loop::Loop(Clock& clock) : clock_(clock) {}

Loop::~Loop() { drain(); }

void Loop::spawn(Task<void> task) {
  ++roots_;
  const DetachedTask frame = detach(std::move(task));
  frame.handle.promise().loop = this;
  ready_.push_back(frame.handle);
}

void Loop::drain() {
  while (roots_ > 0 || in_air_ > 0) turn();
}

Loop::CallId Loop::call_at(Steady when, std::move_only_function<void()> action) {
  const CallId id{when, next_call_++};
  sleepers_.emplace(id, std::move(action));
  return id;
}

void Loop::post(std::move_only_function<void()> action) {
  const std::lock_guard lock(mutex_);
  mail_.push_back(std::move(action));
  has_mail_.store(true, std::memory_order_release);
  mail_came_.notify_one();
}

void Loop::run_or_post(std::move_only_function<void()> action) {
  {
    const std::lock_guard lock(mutex_);
    if (!waiting_ || lent_ || !mail_.empty()) {
      mail_.push_back(std::move(action));
      has_mail_.store(true, std::memory_order_release);
      mail_came_.notify_one();
      return;
    }
    lent_ = true;
  }
  auto seen = [this] { return std::tuple(roots_, in_air_, sleepers_.empty() ? CallId() : sleepers_.begin()->first); };
  const auto before = seen();
  action();
  if (!ready_.empty()) step();
  // What began and ended here changes nothing for the one who waits.
  const bool look_again = !ready_.empty() || seen() != before;
  const std::lock_guard lock(mutex_);
  lent_ = false;
  given_back_.notify_one();
  if (look_again) mail_came_.notify_one();
}

void Loop::wait_for_mail(std::unique_lock<std::mutex>& lock, std::optional<Steady> until) {
  // One wait is bounded, so that far deadlines do not overflow the condition variable's clock.
  constexpr Duration longest_wait = std::chrono::hours(1);
  waiting_ = true;
  if (until) {
    const auto left = *until - clock_.steady();
    if (left.count() > 0) mail_came_.wait_for(lock, std::min(left, longest_wait));
  } else {
    mail_came_.wait(lock);
  }
  given_back_.wait(lock, [this] { return !lent_; });
  waiting_ = false;
}

bool Loop::take_mail(bool wait, std::optional<Steady> until) {
  std::vector<std::move_only_function<void()>> mail;
  {
    std::unique_lock lock(mutex_);
    if (wait && mail_.empty()) wait_for_mail(lock, until);
    mail.swap(mail_);
    has_mail_.store(false, std::memory_order_release);
  }
  for (auto& action : mail) action();
  return !mail.empty();
}

bool Loop::wake_sleeper(bool may_advance) {
  if (sleepers_.empty()) return false;
  const Steady when = sleepers_.begin()->first.first;
  if (when > clock_.steady() && !(may_advance && clock_.advance_to(when))) return false;
  auto action = std::move(sleepers_.begin()->second);
  sleepers_.erase(sleepers_.begin());
  action();
  return true;
}

void Loop::step() {
  const auto next = ready_.front();
  ready_.pop_front();
  ++steps_;
  next.resume();
}

void Loop::turn() {
  // What came by mail may have been the last thing to wait for: the caller decides whether to go on.
  if (has_mail_.load(std::memory_order_acquire) && take_mail(false, std::nullopt)) return;
  constexpr std::uint64_t steps_between_looks = 64;  // a busy loop still wakes sleepers that are due
  if (!ready_.empty() && steps_ % steps_between_looks == 0) wake_sleeper(false);
  if (!ready_.empty()) {
    step();
    return;
  }
  if (wake_sleeper(in_air_ == 0)) return;
  REEVE_ASSERT(in_air_ > 0 || !sleepers_.empty());  // else everybody waits for somebody: a deadlock in our own code
  take_mail(true, sleepers_.empty() ? std::nullopt : std::optional(sleepers_.begin()->first.first));
}

Task<Result<void>> Loop::sleep_until(Steady when, Cancel cancel) {
  if (cancel.requested()) co_return fail(Code::cancelled, "interrupted while waiting");
  Event over(*this);
  bool cancelled = false;
  const CallId call = call_at(when, [&over] { over.set(); });
  {
    const Cancel::Hook hook(cancel, [this, &over, &cancelled, call] {
      if (!cancel_call(call)) return;
      cancelled = true;
      over.set();
    });
    co_await over.wait();
  }
  if (cancelled) co_return fail(Code::cancelled, "interrupted while waiting");
  co_return Result<void>{};
}

// --- Event, Semaphore, for_each
// ------------------------------------------------------------------------------------------

void Event::set() {
  if (std::exchange(set_, true)) return;
  for (const auto handle : waiting_) loop_.resume_later(handle);
  waiting_.clear();
}

Task<Semaphore::Permit> Semaphore::acquire() {
  struct Awaiter {
    Semaphore& self;
    bool await_ready() const { return false; }
    bool await_suspend(std::coroutine_handle<> h) {
      if (self.free_ > 0) {
        --self.free_;
        return false;
      }
      self.waiting_.push_back(h);
      return true;
    }
    void await_resume() {}
  };
  co_await Awaiter{*this};
  co_return Permit(this);
}

void Semaphore::release() {
  if (waiting_.empty()) {
    ++free_;
    return;
  }
  loop_.resume_later(waiting_.front());  // the permit passes on
  waiting_.pop_front();
}

Task<void> for_each(Loop& loop, std::size_t count, std::size_t at_once, std::function<Task<void>(std::size_t)> body) {
  std::size_t next = 0, running = 0;
  Event done(loop);
  auto worker = [&]() -> Task<void> {
    while (next < count) {
      const std::size_t i = next++;
      Task<void> step = body(i);
      co_await std::move(step);
    }
    if (--running == 0) done.set();
  };
  running = std::min(count, std::max<std::size_t>(at_once, 1));
  const std::size_t workers = running;
  for (std::size_t i = 0; i < workers; ++i) loop.spawn(worker());
  if (workers > 0) co_await done.wait();
}

}  // namespace reeve
