#include <csignal>
#include <deque>
#include <thread>

#include "base/real_seams.h"

namespace reeve {

struct ThreadWorkers::Pool {
  struct Job {
    std::move_only_function<void()> work;
    std::move_only_function<void(bool)> done;
  };
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Job> queue;
  bool closing = false;
  std::vector<std::jthread> threads;

  void serve() {
    while (true) {
      Job job;
      {
        std::unique_lock lock(mutex);
        changed.wait(lock, [this] { return closing || !queue.empty(); });
        if (queue.empty()) return;
        job = std::move(queue.front());
        queue.pop_front();
      }
      job.work();
      job.work = nullptr;  // what it holds dies before its waiter goes on
      job.done(true);
    }
  }
};

ThreadWorkers::ThreadWorkers(std::size_t threads) : pool_(std::make_unique<Pool>()) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // threads inherit the mask: signals stay with the others
  for (std::size_t i = 0; i < std::max<std::size_t>(threads, 1); ++i) {
    pool_->threads.emplace_back([pool = pool_.get()] { pool->serve(); });
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

ThreadWorkers::~ThreadWorkers() {
  {
    const std::lock_guard lock(pool_->mutex);
    pool_->closing = true;
  }
  pool_->changed.notify_all();
  pool_->threads.clear();
}

Task<void> ThreadWorkers::run(Loop& loop, std::move_only_function<void()> work) {
  Completion<bool> done(loop);
  {
    const std::lock_guard lock(pool_->mutex);
    REEVE_ASSERT(!pool_->closing);
    pool_->queue.push_back({std::move(work), done.completer()});
  }
  pool_->changed.notify_one();
  co_await done.wait();
}

}  // namespace reeve
