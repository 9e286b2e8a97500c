// The durable memory of the server, independent of the engine behind it: closures run in transactions. Reads
// run in the calling thread, on a pool of connections. Writes go to one writer thread, which commits whatever
// waits as one group; each closure is undone alone when it fails. Not here: SQL, caching, retries.
// Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/result.h"
#include "store/records.h"
#include "store/transaction.h"

namespace patchbay::store {

// Counters since the store was opened.
struct StoreMetrics {
  uint64_t reads = 0;
  uint64_t commits = 0;         // groups that became durable
  uint64_t failed_commits = 0;  // groups that were lost as a whole
  uint64_t writes = 0;          // closures that became durable
  uint64_t failed_writes = 0;   // closures that failed, for whatever reason; refused ones are not among them
  uint64_t refused_writes = 0;  // the queue was full, or the store was stopping
  uint64_t largest_group = 0;   // closures in one commit
  uint64_t queue_depth = 0;     // now
  uint64_t commit_microseconds = 0;  // sum over all commits of the time in COMMIT, fsync included
};

class Store {
 public:
  using WriteFunction = std::move_only_function<Status(WriteTransaction&)>;
  using DoneFunction = std::move_only_function<void(Status)>;
  using ReadFunction = std::function<Status(ReadTransaction&)>;

  virtual ~Store() = default;
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Runs `function(ReadTransaction&) -> Result<T>` on a connection of the pool, in this thread; waits for a
  // free connection. Not inside another closure of the store.
  //   PB_ASSIGN(auto user, store.read([&](auto& tx) { return tx.user(id); }));
  template <typename F>
  auto read(F&& function) -> std::invoke_result_t<F&, ReadTransaction&>;

  // Queues `function` for the writer thread and returns at once. `on_done` is called exactly once: on the
  // writer thread, in the order of the commits, after the change is durable (success) or undone (the error of
  // `function`, kStorageFull, kDatabase); or, when the queue is full or the store has stopped, in this
  // thread, before write() returns, with kServiceUnavailable. `function` runs at most once, must not call the
  // store, and should be quick; on_done must be quick, may call write(), and must not call read(),
  // write_sync() or flush().
  virtual void write(WriteFunction function, DoneFunction on_done) = 0;

  // Like write(), and waits until it is durable: `function(WriteTransaction&) -> Result<T>` (or Status). For
  // worker threads; never on the writer thread.
  template <typename F>
  auto write_sync(F&& function) -> std::invoke_result_t<F&, WriteTransaction&>;

  // Waits until everything that was queued before is decided.
  virtual void flush() = 0;
  // Refuses new writes, finishes the queued ones, ends the writer thread. Reads go on. Idempotent.
  virtual void stop() = 0;

  virtual StoreMetrics metrics() const = 0;
  // Whether a trivial read works: for the health page.
  virtual Status check_health() = 0;

 protected:
  virtual Status run_read(const ReadFunction& function) = 0;
};

template <typename F>
auto Store::read(F&& function) -> std::invoke_result_t<F&, ReadTransaction&> {
  using R = std::invoke_result_t<F&, ReadTransaction&>;
  if constexpr (std::is_same_v<R, Status>) {
    return run_read([&](ReadTransaction& tx) { return function(tx); });
  } else {
    std::optional<R> result;
    const Status status = run_read([&](ReadTransaction& tx) -> Status {
      result.emplace(function(tx));
      if (!*result) return std::unexpected(result->error());
      return {};
    });
    if (!status) return std::unexpected(status.error());
    return std::move(*result);
  }
}

template <typename F>
auto Store::write_sync(F&& function) -> std::invoke_result_t<F&, WriteTransaction&> {
  using R = std::invoke_result_t<F&, WriteTransaction&>;
  std::optional<R> result;
  std::promise<Status> done;
  std::future<Status> decided = done.get_future();
  write(
      [&result, &function](WriteTransaction& tx) -> Status {
        result.emplace(function(tx));
        if (!*result) return std::unexpected(result->error());
        return {};
      },
      // The promise moves in: the waiting thread may be gone before set_value() has returned.
      [done = std::move(done)](Status status) mutable { done.set_value(std::move(status)); });
  const Status status = decided.get();
  if (!status) return std::unexpected(status.error());
  return std::move(*result);
}

}  // namespace patchbay::store
