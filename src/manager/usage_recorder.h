// Notes when users were seen and keys were used, in memory, and writes it down now and then in one go: never
// a write per request. What a crash loses is at most the last interval of statistics. Thread-safe; no call
// blocks except stop().
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"

namespace patchbay::store {
class Store;
}

namespace patchbay::manager {

class UsageRecorder {
 public:
  struct Options {
    Milliseconds interval{5'000};  // between two writes
    size_t max_entries = 100'000;  // users and keys remembered between two writes; more are not counted
  };
  struct Usage {
    int64_t count = 0;
    WallTime last_used_at;
  };

  // Everything referred to outlives this object.
  UsageRecorder(store::Store& store, const Clock& clock);
  UsageRecorder(store::Store& store, const Clock& clock, Options options);
  // Call stop() and then Store::stop() first: a write may be under way.
  ~UsageRecorder() = default;
  UsageRecorder(const UsageRecorder&) = delete;
  UsageRecorder& operator=(const UsageRecorder&) = delete;

  void user_seen(std::string_view user_id);
  void key_used(std::string_view key_id);
  // What is not yet in the store: add it to what was read. `generation` changes when it moves to the store,
  // so that a reader can tell that it has to read again.
  Usage pending(std::string_view key_id) const;
  uint64_t generation() const;
  // Forgets what is pending for the key (it was renewed or deleted).
  void forget_key(std::string_view key_id);

  // Starts to write down what is pending, whether the interval is over or not.
  void flush();
  // Writes what is pending and waits for it.
  void stop();

 private:
  struct Pending {
    std::unordered_map<std::string, Usage> keys;
    std::unordered_map<std::string, WallTime> users;
    bool empty() const { return keys.empty() && users.empty(); }
  };
  void flush_if_due();
  void finished(bool success);

  store::Store& store_;
  const Clock& clock_;
  const Options options_;
  mutable std::mutex mutex_;
  // The members below are guarded by mutex_.
  Pending pending_;
  Pending in_flight_;
  bool writing_ = false;
  uint64_t generation_ = 0;
  SteadyTime next_flush_{};
};

}  // namespace patchbay::manager
