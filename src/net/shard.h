// A shard: one thread, one event loop (epoll), its timers, its mailbox and whatever lives on it. Everything
// that is "shard-local" is created, used and destroyed on its shard's thread; the only way in from elsewhere
// is post(). A turn of the loop handles what is ready, then the mailbox, then due timers, and then writes
// each connection that has output once (end-of-turn flush).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/counters.h"
#include "base/executor.h"
#include "net/mailbox.h"
#include "net/timer_wheel.h"

namespace patchbay::net {

// Something that epoll wakes. Shard-local.
class Pollable {
 public:
  virtual ~Pollable() = default;
  // `events` is the EPOLL* mask. The object may remove and destroy itself through Shard::destroy_later.
  virtual void on_events(uint32_t events) = 0;
};

// Something that collects output during a turn and writes it at the end. Shard-local.
class Flushable {
 public:
  virtual ~Flushable() = default;
  virtual void on_end_of_turn() = 0;
  // After Shard::run_next_turn: the next turn has begun.
  virtual void on_next_turn() {}
};

// Base of objects whose destruction waits for the end of the turn, so that callbacks up the stack stay valid.
class Disposable {
 public:
  virtual ~Disposable() = default;
};

// Upper bounds of the buckets of Shard::Counters::turn_microseconds.
inline constexpr std::array<uint64_t, 13> kTurnMicroseconds{
    50, 100, 250, 500, 1'000, 2'500, 5'000, 10'000, 25'000, 50'000, 100'000, 250'000, 1'000'000};

class Shard final : public Executor {
 public:
  // What a shard has counted; written by the shard, read by anyone (each value is exact, the set is not
  // atomic).
  struct Counters {
    std::atomic<uint64_t> turns{0};
    std::atomic<uint64_t> messages{0};           // mailbox
    std::atomic<uint64_t> busy_microseconds{0};  // time outside epoll_wait
    std::atomic<uint64_t> longest_turn_microseconds{0};
    Histogram<kTurnMicroseconds> turn_microseconds;
  };

  explicit Shard(size_t index);
  ~Shard() override;
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  size_t index() const { return index_; }
  // The shard whose thread this is, or null.
  static Shard* current();
  bool on_this_thread() const { return current() == this; }

  // Executor
  void post(Task task) override;
  [[nodiscard]] Timer run_after(Milliseconds delay, Task task) override;
  SteadyTime now() const override { return SteadyTime(Milliseconds(static_cast<int64_t>(now_ms_))); }

  // Runs the loop on the calling thread until stop(); then gives adopted objects (streams that still send
  // their last bytes) up to kFarewell to finish, and destroys what waits in the mailbox.
  void run();
  // Thread-safe: the loop ends after its present turn.
  void stop();
  static constexpr Milliseconds kFarewell{500};

  // --- On the shard's thread only ---

  // Edge-triggered unless the mask lacks EPOLLET. Errors of epoll_ctl come back as errno values, 0 is
  // success.
  int watch(int fd, Pollable& pollable, uint32_t events);
  void unwatch(int fd, Pollable& pollable);
  // Calls `flushable` once when this turn ends; asking twice in a turn is the caller's to avoid.
  void flush_at_end_of_turn(Flushable& flushable) { dirty_.push_back(&flushable); }
  // Calls `flushable.on_next_turn()` first thing in the next turn, which then does not wait: for work that is
  // put off so that others get their share.
  void run_next_turn(Flushable& flushable) { next_turn_.push_back(&flushable); }
  // Takes back both requests; for objects that go away with output pending.
  void forget(Flushable& flushable);
  // Keeps an object that nobody else owns, until release() or the end of the loop.
  void adopt(std::unique_ptr<Disposable> object);
  // Destroys an adopted object after the end-of-turn flush.
  void release(Disposable& object);
  // How many objects have been adopted so far, and how many of the first `mark` of them are still there:
  // streams that send their last bytes, most of all.
  uint64_t adoptions() const { return adoptions_; }
  size_t adopted_before(uint64_t mark) const;
  // Destroys `object` after the end-of-turn flush.
  void destroy_later(std::unique_ptr<Disposable> object) { graveyard_.push_back(std::move(object)); }

  // Milliseconds of the monotonic clock, taken once a turn.
  uint64_t now_ms() const { return now_ms_; }
  TimerWheel& timers() { return timers_; }
  void schedule(TimerNode& node, Milliseconds delay) {
    timers_.schedule(node, now_ms_ + static_cast<uint64_t>(delay.count()));
  }
  // Scratch memory for one read; its content is valid until the next read on this shard.
  std::span<char> read_buffer() { return {read_buffer_.get(), kReadBufferBytes}; }
  // Scratch memory for one write (TLS records are gathered here).
  std::span<char> write_buffer() { return {write_buffer_.get(), kWriteBufferBytes}; }

  const Counters& counters() const { return counters_; }

  static constexpr size_t kReadBufferBytes = 128 * 1024;
  static constexpr size_t kWriteBufferBytes = 16 * 1024;

 private:
  class RunningTimer;

  void cancel_timer(uint64_t id) override;
  void turn(bool may_wait);
  void refresh_clock();
  int wait_milliseconds() const;
  void end_of_turn();
  friend class ShardGroup;

  const size_t index_;
  int epoll_fd_ = -1;
  int event_fd_ = -1;
  uint64_t now_ms_ = 0;
  std::atomic<bool> stopping_{false};
  Mailbox mailbox_;
  bool posted_to_self_ = false;
  bool late_ = false;  // the turn before this one took long

  // The batch that epoll_wait returned; entries of removed pollables are blanked.
  struct Batch;
  std::unique_ptr<Batch> batch_;

  TimerWheel timers_;
  std::vector<Flushable*> dirty_;
  std::vector<Flushable*> flushing_;
  std::vector<Flushable*> next_turn_;
  std::vector<Flushable*> resuming_;
  struct Adopted {
    std::unique_ptr<Disposable> object;
    uint64_t number;
  };
  std::unordered_map<const Disposable*, Adopted> adopted_;
  uint64_t adoptions_ = 0;
  std::vector<std::unique_ptr<Disposable>> graveyard_;
  std::unique_ptr<char[]> read_buffer_;
  std::unique_ptr<char[]> write_buffer_;
  Counters counters_;
};

// N shards with their threads. The object itself belongs to the thread that made it.
class ShardGroup {
 public:
  explicit ShardGroup(size_t count);
  ~ShardGroup();  // stops
  ShardGroup(const ShardGroup&) = delete;
  ShardGroup& operator=(const ShardGroup&) = delete;

  void start();
  // Ends the loops and joins the threads. What is shard-local must have been taken down before, by messages.
  void stop();

  size_t size() const { return shards_.size(); }
  Shard& operator[](size_t index) { return *shards_[index]; }
  // Runs `task(shard)` on every shard and waits until all have; never call it from a shard. While the loops
  // do not run (before start(), after stop()) the caller's thread runs it.
  void run_on_each(const std::function<void(Shard&)>& task);

 private:
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<std::thread> threads_;
};

}  // namespace patchbay::net
