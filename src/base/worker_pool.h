// Threads for work that may block (database reads, password hashing), with a bounded queue. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/executor.h"

namespace patchbay {

class WorkerPool {
 public:
  // `max_queued`: tasks that may wait; past it try_post refuses.
  WorkerPool(size_t threads, size_t max_queued);
  ~WorkerPool();  // stops
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False when the queue is full or the pool is stopping: the task was destroyed unrun.
  [[nodiscard]] bool try_post(Task task);
  // Finishes what is queued, then joins the threads.
  void stop();
  size_t queued() const;

 private:
  void work();

  const size_t max_queued_;
  mutable std::mutex mutex_;
  // The three below are guarded by mutex_.
  std::condition_variable wake_;
  std::deque<Task> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace patchbay
