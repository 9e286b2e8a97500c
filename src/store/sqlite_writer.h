// The writer thread: takes whatever waits in the queue, runs it in one transaction, makes it durable with one
// COMMIT, then tells everybody. Internal to the store. Thread-safe.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "crypto/secret_box.h"
#include "store/sqlite_connection.h"
#include "store/store.h"

namespace patchbay::store {

class SqliteWriter {
 public:
  struct Options {
    size_t max_queued = 10'000;
    size_t max_group = 512;
  };

  SqliteWriter(std::unique_ptr<Connection> connection, const crypto::SecretBox& box, Options options);
  ~SqliteWriter();  // stops

  void write(Store::WriteFunction function, Store::DoneFunction on_done);
  void flush();
  void stop();
  // Fills in what the writer counts.
  void count_into(StoreMetrics& metrics) const;

 private:
  struct Job {
    Store::WriteFunction function;
    Store::DoneFunction on_done;
    Status status;
  };

  void work();
  // Runs and commits; every job's status is then final.
  void run_group(std::vector<Job>& group);
  Status run_job(Job& job, class SqliteTransaction& transaction);
  void fail_group(std::vector<Job>& group, size_t ran, const Error& error);
  // Says that changes are being lost when that begins, every ten seconds while it lasts, and when it is over.
  void note_trouble(size_t lost, const Error& error);
  void note_success();

  const std::unique_ptr<Connection> connection_;
  const crypto::SecretBox& box_;
  const Options options_;

  mutable std::mutex mutex_;
  // Guarded by mutex_: the four below.
  std::vector<Job> queue_;
  uint64_t queued_ = 0;   // ever
  uint64_t decided_ = 0;  // ever, with their on_done called
  bool stopping_ = false;
  std::condition_variable wake_;  // the writer: there is work, or the end
  std::condition_variable decided_changed_;

  std::atomic<uint64_t> commits_{0};
  std::atomic<uint64_t> failed_commits_{0};
  std::atomic<uint64_t> writes_{0};
  std::atomic<uint64_t> failed_writes_{0};
  std::atomic<uint64_t> refused_writes_{0};
  std::atomic<uint64_t> largest_group_{0};
  std::atomic<uint64_t> commit_microseconds_{0};
  // Of the writer thread: changes lost since the last commit, and when that was last said.
  uint64_t lost_ = 0;
  SteadyTime trouble_noted_{};
  std::once_flag joined_;
  std::thread thread_;
};

}  // namespace patchbay::store
