// A serial place to run things: tasks run one at a time, in the order they were posted. A shard of the server
// is one; ManualExecutor is the one for tests.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <utility>

#include "base/clock.h"

namespace patchbay {

using Task = std::move_only_function<void()>;

class Executor {
 public:
  // A pending timer; destroying or resetting it cancels. Belongs to the executor's thread; must not outlive
  // the executor.
  class Timer {
   public:
    Timer() = default;
    Timer(Executor* executor, uint64_t id) : executor_(executor), id_(id) {}
    Timer(Timer&& other) noexcept
        : executor_(std::exchange(other.executor_, nullptr)), id_(std::exchange(other.id_, 0)) {}
    Timer& operator=(Timer&& other) noexcept {
      if (this != &other) {
        cancel();
        executor_ = std::exchange(other.executor_, nullptr);
        id_ = std::exchange(other.id_, 0);
      }
      return *this;
    }
    ~Timer() { cancel(); }
    void cancel() {
      if (auto* const executor = std::exchange(executor_, nullptr)) executor->cancel_timer(id_);
    }

   private:
    Executor* executor_ = nullptr;
    uint64_t id_ = 0;
  };

  virtual ~Executor() = default;

  // Thread-safe. Tasks posted by one thread run in the order that thread posted them. A task posted after the
  // executor stopped is destroyed without being run.
  virtual void post(Task task) = 0;
  // On the executor's thread only. Runs `task` once, not before `delay` has passed. Hold the Timer for as
  // long as the task is wanted.
  [[nodiscard]] virtual Timer run_after(Milliseconds delay, Task task) = 0;
  // Time as this executor sees it; cached once a turn by a shard. On the executor's thread only.
  virtual SteadyTime now() const = 0;

 protected:
  virtual void cancel_timer(uint64_t id) = 0;
};

// Runs nothing by itself: the test calls run_ready() and advance(). post() is thread-safe, the rest belongs
// to the test's thread.
class ManualExecutor final : public Executor {
 public:
  explicit ManualExecutor(ManualClock& clock) : clock_(clock) {}

  void post(Task task) override {
    const std::lock_guard lock(mutex_);
    ready_.push_back(std::move(task));
  }
  [[nodiscard]] Timer run_after(Milliseconds delay, Task task) override {
    const uint64_t id = ++last_id_;
    timers_.emplace(std::pair(clock_.steady_now() + delay, id), std::move(task));
    return Timer(this, id);
  }
  SteadyTime now() const override { return clock_.steady_now(); }

  // Runs what is posted, and what that posts, until nothing is left. Timers that are due run too.
  void run_ready() {
    for (;;) {
      if (Task task = next_posted()) {
        task();
      } else if (!timers_.empty() && timers_.begin()->first.first <= clock_.steady_now()) {
        task = std::move(timers_.begin()->second);
        timers_.erase(timers_.begin());
        task();
      } else {
        return;
      }
    }
  }
  // Moves the clock in steps, from timer to timer, so that each timer runs at its own instant.
  void advance(Milliseconds by) {
    const SteadyTime end = clock_.steady_now() + by;
    for (;;) {
      run_ready();
      if (timers_.empty() || timers_.begin()->first.first > end) break;
      clock_.advance(timers_.begin()->first.first - clock_.steady_now());
    }
    clock_.advance(end - clock_.steady_now());
    run_ready();
  }

 private:
  void cancel_timer(uint64_t id) override {
    for (auto it = timers_.begin(); it != timers_.end(); ++it)
      if (it->first.second == id) {
        timers_.erase(it);
        return;
      }
  }
  Task next_posted() {
    const std::lock_guard lock(mutex_);
    if (ready_.empty()) return {};
    Task task = std::move(ready_.front());
    ready_.pop_front();
    return task;
  }

  ManualClock& clock_;
  // Guards ready_.
  std::mutex mutex_;
  std::deque<Task> ready_;
  std::map<std::pair<SteadyTime, uint64_t>, Task> timers_;
  uint64_t last_id_ = 0;
};

}  // namespace patchbay
