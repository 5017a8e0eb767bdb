#include "base/task.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <thread>

#include "base/real_seams.h"
#include "base/sim_seams.h"

namespace reeve {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

struct TaskTest : testing::Test {
  SimClock clock;
  Loop loop{clock};
};

Task<Result<int>> half(int n) {
  if (n % 2 != 0) co_return fail(Code::invalid_input, "odd");
  co_return n / 2;
}
Task<Result<int>> quarter(int n) {
  CO_TRY(const int h, co_await half(n));
  CO_TRY(const int q, co_await half(h));
  co_return q;
}

TEST_F(TaskTest, ResultsAndErrorsComeBack) {
  EXPECT_EQ(*loop.run(quarter(12)), 3);
  EXPECT_EQ(loop.run(quarter(6)).error().message, "odd");
  EXPECT_EQ(loop.run(ready(5)), 5);
}

TEST_F(TaskTest, AMillionAwaitsInARowNeedNoStack) {
  auto sum = []() -> Task<std::int64_t> {
    std::int64_t total = 0;
    for (int i = 0; i < 1'000'000; ++i) total += co_await ready(1);
    co_return total;
  };
  EXPECT_EQ(loop.run(sum()), 1'000'000);
}

Task<void> walker(Loop& loop, int who, std::vector<int>& trace) {
  SeededRandom random(static_cast<std::uint64_t>(who));
  for (int i = 0; i < 20; ++i) {
    trace.push_back(who);
    const auto wait = milliseconds(random.below(5));
    (co_await loop.sleep(wait)).value();
  }
}

TEST_F(TaskTest, TheSameStartGivesTheSameTrace) {
  auto once = [] {
    SimClock time;
    Loop own(time);
    std::vector<int> trace;
    for (int who = 0; who < 10; ++who) own.spawn(walker(own, who, trace));
    own.drain();
    return std::pair(trace, own.steps());
  };
  const auto first = once();
  EXPECT_EQ(first.first.size(), 200U);
  EXPECT_EQ(once(), first);
}

TEST_F(TaskTest, ADayOfAThousandTasksTakesNoTime) {
  auto ticker = [](Loop& on, int& ticks) -> Task<void> {
    for (int minute = 0; minute < 24 * 60; minute += 10) {
      (co_await on.sleep(minutes(10))).value();
      ++ticks;
    }
  };
  int ticks = 0;
  for (int i = 0; i < 1'000; ++i) loop.spawn(ticker(loop, ticks));
  loop.drain();
  EXPECT_EQ(ticks, 144'000);
  EXPECT_EQ(clock.steady() - Steady{}, hours(24));
}

TEST_F(TaskTest, SleepersWakeInOrderOfTimeThenOfCall) {
  std::vector<int> order;
  auto sleeper = [](Loop& on, int ms, int who, std::vector<int>& into) -> Task<void> {
    (co_await on.sleep(milliseconds(ms))).value();
    into.push_back(who);
  };
  loop.spawn(sleeper(loop, 30, 0, order));
  loop.spawn(sleeper(loop, 10, 1, order));
  loop.spawn(sleeper(loop, 30, 2, order));
  loop.spawn(sleeper(loop, 0, 3, order));
  loop.spawn(sleeper(loop, -5, 4, order));
  loop.drain();
  EXPECT_EQ(order, (std::vector{4, 3, 1, 0, 2}));
  EXPECT_EQ(clock.steady(), Steady{30'000});
}

TEST_F(TaskTest, CancelEndsASleepAtOnce) {
  CancelSource source;
  auto sleeping = [](Loop& on, Cancel cancel) -> Task<Result<void>> {
    Task<Result<void>> sleep = on.sleep(hours(1), cancel);
    co_return co_await std::move(sleep);
  };
  loop.call_at(Steady{1'000'000}, [&] { source.cancel(); });
  const auto result = loop.run(sleeping(loop, source.token()));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::cancelled);
  EXPECT_EQ(clock.steady(), Steady{1'000'000});
  const auto again = loop.run(sleeping(loop, source.token()));  // asked for already
  EXPECT_EQ(again.error().code, Code::cancelled);
  EXPECT_EQ(clock.steady(), Steady{1'000'000});
}

TEST_F(TaskTest, ASleepThatIsOverIsNotCancelled) {
  CancelSource source;
  auto task = [](Loop& on, Cancel cancel) -> Task<Result<void>> {
    Task<Result<void>> sleep = on.sleep(seconds(1), cancel);
    co_return co_await std::move(sleep);
  };
  loop.call_at(Steady{1'000'000}, [] {});
  auto out = loop.run(task(loop, source.token()));
  source.cancel();
  EXPECT_TRUE(out);
}

TEST_F(TaskTest, CancelReachesChildrenAndForgetsDeadHooks) {
  CancelSource parent;
  int calls = 0;
  auto child = std::make_unique<CancelSource>(parent.token());
  CancelSource other(parent.token());
  {
    const Cancel::Hook dead(parent.token(), [&] { calls += 100; });
  }
  const Cancel::Hook direct(parent.token(), [&] { ++calls; });
  const Cancel::Hook below(child->token(), [&] { calls += 10; });
  other.cancel();
  EXPECT_FALSE(parent.token().requested());
  parent.cancel();
  parent.cancel();
  EXPECT_EQ(calls, 11);
  EXPECT_TRUE(child->token().requested());
  child.reset();
  int late = 0;
  const Cancel::Hook after(parent.token(), [&] { ++late; });
  EXPECT_EQ(late, 1);
  EXPECT_FALSE(Cancel().requested());
}

TEST_F(TaskTest, AHookMayRemoveOthersAndDropTheSource) {
  auto source = std::make_unique<CancelSource>();
  const Cancel token = source->token();
  std::unique_ptr<Cancel::Hook> second;
  int calls = 0;
  const Cancel::Hook first(token, [&] {
    ++calls;
    second.reset();
    source.reset();
  });
  second = std::make_unique<Cancel::Hook>(token, [&] { calls += 10; });
  source->cancel();
  EXPECT_EQ(calls, 1);
}

TEST_F(TaskTest, ForeignThreadsCompleteOnTheLoopsThread) {
  auto wait = [](Loop& on, int value) -> Task<int> {
    Completion<int> done(on);
    std::jthread other([complete = done.completer(), value]() mutable { complete(value); });
    const auto thread = std::this_thread::get_id();
    const int got = co_await done.wait();
    EXPECT_EQ(std::this_thread::get_id(), thread);
    co_return got;
  };
  std::vector<Task<int>> tasks;
  for (int i = 0; i < 50; ++i) tasks.push_back(wait(loop, i));
  const auto results = loop.run(all(loop, std::move(tasks)));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(results[static_cast<std::size_t>(i)], i);
}

TEST_F(TaskTest, TheFirstCompletionCounts) {
  auto wait = [](Loop& on) -> Task<int> {
    Completion<int> done(on);
    auto one = done.completer();
    auto two = done.completer();
    two(2);
    one(1);
    two(3);
    co_return co_await done.wait();
  };
  EXPECT_EQ(loop.run(wait(loop)), 2);
}

TEST_F(TaskTest, ACompletionThatNobodyWasGivenIsNotWaitedFor) {
  {
    const Completion<int> unused(loop);
  }
  loop.drain();  // would wait for ever
}

TEST_F(TaskTest, DrainEndsWhenTheLastMailWasAllThereWasToWaitFor) {
  for (int i = 0; i < 200; ++i) {
    Completion<int> abandoned(loop);
    std::jthread other([complete = abandoned.completer()]() mutable { complete(1); });
    if (i % 2 == 0) other.join();
    loop.drain();
  }
}

TEST_F(TaskTest, TimeStandsStillWhileSomethingIsInTheAir) {
  auto both = [](Loop& on, Clock& time) -> Task<bool> {
    Completion<bool> done(on);
    on.call_at(Steady{1'000}, [] {});  // may not run while the other thread works
    std::jthread other([complete = done.completer()]() mutable { complete(true); });
    co_await done.wait();
    co_return time.steady() == Steady{};
  };
  EXPECT_TRUE(loop.run(both(loop, clock)));
}

// Unguarded on purpose: the thread sanitizer sees whether one thread at a time has the loop.
TEST(Loop, WorksOnAnotherThreadWhileItsOwnWaits) {
  RealClock clock;
  Loop loop(clock);
  constexpr int threads = 3, each = 300;
  int begun = 0, ended = 0;
  Event all(loop);
  auto work = [&](int i) -> Task<void> {
    ++begun;
    if (i % 3 == 1) (void)co_await loop.sleep(std::chrono::microseconds(i));  // goes on with the loop's own thread
    if (++ended == threads * each) all.set();
  };
  std::vector<std::jthread> others;
  for (int t = 0; t < threads; ++t) {
    others.emplace_back([&] {
      for (int i = 0; i < each; ++i) {
        loop.run_or_post([&, i] { loop.spawn(work(i)); });
        if (i % 10 == 0) std::this_thread::yield();
      }
    });
  }
  loop.enter_air();
  loop.run([](Event& event) -> Task<void> { co_await event.wait(); }(all));
  loop.leave_air();
  others.clear();
  loop.drain();
  EXPECT_EQ(begun, threads * each);
  EXPECT_EQ(ended, threads * each);
}

TEST_F(TaskTest, PostRunsOnTheLoop) {
  std::atomic<int> posted = 0;
  auto wait = [](Loop& on) -> Task<void> { (co_await on.sleep(seconds(1))).value(); };
  loop.post([&] { ++posted; });
  loop.run(wait(loop));
  EXPECT_EQ(posted, 1);
}

TEST_F(TaskTest, ABusyLoopStillWakesSleepersThatAreDue) {
  bool stop = false;
  auto busy = [](Loop& on, Clock& time, const bool& over) -> Task<int> {
    int turns = 0;
    while (!over && turns < 100'000) {
      static_cast<SimClock&>(time).advance(Duration(1));
      ++turns;
      struct Yield {
        Loop& loop;
        bool await_ready() { return false; }
        void await_suspend(std::coroutine_handle<> h) { loop.resume_later(h); }
        void await_resume() {}
      };
      co_await Yield{on};
    }
    co_return turns;
  };
  loop.call_at(Steady{10}, [&] { stop = true; });
  EXPECT_LT(loop.run(busy(loop, clock, stop)), 1'000);
}

TEST_F(TaskTest, CallsCanBeTakenBack) {
  int calls = 0;
  const auto first = loop.call_at(Steady{10}, [&] { ++calls; });
  loop.call_at(Steady{20}, [&] { calls += 10; });
  EXPECT_TRUE(loop.cancel_call(first));
  EXPECT_FALSE(loop.cancel_call(first));
  auto wait = [](Loop& on) -> Task<void> { (co_await on.sleep(seconds(1))).value(); };
  loop.run(wait(loop));
  EXPECT_EQ(calls, 10);
}

TEST_F(TaskTest, SemaphoreLetsThroughInOrderAndNoMoreThanItsCount) {
  Semaphore semaphore(loop, 3);
  int inside = 0, most = 0;
  std::vector<int> order;
  auto worker = [](Loop& on, Semaphore& gate, int who, int& in, int& peak, std::vector<int>& into) -> Task<void> {
    const auto permit = co_await gate.acquire();
    into.push_back(who);
    peak = std::max(peak, ++in);
    (co_await on.sleep(milliseconds(10 - who % 7))).value();
    --in;
  };
  for (int who = 0; who < 20; ++who) loop.spawn(worker(loop, semaphore, who, inside, most, order));
  loop.drain();
  std::vector<int> expected(20);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(order, expected);
  EXPECT_EQ(most, 3);
  EXPECT_EQ(inside, 0);
}

TEST_F(TaskTest, AllGivesResultsInTheTasksOrder) {
  auto slow = [](Loop& on, int n) -> Task<std::string> {
    (co_await on.sleep(seconds(10 - n))).value();
    co_return std::to_string(n);
  };
  std::vector<Task<std::string>> tasks;
  for (int n = 0; n < 10; ++n) tasks.push_back(slow(loop, n));
  const auto results = loop.run(all(loop, std::move(tasks)));
  for (int n = 0; n < 10; ++n) EXPECT_EQ(results[static_cast<std::size_t>(n)], std::to_string(n));
  EXPECT_EQ(clock.steady() - Steady{}, seconds(10));
  EXPECT_TRUE(loop.run(all(loop, std::vector<Task<int>>())).empty());
}

TEST_F(TaskTest, ForEachCallsEachOnceWithinItsBound) {
  for (const std::size_t at_once : {std::size_t{0}, std::size_t{1}, std::size_t{4}, std::size_t{100}}) {
    std::vector<std::size_t> started;
    std::size_t running = 0, most = 0;
    std::function<Task<void>(std::size_t)> body = [&](std::size_t i) -> Task<void> {
      started.push_back(i);
      most = std::max(most, ++running);
      (co_await loop.sleep(milliseconds(20 - i % 3))).value();
      --running;
    };
    loop.run(for_each(loop, 17, at_once, body));
    std::vector<std::size_t> expected(17);
    std::iota(expected.begin(), expected.end(), 0U);
    EXPECT_EQ(started, expected);
    EXPECT_EQ(most, std::clamp<std::size_t>(at_once, 1, 17));
    loop.run(for_each(loop, 0, at_once, body));
    EXPECT_EQ(started.size(), 17U);
  }
}

TEST_F(TaskTest, ASpawnedTaskIsReapedAtItsEnd) {
  auto token = std::make_shared<int>(1);
  auto holder = [](Loop& on, std::shared_ptr<int> held) -> Task<void> {
    (co_await on.sleep(seconds(1))).value();
    *held += 1;
  };
  loop.spawn(holder(loop, token));
  EXPECT_EQ(token.use_count(), 2);
  loop.drain();
  EXPECT_EQ(token.use_count(), 1);
  EXPECT_EQ(*token, 2);
}

TEST_F(TaskTest, TheLoopEndsItsTasksBeforeItDies) {
  int ended = 0;
  {
    SimClock time;
    Loop own(time);
    auto task = [](Loop& on, int& count) -> Task<void> {
      (co_await on.sleep(hours(5))).value();
      ++count;
    };
    own.spawn(task(own, ended));
  }
  EXPECT_EQ(ended, 1);
}

TEST_F(TaskTest, ATaskThatIsNeverAwaitedCostsNothing) {
  int ran = 0;
  auto task = [](int& count) -> Task<void> {
    ++count;
    co_return;
  };
  {
    const Task<void> unused = task(ran);
  }
  EXPECT_EQ(ran, 0);
}

TEST(TaskDeathTest, WaitingForNothingIsAFault) {
  EXPECT_DEATH(
      {
        SimClock clock;
        Loop loop(clock);
        Event never(loop);
        auto task = [](Event& event) -> Task<void> { co_await event.wait(); };
        loop.run(task(never));
      },
      "does not hold");
}

}  // namespace
}  // namespace reeve
